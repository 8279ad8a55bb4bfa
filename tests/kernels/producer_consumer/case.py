"""Waiting on volatile memory: between warps of a block, and from block to block."""

import numpy as np
from kernel_case import Launch, values


def launches():
    for grid, n in ((1, 1), (1, 20), (3, 50)):
        data = (values(grid * n, np.int32) // 2).astype(np.int32)
        yield Launch("pipeline", (grid,), (64,), [data, np.zeros_like(data), np.int32(n)], {1: data * 2})
    for grid, block in ((1, 1), (7, 33), (40, 4)):
        expected = np.repeat(1 + 2 * np.arange(grid), block).astype(np.int32)
        yield Launch("chained", (grid,), (block,), [np.zeros(grid, np.int32), np.zeros(grid * block, np.int32)],
                     {1: expected})
