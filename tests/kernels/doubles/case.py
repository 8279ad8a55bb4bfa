"""Double precision to the last digits."""

import math

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        x = rng().uniform(0.01, 1e6, n)
        yield Launch("newton", (grid,), (block,), [x, np.zeros(n)], {1: np.sqrt(x)}, relative=4e-16)
        terms = rng().uniform(-1, 1, 257) * 10.0 ** rng(3).integers(-6, 6, 257)
        exact = math.fsum(terms)
        yield Launch("kahan", (grid,), (block,), [terms, np.zeros(n), np.int32(257)], {1: np.full(n, exact)},
                     relative=1e-14, absolute=1e-12)
