"""Matrix product through two-dimensional shared tiles; a template chosen by name expression."""

import numpy as np
from kernel_case import Launch, values


def launches():
    for tile, rows, inner, columns in ((1, 3, 2, 4), (4, 5, 7, 6), (8, 16, 16, 16), (16, 33, 20, 31)):
        a = values(rows * inner, np.float32).reshape(rows, inner)
        b = values(inner * columns, np.float32, 9).reshape(inner, columns)
        grid = (-(-columns // tile), -(-rows // tile))
        sizes = [np.int32(rows), np.int32(inner), np.int32(columns)]
        yield Launch(f"matmul<{tile}>", grid, (tile, tile), [a, b, np.zeros((rows, columns), np.float32), *sizes],
                     {2: a @ b}, relative=1e-4, absolute=1e-3)
