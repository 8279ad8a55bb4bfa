"""Static and dynamic shared memory in one kernel, several types in the dynamic part."""

import numpy as np
from kernel_case import LINES, Launch, rng, values


def launches():
    for grid, block in LINES:
        data = values(grid * block, np.float64).reshape(grid, block)
        keys = rng().integers(0, block, (grid, block)).astype(np.int16)
        expected = np.take_along_axis(data, keys.astype(np.int64), axis=1) + (keys % 4) * 100
        yield Launch("carve", (grid,), (block,), [data, keys, np.zeros_like(data)], {2: expected},
                     shared_bytes=10 * block)
        sizes = np.full(grid * block, 48 * 1024, np.uint32)
        yield Launch("declared_size", (grid,), (block,), [np.zeros_like(sizes)], {0: sizes}, shared_bytes=48 * 1024)
