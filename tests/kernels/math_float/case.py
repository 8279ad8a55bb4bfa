"""CUDA's single-precision math, against NumPy and the math module in double precision."""

import math

import numpy as np
from kernel_case import Launch, threads, values

SHAPES = ((1, 1), (3, 33), (2, 128))

FUNCTIONS = {
    "sin": lambda x, a, u: np.sin(x), "cos": lambda x, a, u: np.cos(x), "tan": lambda x, a, u: np.tan(u),
    "asin": lambda x, a, u: np.arcsin(u), "acos": lambda x, a, u: np.arccos(u), "atan": lambda x, a, u: np.arctan(x),
    "atan2": lambda x, a, u: np.arctan2(x, 2.0), "sinh": lambda x, a, u: np.sinh(x),
    "cosh": lambda x, a, u: np.cosh(x), "tanh": lambda x, a, u: np.tanh(x), "exp": lambda x, a, u: np.exp(x),
    "exp2": lambda x, a, u: np.exp2(x), "expm1": lambda x, a, u: np.expm1(u), "log": lambda x, a, u: np.log(a),
    "log2": lambda x, a, u: np.log2(a), "log10": lambda x, a, u: np.log10(a), "log1p": lambda x, a, u: np.log1p(a),
    "sqrt": lambda x, a, u: np.sqrt(a), "rsqrt": lambda x, a, u: 1 / np.sqrt(a), "cbrt": lambda x, a, u: np.cbrt(x),
    "pow": lambda x, a, u: a**2.5, "powi": lambda x, a, u: x**3, "hypot": lambda x, a, u: np.hypot(x, 3.0),
    "fmod": lambda x, a, u: np.fmod(x, 1.5), "floor": lambda x, a, u: np.floor(x), "ceil": lambda x, a, u: np.ceil(x),
    "trunc": lambda x, a, u: np.trunc(x), "rint": lambda x, a, u: np.rint(x),
    "round": lambda x, a, u: np.copysign(np.floor(np.abs(x) + 0.5), x),
    "copysign": lambda x, a, u: np.copysign(a, x), "fma": lambda x, a, u: x * u + 1,
    "fmin": lambda x, a, u: np.minimum(x, u), "fmax": lambda x, a, u: np.maximum(x, u),
    "fdim": lambda x, a, u: np.maximum(x - 1, 0), "ldexp": lambda x, a, u: x * 8,
    "erf": lambda x, a, u: np.vectorize(math.erf)(x), "tgamma": lambda x, a, u: np.vectorize(math.gamma)(a),
    "lgamma": lambda x, a, u: np.vectorize(math.lgamma)(a),
    "overloads": lambda x, a, u: np.sin(x) + np.sqrt(a) + np.abs(x) + np.maximum(x, u) + a**2,
    "rounded": lambda x, a, u: x + u + x * u + x / a + np.sqrt(a) + 1 / a,
}


def launches():
    for grid, block in SHAPES:
        n = threads(grid, block)
        x = values(n, np.float32)
        a, u = (np.abs(x) + np.float32(0.125)).astype(np.float64), (x / np.float32(8)).astype(np.float64)
        wide = x.astype(np.float64)
        for name, function in FUNCTIONS.items():
            expected = function(wide, a, u).astype(np.float32)
            yield Launch(f"f_{name}", (grid,), (block,), [x, np.zeros(n, np.float32)], {1: expected}, relative=2e-6,
                         absolute=2e-6)
        fast = np.sin(wide) + np.exp(u) + wide / a + np.log(a) + a**2 + np.clip(u, 0, 1)
        yield Launch("f_fast", (grid,), (block,), [x, np.zeros(n, np.float32)], {1: fast.astype(np.float32)},
                     relative=1e-5, absolute=1e-5)
        mantissa, exponent = np.frexp(x)
        rest, whole = np.modf(x)
        outs = [np.zeros(n, np.float32), np.zeros(n, np.int32), *(np.zeros(n, np.float32) for _ in range(4))]
        yield Launch("f_parts", (grid,), (block,), [x, *outs],
                     {1: mantissa, 2: exponent.astype(np.int32), 3: whole, 4: rest,
                      5: np.sin(wide).astype(np.float32), 6: np.cos(wide).astype(np.float32)}, relative=1e-6,
                     absolute=1e-6)
    special = np.array([0, -0.0, 1, -2, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3e38], np.float32)
    expected = np.array([4 | 32 | 64, 4 | 8 | 32 | 64, 4 | 16 | 32 | 64, 4 | 8 | 32 | 64, 2 | 16 | 64, 2 | 8 | 32 | 64,
                         1 | 16 | 32, 4 | 32 | 64, 4 | 8 | 32 | 64, 4 | 16 | 64], np.int32)
    yield Launch("f_classes", (1,), (10,), [special, np.zeros(10, np.int32)], {1: expected})
