"""The device heap: lists, objects that other threads delete, the end of the heap."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        lengths = rng(n).integers(0, 20, n).astype(np.int32)
        i = np.arange(n, dtype=np.int64)
        yield Launch("lists", (grid,), (block,), [lengths, np.zeros(n, np.int64)],
                     {1: i * lengths * (lengths - 1) // 2})
        held, thread = i // block + 5, i % block
        yield Launch("objects", (grid,), (block,), [np.zeros(n, np.int32), np.zeros(1, np.int32)],
                     {0: thread // 2 + held + block - 1 + held + i % 3 + i, 1: np.zeros(1, np.int32)})
    # 8 MiB are the default; blocks are rounded up to powers of two.
    yield Launch("exhausted", (1,), (32,), [np.zeros(4, np.int32)], {0: np.array([7, 7, 1, 1], np.int32)})
