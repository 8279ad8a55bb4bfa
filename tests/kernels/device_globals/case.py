"""Device globals: zero, initialised, holding the address of another, read and written by the host."""

import numpy as np
from kernel_case import LINES, Launch, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        index = np.arange(n)
        totals = np.array([5, 6, 7], np.uint64) + np.array([index[k::3].sum() for k in range(3)], np.uint64)
        yield Launch("count", (grid,), (block,), [np.zeros(n, np.int32)], {},
                     symbols={"counter": np.array([3], np.int32)},
                     expected_symbols={"counter": np.array([3 + n], np.int32), "totals": totals})
        expected = np.array([3, 4])[index % 2] + np.array([2, 1])[index % 2] * 10 + 102.5
        yield Launch("follow", (grid,), (block,), [np.zeros(n)], {0: expected})
