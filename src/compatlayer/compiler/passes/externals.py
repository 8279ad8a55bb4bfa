"""Functions that device code may call without defining them."""

from __future__ import annotations

_LIBM = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cos", "cosh", "erf",
    "erfc", "exp", "exp2", "expm1", "fabs", "fdim", "floor", "fma", "fmax", "fmin", "fmod", "frexp", "hypot",
    "ilogb", "ldexp", "lgamma", "llrint", "llround", "log", "log10", "log1p", "log2", "logb", "lrint", "lround",
    "modf", "nearbyint", "nextafter", "pow", "remainder", "remquo", "rint", "round", "scalbln", "scalbn", "sin",
    "sincos", "sinh", "sqrt", "tan", "tanh", "tgamma", "trunc", "j0", "j1", "jn", "y0", "y1", "yn",
]
C_FUNCTIONS = frozenset([*_LIBM, *(f"{name}f" for name in _LIBM), "memcpy", "memmove", "memset", "memcmp", "strlen"])

# Device library entry points that passes replace with calls of the runtime.
DEVICE_CALLS = frozenset(("vprintf", "malloc", "free", "__assertfail", "__nvvm_reflect", "__compatlayer_cas_b128",
                          "cudaGraphSetConditional", "__compatlayer_device_buffer", "__compatlayer_device_launch",
                          "__compatlayer_device_copy", "__compatlayer_device_fill", "__compatlayer_device_order"))
# The scalar functions of the runtime, as the bitcode that defines `__nv_` calls them (library/libdevice.py).
RUNTIME = "__compatlayer_math_"
# Math functions that write through a pointer; all others of the library have no side effect.
OUT_PARAMETERS = ("sincos", "frexp", "modf", "remquo")
_ARRAYS = ("norm", "normf", "rnorm", "rnormf")  # read what their second argument points to


def is_c_function(name: str) -> bool:
    """Whether `name` is resolved from the math library or the C library and takes no thread."""
    return name.startswith("__nv_") or name in C_FUNCTIONS


def is_pure(name: str) -> bool:
    """Whether a call of the library function `name` reads and writes no memory."""
    if name.startswith("__nv_"):
        base = name[5:].removeprefix("fast_")
        return base not in _ARRAYS and not base.startswith(OUT_PARAMETERS)
    return False
