"""Headers of the C and C++ standard libraries, as far as kernels use them."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        x, i = values(n, np.float32).astype(np.float64), np.arange(n)
        place = np.searchsorted([1, 3, 5, 7, 9], i % 11)
        wanted = 6 + x + 3 + 2 + i + 10 + place + 9 + np.clip(x, -1, 1) + abs(x) + x + 3 + 9 + 3 + 5 + 3 + 4 + np.pi
        yield Launch("uses", (grid,), (block,), [x.astype(np.float32), np.zeros(n, np.float32)], {1: wanted},
                     relative=1e-5, absolute=1e-3)
