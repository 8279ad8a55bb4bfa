"""CUDA's arithmetic in NumPy, element by element and exact. Nothing here knows the engine."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

Array = np.ndarray


def to_integer(x: Array, dtype: type, rounding: object = np.trunc) -> Array:
    """Saturates; a NaN becomes the top bit alone where either side has 64 bits, but 0 in a byte, and 0 elsewhere."""
    kind = np.dtype(dtype)
    info = np.iinfo(kind)
    whole = rounding(x).astype(np.float64)  # type: ignore[operator]
    top = float(info.max) if kind.itemsize < 8 else float(2 ** (63 if kind.kind == "i" else 64))
    high = whole > top if kind.itemsize < 8 else whole >= top
    low = whole < float(info.min)
    plain = np.where(high | low | np.isnan(whole), 0.0, whole)
    result = plain.astype(kind)
    marked = kind.itemsize == 8 or (x.dtype == np.float64 and kind.itemsize > 1)
    nan = np.array([1 << 8 * kind.itemsize - 1 if marked else 0], f"u{kind.itemsize}").view(kind)[0]
    result = np.where(high, kind.type(info.max), np.where(low, kind.type(info.min), result))
    return np.where(np.isnan(whole), nan, result).astype(kind)


def divide(x: Array, y: Array) -> Array:
    """Truncating; x / 0 is all ones, the smallest number / -1 wraps."""
    quotient, _ = _divide(x, y)
    return np.where(y == 0, ~np.zeros_like(x), quotient)


def remainder(x: Array, y: Array) -> Array:
    """The sign of the dividend; x % 0 is x."""
    _, rest = _divide(x, y)
    return np.where(y == 0, x, rest)


def _divide(x: Array, y: Array) -> tuple[Array, Array]:
    safe = np.where(y == 0, np.ones_like(y), y)
    if x.dtype.kind == "u":
        return x // safe, x % safe
    minus = safe == -1
    safe = np.where(minus, np.ones_like(safe), safe)
    rest = np.fmod(x, safe)
    quotient = (x - rest) // safe
    return np.where(minus, np.negative(x), quotient), np.where(minus, np.zeros_like(rest), rest)


def shift_left(x: Array, by: Array) -> Array:
    """PTX shl: counts past the width give 0."""
    width = x.dtype.itemsize * 8
    inside = by < width
    return np.where(inside, np.left_shift(x, np.where(inside, by, 0).astype(x.dtype)), np.zeros_like(x))


def shift_right(x: Array, by: Array) -> Array:
    """PTX shr: counts past the width give 0, or copies of the sign."""
    width = x.dtype.itemsize * 8
    count = np.minimum(by, width - 1).astype(x.dtype)
    shifted = np.right_shift(x, count)
    return shifted if x.dtype.kind == "i" else np.where(by < width, shifted, np.zeros_like(x))


def least(x: Array, y: Array) -> Array:
    """fmin: a number rather than a NaN, -0 before +0."""
    smaller = np.where((x < y) | ((x == y) & np.signbit(x)), x, y)
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, smaller))


def greatest(x: Array, y: Array) -> Array:
    """fmax."""
    larger = np.where((x > y) | ((x == y) & ~np.signbit(x)), x, y)
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, larger))


def popcount(x: Array) -> Array:
    bits = np.unpackbits(np.ascontiguousarray(x).view(np.uint8).reshape(x.size, -1), axis=1)
    return bits.sum(axis=1).astype(np.int32)


def _bits(x: Array) -> Array:
    """Bits, highest first."""
    raw = np.ascontiguousarray(x).view(np.uint8).reshape(x.size, -1)[:, ::-1]
    return np.unpackbits(raw, axis=1)


def leading_zeros(x: Array) -> Array:
    bits = _bits(x)
    return np.where(x == 0, bits.shape[1], bits.argmax(axis=1)).astype(np.int32)


def first_set(x: Array) -> Array:
    bits = _bits(x)[:, ::-1]
    return np.where(x == 0, 0, bits.argmax(axis=1) + 1).astype(np.int32)


def reverse(x: Array) -> Array:
    packed = np.packbits(_bits(x)[:, ::-1], axis=1)[:, ::-1]
    return np.ascontiguousarray(packed).view(x.dtype).reshape(-1)


def byte_permute(x: Array, y: Array, selector: Array) -> Array:
    source = x.astype(np.uint64) | y.astype(np.uint64) << np.uint64(32)
    result = np.zeros_like(source)
    for place in range(4):
        index = (selector.astype(np.uint64) >> np.uint64(4 * place)) & np.uint64(7)
        result |= ((source >> (index * np.uint64(8))) & np.uint64(255)) << np.uint64(8 * place)
    return result.astype(np.uint32)


def funnel(left: bool, clamp: bool) -> object:
    def shift(low: Array, high: Array, by: Array) -> Array:
        count = (np.minimum(by, 32) if clamp else by & np.uint32(31)).astype(np.uint64)
        pair = low.astype(np.uint64) | high.astype(np.uint64) << np.uint64(32)
        word = (pair << count) >> np.uint64(32) if left else pair >> count
        return word.astype(np.uint32)
    return shift


def high_product(x: Array, y: Array) -> Array:
    if x.dtype.itemsize == 4:
        wide = np.int64 if x.dtype.kind == "i" else np.uint64
        return ((x.astype(wide) * y.astype(wide)) >> wide(32)).astype(x.dtype)
    wide_products = [int(a) * int(b) >> 64 for a, b in zip(x, y, strict=True)]
    return np.array([each & 2**64 - 1 for each in wide_products], np.uint64).view(x.dtype)


def average(up: int) -> object:
    def mean(x: Array, y: Array) -> Array:
        return ((x.astype(np.int64) + y.astype(np.int64) + up) >> 1).astype(x.dtype)
    return mean


def distance(x: Array, y: Array, total: Array) -> Array:
    return (np.abs(x.astype(np.int64) - y.astype(np.int64)).astype(np.uint32) + total).astype(np.uint32)


def product24(x: Array, y: Array) -> Array:
    if x.dtype.kind == "u":
        return (x & np.uint32(0xFFFFFF)) * (y & np.uint32(0xFFFFFF))
    return ((x << np.int32(8)) >> np.int32(8)) * ((y << np.int32(8)) >> np.int32(8))


def dot4(x: Array, y: Array, total: Array) -> Array:
    part = np.int8 if x.dtype.kind == "i" else np.uint8
    one, two = (np.ascontiguousarray(each).view(part).reshape(x.size, 4).astype(np.int64) for each in (x, y))
    return ((one * two).sum(axis=1) + total.astype(np.int64)).astype(np.uint32).view(x.dtype)


def nearest_away(x: Array) -> Array:
    """round(): halves away from zero."""
    whole = np.trunc(x)
    return np.copysign(whole + np.where(np.abs(x - whole) >= 0.5, np.copysign(x.dtype.type(1), x), x.dtype.type(0)), x)


def _sum(x: Array, y: Array) -> tuple[Array, Array]:
    """x + y in double and the error of that sum; the error is exact when nothing overflows."""
    total = x + y
    part = total - x
    return total, np.where(np.isfinite(total), (x - (total - part)) + (y - part), 0.0)


def directed(total: Array, error: Array, mode: str, dtype: type = np.float32) -> Array:
    """total + error rounded once to float: to nearest (n), down (d), up (u), towards zero (z)."""
    near = total.astype(dtype)
    wide = near.astype(total.dtype)
    if mode == "n":
        # Round to odd first: then the second rounding cannot go wrong.
        even = (total.view(np.int64) & 1) == 0
        towards = np.where(error > 0, np.inf, -np.inf)
        odd = np.where((error != 0) & even & np.isfinite(total), np.nextafter(total, towards), total)
        return odd.astype(dtype)
    above = (wide > total) | ((wide == total) & (error < 0))
    below = (wide < total) | ((wide == total) & (error > 0))
    sign = (total < 0) | ((total == 0) & (error < 0))
    down = above & (mode == "d" or (mode == "z") & ~sign)
    up = below & (mode == "u" or (mode == "z") & sign)
    keep = np.isnan(near) | ~np.isfinite(total)
    result = np.where(down & ~keep, np.nextafter(near, dtype(-np.inf)), near)
    return np.where(up & ~keep, np.nextafter(near, dtype(np.inf)), result).astype(dtype)


def fused(x: Array, y: Array, z: Array) -> Array:
    """x * y + z, rounded once."""
    if x.dtype == np.float32:
        product = x.astype(np.float64) * y.astype(np.float64)
        return directed(*_sum(product, z.astype(np.float64)), "n")
    result = x * y + z
    for index in np.flatnonzero(np.isfinite(x) & np.isfinite(y) & np.isfinite(z)):
        a, b, c = float(x[index]), float(y[index]), float(z[index])
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        if exact == 0:
            result[index] = a * b + c if (a == 0 or b == 0) else 0.0
            continue
        try:
            value = float(exact)
        except OverflowError:
            value = float("inf") if exact > 0 else float("-inf")
        result[index] = -0.0 if value == 0 and exact < 0 else value
    return result


def directed_product(mode: str) -> object:
    def product(x: Array, y: Array) -> Array:
        total = x.astype(np.float64) * y.astype(np.float64)
        return directed(total, np.zeros_like(total), mode)
    return product


def directed_sum(mode: str) -> object:
    def add(x: Array, y: Array) -> Array:
        total, error = _sum(x.astype(np.float64), y.astype(np.float64))
        result = directed(total, error, mode)
        # An exact zero from opposite signs is -0 when rounding down.
        cancelled = (total == 0) & (error == 0) & (np.signbit(x) != np.signbit(y))
        return np.where(cancelled, np.float32(-0.0 if mode == "d" else 0.0), result)
    return add


def narrowed(mode: str) -> object:
    def convert(x: Array) -> Array:
        wide = x.astype(np.longdouble) if x.dtype.kind != "f" else x
        if wide.dtype == np.longdouble:
            near = x.astype(np.float32)
            above, below, sign = near > wide, near < wide, wide < 0
            down = above & (mode == "d" or (mode == "z") & ~sign)
            up = below & (mode == "u" or (mode == "z") & sign)
            result = np.where(down, np.nextafter(near, np.float32(-np.inf)), near)
            return np.where(up, np.nextafter(near, np.float32(np.inf)), result)
        return directed(wide, np.zeros_like(wide), mode)
    return convert
