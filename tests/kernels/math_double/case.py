"""CUDA's double-precision math, against NumPy and the math module."""

import math

import numpy as np
from kernel_case import Launch, threads, values

SHAPES = ((1, 1), (3, 33), (2, 128))

FUNCTIONS = {
    "sin": lambda x, a, u: np.sin(x), "cos": lambda x, a, u: np.cos(x), "tan": lambda x, a, u: np.tan(u),
    "asin": lambda x, a, u: np.arcsin(u), "acos": lambda x, a, u: np.arccos(u),
    "atan2": lambda x, a, u: np.arctan2(x, 2.0), "sinh": lambda x, a, u: np.sinh(x),
    "tanh": lambda x, a, u: np.tanh(x), "asinh": lambda x, a, u: np.arcsinh(x), "exp": lambda x, a, u: np.exp(x),
    "exp10": lambda x, a, u: 10.0**u, "expm1": lambda x, a, u: np.expm1(u), "log": lambda x, a, u: np.log(a),
    "log2": lambda x, a, u: np.log2(a), "log1p": lambda x, a, u: np.log1p(a), "sqrt": lambda x, a, u: np.sqrt(a),
    "rsqrt": lambda x, a, u: 1 / np.sqrt(a), "cbrt": lambda x, a, u: np.cbrt(x), "pow": lambda x, a, u: a**2.5,
    "powint": lambda x, a, u: x**3, "hypot": lambda x, a, u: np.hypot(x, 3.0),
    "fmod": lambda x, a, u: np.fmod(x, 1.5), "remainder": lambda x, a, u: np.vectorize(math.remainder)(x, 1.5),
    "floor": lambda x, a, u: np.floor(x), "rint": lambda x, a, u: np.rint(x),
    "round": lambda x, a, u: np.copysign(np.floor(np.abs(x) + 0.5), x), "fma": lambda x, a, u: x * u + 1,
    "erf": lambda x, a, u: np.vectorize(math.erf)(x), "erfc": lambda x, a, u: np.vectorize(math.erfc)(x),
    "tgamma": lambda x, a, u: np.vectorize(math.gamma)(a), "lgamma": lambda x, a, u: np.vectorize(math.lgamma)(a),
    "sinpi": lambda x, a, u: np.sin(np.pi * (x - 2 * np.round(x / 2))),
    "normcdf": lambda x, a, u: np.vectorize(math.erfc)(-x / math.sqrt(2)) / 2,
    "nextafter": lambda x, a, u: np.nextafter(x, 100.0), "scalbn": lambda x, a, u: x / 16,
    "logb": lambda x, a, u: np.floor(np.log2(a)),
    "rounded": lambda x, a, u: x + u + x * u + x / a + np.sqrt(a) + 1 / a, "bits": lambda x, a, u: -x,
}
EXACT = {"sqrt", "floor", "rint", "round", "fmod", "remainder", "nextafter", "scalbn", "logb", "bits"}


def launches():
    for grid, block in SHAPES:
        n = threads(grid, block)
        x = values(n, np.float64)
        a, u = np.abs(x) + 0.125, x / 8
        for name, function in FUNCTIONS.items():
            tolerance = 0.0 if name in EXACT else 4e-15
            yield Launch(f"d_{name}", (grid,), (block,), [x, np.zeros(n)], {1: function(x, a, u)},
                         relative=tolerance, absolute=tolerance)
