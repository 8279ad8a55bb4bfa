"""Floating-point formats of 16 and 8 bits by their definition: every value exact, roundings by looking both ways."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Format:
    """A format of sign, exponent and fraction. `finite` is the largest magnitude's bits, `infinite` is None without
    infinities; values beyond count as the next power step when rounding to nearest."""

    name: str
    bits: int
    fraction: int
    bias: int
    finite: int
    infinite: int | None
    nan: int

    @cached_property
    def magnitudes(self) -> list[Fraction]:
        """The values of the bits 0, 1, ... up to one step past the largest."""
        return [self._value(bits) for bits in range(self.finite + 2)]

    def _value(self, bits: int) -> Fraction:
        exponent, fraction = bits >> self.fraction, bits & (1 << self.fraction) - 1
        if exponent == 0:
            return Fraction(fraction) * Fraction(2) ** (1 - self.bias - self.fraction)
        return Fraction((1 << self.fraction) + fraction) * Fraction(2) ** (exponent - self.bias - self.fraction)

    @property
    def sign(self) -> int:
        return 1 << self.bits - 1

    @cached_property
    def wide(self) -> np.ndarray:
        """The value of every bit pattern, as doubles."""
        size = np.full(self.sign, np.nan)
        size[: self.finite + 1] = [float(each) for each in self.magnitudes[:-1]]
        if self.infinite is not None:
            size[self.infinite] = np.inf
        return np.concatenate([size, -size])

    def rounded(self, exact: np.ndarray, mode: str = "rn") -> np.ndarray:
        """Bits of the doubles or integers `exact` (compared exactly), NaN as the format's NaN, overflow as
        infinity or, where there is none, as one past the largest."""
        # An x87 or quad long double holds every double and 64-bit integer.
        x = np.asarray(exact).astype(np.longdouble)
        table = np.array([float(each) for each in self.magnitudes], np.float64).astype(np.longdouble)
        negative, size = np.signbit(x), np.abs(x)
        below = np.clip(np.searchsorted(table, size, "right") - 1, 0, len(table) - 2)
        rest = size - table[below]
        middle = (table[below] + table[below + 1]) / 2
        up = {"rz": np.zeros(x.shape, bool), "ru": (rest > 0) & ~negative, "rd": (rest > 0) & negative,
              "rn": (size > middle) | ((size == middle) & (below % 2 == 1))}[mode]
        result = below + up
        if self.infinite is not None:
            result = np.where(result > self.finite, self.infinite, result)
            result = np.where(np.isinf(size), self.infinite, result)
        result = result + negative * self.sign
        return np.where(np.isnan(x), self.nan, result).astype(np.uint16 if self.bits == 16 else np.uint8)

    def nearest(self, exact: Fraction) -> int:
        """Bits of an exact number; the sign of a zero result is that of `exact`, + for zero itself."""
        size, sign = abs(exact), self.sign if exact < 0 else 0
        table = self.magnitudes
        below = min(bisect_right(table, size) - 1, len(table) - 2)
        middle = (table[below] + table[below + 1]) / 2
        below += size > middle or (size == middle and below % 2 == 1)
        return (self.infinite if below > self.finite and self.infinite is not None else below) + sign


HALF = Format("half", 16, 10, 15, 0x7bff, 0x7c00, 0x7fff)
BFLOAT16 = Format("bfloat16", 16, 7, 127, 0x7f7f, 0x7f80, 0x7fff)
E4M3 = Format("e4m3", 8, 3, 7, 0x7e, None, 0x7f)
E5M2 = Format("e5m2", 8, 2, 15, 0x7b, 0x7c, 0x7f)
