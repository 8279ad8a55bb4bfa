"""A histogram with private bins in shared memory."""

import numpy as np
from kernel_case import LINES, Launch, rng


def launches():
    data = rng().integers(0, 256, 5001).astype(np.uint8)
    for bins in (1, 10, 256):
        expected = np.bincount(data.astype(np.int64) % bins, minlength=bins).astype(np.uint32)
        for grid, block in LINES:
            yield Launch(f"histogram<{bins}>", (grid,), (block,),
                         [data, np.zeros(bins, np.uint32), np.int32(data.size)], {1: expected})
