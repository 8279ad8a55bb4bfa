"""The inlined device math library where functions end: special values, whole numbers, bits. The reference is the
scalar C library of the same names, which slow paths call too."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from inlined_math import C_NAMES, TYPES, call, distance, signatures
from math_library import library

KINDS = ("fused", "unfused")
_BASE = [0.0, 1.0, 0.5, 2.0, 3.0, 4.0, 10.0, 100.0, 1000.0, 0.25, 0.75, 1.5, 2.5, 8.0, 27.0, 1e-5, 1e5, 1e10, 1e22,
         2.0**-24, 2.0**-53, 2.0**23, 2.0**24, 2.0**31, 2.0**32, 2.0**52, 2.0**53, 2.0**63, 2.0**64, np.pi, np.pi / 2,
         np.inf, np.nan, 88.0, 89.0, 104.0, 709.0, 710.0, 745.0, 746.0, 127.0, 128.0, 149.0, 150.0, 1023.0, 1024.0,
         1074.0, 1075.0, 38.0, 39.0, 45.0, 46.0, 308.0, 309.0, 323.0, 324.0, 26.5, 27.5, 13.2, 14.5, 38.4, 5.9, 6.1,
         0.999, 1.001, 1e-30, 1e30, 0.1, 0.3, 0.9]  # fmt: skip
# Results that have one right value; others may differ from the C library's by what both are off.
EXACT = {"ceil", "floor", "trunc", "rint", "nearbyint", "round", "fabs", "copysign", "fmax", "fmin", "fdim", "fmod",
         "remainder", "ldexp", "scalbn", "logb", "ilogb", "nextafter", "sqrt", "saturate", "fma"}  # fmt: skip
PAIRS = 6000
INTEGER = {"i32", "i64", "i16"}


def edges(type_: type) -> np.ndarray:
    """Special values, limits of the format, and neighbours of all of them, with both signs."""
    limits = np.finfo(type_)
    values = np.array([*_BASE, limits.max, limits.tiny, limits.smallest_subnormal, limits.tiny / 2, limits.eps,
                       limits.max / 2, np.sqrt(limits.max), np.sqrt(limits.tiny)])
    with np.errstate(all="ignore"):
        values = values.astype(type_)
        around = [values, np.nextafter(values, type_(np.inf)), np.nextafter(values, type_(0))]
        return np.concatenate([*around, *(-each for each in around)])


def scalar(name: str, arguments: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """The scalar C function, one point after the other; the result and what it stored."""
    result, parameters = signatures()[name]
    c_types = {"float": ctypes.c_float, "double": ctypes.c_double, "int": ctypes.c_int, "long": ctypes.c_long,
               "short": ctypes.c_int16}
    function = getattr(library(), f"__nv_{name}")
    function.restype = None if result == "void" else c_types[C_NAMES[result]]
    value_types = [c_types[C_NAMES[each]] for each in parameters if each != "ptr"]
    stored = ctypes.c_int if name.startswith("frexp") else value_types[0]
    function.argtypes = [ctypes.POINTER(stored) if each == "ptr" else c_types[C_NAMES[each]] for each in parameters]
    outs = [stored() for each in parameters if each == "ptr"]
    rows = []
    for values in zip(*arguments, strict=True):
        given, left = iter(values), iter(outs)
        got = function(*[ctypes.byref(next(left)) if each == "ptr" else next(given).item() for each in parameters])
        rows.append((*([] if result == "void" else [got]), *(each.value for each in outs)))
    kinds = [*([] if result == "void" else [TYPES[result]]), *([np.dtype(stored)] * len(outs))]
    return tuple(np.array([row[i] for row in rows]).astype(kind) for i, kind in enumerate(kinds))


def arguments_of(name: str) -> list[np.ndarray]:
    _, parameters = signatures()[name]
    parameters = tuple(each for each in parameters if each != "ptr")
    source = np.random.default_rng(list(name.encode()))
    columns = []
    for each in parameters:
        if each in INTEGER:
            limits = np.iinfo(TYPES[each])
            special = [0, 1, -1, 2, 3, 7, 31, 32, 255, 4096, limits.max, limits.min, limits.max - 1, limits.min + 1,
                       -150, 150, 127, -126, 1023, -1022, -1074, 2000, -2000, -1100, 1100, -60, 60]  # fmt: skip
            random = source.integers(limits.min, limits.max, 300, endpoint=True)
            columns.append(np.array([*special, *random]).astype(TYPES[each]))
        else:
            columns.append(edges(TYPES[each]))
    if len(columns) == 1:
        return columns
    return [source.choice(column, PAIRS) for column in columns]


@pytest.mark.parametrize("name", sorted(signatures()))
def test_special_values_are_those_of_the_scalar_library(name: str) -> None:
    arguments = arguments_of(name)
    with np.errstate(all="ignore"):
        wanted = scalar(name, arguments)
        for kind in KINDS:
            if name not in signatures(kind):
                continue
            found = call(name, *arguments, kind=kind)
            for got, want in zip(found if isinstance(found, tuple) else (found,), wanted, strict=True):
                _compare(name, kind, arguments, got, want)


def _compare(name: str, kind: str, arguments: list[np.ndarray], got: np.ndarray, want: np.ndarray) -> None:
    if got.dtype.kind in "iu":
        wrong = got != want
    else:
        base = name if name in EXACT else name.removesuffix("f")
        allowed = 0 if base in EXACT or name.endswith("_rn") else 1e6 if name.startswith("fast_") else 10
        wrong = distance(got, want.astype(np.longdouble)) > allowed
        if name.startswith("fast_"):  # no promise at the edges, but these
            wrong &= np.isnan(want) & ~np.isnan(got)
        if base in ("fmax", "fmin", "normcdfinv"):  # either zero
            wrong &= ~((got == 0) & (want == 0))
    at = int(np.argmax(wrong))
    assert not wrong.any(), (f"{kind} {name}({', '.join(repr(each[at]) for each in arguments)}) = {got[at]!r}, "
                             f"the C library has {want[at]!r}")


def test_most_of_the_library_is_there() -> None:
    names = set(signatures())
    wanted = """exp exp2 exp10 expm1 log log2 log10 log1p sin cos tan sincos sinpi cospi sincospi asin acos atan atan2
        sinh cosh tanh asinh acosh atanh pow powi cbrt rcbrt rsqrt sqrt hypot rhypot norm3d norm4d rnorm3d rnorm4d
        erf erfc erfinv erfcinv erfcx normcdf normcdfinv fmod remainder fdim ldexp scalbn ilogb logb frexp modf
        nextafter ceil floor rint round trunc nearbyint llrint llround fma"""
    for each in wanted.split():
        assert {each, each + "f"} <= names, each
