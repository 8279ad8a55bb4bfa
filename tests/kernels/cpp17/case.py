"""C++17: if constexpr, folds, structured bindings, constexpr tables, deduction guides, scoped enums."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        data = rng().integers(0, 10000, n).astype(np.int32)
        base = data // 16 + (data % 16) ** 2 + 8
        halves = (data * 0.5 + (data >> 1)).astype(np.float32)
        for mode, result in ((0, base), (1, base * base), (2, -base)):
            yield Launch("modern", (grid,), (block,),
                         [data, np.zeros(n, np.int32), np.zeros(n, np.float32), np.uint8(mode)],
                         {1: (2 * result + 1005 + 6).astype(np.int32), 2: halves})
