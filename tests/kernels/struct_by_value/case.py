"""Structs by value: odd sizes, forced alignment, nested arrays, an empty one, a pointer inside, 2 KiB of arguments.

The device buffer in a struct is given by the runner: an ndarray inside a list is a buffer whose address is written
into the bytes that follow it."""

import numpy as np
from kernel_case import LINES, Launch, rng, structure, threads

THREE = [("b", np.uint8, 3)]
ODD = [("tag", np.int8), ("weight", np.float64), ("tail", np.int16, 3)]
INNER = np.dtype([("grid", np.int32, (2, 3)), ("mark", np.int8)], align=True)
# float4 is aligned to 16 bytes, which NumPy does not know: the pad is explicit.
OUTER = [("inner", INNER, 2), ("wide", np.int64), ("vector", np.float32, 4)]


def pointing(data: np.ndarray) -> list:
    return [data, np.uint64(len(data)).tobytes()]


def launches():
    inner = np.zeros(2, INNER)
    inner["grid"] = np.arange(12).reshape(2, 2, 3) * 7
    inner["mark"] = [-3, 4]
    outer = structure(OUTER, {"inner": inner, "wide": -(2**40), "vector": [1, 2, 3, 0.125]})
    odd = structure(ODD, {"tag": -5, "weight": 1.5, "tail": [300, 1, -200]})
    three, again = structure(THREE, {"b": [250, 251, 252]}), structure(THREE, {"b": [1, 10, 100]})
    data = np.array([1000, 2000, 3000], np.int32)
    fixed = 9 + 250 * 2 + 251 * 3 + 252 * 4 - 300 + (-5 + 1.5 + 300 - 200) + 0.25 - 3 - 2.0**40 + 0.125 + 77 + 6000
    for grid, block in LINES:
        n = threads(grid, block)
        i = np.arange(n)
        expected = fixed + inner["grid"][1][i % 2, i % 3] + np.array([1, 10, 100])[i % 3]
        arguments = [np.int8(9), three, np.int16(-300), odd, np.bool_(True), outer, again,
                     np.array([77, 0, 0, 0, 0, 0, 0, 0], np.int32).tobytes(), b"\0", pointing(data), np.zeros(n)]
        yield Launch("mixed", (grid,), (block,), arguments, {10: expected})
        a, b = (rng(seed).integers(-1000, 1000, 256).astype(np.int32) for seed in (1, 2))
        result = (a[i % 256] + 1) * 2 + b[255 - i % 256]
        yield Launch("big", (grid,), (block,), [a.tobytes(), b.tobytes(), np.zeros(n, np.int32)],
                     {2: result.astype(np.int32)})
