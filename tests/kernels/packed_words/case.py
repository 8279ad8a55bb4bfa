"""Two halves or four bytes in a word: wrapping, saturating, comparing, summing."""

import numpy as np
from kernel_case import LINES, Launch, threads, values

WIDE = np.int64
SIGNED = {2: np.int16, 4: np.int8}
UNSIGNED = {2: np.uint16, 4: np.uint8}


def rows(a: np.ndarray, b: np.ndarray, count: int) -> list[np.ndarray]:
    s, u = SIGNED[count], UNSIGNED[count]
    x, y = (word.view(s).astype(WIDE) for word in (a, b))
    p, q = (word.view(u).astype(WIDE) for word in (a, b))
    least, most, full = np.iinfo(s).min, np.iinfo(s).max, np.iinfo(u).max
    lanes = [p + q, np.clip(x + y, least, most), np.minimum(p + q, full), p - q, np.clip(x - y, least, most),
             np.maximum(p - q, 0), np.maximum(x, y), np.minimum(p, q), np.abs(p - q), (p + q + 1) // 2,
             np.where(x > y, -1, 0), (p == q).astype(WIDE)]
    words = [lane.astype(u).view(np.uint32) for lane in lanes]
    return [*words, np.abs(p - q).reshape(-1, count).sum(axis=1).astype(np.uint32)]


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        a, b = values(n, np.uint32), values(n, np.uint32, 8)
        b[::3] = a[::3] ^ np.uint32(0xFF00)
        pairs = [word for two in zip(rows(a, b, 2), rows(a, b, 4), strict=True) for word in two]
        negated = (-a.view(np.int16).astype(WIDE)).astype(np.int16).view(np.uint32)
        sizes = np.minimum(np.abs(a.view(np.int8).astype(WIDE)), 127).astype(np.int8).view(np.uint32)
        expected = np.concatenate([*pairs, negated, sizes])
        yield Launch("packed", (grid,), (block,), [a, b, np.zeros_like(expected)], {2: expected})
