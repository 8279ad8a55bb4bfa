"""Function pointers: in a device table, as template arguments, and one that leads to a barrier."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        a, b = values(n, np.float32), values(n, np.float32, 8)
        i = np.arange(n)
        expected = np.choose(i % 3, [a + b, a - b, a * b]) + (a - b)
        yield Launch("dispatch", (grid,), (block,), [a, b, np.zeros(n, np.float32), np.zeros(n, np.int32)],
                     {2: expected, 3: (i // block + 10).astype(np.int32)}, relative=1e-5, absolute=1e-5)
