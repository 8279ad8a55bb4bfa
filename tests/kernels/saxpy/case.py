"""Straight code with a bounds guard, and a grid-stride loop."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def launches():
    for grid, block in LINES:
        for kernel, n in (("saxpy", threads(grid, block)), ("saxpy", max(1, threads(grid, block) - 5)),
                          ("saxpy_strided", 1000)):
            x, y, out = values(n, np.float32), values(n, np.float32, 8), np.zeros(n, np.float32)
            size = np.uint64(n) if kernel == "saxpy" else np.int32(n)
            expected = np.float32(2.5) * x + y
            yield Launch(kernel, (grid,), (block,), [np.float32(2.5), x, y, out, size], {3: expected}, relative=1e-5,
                         absolute=1e-5)
