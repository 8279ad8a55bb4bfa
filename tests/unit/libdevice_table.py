"""What each function of a libdevice has to answer: a model in Python, and how far the answer may be off.

A model takes Python numbers and answers a number of any precision, or an int; `Row.error` is in ulps, None where it is
a rule of its own (`Row.accept`)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import numpy as np
from test_math_accuracy import BESSEL, CUDA_DOCUMENTED, CUDA_DOCUMENTED_2, NORMS
from test_math_exact import MODES, _round

Model = Callable[..., object]
ROUNDINGS: dict[str, Callable[[float], int]] = {"rn": round, "rz": math.trunc, "ru": math.ceil, "rd": math.floor}


@dataclass(frozen=True)
class Row:
    """One function: `model` and its bound in ulps (0: the nearest number), or `accept(got, *arguments)`."""

    model: Model | None = None
    error: float = 0.0
    accept: Callable[..., bool] | None = None
    low: float = -math.inf  # arguments outside are not asked for
    high: float = math.inf


def signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def integers() -> dict[str, Row]:
    def low24(x: int) -> int:
        return signed(x << 8, 32) >> 8

    table: dict[str, Model] = {
        "abs": abs, "llabs": abs, "brev": lambda x: int(f"{x & 0xffffffff:032b}"[::-1], 2),
        "brevll": lambda x: int(f"{x & (1 << 64) - 1:064b}"[::-1], 2),
        "clz": lambda x: 32 - (x & 0xffffffff).bit_length(), "clzll": lambda x: 64 - (x & (1 << 64) - 1).bit_length(),
        "ffs": lambda x: (x & -x & 0xffffffff).bit_length(), "ffsll": lambda x: (x & -x & (1 << 64) - 1).bit_length(),
        "popc": lambda x: (x & 0xffffffff).bit_count(), "popcll": lambda x: (x & (1 << 64) - 1).bit_count(),
        "mul24": lambda x, y: low24(x) * low24(y), "umul24": lambda x, y: (x & 0xffffff) * (y & 0xffffff),
        "mulhi": lambda x, y: x * y >> 32, "mul64hi": lambda x, y: x * y >> 64,
        "umulhi": lambda x, y: (x & 0xffffffff) * (y & 0xffffffff) >> 32,
        "umul64hi": lambda x, y: (x & (1 << 64) - 1) * (y & (1 << 64) - 1) >> 64,
        "sad": lambda x, y, z: abs(x - y) + z, "usad": lambda x, y, z: abs((x & 0xffffffff) - (y & 0xffffffff)) + z,
        "hadd": lambda x, y: x + y >> 1, "rhadd": lambda x, y: x + y + 1 >> 1,
        "uhadd": lambda x, y: (x & 0xffffffff) + (y & 0xffffffff) >> 1,
        "urhadd": lambda x, y: (x & 0xffffffff) + (y & 0xffffffff) + 1 >> 1,
        "max": max, "min": min, "llmax": max, "llmin": min,
        "byte_perm": lambda x, y, s: int.from_bytes(bytes(
            struct.pack("<ii", x, y)[s >> 4 * i & 7] for i in range(4)), "little"),
        "double_as_longlong": lambda x: struct.unpack("<q", struct.pack("<d", x))[0],
        "longlong_as_double": lambda x: struct.unpack("<d", struct.pack("<q", x))[0],
        "double2hiint": lambda x: struct.unpack("<ii", struct.pack("<d", x))[1],
        "double2loint": lambda x: struct.unpack("<ii", struct.pack("<d", x))[0],
        "hiloint2double": lambda high, low: struct.unpack("<d", struct.pack("<ii", low, high))[0],
    }  # fmt: skip
    for bits, name in ((32, "u"), (64, "ull")):
        mask = (1 << bits) - 1
        table[f"{name}max"] = lambda x, y, mask=mask: max(x & mask, y & mask)
        table[f"{name}min"] = lambda x, y, mask=mask: min(x & mask, y & mask)
    for name in ("int", "uint"):
        table[f"float_as_{name}"] = lambda x: struct.unpack("<i", struct.pack("<f", x))[0]
        table[f"{name}_as_float"] = lambda x: struct.unpack("<f", struct.pack("<i", x))[0]
    return {name: Row(model) for name, model in table.items()}


def classes() -> dict[str, Row]:
    table: dict[str, Callable[[float], bool]] = {
        "isnanf": math.isnan, "isnand": math.isnan, "isinff": math.isinf, "isinfd": math.isinf,
        "finitef": math.isfinite, "isfinited": math.isfinite,
        "signbitf": lambda x: math.copysign(1, x) < 0, "signbitd": lambda x: math.copysign(1, x) < 0,
    }  # fmt: skip
    return {name: Row(accept=lambda got, x, test=test: bool(got) == test(x)) for name, test in table.items()}


def whole(x: float, way: str) -> float:
    if not math.isfinite(x):
        return x
    away = math.floor(abs(x)) + (abs(x) - math.floor(abs(x)) >= 0.5)
    return math.copysign(abs({"ceil": math.ceil, "floor": math.floor, "trunc": math.trunc, "round": lambda _: away,
                              "rint": round, "nearbyint": round}[way](x)), x)


def exact_floats() -> dict[str, Row]:
    """Functions whose answer is the one nearest number, for both precisions."""
    table: dict[str, Model] = {name: lambda x, name=name: whole(x, name)
                               for name in ("ceil", "floor", "trunc", "round", "rint", "nearbyint")}
    table |= {
        "fabs": abs, "copysign": math.copysign, "sqrt": root,
        "fmax": lambda x, y: y if math.isnan(x) else x if math.isnan(y) or x > y else y,
        "fmin": lambda x, y: y if math.isnan(x) else x if math.isnan(y) or x < y else y,
        "fdim": lambda x, y: math.nan if x != x or y != y else 0.0 if x <= y else plus(x, -y),
        "fmod": lambda x, y: math.nan if not math.isfinite(x) or y == 0 or y != y else math.fmod(x, y),
        "remainder": lambda x, y: math.nan if not math.isfinite(x) or y == 0 or y != y else math.remainder(x, y),
        "remquo": lambda x, y: math.nan if not math.isfinite(x) or y == 0 or y != y else math.remainder(x, y),
        "ldexp": scaled, "scalbn": scaled, "frexp": lambda x: math.frexp(x)[0], "modf": lambda x: math.modf(x)[0],
        "modf.1": lambda x: math.modf(x)[1],
        "logb": lambda x: -math.inf if x == 0 else abs(x) if not math.isfinite(x) else math.frexp(x)[1] - 1,
        "ilogb": lambda x: -(1 << 31) if x == 0 or x != x else (1 << 31) - 1 if math.isinf(x) else
        math.frexp(x)[1] - 1,
        "llrint": lambda x: clamped(x, "rn", -(1 << 63), (1 << 63) - 1),
        "llround": lambda x: clamped(whole(x, "round"), "rn", -(1 << 63), (1 << 63) - 1),
    }  # fmt: skip
    rows = {f"{name}{suffix}": Row(model) for name, model in table.items() for suffix in ("", "f") if "." not in name}
    rows |= {"modff.1": Row(table["modf.1"]), "modf.1": Row(table["modf.1"])}
    rows |= {"nextafter": Row(lambda x, y: float(np.nextafter(x, y))),
             "nextafterf": Row(lambda x, y: float(np.nextafter(np.float32(x), np.float32(y))))}
    rows |= {"saturatef": Row(lambda x: 0.0 if x != x else min(max(x, 0.0), 1.0)),
             "nan": Row(accept=lambda got, _: math.isnan(got)), "nanf": Row(accept=lambda got, _: math.isnan(got))}
    for name in ("frexp.1", "frexpf.1"):
        rows[name] = Row(accept=lambda got, x: not math.isfinite(x) or got == math.frexp(x)[1])
    for name in ("remquo.2", "remquof.2"):
        rows[name] = Row(accept=quotient)
    rows |= {"half2float": Row(lambda h: float(np.uint16(h & 0xffff).view(np.float16))),
             "float2half_rn": Row(accept=lambda got, x: same_half(got, x))}
    return rows


def plus(x: float, y: float) -> object:
    return x + y if math.isinf(x) or math.isinf(y) else Fraction(x) + Fraction(y)


def root(x: float) -> object:
    return math.nan if x < 0 else x if x == 0 or not math.isfinite(x) else mpmath.sqrt(mpmath.mpf(x))


def scaled(x: float, n: int) -> object:
    return Fraction(x) * Fraction(2) ** max(-3000, min(n, 3000)) if x and math.isfinite(x) else x


def same_half(got: int, x: float) -> bool:
    with np.errstate(over="ignore"):
        wanted = np.float32(x).astype(np.float16)
    return (bool(np.isnan(wanted)) and got & 0x7fff > 0x7c00) or got & 0xffff == int(wanted.view(np.uint16))


def quotient(got: int, x: float, y: float) -> bool:
    """At least three bits of the whole quotient, with its sign."""
    if not math.isfinite(x) or y == 0 or not math.isfinite(y):
        return True
    n = round(Fraction(x) / Fraction(y))
    return abs(got) & 7 == abs(n) & 7 and (got == 0 or (got < 0) == (n < 0))


def clamped(x: float, mode: str, low: int, high: int, double: bool = True) -> int:
    if math.isnan(x):  # PTX's cvt: the top bit alone where either side has 64 bits
        wide = high.bit_length() > 32
        return -(1 << (63 if wide else 31)) if wide or double else 0
    return low if x <= low else high if x >= high else max(low, min(high, ROUNDINGS[mode](x)))


def conversions() -> dict[str, Row]:
    limits = {"int": (-(1 << 31), (1 << 31) - 1), "uint": (0, (1 << 32) - 1), "ll": (-(1 << 63), (1 << 63) - 1),
              "ull": (0, (1 << 64) - 1)}
    rows: dict[str, Row] = {}
    for mode in MODES:
        for name, (low, high) in limits.items():
            for source in ("float", "double"):
                rows[f"{source}2{name}_{mode}"] = Row(
                    lambda x, m=mode, a=low, b=high, double=source == "double": clamped(x, m, a, b, double))
            mask = high if low == 0 else -1
            for target in ("float", "double"):
                rows[f"{name}2{target}_{mode}"] = Row(
                    lambda x, m=mode, mask=mask, single=target == "float":
                    _round(Fraction(x & mask), m, single) if x & mask else 0.0)
        rows[f"double2float_{mode}"] = Row(lambda x, m=mode: _round(Fraction(x), m, True)
                                           if x and math.isfinite(x) else x)
    return rows


def arithmetic() -> dict[str, Row]:
    """Operations with a rounding mode, on finite numbers; the sign of a zero sum is the mode's."""
    rows: dict[str, Row] = {}
    operations = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
                  "div": lambda a, b: a / b if b else None}
    for mode in MODES:
        for letter, single in (("f", True), ("d", False)):
            for name, operation in operations.items():
                rows[f"{letter}{name}_{mode}"] = Row(
                    accept=lambda got, *values, op=operation, m=mode, s=single: rounded(got, op, m, s, *values))
            rows[f"{letter}rcp_{mode}"] = Row(
                accept=lambda got, x, m=mode, s=single: rounded(got, lambda a: 1 / a if a else None, m, s, x))
            rows[f"{letter}sqrt_{mode}"] = Row(
                accept=lambda got, x, m=mode, s=single: rounded(got, square_root, m, s, x))
        for name, single in (("fmaf", True), ("fma", False)):
            rows[f"{name}_{mode}"] = Row(accept=lambda got, *values, m=mode, s=single: rounded(
                got, lambda a, b, c: a * b + c, m, s, *values))
    rows["frsqrt_rn"] = Row(lambda x: 1 / mpmath.sqrt(mpmath.mpf(x)), low=1e-30, high=1e30)
    return rows


def square_root(a: Fraction) -> Fraction | None:
    """Exact where the root is a fraction, else 400 bits of it, which no number of a format is near."""
    if a < 0:
        return None
    with mpmath.workprec(400):
        found = mpmath.sqrt(mpmath.mpf(a.numerator) / a.denominator)
        mantissa, exponent = int(found.man), int(found.exp)
    return Fraction(mantissa) * Fraction(2) ** exponent


def rounded(got: float, operation: Callable[..., Fraction | None], mode: str, single: bool, *values: float) -> bool:
    if not all(map(math.isfinite, values)):
        return True  # infinities and NaN are in test_math_exact.py
    exact = operation(*(Fraction(x) for x in values))
    if exact is None:
        return not math.isfinite(got)
    return got == 0 if exact == 0 else got == _round(exact, mode, single)


def documented() -> dict[str, Row]:
    """Functions for which CUDA documents a maximum error."""
    rows: dict[str, Row] = {}
    for name, (single, double, model, ranges) in CUDA_DOCUMENTED.items():
        if name == "sqrt":
            continue
        low, high = min(row[0] for row in ranges), max(row[1] for row in ranges)
        for suffix, bound in (("f", single), ("", double)):
            rows[name + suffix] = Row(lambda x, model=model: model(mpmath.mpf(x)), bound, low=low, high=high)
    for name, (single, double, model, first, _) in CUDA_DOCUMENTED_2.items():
        low = max(first[0], 0.1) if name == "pow" else first[0]
        for suffix, bound in (("f", single), ("", double)):
            rows[name + suffix] = Row(lambda x, y, model=model: model(mpmath.mpf(x), mpmath.mpf(y)), bound,
                                      low=low, high=30.0)
    for name in ("atan2", "atan2f"):  # mpmath has no zero with a sign
        model = rows[name].model
        rows[name] = Row(lambda x, y, model=model: model(x, y) if x else math.atan2(x, y), rows[name].error, low=-100,
                         high=100)
    for name, (_, single, double) in NORMS.items():
        for suffix, bound in (("f", single), ("", double)):
            rows[name + suffix] = Row(lambda *v, name=name: norm(name, v), bound, low=-1e4, high=1e4)
    rows |= {f"{name}{which}": Row(rows[f"{part}{suffix}"].model, 2, low=-100, high=100)
             for suffix in ("", "f") for name, parts in ((f"sincos{suffix}", ("sin", "cos")),
                                                         (f"sincospi{suffix}", ("sinpi", "cospi")))
             for which, part in zip((".1", ".2"), parts, strict=True)}
    return rows


def norm(name: str, values: tuple[float, ...]) -> object:
    length = mpmath.sqrt(sum(mpmath.mpf(x) ** 2 for x in values))
    return length if not name.startswith("r") else 1 / length if length else math.inf


def near(model: Model, relative: float, absolute: float) -> Callable[..., bool]:
    def accept(got: float, *values: float) -> bool:
        exact = model(*values)
        if mpmath.isinf(exact):
            return got == float(exact)
        return bool(abs(mpmath.mpf(got) - exact) <= absolute + relative * abs(exact))

    return accept


def rough() -> dict[str, Row]:
    """Functions that promise an absolute error, or little."""
    rows: dict[str, Row] = {}
    for suffix, relative, absolute in (("f", 9 * 2.0**-23, 1e-6), ("", 7 * 2.0**-52, 5e-12)):
        for name, model in BESSEL.items():
            rows[name + suffix] = Row(accept=near(lambda x, m=model: m(mpmath.mpf(x)), relative, absolute), low=0.05,
                                      high=50)
        for name, model in (("jn", mpmath.besselj), ("yn", mpmath.bessely)):
            rows[name + suffix] = Row(accept=near(lambda n, x, m=model: m(n, mpmath.mpf(x)), 100 * relative,
                                                  10 * absolute), low=0.5, high=12)
        rows["powi" + suffix] = Row(accept=near(lambda x, n: mpmath.mpf(x) ** n, relative, 0), low=0.1, high=12)
        for name in ("norm", "rnorm"):
            rows[name + suffix] = Row(accept=near(lambda n, x, name=name: norm(name, (x, 2 * x, 3 * x)[:n]),
                                                  2 * relative, 0), low=1e-3, high=1e4)
    turn = {"sinf": mpmath.sin, "cosf": mpmath.cos, "sincosf.1": mpmath.sin, "sincosf.2": mpmath.cos}
    for name, model in turn.items():
        rows[f"fast_{name}"] = Row(accept=near(model, 0, 2**-21.41), low=-math.pi, high=math.pi)
    rows["fast_tanf"] = Row(accept=near(mpmath.tan, 1e-5, 1e-6), low=-1.5, high=1.5)
    for name, model in (("expf", mpmath.exp), ("exp10f", lambda x: mpmath.mpf(10) ** x)):
        rows[f"fast_{name}"] = Row(accept=near(model, 3e-5, 0), low=-30, high=30)
    for name, model in (("logf", mpmath.log), ("log2f", lambda x: mpmath.log(x, 2)), ("log10f", mpmath.log10)):
        rows[f"fast_{name}"] = Row(accept=near(model, 3 * 2.0**-23, 2**-21.41), low=1e-30, high=1e30)
    rows["fast_powf"] = Row(accept=near(lambda x, y: mpmath.mpf(x) ** y, 2e-5, 0), low=0.1, high=12)
    rows["fast_fdividef"] = Row(accept=near(lambda x, y: mpmath.mpf(x) / y, 2 * 2.0**-23, 0), low=1e-3, high=1e4)
    return rows


def rows() -> dict[str, Row]:
    """Every function of a libdevice; `name.1` is what it stores through its second parameter."""
    table = integers() | classes() | exact_floats() | conversions() | arithmetic() | documented() | rough()
    return table | {name: table[f"{name}_rn"] for name in ("fmaf", "fma")}
