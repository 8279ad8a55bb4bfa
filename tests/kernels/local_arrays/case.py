"""Local arrays with indices known only at run time."""

import numpy as np
from kernel_case import LINES, Launch, threads, values


def chase(i: int) -> float:
    at, total = i % 12, 0.0
    for _ in range(20):
        row, column = divmod(at, 4)
        total += row * 10 + column
        at = (row * 4 + column * 7 + i) % 12
    return total


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        data = values(n * 17, np.int32).reshape(n, 17)
        yield Launch("sort_each", (grid,), (block,), [data, np.zeros_like(data)], {1: np.sort(data, axis=1)})
        expected = np.array([chase(i) for i in range(n)], np.float32)
        yield Launch("chase", (grid,), (block,), [np.zeros(n, np.float32)], {0: expected})
