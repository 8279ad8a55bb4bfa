"""Conversions: saturation, NaN, rounding, narrowing, bit casts."""

import numpy as np
from kernel_case import LINES, Launch, threads, values

EDGES = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9, 2147483648.0, -2147483648.0, 4294967296.0, 1e19, -1e19,
         1e20, 3e38, -3e38, np.inf, -np.inf, np.nan]


def clamped(x: np.ndarray, dtype: type, rounding=np.trunc) -> np.ndarray:
    info = np.iinfo(dtype)
    result = []
    for value in rounding(x):
        if np.isnan(value):
            result.append(0)
        elif np.isinf(value):
            result.append(info.max if value > 0 else info.min)
        else:
            result.append(min(max(int(value), info.min), info.max))
    return np.array(result, dtype)


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        outs = [np.zeros(n, t) for t in (np.int32, np.uint32, np.int64, np.uint64, np.int32)]
        # Only the 32-bit forms are documented to make 0 of a NaN.
        for edges, checked in ((EDGES, (0, 1, 4)), (EDGES[:-1], range(5))):
            x = np.resize(np.array(edges, np.float32), n)
            yield Launch("saturate", (grid,), (block,), [x, *outs],
                         {k + 1: clamped(x.astype(np.float64), outs[k].dtype.type) for k in checked})
        finite = np.resize(np.array(EDGES[:-1]), n)
        outs = [np.zeros(n, t) for t in (np.int32, np.uint32, np.int64, np.int32)]
        yield Launch("saturate_double", (grid,), (block,), [finite, *outs],
                     {1: clamped(finite, np.int32), 2: clamped(finite, np.uint32), 3: clamped(finite, np.int64),
                      4: clamped(finite, np.int32, np.rint)})
        v = values(n, np.int32)
        f = v.astype(np.float32) * 2 + v.view(np.uint32).astype(np.float32)
        f = f + (v.astype(np.int64) * 4097).astype(np.float32)
        outs = [np.zeros(n, t) for t in (np.float32, np.float64, np.int8, np.uint16, np.float32)]
        yield Launch("between", (grid,), (block,), [v, *outs],
                     {1: f, 2: v.astype(np.float64) + v.astype(np.float32), 3: v.astype(np.int8),
                      4: v.astype(np.uint16), 5: np.abs(v.astype(np.float32))}, relative=1e-6)
