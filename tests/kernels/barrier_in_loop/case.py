"""Barriers inside loops: tree sum, scan, and a loop whose trip count differs between blocks."""

import numpy as np
from kernel_case import LINES, Launch, rng


def launches():
    for grid, block in (*LINES, (2, 1024)):
        data = rng().integers(-1000, 1000, (grid, block), dtype=np.int32)
        sums = data.sum(axis=1, dtype=np.int32)
        yield Launch("block_sum", (grid,), (block,), [data, np.zeros(grid, np.int32)], {1: sums})
        scan = np.cumsum(data, axis=1, dtype=np.int32)
        yield Launch("block_scan", (grid,), (block,), [data, np.zeros_like(data)], {1: scan}, shared_bytes=8 * block)
        turned = np.stack([np.roll(row, -(3 * index + 1)) for index, row in enumerate(data)])
        yield Launch("rotate", (grid,), (block,), [data], {0: turned}, shared_bytes=4 * block)
