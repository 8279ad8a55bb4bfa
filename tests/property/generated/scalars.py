"""The scalar types of generated kernels, their constants and how values become 64-bit words for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np


@dataclass(frozen=True, slots=True)
class Scalar:
    """A CUDA type: one letter that names it in trees, its C name, and NumPy's type."""

    letter: str
    name: str
    dtype: np.dtype

    @property
    def bits(self) -> int:
        return self.dtype.itemsize * 8


SCALARS: dict[str, Scalar] = {
    letter: Scalar(letter, name, np.dtype(dtype)) for letter, name, dtype in (
        ("i", "int", np.int32), ("u", "unsigned int", np.uint32), ("l", "long long", np.int64),
        ("m", "unsigned long long", np.uint64), ("f", "float", np.float32), ("d", "double", np.float64),
        ("c", "unsigned char", np.uint8), ("s", "short", np.int16))
}
ARITHMETIC = "iulmfd"  # what expressions compute in
INTEGERS = "iulm"
STORED = "iulmfdcs"  # what variables, arrays and memory may hold

_INT_EDGES = (0, 1, 2, -1, -2, 7, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7FFFFFFF,
              0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
              0x0F0F0F0F, 0x12345678, 0x9ABCDEF012345678)
_FLOAT_EDGES = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.75, 1e-3, 255.0, 256.5, 2147483647.0, 2147483648.0,
                -2147483648.0, 4294967296.0, 9.2e18, 9223372036854775808.0, 1.8446744073709552e19, -1e19, 1e30, -1e30,
                1e-40, 5e-324, 1.17549435e-38, 3.4e38, 1.7e308, float("inf"), float("-inf"), float("nan"), 0.1, 1 / 3)


def random_value(random: Random, letter: str) -> np.generic:
    """A value of the type; half are edges."""
    scalar = SCALARS[letter]
    with np.errstate(all="ignore"):
        if scalar.dtype.kind == "f":
            if random.random() < 0.4:
                return scalar.dtype.type(random.choice(_FLOAT_EDGES))
            if random.random() < 0.5:
                return scalar.dtype.type(random.randint(-20, 20))
            return scalar.dtype.type(random.uniform(-10, 10) * 2.0 ** random.randint(-12, 12))
        pick = random.random()
        value = random.choice(_INT_EDGES) if pick < 0.4 else random.randint(0, 40) if pick < 0.7 \
            else random.getrandbits(64)
        return np.array([value & (1 << scalar.bits) - 1], np.uint64).astype(f"u{scalar.bits // 8}").view(
            scalar.dtype)[0]


def literal(letter: str, value: np.generic) -> str:
    """The C++ text of a constant."""
    if letter in "fd":
        number = float(value)
        f = "f" if letter == "f" else ""
        if number != number:
            return f'(__builtin_nan{f}(""))'
        if abs(number) == float("inf"):
            return f"({'-' if number < 0 else ''}__builtin_huge_val{f}())"
        return f"({number.hex()}{f})"
    number = int(value)
    suffix = {"i": "", "u": "u", "l": "ll", "m": "ull", "c": "", "s": ""}[letter]
    if letter in "il" and number == -(1 << SCALARS[letter].bits - 1):
        return f"({number + 1}{suffix} - 1)"
    text = f"({number}{suffix})" if number < 0 else f"{number}{suffix}"
    return f"({SCALARS[letter].name}){text}" if letter in "cs" else text


def words(values: np.ndarray) -> np.ndarray:
    """Values as the 64-bit words that kernels store: integers extended, floats as their bits, every NaN the same."""
    kind = values.dtype
    if kind.kind == "f":
        whole = np.where(np.isnan(values), kind.type(np.nan), values).astype(kind)
        bits = whole.view(f"u{kind.itemsize}").astype(np.uint64)
        nan = 0x7FC00000 if kind.itemsize == 4 else 0x7FF8000000000000
        return np.where(np.isnan(values), np.uint64(nan), bits)
    return values.astype(np.int64 if kind.kind == "i" else np.uint64).view(np.uint64) if kind.kind == "i" \
        else values.astype(np.uint64)
