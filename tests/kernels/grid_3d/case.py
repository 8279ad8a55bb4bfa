"""Three-dimensional grids and odd blocks."""

import numpy as np
from kernel_case import Launch, threads, values

SHAPES = (((1, 1, 1), (1, 1, 1)), ((2, 3, 4), (5, 3, 2)), ((3, 1, 2), (7, 11, 1)), ((1, 2, 3), (1, 1, 37)),
          ((2, 2), (33, 3)))


def launches():
    for grid, block in SHAPES:
        grid3, block3 = (*grid, 1, 1)[:3], (*block, 1, 1)[:3]
        nx, ny, nz = (g * b for g, b in zip(grid3, block3, strict=True))
        z, y, x = np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij")
        linear = ((z % block3[2]) * block3[1] + y % block3[1]) * block3[0] + x % block3[0]
        expected = (x + y * 100 + z * 10000 + linear * 1000000).astype(np.uint32)
        yield Launch("place", grid, block, [np.zeros(threads(grid, block), np.uint32)], {0: expected.ravel()})
        sizes = [max(1, n - 1) for n in (nx, ny, nz)]
        data = values(int(np.prod(sizes)), np.float32).reshape(sizes[::-1])
        total = data.copy()
        total[:, :, 1:] += data[:, :, :-1]
        total[:-1] += data[1:]
        yield Launch("stencil", grid, block, [data, np.zeros_like(data), *(np.int32(s) for s in sizes)], {1: total},
                     shared_bytes=4 * threads(1, block), relative=1e-5, absolute=1e-5)
