"""Rounding modes, conversions and integer functions of the device math library, against exact arithmetic."""

from __future__ import annotations

import math
import random
import struct
from fractions import Fraction

import pytest
from math_library import bits_of, function, to_float

MODES = ("rn", "rz", "ru", "rd")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, 1e-45, -1e-45, 1.17549435e-38, 3.4e38, -3.4e38, 1e300, 5e-324, 16777217.0]


def _round(exact: Fraction, mode: str, single: bool) -> float:
    """`exact`, non-zero, rounded to the format by `mode`; exact integer arithmetic."""
    bits, least, most = (24, -149, 127) if single else (53, -1074, 1023)
    size, sign = abs(exact), 1 if exact > 0 else -1
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    step = Fraction(2) ** max(exponent - bits + 1, least)
    below = size // step
    rest = size - below * step
    up = {"rz": False, "ru": exact > 0 and rest > 0, "rd": exact < 0 and rest > 0,
          "rn": rest * 2 > step or (rest * 2 == step and below % 2 == 1)}[mode]
    result = (below + up) * step
    limit = (2 - Fraction(2) ** (1 - bits)) * Fraction(2) ** most
    if result > limit:
        away = mode == "rn" or (mode == "ru" and exact > 0) or (mode == "rd" and exact < 0)
        return math.copysign(math.inf if away else float(limit), sign)
    return math.copysign(float(result), sign)


def _values(single: bool, count: int = 60) -> list[float]:
    source = random.Random(7)
    raw = [*SPECIAL, *(source.uniform(-2, 2) * 2.0 ** source.randint(-60, 60) for _ in range(count))]
    return [to_float(x) for x in raw if abs(x) < 3.4e38] if single else raw


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("single", [True, False], ids=["float", "double"])
@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div"])
def test_arithmetic_rounds_as_its_suffix_says(operation: str, single: bool, mode: str) -> None:
    letter = "f" if single else "d"
    call = function(f"{letter}{operation}_{mode}", letter, letter * 2)
    source = random.Random(operation)
    values = _values(single)
    for _ in range(300):
        x, y = source.choice(values), source.choice(values)
        if operation == "div" and y == 0.0:
            continue
        a, b = Fraction(x), Fraction(y)
        exact = {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b if b else None}[operation]
        if exact == 0:
            continue  # the sign of zero is the mode's business; see the test below
        assert call(x, y) == _round(exact, mode, single), f"{x!r} {operation} {y!r} by {mode}"


@pytest.mark.parametrize("mode", MODES)
def test_fma_rounds_once(mode: str) -> None:
    source = random.Random(3)
    for name, letter, single in (("fmaf", "f", True), ("fma", "d", False)):
        call = function(f"{name}_{mode}", letter, letter * 3)
        values = _values(single)
        for _ in range(200):
            x, y, z = (source.choice(values) for _ in range(3))
            exact = Fraction(x) * Fraction(y) + Fraction(z)
            if exact != 0:
                assert call(x, y, z) == _round(exact, mode, single), f"fma({x!r}, {y!r}, {z!r})"


def test_a_zero_difference_has_the_modes_sign() -> None:
    assert math.copysign(1, function("fsub_rd", "f", "ff")(1.5, 1.5)) == -1.0
    assert math.copysign(1, function("fsub_ru", "f", "ff")(1.5, 1.5)) == 1.0


@pytest.mark.parametrize("mode", MODES)
def test_reciprocal_and_square_root_round_as_their_suffix_says(mode: str) -> None:
    source = random.Random(5)
    for letter, single in (("f", True), ("d", False)):
        reciprocal = function(f"{letter}rcp_{mode}", letter, letter)
        root = function(f"{letter}sqrt_{mode}", letter, letter)
        for _ in range(100):
            x = source.uniform(1e-3, 1e3)
            x = to_float(x) if single else x
            assert reciprocal(x) == _round(1 / Fraction(x), mode, single)
            scaled = Fraction(x) * Fraction(4) ** 200
            near = Fraction(math.isqrt(scaled.numerator // scaled.denominator), 2 ** 200)
            if near * near != Fraction(x):  # the exact root lies a hair above `near`
                near += Fraction(1, 2 ** 210)
            assert root(x) == _round(near, mode, single)


@pytest.mark.parametrize("mode", MODES)
def test_integers_become_floats_by_the_mode(mode: str) -> None:
    source = random.Random(11)
    cases = [("int", "i", -2 ** 31, 2 ** 31 - 1), ("uint", "u", 0, 2 ** 32 - 1), ("ll", "l", -2 ** 63, 2 ** 63 - 1),
             ("ull", "L", 0, 2 ** 64 - 1)]
    for name, letter, low, high in cases:
        edge = [low, high, high - 1, 1, 2 ** 24 + 1, 2 ** 30 + 1]
        if high > 2 ** 53:
            edge += [2 ** 63 + 2 ** 39, 2 ** 63 + 2 ** 39 + 1, 2 ** 53 + 1, 2 ** 40 + 2 ** 16 + 1]
        for x in edge + [source.randint(low, high) >> source.randint(0, 40) for _ in range(100)]:
            x = max(low, min(high, x))
            if x == 0:
                continue
            assert function(f"{name}2float_{mode}", "f", letter)(x) == _round(Fraction(x), mode, True), x
            if name in ("ll", "ull"):
                assert function(f"{name}2double_{mode}", "d", letter)(x) == _round(Fraction(x), mode, False), x


@pytest.mark.parametrize("mode", MODES)
def test_double_to_float_rounds_by_the_mode(mode: str) -> None:
    call = function(f"double2float_{mode}", "f", "d")
    for x in _values(False, 200):
        if x:
            assert call(x) == _round(Fraction(x), mode, True), x


@pytest.mark.parametrize(("name", "letter", "low", "high", "nan"), [
    ("int", "i", -2 ** 31, 2 ** 31 - 1, -2 ** 31), ("uint", "u", 0, 2 ** 32 - 1, 2 ** 31),
    ("ll", "l", -2 ** 63, 2 ** 63 - 1, -2 ** 63), ("ull", "L", 0, 2 ** 64 - 1, 2 ** 63)])
def test_floats_become_integers_saturating(name: str, letter: str, low: int, high: int, nan: int) -> None:
    rounding = {"rn": round, "rz": math.trunc, "ru": math.ceil, "rd": math.floor}
    for mode, apply in rounding.items():
        for kind, source_letter in (("float", "f"), ("double", "d")):
            call = function(f"{kind}2{name}_{mode}", letter, source_letter)
            assert call(math.nan) == (nan if kind == "double" or name in ("ll", "ull") else 0)
            assert (call(math.inf), call(-math.inf)) == (high, low)
            for x in (0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.999, 1e10, -1e10, 1e20, -1e20, 2147483648.0, 123456.5):
                x = to_float(x) if kind == "float" else x
                assert call(x) == max(low, min(high, apply(x))), f"{kind}2{name}_{mode}({x})"


def test_integer_functions_match_python() -> None:
    source = random.Random(13)
    for _ in range(200):
        x, y, z = (source.getrandbits(32) for _ in range(3))
        wide = source.getrandbits(64)
        other = source.getrandbits(64)
        assert function("popc", "i", "u")(x) == x.bit_count()
        assert function("clz", "i", "u")(x) == 32 - x.bit_length()
        assert function("clzll", "i", "L")(wide) == 64 - wide.bit_length()
        assert function("ffs", "i", "u")(x) == (x & -x).bit_length()
        assert function("brev", "u", "u")(x) == int(f"{x:032b}"[::-1], 2)
        assert function("brevll", "L", "L")(wide) == int(f"{wide:064b}"[::-1], 2)
        assert function("umulhi", "u", "uu")(x, y) == (x * y) >> 32
        assert function("umul64hi", "L", "LL")(wide, other) == (wide * other) >> 64
        assert function("usad", "u", "uuu")(x, y, z) == (abs(x - y) + z) % 2 ** 32
        assert function("uhadd", "u", "uu")(x, y) == (x + y) >> 1
        assert function("urhadd", "u", "uu")(x, y) == (x + y + 1) >> 1
        data = struct.pack("<II", x, y)
        picked = bytes(data[(z >> (4 * i)) & 7] for i in range(4))
        assert function("byte_perm", "u", "uuu")(x, y, z) == struct.unpack("<I", picked)[0]
    assert function("clz", "i", "u")(0) == 32
    assert function("ffsll", "i", "L")(0) == 0
    assert function("mul24", "i", "ii")(-3, 5) == -15
    assert function("abs", "i", "i")(-2 ** 31) == -2 ** 31
    assert function("mulhi", "i", "ii")(-2 ** 31, 2) == -1


def test_half_conversions_agree_with_numpy_on_every_half_and_on_ties() -> None:
    import numpy as np

    widen, narrow = function("half2float", "f", "h"), function("float2half_rn", "h", "f")
    halves = np.arange(65536, dtype=np.uint16)
    expected = halves.view(np.float16).astype(np.float32)
    for bits in range(0, 65536, 7):
        value = widen(bits - 65536 if bits > 32767 else bits)
        assert value == expected[bits] or (math.isnan(value) and math.isnan(expected[bits]))
        if not math.isnan(value):
            assert narrow(value) & 0xffff == bits
    ties = np.array([1.00048828125, 1.00146484375, 65519.99, 65520.0, 2.98e-8, 2.9802322e-8, 8.940697e-8, 6.1e-5],
                    dtype=np.float32)
    with np.errstate(over="ignore"):
        nearest = ties.astype(np.float16).view(np.uint16)
    for value, expected_bits in zip(ties, nearest, strict=True):
        assert narrow(float(value)) & 0xffff == int(expected_bits), value


def test_bit_casts_round_trip() -> None:
    assert function("double_as_longlong", "l", "d")(-1.5) == bits_of(-1.5)
    high = function("double2hiint", "i", "d")(math.pi)
    low = function("double2loint", "i", "d")(math.pi)
    assert function("hiloint2double", "d", "ii")(high, low) == math.pi
