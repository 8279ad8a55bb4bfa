"""Barriers after early exits of some threads, and in a branch that is uniform over the block."""

import numpy as np
from kernel_case import LINES, Launch, rng


def launches():
    for grid, block in LINES:
        data = rng().integers(-1000, 1000, (grid, block), dtype=np.int32)
        for live in {1, max(1, block // 2), block}:
            expected = np.full_like(data, -7)
            expected[:, :live] = data[:, :live]
            expected[:, : live - 1] += data[:, 1:live]
            yield Launch("neighbours", (grid,), (block,), [data, np.full_like(data, -7), np.int32(live)],
                         {1: expected})
        rounds = np.broadcast_to(np.arange(block, dtype=np.int32) * 10, data.shape)
        yield Launch("leaving", (grid,), (block,), [np.zeros_like(data)], {0: rounds})
        turned = data[:, ::-1].copy()
        turned[::2] *= 2
        yield Launch("uniform_branch", (grid,), (block,), [data, np.zeros_like(data)], {1: turned})
