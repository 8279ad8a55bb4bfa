"""Votes, matches, warp reductions, active masks and block-wide votes, in blocks that are not whole warps too."""

import numpy as np
from kernel_case import LINES, Launch, rng


def warps(row: np.ndarray) -> list[np.ndarray]:
    return [row[k : k + 32] for k in range(0, len(row), 32)]


def per_warp(data: np.ndarray, function) -> np.ndarray:
    return np.array([np.concatenate([np.broadcast_to(function(part), part.shape) for part in warps(row)])
                     for row in data])


def ballot(part: np.ndarray) -> int:
    return sum(1 << lane for lane, value in enumerate(part) if value > 0)


def reduced(part: np.ndarray) -> int:
    bits = int(np.bitwise_xor.reduce(part.view(np.uint32)))
    return (int(part.min()) + int(part.sum()) * 3 + bits * 7) % 2**32


def launches():
    for grid, block in LINES:
        data = rng().integers(-100, 100, (grid, block)).astype(np.int32)
        flags = per_warp(data, lambda part: int((part > 90).any()) | 2 * int((part > -95).all()) | 4)
        yield Launch("votes", (grid,), (block,), [data, np.zeros((grid, block), np.uint32), np.zeros_like(data)],
                     {1: per_warp(data, ballot).astype(np.uint32), 2: flags.astype(np.int32)})
        keys = rng(3).integers(0, 5, (grid, block)).astype(np.int32)
        sizes = per_warp(keys, lambda part: (part[:, None] == part[None, :]).sum(axis=1)) + 100
        yield Launch("groups", (grid,), (block,), [keys, np.zeros_like(keys), np.zeros(5, np.int32)],
                     {1: sizes.astype(np.int32), 2: np.bincount(keys.ravel(), minlength=5).astype(np.int32)})
        taken = int((data % 3 == 0).sum())
        yield Launch("append", (grid,), (block,), [data, np.zeros(1, np.int32), np.zeros(1, np.int32)],
                     {1: np.array([taken], np.int32), 2: np.array([taken * (taken - 1) // 2], np.int32)})
        counts = (data > 0).sum(axis=1) * 4 + (data > -95).all(axis=1) * 2 + (data > 90).any(axis=1)
        yield Launch("block_votes", (grid,), (block,), [data, np.zeros_like(data)],
                     {1: np.broadcast_to(counts[:, None], data.shape).astype(np.int32)})
        yield Launch("reductions", (grid,), (block,), [data, np.zeros((grid, block), np.uint32)],
                     {1: per_warp(data, reduced).astype(np.uint32)})
