"""Memory read as another type than it was written."""

import numpy as np
from kernel_case import LINES, Launch, threads


def inverse_root(x: np.ndarray) -> np.ndarray:
    guess = (np.int32(0x5F3759DF) - (x.view(np.int32) >> 1)).view(np.float32)
    return guess * (np.float32(1.5) - np.float32(0.5) * x * guess * guess)


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        x = np.linspace(0.5, 9, n, dtype=np.float32)
        yield Launch("aliased", (grid,), (block,), [x, np.zeros(n, np.float32), np.int32(n)],
                     {0: np.full(n, 2, np.float32), 1: np.full(n, 2, np.float32)})
        yield Launch("fast_inverse_root", (grid,), (block,), [x, np.zeros(n, np.float32), np.int32(n)],
                     {1: inverse_root(x)}, relative=1e-6)
        whole = n // 4 * 4
        expected = np.zeros(n, np.float32)
        expected[:whole] = x[:whole] + np.arange(whole) % 4
        yield Launch("quads", (grid,), (block,), [x, np.zeros(n, np.float32), np.int32(n)], {1: expected})
