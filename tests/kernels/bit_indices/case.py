"""Indices made by xor, masks and remainders: contiguous, turned around within a gang, or apart."""

import numpy as np
from kernel_case import Launch, values

SHAPES = ((1, 128), (4, 32), (8, 16), (3, 50), (16, 8), (6, 24), (2, 64))
N = 128


def launches():
    for grid, block in SHAPES:
        for distance, length, skip in ((1, 1, -1), (8, 4, -1), (16, 16, 3), (32, 32, -1), (64, 64, 0), (37, 8, 7)):
            yield _launch(grid, block, distance, length, skip)


def _launch(grid, block, distance, length, skip):
    arrays = [values(N, np.float32, 1), values(2 * N, np.float64, 2).reshape(N, 2),
              values(4 * N, np.uint8, 3).reshape(N, 4)]
    outs = [np.zeros((5 * N, *each.shape[1:]), each.dtype) for each in arrays]
    i = np.arange(N)
    i = i[(i % 8 != skip) & (i < grid * block)]
    to = 2 * i - (i & (length - 1))
    expected = []
    for array, out in zip(arrays, outs, strict=True):
        new = out.copy()
        for where, what in ((i ^ distance, i), (N + i, i ^ distance), (2 * N + to, i),
                            (2 * N + to + length, N - 1 - i), (4 * N + ((i + distance) & (N - 1)), (i + length) % N)):
            new[where] = array[what]
        expected.append(new)
    return Launch("exchanges", (grid,), (block,), [*arrays, *outs, *map(np.int32, (distance, length, N, skip))],
                  dict(enumerate(expected, 3)))
