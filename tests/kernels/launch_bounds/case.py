"""Launch bounds, an empty kernel, clocks."""

import numpy as np
from kernel_case import Launch


def launches():
    for grid, block in ((1, 1), (3, 33), (2, 64)):
        n = grid * block
        yield Launch("bounded", (grid,), (block,), [np.zeros(n, np.int32)], {0: np.full(n, block, np.int32)})
        yield Launch("nothing", (grid,), (block,), [np.int32(1)])
        yield Launch("clocks", (grid,), (block,), [np.zeros(n, np.int64)], {0: np.ones(n, np.int64)})
