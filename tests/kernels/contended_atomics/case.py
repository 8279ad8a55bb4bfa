"""Atomics that lanes of one warp do to one address: old values, 16 bytes at once, orders and scopes by argument."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        v = rng(n).integers(1, 1000, n).astype(np.int32)
        total = int(v.sum())
        yield Launch("tickets", (grid,), (block,),
                     [v, np.zeros(1, np.uint32), np.full(n, -1, np.int32), np.zeros(2, np.uint64),
                      np.array([5000, 2**31 - 1, 0], np.int32), np.zeros(n, np.uint32)],
                     {1: np.array([n], np.uint32), 3: np.array([total, 1], np.uint64),
                      4: np.array([5000 - total, 5000 - total, n], np.int32)})
        u = rng(n + 1).integers(0, 2**32, n, np.uint32)
        yield Launch("wide_pairs", (grid,), (block,),
                     [u, np.zeros(2, np.uint64), np.zeros(2, np.uint64), np.zeros(2, np.uint64)],
                     {1: np.array([n, u.sum(dtype=np.uint64)], np.uint64)})
        w = rng(n + 2).integers(-(2**31), 2**31, n).astype(np.int32)
        slots = np.array([(np.any(row & 3 == 0)) + 5 * block for row in w.reshape(grid, block)], np.int32)
        cells = np.array([w.sum(dtype=np.int32), n, max(0, w.max()), min(0, w.min()), np.bitwise_or.reduce(w & 255),
                          np.bitwise_xor.reduce(w), 2 * n, 0, *slots], np.int32)
        yield Launch("ordered", (grid,), (block,),
                     [w, np.zeros(8 + grid, np.int32), np.zeros(1, np.float32), np.zeros(2, np.uint16)],
                     {1: cells, 2: np.array([n / 2], np.float32), 3: np.array([3 * n, 0], np.uint16)})
