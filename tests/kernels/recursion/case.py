"""Recursion: nested, mutual, and on data."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        i = np.arange(n)
        data = values(n * 20, np.int32).reshape(n, 20)
        yield Launch("recursive", (grid,), (block,), [np.zeros(n, np.int32), np.zeros(n, np.int32), data],
                     {0: (2 * (i % 5) + 3).astype(np.int32), 1: (i % 13 % 2 == 0).astype(np.int32),
                      2: np.sort(data, axis=1)})
