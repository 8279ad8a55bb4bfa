"""Bitonic and radix sorts in shared memory."""

import numpy as np
from kernel_case import LINES, Launch, values


def launches():
    for c_type, dtype in (("int", np.int32), ("double", np.float64), ("short", np.int16)):
        for grid, block in ((1, 1), (2, 64), (1, 1024)):
            data = values(grid * block, dtype).reshape(grid, block)
            yield Launch(f"bitonic<{c_type}>", (grid,), (block,), [data], {0: np.sort(data, axis=1)},
                         shared_bytes=block * data.itemsize)
    for grid, block in LINES:
        data = values(grid * block, np.uint32).reshape(grid, block)
        yield Launch("radix", (grid,), (block,), [data], {0: np.sort(data, axis=1)})
