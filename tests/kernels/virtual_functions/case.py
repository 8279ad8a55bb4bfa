"""Virtual functions with several bases, and objects on the device heap."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        size = values(n, np.float32)
        i = np.arange(n)
        square, circle = size * size + 400, np.float32(3) * size * size
        yield Launch("shapes", (grid,), (block,), [size, np.zeros(n, np.float32)],
                     {1: np.where(i % 2, square, circle).astype(np.float32) + 9000}, relative=1e-5)
        yield Launch("on_heap", (grid,), (block,), [size, np.zeros(n, np.float32)],
                     {1: (np.where(i % 3, square, circle) + 9 * i).astype(np.float32)}, relative=1e-5, absolute=1e-3)
