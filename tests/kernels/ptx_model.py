"""What PTX instructions compute, in Python: integers as bits, floats as exact fractions rounded once."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Format(NamedTuple):
    """A binary format: bits of fraction and exponent."""

    fraction: int
    exponent: int

    @property
    def bits(self) -> int:
        return 1 + self.fraction + self.exponent

    @property
    def bias(self) -> int:
        return (1 << self.exponent - 1) - 1


F16, BF16, F32, F64 = Format(10, 5), Format(7, 8), Format(23, 8), Format(52, 11)
Number = Fraction | float  # a Fraction, or an infinity, a NaN or a zero as float


def decode(bits: int, form: Format) -> Number:
    bits &= (1 << form.bits) - 1
    sign = -1 if bits >> form.bits - 1 else 1
    exponent = bits >> form.fraction & (1 << form.exponent) - 1
    fraction = bits & (1 << form.fraction) - 1
    if exponent == (1 << form.exponent) - 1:
        return math.nan if fraction else sign * math.inf
    if exponent == 0:
        if fraction == 0:
            return sign * 0.0
        return sign * Fraction(fraction, 1 << form.fraction) * Fraction(2) ** (1 - form.bias)
    return sign * (1 + Fraction(fraction, 1 << form.fraction)) * Fraction(2) ** (exponent - form.bias)


def whole(value: Fraction, mode: str) -> int:
    """To an integer: rn (ties to even), rz, rm, rp, or rna (ties away from zero)."""
    low = math.floor(value)
    if mode == "rm" or value == low:
        return low
    if mode == "rp":
        return low + 1
    if mode == "rz":
        return low if value > 0 else low + 1
    rest = value - low
    if rest != Fraction(1, 2):
        return low + (rest > Fraction(1, 2))
    if mode == "rna":
        return low + (value > 0)
    return low + (low & 1)


def encode(value: Number, form: Format, mode: str = "rn") -> int:
    """The bits nearest to `value`; -1 stands for any NaN."""
    top = (1 << form.exponent) - 1
    if isinstance(value, float):
        if math.isnan(value):
            return -1
        sign = int(math.copysign(1, value) < 0) << form.bits - 1
        return sign | (top << form.fraction if math.isinf(value) else 0)
    if value == 0:
        return 0
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    exponent = max(exponent, 1 - form.bias)
    unit = Fraction(2) ** (exponent - form.fraction)
    direction = {"rm": "rp", "rp": "rm"}.get(mode, mode) if value < 0 else mode
    count = whole(size / unit, direction)
    sign = int(value < 0) << form.bits - 1
    bits = count + ((exponent + form.bias - 1) << form.fraction)
    if bits >= top << form.fraction:  # too large
        stays = direction in ("rz", "rm")
        bits = (top << form.fraction) - stays
    return sign | bits


def flush(bits: int, form: Format) -> int:
    """Subnormal numbers are zeros of their sign."""
    if bits >= 0 and not bits >> form.fraction & (1 << form.exponent) - 1:
        return bits & 1 << form.bits - 1
    return bits


def is_special(*values: Number) -> bool:
    return any(isinstance(each, float) and each != 0 for each in values)


def add(a: Number, b: Number, form: Format, mode: str = "rn") -> int:
    if is_special(a, b):
        with np.errstate(all="ignore"):
            return encode(float(np.float64(_rough(a)) + np.float64(_rough(b))), form)
    total = Fraction(a) + Fraction(b)
    if total == 0:
        same = a == 0 and b == 0 and _negative(a) == _negative(b)
        negative = _negative(a) if same else mode == "rm"
        return encode(-0.0 if negative else 0.0, form)
    return encode(total, form, mode)


def multiply(a: Number, b: Number) -> Number:
    """Exact."""
    if is_special(a, b) or a == 0 or b == 0:
        with np.errstate(all="ignore"):
            return float(np.float64(_rough(a)) * np.float64(_rough(b)))
    return Fraction(a) * Fraction(b)


def mul(a: Number, b: Number, form: Format, mode: str = "rn") -> int:
    return encode(multiply(a, b), form, mode)


def fma(a: Number, b: Number, c: Number, form: Format, mode: str = "rn") -> int:
    return add(multiply(a, b), c, form, mode)


def div(a: Number, b: Number, form: Format, mode: str = "rn") -> int:
    if is_special(a, b) or a == 0 or b == 0:
        with np.errstate(all="ignore"):
            return encode(float(np.float64(_rough(a)) / np.float64(_rough(b))), form)
    return encode(Fraction(a) / Fraction(b), form, mode)


def sqrt(a: Number, form: Format, mode: str = "rn") -> int:
    if isinstance(a, float):
        return encode(a if not a < 0 else math.nan, form)
    if a < 0:
        return -1
    scale = 4 ** 200
    root = math.isqrt(a.numerator * scale * a.denominator)
    exact = Fraction(root, a.denominator * 2**200)
    if exact * exact != a:
        exact += Fraction(1, a.denominator * 2**202)  # between this and the next: any place there rounds the same
    return encode(exact, form, mode)


def extreme(a: int, b: int, form: Format, larger: bool, nan: bool = False) -> int:
    x, y = decode(a, form), decode(b, form)
    bad = [isinstance(each, float) and math.isnan(each) for each in (x, y)]
    if all(bad) or (nan and any(bad)):
        return -1
    if any(bad):
        return b if bad[0] else a
    if x == y:
        return (a & b) if larger else (a | b)
    return a if (x > y) == larger else b


def _rough(value: Number) -> float:
    """A float of the same sign and kind: only infinities, zeros and NaN matter."""
    if isinstance(value, float):
        return value
    return 1.0 if value > 0 else -1.0


def _negative(value: Number) -> bool:
    return math.copysign(1, value) < 0 if isinstance(value, float) else value < 0


def to_integer(value: Number, bits: int, signed: bool, mode: str, wide: bool) -> int:
    """As cvt does; `wide` where NaN gives the top bit."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if isinstance(value, float):
        if math.isnan(value):
            return 1 << bits - 1 if wide else 0
        if math.isinf(value):
            return (high if value > 0 else low) & (1 << bits) - 1
        return 0
    return min(max(whole(value, mode), low), high) & (1 << bits) - 1


def single(bits: int) -> float:
    return struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0]


def single_bits(value: float) -> int:
    with np.errstate(all="ignore"):
        return int(np.float32(value).view(np.uint32)) if not math.isnan(value) else -1
