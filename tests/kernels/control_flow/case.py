"""Divergent loops, switch with fall-through, goto, break and continue."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def collatz(n: int) -> int:
    count = 0
    while n != 1:
        n = 3 * n + 1 if n % 2 else n // 2
        count += 1
    return count


def modulo(a: int, b: int) -> int:
    return a - int(a / b) * b


def machine(program: list[int], i: int) -> int:
    at, a, b, budget = 0, i, 1, 200
    while True:
        budget -= at < len(program)
        if at >= len(program) or budget == 0:
            return a * 1000 + b
        op = program[at]
        at += 1
        if op == 0:
            a += 1
        elif op == 1:
            a -= b
        elif op in (2, 3):
            b = modulo(b * 3, 101) if op == 2 else b
            a ^= b
        elif op == 4:
            at += 2 if modulo(a, 3) == 0 else 0
        elif op == 5:
            b += sum(k for k in range(modulo(a, 7) + 1) if k != 2)
        elif op == 6:
            if modulo(a, 2):
                at, a = 0, int(a / 2)
        else:
            a = -a


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        x = rng().integers(1, 100000, n).astype(np.int32)
        yield Launch("collatz", (grid,), (block,), [x, np.zeros(n, np.int32)],
                     {1: np.array([collatz(int(v)) for v in x], np.int32)})
        program = rng(5).integers(0, 8, 30).astype(np.uint8)
        expected = np.array([machine(program.tolist(), i) for i in range(n)])
        yield Launch("machine", (grid,), (block,), [program, np.zeros(n, np.int32), np.int32(30)],
                     {1: expected.astype(np.int32)})
