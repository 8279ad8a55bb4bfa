"""Built-in vector types: wide loads and stores, sizes and alignments, make_ functions, dim3."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        v = values(n * 4, np.float32).reshape(n, 4)
        expected = np.stack([v[:, 3], v[:, 2] + v[:, 0], v[:, 1] * 2, v[:, 0]], axis=1)
        yield Launch("wide_loads", (grid,), (block,), [v, np.zeros_like(v)], {1: expected})
        b = values(n * 4, np.uint8).reshape(n, 4)
        s, t = values(n * 2, np.int16).reshape(n, 2), rng().integers(-1000, 1000, (n, 3)).astype(np.int32)
        d, q = values(n * 2, np.float64).reshape(n, 2), rng().integers(-(2**40), 2**40, (n, 2))
        result = b @ np.array([1.0, 2, 3, 4]) + s[:, 0] - 1.0 * s[:, 1] + t @ np.array([1, 1, -1.0]) + d[:, 0] * d[:, 1]
        result += q[:, 0] * 1.0 - q[:, 1] + 3 + 20
        yield Launch("assorted", (grid,), (block,), [b, s, t, d, q, np.zeros(n)], {5: result}, relative=1e-12,
                     absolute=1e-3)
        c = values(n, np.int8)
        x = (c & 63).astype(np.float64)
        one = x + (x + 6) + (5 + 2 * x + 28) + (9 * x + 10)
        wide = np.stack([x, x + 1, x + 2, x + 3], axis=1)
        pairs = np.stack([x, -x, x * 2, x * 0 + 9], axis=1).astype(np.int64)
        yield Launch("every_type", (grid,), (block,), [c, np.zeros(n), np.zeros((n, 4)), np.zeros((n, 4), np.int64)],
                     {1: 12 * one + 10 * (9 * x + 10), 2: wide, 3: pairs})
