"""Atomics on float and double, in global and shared memory."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        # Multiples of 1/8 and of small size: every order of additions gives the same float.
        f = (rng().integers(-800, 800, n) / 8).astype(np.float32)
        d = rng(2).integers(-(2**40), 2**40, n) / 1024.0
        yield Launch("accumulate", (grid,), (block,),
                     [f, d, np.ones(1, np.float32), np.ones(1), np.array([42, 0], np.float32)],
                     {2: np.array([1 + f.sum()], np.float32), 3: np.array([1 + d.sum()]),
                      4: np.array([1.5, 1], np.float32)})
        x = values(n, np.float32)
        yield Launch("maximum", (grid,), (block,), [x, np.full(1, -100, np.float32)],
                     {1: np.array([x.max()], np.float32)})
