"""Cooperative groups: tiles, coalesced threads, partitions, group copies, and barriers over the whole grid."""

import numpy as np
from kernel_case import LINES, Launch, rng


def tiled(data: np.ndarray, size: int) -> list[np.ndarray]:
    rows = data.reshape(-1, size).astype(np.int64)
    sums = np.broadcast_to((rows.sum(axis=1) + rows.max(axis=1))[:, None], rows.shape)
    groups = np.arange(data.size).reshape(data.shape) % data.shape[1] // size
    scans = np.cumsum(rows, axis=1) - rows + np.arange(size)
    last = rows[:, -1] * 1.5 + (rows > 90).any(axis=1) * 1000 + (rows > 0).sum(axis=1)
    return [sums.reshape(data.shape).astype(np.int32), (scans.reshape(data.shape) + 100 * groups).astype(np.int32),
            np.broadcast_to(last[:, None], rows.shape).reshape(data.shape)]


def coalesced(row: np.ndarray) -> np.ndarray:
    out = np.full_like(row, -1)
    for start in range(0, len(row), 32):
        part = np.fmod(row[start : start + 32], 3)
        for label in (-2, -1, 1, 2):
            lanes = np.flatnonzero(part == label)
            out[start + lanes] = len(lanes) * 1000 + np.arange(len(lanes)) * 10
    return out


def launches():
    for grid, block in ((1, 32), (2, 64), (3, 96)):
        data = rng().integers(-100, 100, (grid, block)).astype(np.int32)
        for size in (1, 4, 32):
            sums, scans, last = tiled(data, size)
            yield Launch(f"tiles<{size}>", (grid,), (block,),
                         [data, np.zeros_like(data), np.zeros_like(data), np.zeros(data.shape)],
                         {1: sums, 2: scans, 3: last})
        warp, lane = np.divmod(np.arange(block), 32)
        yield Launch("nested", (grid,), (block,), [np.zeros_like(data)],
                     {0: np.tile(warp * 1000 + lane // 4 * 10 + lane % 4 + 80000, (grid, 1)).astype(np.int32)})
    for grid, block in LINES:
        data = rng().integers(-100, 100, (grid, block)).astype(np.int32)
        yield Launch("coalesced", (grid,), (block,), [data, np.zeros_like(data)],
                     {1: np.array([coalesced(row) for row in data])})
        yield Launch("staged", (grid,), (block,), [data, np.zeros_like(data)], {1: data[:, ::-1]},
                     shared_bytes=4 * block)
        result = data.astype(np.int64)
        for _ in range(6):
            result = result + np.roll(result, -1, axis=0)
        yield Launch("rounds", (grid,), (block,), [data, np.zeros_like(data), np.int32(6)],
                     {0: result.astype(np.int32)}, cooperative=True)
