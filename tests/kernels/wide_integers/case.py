"""64-bit and 128-bit integers, against Python's."""

import math

import numpy as np
from kernel_case import LINES, Launch, threads, values


def wide(i: int, a: int, b: int) -> list[int]:
    product = a * b
    total = ((product + (1 << 100)) % 2**128) >> (i % 60)
    high = (product >> 64) % 2**64 ^ ((a % 2**64) * (b % 2**64) >> 64)
    divisor = b | 1
    quotient = abs(product) // abs(divisor) * (1 if (product < 0) == (divisor < 0) else -1)
    return [total % 2**64, total >> 64, high, (quotient + product - quotient * divisor) % 2**64]


def converted(a: list[int]) -> dict[int, np.ndarray]:
    exact = [v * a[(i + 1) % len(a)] for i, v in enumerate(a)]
    d = [float(v) for v in exact]
    f = np.array([np.float32(v) + np.float32(abs(v)) for v in d], np.float32)
    back = np.array([int(v) >> 64 ^ int(abs(v)) >> 63 for v in d], object)
    return {1: np.array(d), 2: f, 3: (back & (2**64 - 1)).astype(np.uint64).view(np.int64)}


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        a, b = values(n, np.int64), values(n, np.int64, 8)
        expected = np.array([wide(i, int(a[i]), int(b[i])) for i in range(n)], np.uint64)
        yield Launch("wide", (grid,), (block,), [a, b, np.zeros((n, 4), np.uint64)], {2: expected})
        yield Launch("converted", (grid,), (block,), [a, np.zeros(n), np.zeros(n, np.float32), np.zeros(n, np.int64)],
                     converted([int(v) for v in a]))
        products = np.array([math.factorial(i % 21) for i in range(n)], np.uint64)
        yield Launch("factorial", (grid,), (block,), [np.zeros(n, np.uint64)], {0: products})
