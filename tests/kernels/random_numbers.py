"""cuRAND's generators in Python's integers, from their publications."""

from __future__ import annotations

from functools import cache

WORD = 0xFFFFFFFF
M1, M2 = 4294967087, 4294944443


# ---- XORWOW (Marsaglia, 2003) ----------------------------------------------------------------------
def shift(v: list[int]) -> list[int]:
    t = v[0] ^ v[0] >> 2
    return [*v[1:], (v[4] ^ v[4] << 4 ^ t ^ t << 1) & WORD]


@cache
def characteristic() -> int:
    """The shift register's polynomial (Berlekamp and Massey), bit j for x^j."""
    v, bits = [1, 2, 3, 4, 5], []
    for _ in range(330):
        bits.append(v[0] & 1)
        v = shift(v)
    found, before, length, since = 1, 1, 0, 1
    for at in range(len(bits)):
        if sum(found >> i & bits[at - i] for i in range(length + 1)) & 1:
            old, found = found, found ^ before << since
            if 2 * length <= at:
                length, before, since = at + 1 - length, old, 1
                continue
        since += 1
    assert length == 160
    return int(f"{found:0161b}"[::-1], 2)


def multiplied(a: int, b: int) -> int:
    product, modulus = 0, characteristic()
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >> 160:
            a ^= modulus
        b >>= 1
    return product


def power_of_x(count: int) -> int:
    found, square = 1, 2
    while count:
        if count & 1:
            found = multiplied(found, square)
        square = multiplied(square, square)
        count >>= 1
    return found


def xorwow(seed: int, subsequence: int, offset: int, count: int) -> list[int]:
    low = 1099087573 * (seed & WORD ^ 0xAAD26B49) & WORD
    high = 2591861531 * (seed >> 32 ^ 0xF7DCEFDD) & WORD
    d = 6615241 + low + high + 362437 * offset
    v = [123456789 + low & WORD, 362436069 ^ low, 521288629 + high & WORD, 88675123 ^ high, 5783321 + low & WORD]
    power, found = power_of_x((subsequence << 67) + offset), [0] * 5
    for bit in range(160):
        if power >> bit & 1:
            found = [a ^ b for a, b in zip(found, v, strict=True)]
        v = shift(v)
    numbers = []
    for _ in range(count):
        found, d = shift(found), d + 362437
        numbers.append(found[4] + d & WORD)
    return numbers


# ---- MRG32k3a (L'Ecuyer, 1999) ---------------------------------------------------------------------
def jumped(rows: list[list[int]], modulus: int, count: int, state: list[int]) -> list[int]:
    while count:
        if count & 1:
            state = [sum(a * b for a, b in zip(row, state, strict=True)) % modulus for row in rows]
        rows = [[sum(row[k] * rows[k][j] for k in range(3)) % modulus for j in range(3)] for row in rows]
        count >>= 1
    return state


def mrg32k3a(seed: int, subsequence: int, offset: int, count: int) -> list[int]:
    """The numbers from 1 to the first modulus."""
    x, y = (seed & WORD ^ 0x55555555, seed >> 32 ^ 0xAAAAAAAA) if seed else (1, 1)
    s, t = [12345 * each % M1 for each in (x, y, x)], [12345 * each % M2 for each in (y, x, y)]
    steps = (subsequence << 76) + offset
    s = jumped([[0, 1, 0], [0, 0, 1], [-810728, 1403580, 0]], M1, steps, s)
    t = jumped([[0, 1, 0], [0, 0, 1], [-1370589, 0, 527612]], M2, steps, t)
    numbers = []
    for _ in range(count):
        s = [*s[1:], (1403580 * s[1] - 810728 * s[0]) % M1]
        t = [*t[1:], (527612 * t[2] - 1370589 * t[0]) % M2]
        numbers.append((s[2] - t[2]) % M1 or M1)
    return numbers


# ---- Philox4x32-10 (Salmon et al., 2011) -----------------------------------------------------------
def philox_block(counter: int, key: int) -> list[int]:
    c, k = [counter >> 32 * i & WORD for i in range(4)], [key & WORD, key >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [second >> 32 ^ c[1] ^ k[0], second & WORD, first >> 32 ^ c[3] ^ k[1], first & WORD]
        k = [k[0] + 0x9E3779B9 & WORD, k[1] + 0xBB67AE85 & WORD]
    return c


def philox(seed: int, subsequence: int, offset: int, count: int) -> list[int]:
    start = (subsequence << 64) + (offset >> 2)
    found: list[int] = []
    while len(found) < count + 4:
        found += philox_block(start + len(found) // 4 & (1 << 128) - 1, seed)
    return found[offset & 3:][:count]


# ---- Sobol' (Joe and Kuo, 2003) --------------------------------------------------------------------
def directions(bits: int, coefficients: int, first: list[int]) -> list[int]:
    """Direction vectors of a primitive polynomial (its inner coefficients) and first numbers; [] for van der Corput."""
    m, degree = list(first), len(first)
    while len(m) < bits:
        if not degree:
            m.append(1)
            continue
        new = m[-degree] ^ m[-degree] << degree
        for k in range(1, degree):
            if coefficients >> degree - 1 - k & 1:
                new ^= m[-k] << k
        m.append(new)
    return [each << bits - 1 - at for at, each in enumerate(m)]


def sobol(vectors: list[int], scramble: int, offset: int, count: int) -> list[int]:
    numbers = []
    for index in range(offset, offset + count):
        index &= (1 << len(vectors)) - 1
        gray, x = index ^ index >> 1, scramble
        for bit, vector in enumerate(vectors):
            x ^= vector if gray >> bit & 1 else 0
        numbers.append(x)
    return numbers
