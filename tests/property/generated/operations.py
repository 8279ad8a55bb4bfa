"""The operators and functions that expressions use: their C++ text beside their meaning in NumPy.

An operation that C++ leaves undefined but the hardware defines (division by zero, long shifts) stands behind OPAQUE, so
that the front end cannot reason from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import exact
from .scalars import INTEGERS, SCALARS


@dataclass(frozen=True, slots=True)
class Operation:
    """`text` is a format of the operands' texts; `compute` takes and gives arrays."""

    name: str
    operands: str
    result: str
    text: str
    compute: Callable[..., Any]
    weight: int = 2


OPERATIONS: dict[str, Operation] = {}
_UNSIGNED = {"i": "unsigned int", "l": "unsigned long long"}


def _add(name: str, operands: str, result: str, text: str, compute: Any, weight: int = 2) -> None:
    key = f"{name}.{operands}"
    assert key not in OPERATIONS, key
    OPERATIONS[key] = Operation(key, operands, result, text, compute, weight)


def _truth(values: Any) -> Any:
    return np.asarray(values).astype(np.int32)


def _arithmetic() -> None:
    for t, scalar in SCALARS.items():
        if t in "cs":
            continue
        for name, sign, compute in (("add", "+", np.add), ("sub", "-", np.subtract), ("mul", "*", np.multiply)):
            text = f"({{0}} {sign} {{1}})"
            if t in _UNSIGNED:
                # Signed overflow is undefined in C++; wrapping is what unsigned gives.
                text = f"(({scalar.name})(({_UNSIGNED[t]})({{0}}) {sign} ({_UNSIGNED[t]})({{1}})))"
            _add(name, t * 2, t, text, compute, 6)
        for name, sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!=")):
            python = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
                      "ne": np.not_equal}[name]
            _add(name, t * 2, "i", f"((int)({{0}} {sign} {{1}}))",
                 lambda a, b, python=python: _truth(python(a, b)), 1)
    for t in "fd":
        f = "f" if t == "f" else ""
        _add("div", t * 2, t, "({0} / {1})", np.divide, 5)
        _add("neg", t, t, "(-({0}))", np.negative)
        _add("muladd", t * 3, t, "({0} * {1} + {2})", lambda a, b, c: a * b + c, 6)
        _add("mulsub", t * 3, t, "({0} - {1} * {2})", lambda a, b, c: a - b * c, 4)
        for name, compute in (("sqrt", np.sqrt), ("fabs", np.abs), ("floor", np.floor), ("ceil", np.ceil),
                              ("trunc", np.trunc), ("rint", np.rint), ("round", exact.nearest_away)):
            _add(name, t, t, f"{name}{f}({{0}})", compute)
        for name, compute in (("fmin", exact.least), ("fmax", exact.greatest), ("fmod", np.fmod),
                              ("nextafter", np.nextafter)):
            _add(name, t * 2, t, f"{name}{f}({{0}}, {{1}})", compute)
        _add("min", t * 2, t, "min({0}, {1})", exact.least)
        _add("max", t * 2, t, "max({0}, {1})", exact.greatest)
        _add("copysign", t * 2, t, f"copysign{f}({{0}}, NUMBER({{1}}))",
             lambda a, b: np.copysign(a, np.where(np.isnan(b), a.dtype.type(0), b)))
        _add("fma", t * 3, t, f"fma{f}({{0}}, {{1}}, {{2}})", exact.fused)
        _add("isnan", t, "i", "((int)isnan({0}))", lambda a: _truth(np.isnan(a)))
        _add("isinf", t, "i", "((int)isinf({0}))", lambda a: _truth(np.isinf(a)))
        _add("isfinite", t, "i", "((int)isfinite({0}))", lambda a: _truth(np.isfinite(a)))
        _add("signbit", t, "i", "((int)signbit(NUMBER({0})))", lambda a: _truth(np.signbit(a) & ~np.isnan(a)))


def _integer_arithmetic() -> None:
    for t in INTEGERS:
        scalar = SCALARS[t]
        name = scalar.name
        unsigned = _UNSIGNED.get(t, name)
        word = np.dtype(f"u{scalar.bits // 8}").type
        kind = scalar.dtype
        _add("div", t * 2, t, "(OPAQUE({0}) / OPAQUE({1}))", exact.divide, 4)
        _add("rem", t * 2, t, "(OPAQUE({0}) % OPAQUE({1}))", exact.remainder, 4)
        _add("and", t * 2, t, "({0} & {1})", np.bitwise_and)
        _add("or", t * 2, t, "({0} | {1})", np.bitwise_or)
        _add("xor", t * 2, t, "({0} ^ {1})", np.bitwise_xor)
        _add("not", t, t, "(~({0}))", np.invert)
        _add("neg", t, t, f"(({name})(0 - ({unsigned})({{0}})))", np.negative)
        _add("shl", t + "u", t, f"(({name})OPAQUE(OPAQUE(({unsigned})({{0}})) << OPAQUE({{1}})))",
             lambda a, b, word=word, kind=kind: exact.shift_left(a.astype(word), b).astype(kind))
        _add("shr", t + "u", t, "OPAQUE(OPAQUE({0}) >> OPAQUE({1}))", exact.shift_right)
        _add("shlm", t + "u", t, f"(({name})(({unsigned})({{0}}) << ({{1}} & {scalar.bits - 1}u)))",
             lambda a, b, word=word, kind=kind, top=scalar.bits - 1: exact.shift_left(
                 a.astype(word), b & np.uint32(top)).astype(kind))
        _add("shrm", t + "u", t, f"({{0}} >> ({{1}} & {scalar.bits - 1}u))",
             lambda a, b, top=scalar.bits - 1: exact.shift_right(a, b & np.uint32(top)))
        _add("min", t * 2, t, "min({0}, {1})", np.minimum)
        _add("max", t * 2, t, "max({0}, {1})", np.maximum)
        _add("small", t * 2, t, "(({0} & 4095) * 3 + ({1} & 4095) - 7)", _small, 3)
        _add("logic_and", t + "i", "i", "((int)({0} && {1}))", lambda a, b: _truth((a != 0) & (b != 0)), 1)
        _add("logic_or", t + "i", "i", "((int)({0} || {1}))", lambda a, b: _truth((a != 0) | (b != 0)), 1)
        _add("logic_not", t, "i", "((int)!({0}))", lambda a: _truth(a == 0), 1)
    _add("abs", "i", "i", "abs({0})", np.abs)
    _add("abs", "l", "l", "llabs({0})", np.abs)


def _small(a: Any, b: Any) -> Any:
    """Plain arithmetic that cannot overflow, so the optimiser may use that it does not."""
    kind = a.dtype.type
    return (a & kind(4095)) * kind(3) + (b & kind(4095)) - kind(7)


def _bit_functions() -> None:
    for t, suffix in (("u", ""), ("m", "ll")):
        word, kind = SCALARS[t], {"u": "i", "m": "l"}[t]
        _add("popc", t, "i", f"__popc{suffix}({{0}})", exact.popcount)
        _add("clz", t, "i", f"__clz{suffix}(({SCALARS[kind].name})({{0}}))", exact.leading_zeros)
        _add("ffs", t, "i", f"__ffs{suffix}(({SCALARS[kind].name})({{0}}))", exact.first_set)
        _add("brev", t, t, f"__brev{suffix}({{0}})", exact.reverse)
        assert word.bits in (32, 64)
    _add("byte_perm", "uuu", "u", "__byte_perm({0}, {1}, {2})", exact.byte_permute)
    for name, left, clamp in (("l", True, False), ("r", False, False), ("lc", True, True), ("rc", False, True)):
        _add(f"funnelshift_{name}", "uuu", "u", f"__funnelshift_{name}({{0}}, {{1}}, {{2}})",
             exact.funnel(left, clamp))
    for t, name in (("i", "__mulhi"), ("u", "__umulhi"), ("l", "__mul64hi"), ("m", "__umul64hi")):
        _add("mulhi", t * 2, t, f"{name}({{0}}, {{1}})", exact.high_product)
    for t, mark in (("i", ""), ("u", "u")):
        _add("hadd", t * 2, t, f"__{mark}hadd({{0}}, {{1}})", exact.average(0), 1)
        _add("rhadd", t * 2, t, f"__{mark}rhadd({{0}}, {{1}})", exact.average(1), 1)
        _add("sad", t * 2 + "u", "u", f"__{mark}sad({{0}}, {{1}}, {{2}})", exact.distance, 1)
        _add("mul24", t * 2, t, f"__{mark}mul24({{0}}, {{1}})", exact.product24, 1)
        _add("dp4a", t * 3, t, "__dp4a({0}, {1}, {2})", exact.dot4, 1)


def _conversions() -> None:
    for source, origin in SCALARS.items():
        for target, scalar in SCALARS.items():
            if source == target or (source in "fd" and target in "cs"):
                continue
            to = scalar.dtype.type
            if source in "fd" and target not in "fd":
                def compute(a: Any, to: Any = to) -> Any:
                    return exact.to_integer(a, to)
            else:
                def compute(a: Any, to: Any = to) -> Any:
                    return a.astype(to)
            _add(f"to_{target}", source, target, f"(({scalar.name})({{0}}))", compute, 3)
        assert origin.bits
    roundings = {"rn": np.rint, "rz": np.trunc, "ru": np.ceil, "rd": np.floor}
    for source, word in (("f", "float"), ("d", "double")):
        for target, short in (("i", "int"), ("u", "uint"), ("l", "ll"), ("m", "ull")):
            for mode, rounding in roundings.items():
                _add(f"{word}2{short}_{mode}", source, target, f"__{word}2{short}_{mode}({{0}})",
                     lambda a, to=SCALARS[target].dtype.type, how=rounding: exact.to_integer(a, to, how), 1)
    for mode in "nduz":
        for source, word in (("i", "int"), ("u", "uint"), ("l", "ll"), ("m", "ull"), ("d", "double")):
            _add(f"{word}2float_r{mode}", source, "f", f"__{word}2float_r{mode}({{0}})", exact.narrowed(mode), 1)
        _add(f"fadd_r{mode}", "ff", "f", f"__fadd_r{mode}({{0}}, {{1}})", exact.directed_sum(mode), 1)
        _add(f"fmul_r{mode}", "ff", "f", f"__fmul_r{mode}({{0}}, {{1}})", exact.directed_product(mode), 1)
    _add("float_as_int", "f", "i", "__float_as_int(NUMBER({0}))",
         lambda a: np.where(np.isnan(a), np.float32(0), a).view(np.int32))
    _add("int_as_float", "i", "f", "__int_as_float({0})", lambda a: np.ascontiguousarray(a).view(np.float32))
    _add("double_as_longlong", "d", "l", "__double_as_longlong(NUMBER({0}))",
         lambda a: np.where(np.isnan(a), 0.0, a).view(np.int64))
    _add("longlong_as_double", "l", "d", "__longlong_as_double({0})",
         lambda a: np.ascontiguousarray(a).view(np.float64))


_arithmetic()
_integer_arithmetic()
_bit_functions()
_conversions()

BY_RESULT: dict[str, tuple[list[Operation], list[int]]] = {}
for _letter in SCALARS:
    _fitting = [each for each in OPERATIONS.values() if each.result == _letter]
    BY_RESULT[_letter] = _fitting, [each.weight for each in _fitting]
