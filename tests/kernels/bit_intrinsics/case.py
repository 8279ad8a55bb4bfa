"""Bit counts, reversals, byte permutation, funnel shifts, averages."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def lowest(value: int) -> int:
    return (value & -value).bit_length()


def permuted(x: int, y: int, selector: int) -> int:
    data = x.to_bytes(4, "little") + y.to_bytes(4, "little")
    return int.from_bytes(bytes(data[selector >> 4 * k & 7] for k in range(4)), "little")


def signed(value: int) -> int:
    return value - 2**32 if value >= 2**31 else value


def row(i: int, x: int, y: int) -> list[int]:
    low, count = y % 2**32, i % 40 % 32
    pair = low << 32 | x
    a, b = signed(x), signed(low)
    sums = abs(a - b) + 7 + (a + b >> 1) + (a + b + 1 >> 1)
    return [x.bit_count(), 32 - x.bit_length(), lowest(x), int(f"{x:032b}"[::-1], 2), y.bit_count(),
            64 - y.bit_length(), lowest(y), (int(f"{y:064b}"[::-1], 2) >> 7) % 2**32, permuted(x, low, 0x6172),
            (pair << count >> 32) % 2**32, (pair >> count) % 2**32, sums % 2**32]


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        x, y = values(n, np.uint32), values(n, np.uint64)
        x[::7], y[::5] = 0, 0
        x[3::11], y[2::13] = 1, 2**63
        expected = np.array([row(i, int(x[i]), int(y[i])) for i in range(n)], np.uint32)
        yield Launch("bits", (grid,), (block,), [x, y, np.zeros((n, 12), np.uint32)], {2: expected})
