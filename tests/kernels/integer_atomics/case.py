"""All integer atomics, 32 and 64 bits, in global and shared memory."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def counted_up(start: int, limit: int, times: int) -> int:
    for _ in range(times):
        start = 0 if start >= limit else start + 1
    return start


def counted_down(start: int, limit: int, times: int) -> int:
    for _ in range(times):
        start = limit if start == 0 or start > limit else start - 1
    return start


def triple(start: int, times: int) -> int:
    for _ in range(times):
        start = (start * 3 + 1) % 2**32
    return start


def reduced(v: np.ndarray, all_bits: int) -> list:
    return [np.bitwise_and.reduce(v | v.dtype.type(all_bits)), np.bitwise_xor.reduce(v)]


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        v = values(n, np.int32)
        both, odd = reduced(v, 0xFF)
        cells = np.array([7, 7, 2**31 - 1, -(2**31), -1, 1, 0], np.int32)
        expected = np.array([7 + v.sum(dtype=np.int32), 7 - v.sum(dtype=np.int32), v.min(), v.max(), both,
                             1 | np.bitwise_or.reduce(v & 0xFF00), odd]).astype(np.int32)
        yield Launch("signed_ops", (grid,), (block,), [v, cells], {1: expected})
        u = values(n, np.uint32)
        cells = np.array([9, 9, 2**32 - 1, 0, 3, 2, 1], np.uint32)
        total = int(u.sum(dtype=np.uint32))
        expected = np.array([(9 + total) % 2**32, (9 - total) % 2**32, u.min(), u.max(), counted_up(3, 6, n),
                             counted_down(2, 4, n), triple(1, n)], np.uint32)
        yield Launch("unsigned_ops", (grid,), (block,), [u, cells], {1: expected})
        w = values(n, np.uint64)
        both, odd = reduced(w, 0xFFFF)
        cells = np.array([1, 2**64 - 1, 0, 2**64 - 1, 0, 0, 0], np.uint64)
        expected = np.array([(1 + int(w.sum(dtype=np.uint64))) % 2**64, w.min(), w.max(), both,
                             np.bitwise_or.reduce(w & np.uint64(0xFF00FF00)), odd, 5 * n], np.uint64)
        ends = np.array([w.view(np.int64).min(), w.view(np.int64).max()], np.int64)
        yield Launch("wide_ops", (grid,), (block,), [w, cells, np.array([2**63 - 1, -(2**63)], np.int64)],
                     {1: expected, 2: ends})
        yield Launch("in_shared", (grid,), (block,), [v, np.zeros(16, np.int32)],
                     {1: np.bincount(v & 15, minlength=16).astype(np.int32)})

        total = np.array([n * (n + 1) // 2], np.uint64)
        yield Launch("exchange", (grid,), (block,), [np.zeros(1, np.uint64), np.zeros(1, np.uint64),
                                                    np.zeros(1, np.uint32)], {0: np.zeros(1, np.uint64), 1: total})
