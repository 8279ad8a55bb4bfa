"""Half precision: arithmetic that rounds once, comparisons, conversions, pairs."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        a, b = values(n, np.float16), values(n, np.float16, 8)
        fused = (a.astype(np.float64) * b + 1).astype(np.float16)
        outs = [np.zeros(n, np.float16), np.zeros(n, np.float16), np.zeros(n, np.float32), np.zeros(n, bool)]
        yield Launch("halves", (grid,), (block,), [a, b, *outs],
                     {2: a + b, 3: fused, 4: a.astype(np.float32) * b.astype(np.float32), 5: a < b})
        pair = values(2 * n, np.float16).reshape(n, 2)
        yield Launch("pairs", (grid,), (block,), [pair, np.zeros_like(pair)],
                     {1: pair + pair[:, ::-1] * np.float16(2)})
