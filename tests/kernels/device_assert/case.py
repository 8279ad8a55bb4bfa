"""An assert that holds changes nothing; one that fails, and a trap, are the documented errors."""

import numpy as np
from kernel_case import Launch


def launches():
    for grid, block in ((1, 1), (2, 33), (3, 64)):
        data = np.arange(grid * block, dtype=np.int32)
        yield Launch("checked", (grid,), (block,), [data, np.zeros_like(data)], {1: data + 1})
        yield Launch("trapped", (grid,), (block,), [data])
        bad = data.copy()
        bad[-1] = -1
        yield Launch("checked", (grid,), (block,), [bad, np.zeros_like(data)], status="CUDA_ERROR_ASSERT")
        yield Launch("trapped", (grid,), (block,), [bad], status="CUDA_ERROR_LAUNCH_FAILED")
