"""Lambdas: by value, by reference, generic, composed."""

import numpy as np
from kernel_case import LINES, Launch, rng


def launches():
    for grid, block in LINES:
        for n in (1, 77, 300):
            x = rng().integers(-1000, 1000, n).astype(np.int32)
            yield Launch("captured", (grid,), (block,),
                         [x, np.zeros(n, np.int32), np.zeros(n), np.int32(n), np.int32(-3)],
                         {1: ((x + 1) * -3).astype(np.int32), 2: 0.5 * x + 1})
