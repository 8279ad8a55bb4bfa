"""Managed variables by name, from both sides."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        x = rng(n).integers(-1000, 1000, n).astype(np.int32)
        table = np.array([8, 16, 32, 64], np.float32)
        yield Launch("use", (grid,), (block,), [x, np.zeros(n, np.float32)],
                     {1: (x * 0.5 + 7 + table[np.arange(n) & 3] + 3).astype(np.float32)},
                     symbols={"table": table},
                     expected_symbols={"counter": np.array([5 + n], np.int32), "table": table})
