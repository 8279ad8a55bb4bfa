"""Loops that step by the whole grid, in one block and in hundreds, with lanes and blocks left over."""

import numpy as np
from kernel_case import Launch, rng, values

LINES = ((1, 1), (1, 32), (3, 33), (70, 64), (150, 100), (260, 96), (129, 256))
PLANES = (((1, 1), (32, 4)), ((3, 2), (16, 3)), ((2, 5), (7, 5)), ((9, 11, 2), (32, 1)))


def launches():
    for blocks, block in LINES:
        for n in (blocks * block * 3 + 17, blocks * block - 1, 1):
            yield from lines(blocks, block, n)
    for grid, block in PLANES:
        yield from planes(grid, block, 75, 41)


def lines(blocks, block, n):
    threads = blocks * block
    x, y = values(n, np.float32, 1), values(n, np.float32, 2)
    yield Launch("saxpy", (blocks,), (block,), [y, x, np.float32(0.5), np.int32(n)], {0: x * np.float32(0.5) + y},
                 relative=1e-6, absolute=1e-6)
    whole = values(n, np.int32, 3)
    index, thread = np.arange(n), np.arange(threads)
    own = index % threads
    turns = np.bincount(own, minlength=threads).astype(np.int32)
    last = np.where(turns > 0, thread + (turns - 1) * threads, -1)
    sums = (thread // block).astype(np.uint32)
    np.add.at(sums, own, whole.view(np.uint32))
    yield Launch("memories", (blocks,), (block,), [whole, np.zeros(threads, np.int32), np.zeros(threads, np.int32),
                                                   np.zeros(threads, np.uint32), np.int32(n)],
                 {1: turns, 2: (last * 2 + thread // block).astype(np.int32), 3: sums})
    small = rng(4).integers(0, 100, n).astype(np.int32)
    padded = np.concatenate([small, np.full(-n % threads, 1000, np.int32)]).reshape(-1, threads)
    going = np.logical_and.accumulate(padded <= 80, axis=0) & (thread % 7 != 3)
    expected = np.where(going, padded + thread // block, -1).ravel()[:n].astype(np.int32)
    yield Launch("leavers", (blocks,), (block,), [np.full(n, -1, np.int32), small, np.int32(n), np.int32(80)],
                 {0: expected})
    bins = np.bincount(whole.view(np.uint32) % 16, minlength=16).astype(np.uint32)
    bins += np.bincount(whole.view(np.uint32)[own < block] % 16, minlength=16).astype(np.uint32)
    yield Launch("counts", (blocks,), (block,), [np.zeros(16, np.uint32), whole.view(np.uint32), np.int32(n)],
                 {0: bins})
    yield Launch("own", (blocks,), (block,), [np.zeros(n, np.int32), small, np.int32(n)],
                 {0: (small + own // block + index // threads * 1000).astype(np.int32)})
    table = values(100, np.int32, 9) & 0x7fffffff
    yield Launch("gathered", (blocks,), (block,), [small, small, table, np.int32(n)],
                 {0: small + (table[small] % 2 == 0)})


def planes(grid, block, width, height):
    data = values(width * height, np.float32, 5).reshape(height, width)
    y, x = np.indices(data.shape)
    size = np.int32(width), np.int32(height)
    yield Launch("planes", grid, block, [np.zeros_like(data), data, *size],
                 {0: data * (y + 1).astype(np.float32)}, relative=1e-6)
    place = [at // size % count for at, size, count in zip((x, y), block, grid, strict=False)]
    result = data + (place[1] * 100).astype(np.float32) + place[0].astype(np.float32)
    if len(grid) < 3:  # blocks of other z write the same places
        yield Launch("rows", grid, block, [np.zeros_like(data), data, *size],
                     {0: np.where(x < grid[0] * block[0], result, 0)}, relative=1e-5, absolute=1e-4)
