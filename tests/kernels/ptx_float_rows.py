"""Rows of the table of PTX: floating point and conversions, and what each computes."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable, Iterator

import numpy as np
import ptx_model as model
from ptx_integer_rows import COMPARE, M32, Row, s
from ptx_model import BF16, F16, F32, F64, Format

FORMATS = {"f16": (F16, "h"), "bf16": (BF16, "h"), "f32": (F32, "f"), "f64": (F64, "d")}
CALCULATE: dict[str, tuple[int, Callable[..., int]]] = {
    "add": (2, model.add), "mul": (2, model.mul), "fma": (3, model.fma), "div": (2, model.div),
    "sub": (2, lambda a, b, form, mode="rn": model.add(a, -b if not isinstance(b, float) or b == b else b, form, mode)),
    "sqrt": (1, model.sqrt), "rcp": (1, lambda a, form, mode="rn": model.div(1 * model.Fraction(1), a, form, mode)),
}  # fmt: skip


def calculated(name: str, form: Format, mode: str, ftz: bool, tail: str = "") -> Callable[..., int]:
    apply = CALCULATE[name][1]

    def run(*bits: int) -> int:
        given = [model.flush(each & (1 << form.bits) - 1, form) if ftz else each for each in bits]
        found = apply(*(model.decode(each, form) for each in given), form, mode)
        found = model.flush(found, form) if ftz else found
        if tail and found == -1:
            return 0 if tail == "sat" else -1
        value = model.decode(found, form)
        if tail == "sat":
            return found if 0 < value < 1 else model.encode(model.Fraction(1) if value >= 1 else 0.0, form)
        return 0 if tail == "relu" and value <= 0 else found

    return run


def float_rows() -> Iterator[Row]:
    for kind, (form, letter) in FORMATS.items():
        for name, (count, _) in CALCULATE.items():
            if form.bits == 16 and name in ("div", "sqrt", "rcp"):
                continue
            places = ", ".join(f"%{index}" for index in range(count + 1))
            letters = letter * (count + 1)
            for mode in ("rn", "rz", "rm", "rp") if form.bits > 16 else ("rn",):
                yield Row(f"{name}.{mode}.{kind} {places};", letters, calculated(name, form, mode, False), kind, form)
            if kind in ("f32", "f16"):
                yield Row(f"{name}.rn.ftz.{kind} {places};", letters, calculated(name, form, "rn", True), kind, form)
                if name in ("add", "sub", "mul", "fma"):
                    yield Row(f"{name}.rn.sat.{kind} {places};", letters, calculated(name, form, "rn", False, "sat"),
                              kind, form)
            if kind == "f32" and name != "sqrt":
                yield Row(f"{name}.rz.ftz.f32 {places};", letters, calculated(name, form, "rz", True), kind, form)
        for word in ("min", "max"):
            yield Row(f"{word}.{kind} %0, %1, %2;", letter * 3, lambda a, b, form=form, word=word: model.extreme(
                a, b, form, word == "max"), kind, form)
            if kind != "f64":
                yield Row(f"{word}.NaN.{kind} %0, %1, %2;", letter * 3, lambda a, b, form=form, word=word:
                          model.extreme(a, b, form, word == "max", True), kind, form)
        top = 1 << form.bits - 1
        yield Row(f"neg.{kind} %0, %1;", letter * 2, lambda a, top=top: a ^ top, kind, form)
        yield Row(f"abs.{kind} %0, %1;", letter * 2, lambda a, top=top: a & top - 1, kind, form)
        if kind != "bf16":
            for how in ("eq", "ne", "lt", "geu", "neu", "equ", "num", "nan", "leu", "gt"):
                yield Row(f"{{.reg .pred p; setp.{how}.{kind} p, %1, %2; selp.u32 %0, 1, 0, p;}}", "r" + letter * 2,
                          lambda a, b, how=how, form=form: int(ordered(how, model.decode(a, form),
                                                                       model.decode(b, form))), kind)
    yield Row("fma.rn.relu.f16 %0, %1, %2, %3;", "hhhh", calculated("fma", F16, "rn", False, "relu"), "f16", F16)
    yield Row("fma.rn.relu.bf16 %0, %1, %2, %3;", "hhhh", calculated("fma", BF16, "rn", False, "relu"), "bf16", BF16)
    for kind, form in (("f16", F16), ("bf16", BF16)):
        for name in ("add", "mul", "sub", "fma"):
            count = CALCULATE[name][0]
            one = calculated(name, form, "rn", False)
            for half in (0, 16):
                yield Row(f"{{.reg .b32 t; .reg .b16 u, v; {name}.rn.{kind}x2 t, "
                          + ", ".join(f"%{index + 1}" for index in range(count))
                          + f"; mov.b32 {{u, v}}, t; mov.b16 %0, {'v' if half else 'u'};}}", "h" + "r" * count,
                          lambda *bits, one=one, half=half: one(*(each >> half & 0xFFFF for each in bits)),
                          kind + "x2", form)
    for bits, letter, form in ((32, "f", F32), (64, "d", F64)):
        yield Row(f"copysign.f{bits} %0, %1, %2;", letter * 3,
                  lambda a, b, n=bits: a & 1 << n - 1 | b & (1 << n - 1) - 1, f"f{bits}", form)
        for name, test in CLASSES.items():
            yield Row(f"{{.reg .pred p; testp.{name}.f{bits} p, %1; selp.u32 %0, 1, 0, p;}}", "r" + letter,
                      lambda a, form=form, test=test: int(bool(test(a, form))), f"f{bits}")
    yield Row("slct.f32.f32 %0, %1, %2, %3;", "ffff",
              lambda a, b, c: a if model.decode(c, F32) >= 0 else b, "f32", F32)
    yield Row("set.gt.u32.f32 %0, %1, %2;", "rff", lambda a, b: M32 if ordered(
        "gt", model.decode(a, F32), model.decode(b, F32)) else 0, "f32")
    yield Row("max.xorsign.abs.f32 %0, %1, %2;", "fff", lambda a, b: xorsign(a, b), "f32", F32)
    yield Row("{.reg .f32 t; mov.f32 t, 0f3FC00000; add.rn.f32 %0, %1, t;}", "ff",
              lambda a: model.add(model.decode(a, F32), model.Fraction(3, 2), F32), "f32", F32)
    yield Row("add.rn.f32 %0, %1, 1.5;", "ff",
              lambda a: model.add(model.decode(a, F32), model.Fraction(3, 2), F32), "f32", F32)
    yield Row("add.f64 %0, %1, 0d3FF8000000000000;", "dd",
              lambda a: model.add(model.decode(a, F64), model.Fraction(3, 2), F64), "f64", F64)
    functions = {"ex2": exp2, "lg2": log2, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "rsqrt": rsqrt,
                 "sqrt": np.sqrt, "rcp": lambda x: 1 / x}
    for name, apply in functions.items():
        for ftz in ("", ".ftz"):
            if name == "tanh" and ftz:
                continue
            yield Row(f"{name}.approx{ftz}.f32 %0, %1;", "ff", lambda a, apply=apply, ftz=ftz: near(apply, a, ftz),
                      "moderate" if name in ("sin", "cos") else "f32", F32, 4)
    yield Row("div.approx.f32 %0, %1, %2;", "fff", calculated("div", F32, "rn", False), "f32", F32, 2)
    yield Row("div.full.ftz.f32 %0, %1, %2;", "fff", calculated("div", F32, "rn", True), "f32", F32, 2)


def xorsign(a: int, b: int) -> int:
    big = model.extreme(a & 0x7FFFFFFF, b & 0x7FFFFFFF, F32, True)
    return big if big < 0 else big | (a ^ b) & 0x80000000


def near(apply: Callable[[float], float], bits: int, ftz: str) -> int:
    with np.errstate(all="ignore"):
        if ftz:
            bits = model.flush(bits & M32, F32)
        value = float(apply(np.float64(model.single(bits))))
        found = model.single_bits(value)
        return model.flush(found, F32) if ftz else found


def exp2(x: float) -> float:
    return np.exp2(x)


def log2(x: float) -> float:
    return np.log2(x)


def rsqrt(x: float) -> float:
    return 1 / np.sqrt(x)


CLASSES = {
    "finite": lambda a, form: not isinstance(model.decode(a, form), float) or model.decode(a, form) == 0,
    "infinite": lambda a, form: isinstance(model.decode(a, form), float) and math.isinf(model.decode(a, form)),
    "number": lambda a, form: not isinstance(model.decode(a, form), float) or model.decode(a, form) == model.decode(
        a, form), "notanumber": lambda a, form: isinstance(model.decode(a, form), float) and math.isnan(
        model.decode(a, form)),
    "normal": lambda a, form: 0 < (a >> form.fraction & (1 << form.exponent) - 1) < (1 << form.exponent) - 1,
    "subnormal": lambda a, form: not a >> form.fraction & (1 << form.exponent) - 1 and a & (1 << form.fraction) - 1,
}  # fmt: skip


def ordered(how: str, a: model.Number, b: model.Number) -> bool:
    nan = any(isinstance(each, float) and math.isnan(each) for each in (a, b))
    if how in ("num", "nan"):
        return nan == (how == "nan")
    if nan:
        return how.endswith("u")
    return COMPARE[how.removesuffix("u")](a, b)  # type: ignore[arg-type]


def convert_rows() -> Iterator[Row]:
    letters = {8: "h", 16: "h", 32: "r", 64: "l"}
    for kind, (form, letter) in FORMATS.items():
        for bits in (8, 16, 32, 64):
            for sign in "us":
                for mode in ("rni", "rzi", "rmi", "rpi") if kind != "bf16" else ():
                    if (bits, kind) == (8, "f64"):
                        continue
                    out = letters[bits]
                    yield Row(f"cvt.{mode}.{sign}{bits}.{kind} %0, %1;" if bits > 8 else
                              f"{{.reg .b16 t; cvt.{mode}.{sign}8.{kind} t, %1; cvt.{sign}16.{sign}8 %0, t;}}",
                              out + letter, lambda a, form=form, n=bits, sign=sign, mode=mode: s(model.to_integer(
                                  model.decode(a, form), n, sign == "s", mode[:2], n == 64 or form is F64),
                                  n) if sign == "s" else model.to_integer(model.decode(a, form), n, False, mode[:2],
                                                                          n == 64 or form is F64), kind)
                if bits == 8:
                    continue
                for mode in ("rn", "rz", "rm", "rp") if form.bits > 16 else ("rn",):
                    yield Row(f"cvt.{mode}.{kind}.{sign}{bits} %0, %1;", letter + letters[bits],
                              lambda a, form=form, n=bits, sign=sign, mode=mode: model.encode(model.Fraction(
                                  s(a, n) if sign == "s" else a & (1 << n) - 1), form, mode), "int", form)
        for other, (target, into) in FORMATS.items():
            if target.bits > form.bits:
                yield Row(f"cvt.{other}.{kind} %0, %1;", into + letter, lambda a, form=form, target=target:
                          model.encode(model.decode(a, form), target), kind, target)
            elif target.bits < form.bits:
                for mode in ("rn", "rz", "rm", "rp"):
                    yield Row(f"cvt.{mode}.{other}.{kind} %0, %1;", into + letter,
                              lambda a, form=form, target=target, mode=mode: model.encode(
                                  model.decode(a, form), target, mode), kind, target)
        if kind not in ("bf16",):
            for mode in ("rni", "rzi", "rmi", "rpi"):
                yield Row(f"cvt.{mode}.{kind}.{kind} %0, %1;", letter * 2, lambda a, form=form, mode=mode: integral(
                    a, form, mode[:2]), kind, form)
    yield Row("cvt.sat.f32.f32 %0, %1;", "ff", lambda a: calculated("mul", F32, "rn", False, "sat")(a, 0x3F800000),
              "f32", F32)
    yield Row("cvt.rn.ftz.f32.f64 %0, %1;", "fd",
              lambda a: model.flush(model.encode(model.decode(a, F64), F32), F32), "f64", F32)
    yield Row("cvt.rzi.ftz.s32.f32 %0, %1;", "rf", lambda a: model.to_integer(model.decode(
        model.flush(a & M32, F32), F32), 32, True, "rz", False), "f32")
    for mode in ("rn", "rz", "rna"):
        yield Row(f"cvt.{mode}.tf32.f32 %0, %1;", "rf", lambda a, mode=mode: tensor_float(a, mode), "f32", F32)
    for kind, form in (("f16", F16), ("bf16", BF16)):
        for half in (0, 1):
            yield Row(f"{{.reg .b32 t; .reg .b16 u, v; cvt.rn.{kind}x2.f32 t, %1, %2; mov.b32 {{u, v}}, t;"
                      f" mov.b16 %0, {'u' if half else 'v'};}}", "hff", lambda a, b, form=form, half=half: model.encode(
                          model.decode(b if half else a, F32), form), "f32", form)
        yield Row(f"cvt.rn.relu.{kind}.f32 %0, %1;", "hf", lambda a, form=form: relu(model.encode(
            model.decode(a, F32), form), form), "f32", form)


def eight(bits: int, kind: str) -> model.Number:
    """The number that 8 bits stand for."""
    fraction, bias = (3, 7) if kind == "e4m3" else (2, 15)
    size = bits & 0x7F
    sign = -1 if bits & 0x80 else 1
    if size == 0x7F or (kind == "e5m2" and size > 0x7C):
        return math.nan
    if kind == "e5m2" and size == 0x7C:
        return sign * math.inf
    if size == 0:
        return sign * 0.0
    exponent, rest = size >> fraction, size & (1 << fraction) - 1
    if exponent == 0:
        return sign * model.Fraction(rest, 1 << fraction) * model.Fraction(2) ** (1 - bias)
    return sign * (1 + model.Fraction(rest, 1 << fraction)) * model.Fraction(2) ** (exponent - bias)


def to_eight(value: model.Number, kind: str) -> int:
    """The nearest finite number of 8 bits, by trying them all; ties to even bits."""
    if isinstance(value, float) and math.isnan(value):
        return 0x7F
    sign = 0x80 if (math.copysign(1, value) < 0 if isinstance(value, float) else value < 0) else 0
    largest = 0x7E if kind == "e4m3" else 0x7B
    if isinstance(value, float):
        return sign | (largest if math.isinf(value) else 0)
    size = abs(value)
    numbers = positive(kind)
    at = bisect.bisect_left(numbers, size)
    near = [each for each in (at - 1, at) if 0 <= each <= largest]
    return sign | min(near, key=lambda each: (abs(numbers[each] - size), each & 1))


@functools.cache
def positive(kind: str) -> list[model.Fraction]:
    """The finite numbers by their bits, which is also by their size."""
    return [model.Fraction(eight(each, kind)) for each in range(0x7F if kind == "e4m3" else 0x7C)]


def narrow_rows() -> Iterator[Row]:
    for kind in ("e4m3", "e5m2"):
        yield Row(f"cvt.rn.satfinite.{kind}x2.f32 %0, %1, %2;", "hff", lambda a, b, kind=kind: to_eight(
            model.decode(a, F32), kind) << 8 | to_eight(model.decode(b, F32), kind), "eight")
        yield Row(f"cvt.rn.satfinite.{kind}x2.f16x2 %0, %1;", "hr", lambda a, kind=kind: to_eight(
            model.decode(a >> 16, F16), kind) << 8 | to_eight(model.decode(a, F16), kind), "f16x2")
        for half in (0, 1):
            yield Row(f"{{.reg .b32 t; .reg .b16 u, v; cvt.rn.f16x2.{kind}x2 t, %1; mov.b32 {{u, v}}, t;"
                      f" mov.b16 %0, {'v' if half else 'u'};}}", "hh", lambda a, kind=kind, half=half: model.encode(
                          eight(a >> 8 * half & 255, kind), F16), "int", F16)


def relu(bits: int, form: Format) -> int:
    return 0 if bits >= 0 and bits >> form.bits - 1 else bits


def integral(a: int, form: Format, mode: str) -> int:
    value = model.decode(a, form)
    if isinstance(value, float):
        return model.encode(value, form)
    found = model.whole(value, mode)
    return model.encode(model.Fraction(found) if found else math.copysign(0.0, value), form)


def tensor_float(a: int, mode: str) -> int:
    value = model.decode(a, F32)
    if isinstance(value, float):
        return model.encode(value, F32)
    low = a & 0x1FFF
    kept = a & ~0x1FFF & M32
    if (mode == "rna" and low >= 0x1000) or (mode == "rn" and (low > 0x1000 or (low == 0x1000 and kept >> 13 & 1))):
        kept += 0x2000
    return kept
