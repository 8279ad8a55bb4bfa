"""Integer arithmetic where x86 differs: division by zero, INT_MIN / -1, shifts past the width, high products."""

import numpy as np
from kernel_case import LINES, Launch, threads, values

EDGES = np.array([0, 1, -1, 2, -2, 7, 2**31 - 1, -(2**31), 100, -100], np.int64)


def truncated(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    safe = np.where(b == 0, 1, b)
    quotient = np.abs(a) // np.abs(safe) * np.sign(a) * np.sign(safe)
    return quotient, a - quotient * safe


def launches():
    for grid, block in (*LINES, (1, 100)):
        n = threads(grid, block)
        pick = np.arange(n)
        a, b = EDGES[pick % 10], EDGES[pick // 10 % 10]
        quotient, remainder = truncated(a, b)
        zero, overflow = b == 0, (b == -1) & (a == -(2**31))
        quotient[overflow] = -(2**31)
        guarded = np.where(zero, 12345, quotient)
        quotient[zero], remainder[zero] = -1, a[zero]
        outs = [np.zeros(n, np.int32) for _ in range(3)]
        expected = {place + 2: result.astype(np.int32) for place, result in enumerate((quotient, remainder, guarded))}
        yield Launch("divide", (grid,), (block,), [a.astype(np.int32), b.astype(np.int32), *outs], expected)
        wide_a, wide_b = a * 1000003 * 997, b * 65537
        q, r = truncated(wide_a, wide_b)
        signed = np.where(wide_b == 0, wide_a - 7, q * 7 + r)
        unsigned = wide_a.view(np.uint64) // np.where(wide_b == 0, 1, wide_b).view(np.uint64)
        yield Launch("divide_wide", (grid,), (block,),
                     [wide_a, wide_b, np.zeros(n, np.int64), np.zeros(n, np.uint64)],
                     {2: signed, 3: np.where(wide_b == 0, np.uint64(2**64 - 1), unsigned)})
        u = values(n, np.uint32)
        count = np.array([0, 1, 31, 32, 33, 64, 255, 2**31, 2**32 - 1, 5], np.uint32)[pick % 10]
        big, small = count > 31, np.minimum(count, 31).astype(np.uint32)
        signed = u.view(np.int32) >> small.view(np.int32)
        rows = np.stack([np.where(big, 0, u << small), np.where(big, 0, u >> small), signed.view(np.uint32)], axis=1)
        yield Launch("shift", (grid,), (block,), [u, count, np.zeros(3 * n, np.uint32)],
                     {2: rows.astype(np.uint32).ravel()})
        x, y = values(n, np.int32), values(n, np.int32, 8)
        expected = np.array([mixed(int(p), int(q)) for p, q in zip(x, y, strict=True)], np.uint32)
        yield Launch("wrap", (grid,), (block,), [x, y, np.zeros(n, np.uint32)], {2: expected})


def mixed(a: int, b: int) -> int:
    x, y = a % 2**32, b % 2**32
    total = x * y + ((x << 7) % 2**32 ^ y >> 3) - (x * y >> 32) + (a * b >> 32)
    total += (x % 2**24) * (y % 2**24) + abs(x - y) + 5 + min(a, b) + max(x, y) + abs(a) // 2
    return total % 2**32
