"""Shared structs, arrays of each template instantiation, pointers to shared memory kept in shared memory."""

import numpy as np
from kernel_case import LINES, Launch, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        t = np.arange(n) % block
        masses = 0.5 * (t % 3) + t % 3 + ord("a")
        sums = block + 2 * block * 1000 + np.where(t % 2, 10, 20) * 100000
        yield Launch("layouts", (grid,), (block,), [np.zeros(n, np.int32), np.zeros(n), np.zeros(n, np.int32)],
                     {0: sums.astype(np.int32), 1: masses, 2: np.ones(n, np.int32)})
        yield Launch("second", (grid,), (block,), [np.zeros(n, np.int32)], {0: ((t % 101) ** 2).astype(np.int32)})
