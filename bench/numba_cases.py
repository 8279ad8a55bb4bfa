"""Kernels of the suite in numba.cuda, each beside the same algorithm for numba's @njit(parallel=True).

A case's `device` takes device arrays, `host` the same arguments as NumPy arrays. Both get the fast-math flag that
@cuda.jit has by default: contraction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float32, njit, prange

Arguments = list[Any]
F = np.float32
parallel = njit(parallel=True, fastmath={"contract"})


@dataclass(frozen=True)
class Case:
    """`make(size)` gives the arguments; `outputs` are positions in them; `threads(size)` is grid and block."""

    name: str
    size: int
    make: Callable[[int, np.random.Generator], Arguments]
    outputs: tuple[int, ...]
    device: Any
    shape: Callable[[int], tuple[Any, Any]]
    host: Any
    tolerance: float = 1e-4


def numbers(source: np.random.Generator, *shape: int) -> np.ndarray:
    return source.uniform(0.1, 1, shape).astype(F)


def line(n: int) -> tuple[int, int]:
    return (n + 255) // 256, 256


def plane(n: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Threads whose second index is the column; x of a block is the row for cuda.grid(2)."""
    return ((n + 31) // 32, (n + 7) // 8), (32, 8)


@cuda.jit
def saxpy(a, x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = a * x[i] + y[i]


@parallel
def saxpy_host(a, x, y):
    for i in prange(x.size):
        y[i] = a * x[i] + y[i]


@cuda.jit
def black_scholes(call, put, price, strike, years, rate, volatility):
    i = cuda.grid(1)
    if i < price.size:
        root = math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + (rate + F(0.5) * volatility * volatility) * years[i]) \
            / (volatility * root)
        d2 = d1 - volatility * root
        discounted = strike[i] * math.exp(-rate * years[i])
        n1 = F(0.5) * math.erfc(F(-0.70710678) * d1)
        n2 = F(0.5) * math.erfc(F(-0.70710678) * d2)
        call[i] = price[i] * n1 - discounted * n2
        put[i] = discounted * (F(1) - n2) - price[i] * (F(1) - n1)


@parallel
def black_scholes_host(call, put, price, strike, years, rate, volatility):
    for i in prange(price.size):
        root = math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + (rate + F(0.5) * volatility * volatility) * years[i]) \
            / (volatility * root)
        d2 = d1 - volatility * root
        discounted = strike[i] * math.exp(-rate * years[i])
        n1 = F(0.5) * math.erfc(F(-0.70710678) * d1)
        n2 = F(0.5) * math.erfc(F(-0.70710678) * d2)
        call[i] = price[i] * n1 - discounted * n2
        put[i] = discounted * (F(1) - n2) - price[i] * (F(1) - n1)


@cuda.jit
def mandelbrot(count, limit):
    column, row = cuda.grid(2)
    if row < count.shape[0] and column < count.shape[1]:
        cy = F(-1.2) + F(2.4) * F(row) / F(count.shape[0])
        cx = F(-2) + F(3) * F(column) / F(count.shape[1])
        x = y = F(0)
        i = 0
        while i < limit and x * x + y * y < F(4):
            after = x * x - y * y + cx
            y = F(2) * x * y + cy
            x = after
            i += 1
        count[row, column] = i


@parallel
def mandelbrot_host(count, limit):
    for row in prange(count.shape[0]):
        cy = F(-1.2) + F(2.4) * F(row) / F(count.shape[0])
        for column in range(count.shape[1]):
            cx = F(-2) + F(3) * F(column) / F(count.shape[1])
            x = y = F(0)
            i = 0
            while i < limit and x * x + y * y < F(4):
                after = x * x - y * y + cx
                y = F(2) * x * y + cy
                x = after
                i += 1
            count[row, column] = i


@cuda.jit
def nbody(acceleration, body):
    i = cuda.grid(1)
    if i < body.shape[0]:
        x, y, z = body[i, 0], body[i, 1], body[i, 2]
        ax = ay = az = F(0)
        for j in range(body.shape[0]):
            dx, dy, dz = body[j, 0] - x, body[j, 1] - y, body[j, 2] - z
            inverse = F(1) / math.sqrt(dx * dx + dy * dy + dz * dz + F(1e-3))
            scale = body[j, 3] * inverse * inverse * inverse
            ax += dx * scale
            ay += dy * scale
            az += dz * scale
        acceleration[i, 0] = ax
        acceleration[i, 1] = ay
        acceleration[i, 2] = az


@parallel
def nbody_host(acceleration, body):
    for i in prange(body.shape[0]):
        x, y, z = body[i, 0], body[i, 1], body[i, 2]
        ax = ay = az = F(0)
        for j in range(body.shape[0]):
            dx, dy, dz = body[j, 0] - x, body[j, 1] - y, body[j, 2] - z
            inverse = F(1) / math.sqrt(dx * dx + dy * dy + dz * dz + F(1e-3))
            scale = body[j, 3] * inverse * inverse * inverse
            ax += dx * scale
            ay += dy * scale
            az += dz * scale
        acceleration[i, 0] = ax
        acceleration[i, 1] = ay
        acceleration[i, 2] = az


@cuda.jit
def stencil(now, following):
    column, row = cuda.grid(2)
    if 0 < row < now.shape[0] - 1 and 0 < column < now.shape[1] - 1:
        following[row, column] = F(0.2) * (now[row, column] + now[row - 1, column] + now[row + 1, column]
                                           + now[row, column - 1] + now[row, column + 1])


@parallel
def stencil_host(now, following):
    for row in prange(1, now.shape[0] - 1):
        for column in range(1, now.shape[1] - 1):
            following[row, column] = F(0.2) * (now[row, column] + now[row - 1, column] + now[row + 1, column]
                                               + now[row, column - 1] + now[row, column + 1])


@cuda.jit
def matmul(a, b, c):
    tile_a = cuda.shared.array((16, 16), float32)
    tile_b = cuda.shared.array((16, 16), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = F(0)
    for first in range(0, a.shape[1], 16):
        tile_a[y, x] = a[row, first + x]
        tile_b[y, x] = b[first + y, column]
        cuda.syncthreads()
        for k in range(16):
            total += tile_a[y, k] * tile_b[k, x]
        cuda.syncthreads()
    c[row, column] = total


@parallel
def matmul_host(a, b, c):
    tiles = c.shape[1] // 16
    for tile in prange(c.shape[0] // 16 * tiles):
        row, column = tile // tiles * 16, tile % tiles * 16
        total = np.zeros((16, 16), F)
        for first in range(0, a.shape[1], 16):
            for y in range(16):
                for k in range(16):
                    for x in range(16):
                        total[y, x] += a[row + y, first + k] * b[first + k, column + x]
        for y in range(16):
            for x in range(16):
                c[row + y, column + x] = total[y, x]


@cuda.jit
def reduction(values, partial):
    mine = cuda.shared.array(256, float32)
    thread = cuda.threadIdx.x
    total = F(0)
    for i in range(cuda.grid(1), values.size, cuda.gridsize(1)):
        total += values[i]
    mine[thread] = total
    cuda.syncthreads()
    half = 128
    while half > 0:
        if thread < half:
            mine[thread] += mine[thread + half]
        cuda.syncthreads()
        half >>= 1
    if thread == 0:
        partial[cuda.blockIdx.x] = mine[0]


@parallel
def reduction_host(values, partial):
    blocks = partial.size
    for block in prange(blocks):
        mine = np.zeros(256, F)
        for first in range(block * 256, values.size, blocks * 256):
            for thread in range(256):
                if first + thread < values.size:
                    mine[thread] += values[first + thread]
        half = 128
        while half > 0:
            for thread in range(half):
                mine[thread] += mine[thread + half]
            half >>= 1
        partial[block] = mine[0]


@cuda.jit
def spmv(start, column, value, x, y):
    row = cuda.grid(1)
    if row < y.size:
        total = F(0)
        for k in range(start[row], start[row + 1]):
            total += value[k] * x[column[k]]
        y[row] = total


@parallel
def spmv_host(start, column, value, x, y):
    for row in prange(y.size):
        total = F(0)
        for k in range(start[row], start[row + 1]):
            total += value[k] * x[column[k]]
        y[row] = total


def sparse(n: int, source: np.random.Generator) -> Arguments:
    """Rows of 0 to 32 entries."""
    start = np.concatenate([[0], np.cumsum(source.integers(0, 33, n))]).astype(np.int32)
    return [start, source.integers(0, n, start[-1], dtype=np.int32), numbers(source, start[-1]), numbers(source, n),
            np.zeros(n, F)]


CASES = [
    Case("saxpy", 1 << 22, lambda n, s: [F(0.5), numbers(s, n), numbers(s, n)], (2,), saxpy, line, saxpy_host),
    Case("black_scholes", 1 << 20, lambda n, s: [np.zeros(n, F), np.zeros(n, F), numbers(s, n) + F(5),
                                                 numbers(s, n) + F(5), numbers(s, n), F(0.02), F(0.3)],
         (0, 1), black_scholes, line, black_scholes_host, 1e-3),
    Case("mandelbrot", 1024, lambda n, s: [np.zeros((n, n), np.int32), 200], (0,), mandelbrot, plane, mandelbrot_host),
    Case("nbody", 4096, lambda n, s: [np.zeros((n, 4), F), numbers(s, n, 4)], (0,), nbody, line, nbody_host, 1e-3),
    Case("stencil2d", 2048, lambda n, s: [numbers(s, n, n), np.zeros((n, n), F)], (1,), stencil, plane, stencil_host),
    Case("matmul", 512, lambda n, s: [numbers(s, n, n), numbers(s, n, n), np.zeros((n, n), F)], (2,), matmul,
         lambda n: ((n // 16, n // 16), (16, 16)), matmul_host, 1e-3),
    Case("reduction", 1 << 22, lambda n, s: [numbers(s, n), np.zeros(64, F)], (1,), reduction, lambda n: (64, 256),
         reduction_host, 1e-3),
    Case("spmv", 1 << 17, sparse, (4,), spmv, line, spmv_host),
]
