"""Conversions: saturation, NaN, rounding, narrowing, bit casts."""

import numpy as np
from kernel_case import LINES, Launch, threads, values

EDGES = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9, 2147483648.0, -2147483648.0, 4294967296.0, 1e19, -1e19,
         1e20, 3e38, -3e38, np.inf, -np.inf, np.nan]


def clamped(x: np.ndarray, dtype: type, rounding=np.trunc) -> np.ndarray:
    """NaN is 0, or the top bit alone where the float or the integer has 64 bits."""
    info = np.iinfo(dtype)
    none = 0 if info.bits == 32 and x.dtype == np.float32 else info.min or 1 << (info.bits - 1)
    result = []
    for value in rounding(x):
        if np.isnan(value):
            result.append(none)
        elif np.isinf(value):
            result.append(info.max if value > 0 else info.min)
        else:
            result.append(min(max(int(value), info.min), info.max))
    return np.array(result, dtype)


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        outs = [np.zeros(n, t) for t in (np.int32, np.uint32, np.int64, np.uint64, np.int32)]
        x = np.resize(np.array(EDGES, np.float32), n)
        yield Launch("saturate", (grid,), (block,), [x, *outs],
                     {k + 1: clamped(x, outs[k].dtype.type) for k in range(5)})
        wide = np.resize(np.array(EDGES), n)
        outs = [np.zeros(n, t) for t in (np.int32, np.uint32, np.int64, np.int32)]
        yield Launch("saturate_double", (grid,), (block,), [wide, *outs],
                     {1: clamped(wide, np.int32), 2: clamped(wide, np.uint32), 3: clamped(wide, np.int64),
                      4: clamped(wide, np.int32, np.rint)})
        v = values(n, np.int32)
        f = v.astype(np.float32) * 2 + v.view(np.uint32).astype(np.float32)
        f = f + (v.astype(np.int64) * 4097).astype(np.float32)
        outs = [np.zeros(n, t) for t in (np.float32, np.float64, np.int8, np.uint16, np.float32)]
        yield Launch("between", (grid,), (block,), [v, *outs],
                     {1: f, 2: v.astype(np.float64) + v.astype(np.float32), 3: v.astype(np.int8),
                      4: v.astype(np.uint16), 5: np.abs(v.astype(np.float32))}, relative=1e-6)
