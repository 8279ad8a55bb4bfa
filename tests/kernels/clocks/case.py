"""Clocks, sleeping, and which space an address is of."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        yield Launch("time_passes", (grid,), (block,), [np.zeros(n, np.int32)], {0: np.full(n, 15, np.int32)})
        yield Launch("spaces", (grid,), (block,), [rng().integers(0, 99, n).astype(np.int32), np.zeros(n, np.int32)],
                     {1: np.full(n, 0b111111 + 1024 + 2048 + 4096, np.int32)}, shared_bytes=4 * block)
