"""Shuffles and votes without a mask, as CUDA 8 had them, in whole warps and among the lanes of a branch."""

import numpy as np
from kernel_case import Launch, rng, threads, values

WHOLE = ((1, 32), (2, 64), (3, 96))
LANE = np.arange(32)


def rows(data: np.ndarray, kind: str, by: int, width: int = 32) -> np.ndarray:
    begin = LANE // width * width
    if kind == "up":
        at = np.where(LANE - by >= begin, LANE - by, LANE)
    elif kind == "down":
        at = np.where(LANE + by < begin + width, LANE + by, LANE)
    else:
        at = LANE ^ by
    return data[:, at].ravel()


def launches():
    for grid, block in WHOLE:
        n = threads(grid, block)
        data = values(n, np.int32)
        warps = data.reshape(-1, 32)
        expected = [rows(warps, "up", 3), rows(warps, "down", 5), rows(warps, "xor", 6),
                    warps[:, LANE * 7 % 32].ravel(), rows(warps, "up", 3, 8), rows(warps, "down", 5, 8),
                    rows(warps, "xor", 4, 8), warps[:, LANE // 8 * 8 + 2].ravel()]
        yield Launch("shuffles", (grid,), (block,), [data, np.zeros((8, n), np.int32), np.int32(n)],
                     {1: np.stack(expected)})
        small = rng().integers(-60, 60, n)
        for c_type, dtype in (("int", np.int32), ("float", np.float32), ("double", np.float64),
                              ("unsigned long long", np.uint64), ("__half", np.float16)):
            total = small.reshape(-1, 32).sum(1).astype(dtype)
            yield Launch(f"warp_sum<{c_type}>", (grid,), (block,), [small.astype(dtype), np.zeros(n // 32, dtype)],
                         {1: total})
        near = rng().integers(-100, 100, (n // 32, 32)).astype(np.int32)
        bits = (near > 0) @ (1 << LANE.astype(np.uint64))
        flags = (near > 90).any(1) | 2 * (near > -95).all(1)
        flags = flags[:, None] + np.where(near > 0, (near > 0).sum(1, keepdims=True) << 8, 0)
        yield Launch("votes", (grid,), (block,), [near, np.zeros(near.shape, np.uint32), np.zeros_like(near)],
                     {1: np.repeat(bits, 32).reshape(near.shape).astype(np.uint32), 2: flags.astype(np.int32)})
    data = values(32, np.float32)
    with np.errstate(all="ignore"):
        own = (data + np.float32(2000)) + (data - 3 - 32) + 7
    yield Launch("own", (1,), (32,), [data, np.zeros_like(data)], {1: own})
