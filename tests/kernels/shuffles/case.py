"""Shuffles of every kind, with widths, partial masks, 64-bit and floating types."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads, values

WHOLE = ((1, 32), (2, 64), (3, 96))


def source(kind: str, lane: np.ndarray, by: int, width: int) -> np.ndarray:
    base = lane // width * width
    if kind == "up":
        return np.where(lane - by >= base, lane - by, lane)
    if kind == "down":
        return np.where(lane + by < base + width, lane + by, lane)
    if kind == "xor":
        return np.where((lane ^ by) < base + width, lane ^ by, lane)
    return base + by % width


def wide(c_type: str, data: np.ndarray, grid: int, block: int, by: int) -> Launch:
    lane = np.arange(32)
    rows = data.reshape(-1, 32)
    sources = [source("up", lane, 3, 32), source("down", lane, 16, 32), source("xor", lane, 9, 32),
               source("up", lane, by, 32), source("down", lane, by, 32), source("xor", lane, by, 32),
               source("idx", lane, by, 32), lane * 7 % 32, source("down", lane, by, 8),
               np.where(lane & 4, lane | 24, lane)]
    halves = rows.view(np.uint32).reshape(*rows.shape, 2)
    crossed = np.stack([halves[:, lane ^ 2, 1], halves[:, lane ^ 1, 0]], axis=-1).view(data.dtype)
    expected = np.stack([*(rows[:, at].ravel() for at in sources), crossed.ravel()])
    return Launch(f"wide<{c_type}>", (grid,), (block,),
                  [data, np.zeros_like(expected), np.int32(by), np.int32(data.size)], {1: expected})


def launches():
    lane = np.arange(32)
    for grid, block in WHOLE:
        n = threads(grid, block)
        data = values(n, np.int32)
        rows = data.reshape(-1, 32)
        sources = [source("up", lane, 3, 32), source("down", lane, 5, 32), source("xor", lane, 6, 32), lane * 7 % 32,
                   source("up", lane, 3, 8), source("down", lane, 5, 8), source("xor", lane, 4, 8),
                   source("idx", lane, 2, 8)]
        expected = np.stack([rows[:, at].ravel() for at in sources])
        yield Launch("shuffles", (grid,), (block,), [data, np.zeros((8, n), np.int32), np.int32(n)], {1: expected})
        small = rng().integers(-100, 100, n)
        for c_type, dtype in (("int", np.int32), ("float", np.float32), ("double", np.float64)):
            total = np.array([small[: n - 3].sum()], dtype)
            yield Launch(f"warp_sum<{c_type}>", (grid,), (block,),
                         [small.astype(dtype), np.zeros(1, dtype), np.int32(n - 3)], {1: total})
        odd = rows[:, [31]] + rows[:, lane ^ 2]
        even = rows[:, [0]] - rows[:, lane ^ 2]
        yield Launch("halves", (grid,), (block,), [data, np.zeros(n, np.int32)],
                     {1: np.where(lane % 2, odd, even).astype(np.int32)})
        for c_type, dtype in (("long long", np.int64), ("double", np.float64)):
            yield wide(c_type, values(n, dtype), grid, block, 5)
    for grid, block in LINES:
        data = values(grid * block, np.float64).reshape(grid, block)
        t = np.arange(block)
        lanes = np.minimum(32, block - t // 32 * 32)
        expected = data[:, t // 32 * 32 + (t + 1) % 32 % lanes]
        yield Launch("ragged", (grid,), (block,), [data, np.zeros_like(data)], {1: expected})
