"""Fields side by side: structs and built-in vectors read and written whole, in part, through indices, in any order."""

import numpy as np
from kernel_case import Launch, rng, values

SHAPES = (((1,), (1,)), ((2,), (32,)), ((3,), (96,)), ((1,), (40,)), ((2,), (17,)), ((2, 2), (8, 4)), ((1, 3), (5, 7)))


def rows(count, fields, dtype, seed):
    return values(count * fields, dtype, seed).reshape(count, fields)


def turned(array):
    """What make_xyzw(v.w, v.x, v.y, v.z) gives."""
    return np.roll(array, 1, axis=1)


def launches():
    for grid, block in SHAPES:
        total = int(np.prod(grid) * np.prod(block))
        for n in map(np.int32, {total, max(total - 5, 1)}):
            yield from whole(grid, block, total, n)
            yield from through_indices(grid, block, total, n)
            yield from in_part(grid, block, total, n)


def guarded(n, new, old=None):
    """The first n rows of `new`, the rest as it was."""
    result = np.zeros_like(new) if old is None else old.copy()
    result[:n] = new[:n]
    return result


def whole(grid, block, total, n):
    f, d, s, b = (rows(total, 2, each, 3) for each in (np.float32, np.float64, np.int16, np.uint8))
    m = np.zeros(total, [("f", np.float32), ("i", np.int32)])
    m["f"], m["i"] = values(total, np.float32), rng().integers(-1000, 1000, total)
    m_new = m.copy()
    m_new["f"], m_new["i"] = -m["f"], m["i"] + 7
    arrays = [f, d, s, m, b]
    news = [f[:, ::-1], d[:, ::-1] * [2, 1], s[:, ::-1], m_new, b[:, ::-1]]
    yield Launch("pairs", grid, block, [*arrays, *map(np.zeros_like, arrays), n],
                 {5 + at: guarded(n, new) for at, new in enumerate(news)})
    for name, fields, types in (("triples", 3, (np.float32, np.float64, np.int16, np.uint8)),
                                ("fours", 4, (np.float32, np.int64, np.int16, np.uint8))):
        arrays = [rows(total, fields, each, 5) for each in types]
        news = [turned(each) for each in arrays]
        if name == "triples":
            news[1] = arrays[1][:, ::-1]
        yield Launch(name, grid, block, [*arrays, *map(np.zeros_like, arrays), n],
                     {4 + at: guarded(n, new) for at, new in enumerate(news)})


def through_indices(grid, block, total, n):
    v = rows(total, 4, np.float32, 9)
    index = rng().permutation(n).astype(np.int32)
    out, threes = np.zeros_like(v), np.zeros((total, 3), np.float32)
    out[index[::-1]] = v[index]
    threes[index] = v[index, :3]
    fives, octets = rows(total, 5, np.float32, 2), rows(total, 4, np.uint8, 2)
    fives_new, octets_new = fives.copy(), octets.copy()
    fives_new[:n] += v[:n, 1:2]
    octets_new[:n] = octets[:n, ::-1]
    yield Launch("scattered", grid, block, [v, np.resize(index, total), np.zeros_like(v), np.zeros_like(threes), fives,
                                            octets, n], {2: out, 3: threes, 4: fives_new, 5: octets_new})
    pairs = rows(total, 2, np.float32, 4)
    down, twos, padded = np.zeros_like(pairs), np.zeros((2 * total, 2), np.float32), np.zeros((total, 4), np.float32)
    down[:n] = pairs[:n][::-1]
    twos[: 2 * n: 2] = pairs[:n]
    padded[:n, :2] = pairs[:n, ::-1]
    yield Launch("steps", grid, block, [pairs, np.zeros_like(down), np.zeros_like(twos), np.zeros_like(padded),
                                        np.zeros((total + 3, 2), np.float32), n, np.uint32(3)],
                 {1: down, 2: twos, 3: padded, 4: np.concatenate([np.zeros((3, 2)), guarded(n, pairs)]).astype("f4")})


def in_part(grid, block, total, n):
    v, old = rows(total, 4, np.float32, 6), rows(total, 4, np.float32, 7)
    number = np.arange(total)
    new = old.copy()
    some, odd = (number < n) & (number % 3 > 0), number % 2 > 0
    new[some, 0] = v[some, 1] + v[some, 2]
    new[some, 2] = v[some, 0]
    new[some & odd, 3] = v[some & odd, 3] + v[some & odd, 2]
    yield Launch("parts", grid, block, [v, old, n], {1: new})
    p = rows(total, 3, np.float32, 8)
    y = p[:, 0] + np.float32(1)
    z = p[:, 2] + y
    yield Launch("shifted", grid, block, [p, np.int32(1), n], {0: guarded(n, np.stack([z, y, z], axis=1), p)})
    yield from one_of_some(grid, block, total, n)
    line = values(total + 3, np.float32)
    sums = sum((k + 1) * line[k: total + k] for k in range(4))
    yield Launch("overlapping", grid, block, [line, np.zeros(total, np.float32), n], {1: guarded(n, sums)},
                 relative=1e-4, absolute=1e-4)
    count = int(np.prod(block))
    whole_ = rng(3).integers(-99, 99, (total, 4)).astype(np.float32)
    tile = np.zeros((count, 4), np.float32)
    np.add.at(tile, np.arange(n) % count, whole_[:n])
    other = tile[::-1]
    result = np.stack([other[:, 0], tile[:, 1], other[:, 2], tile[:, 3]], axis=1)
    yield Launch("turns", grid, block, [whole_, np.zeros_like(whole_), n],
                 {1: np.tile(result, (int(np.prod(grid)), 1))})


def one_of_some(grid, block, total, n):
    types = np.float64, np.int32, np.int16, np.uint8
    sources = [values(3 * total, each, 2) // 2 for each in types]
    olds = [rows(total, 4, each, 3) for each in types]
    at, triples = np.arange(n), rows(total, 3, np.float32, 4)
    news = [each.copy() for each in [*olds, triples]]
    for new, source in zip(news, sources, strict=False):
        new[:n, 2] = source[2 * at]
        new[:n, 0] = source[3 * at + 1] + source[2 * at + 1]
    news[4][:n, 1] = triples[:n, 0]
    news[4][1:n:2, 2] = triples[1:n:2, 0] + 1
    yield Launch("some", grid, block, [*sources, *olds, triples, n], {4 + k: new for k, new in enumerate(news)})
