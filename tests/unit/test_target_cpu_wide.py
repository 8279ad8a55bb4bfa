"""128-bit arithmetic of kernels, which no CPU has instructions for, compared with Python's integers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from device_code import Threads, device_code, library_bytes

from compatlayer.compiler.targets import cpu

SOURCE = """
typedef __int128 I; typedef unsigned __int128 U;
extern "C" __global__ void k(const I *x, const I *y, I *out, double *d, float *f)
{
    int i = threadIdx.x;
    I a = x[i], b = y[i], *o = out + 8 * i;
    o[0] = a / b; o[1] = a % b; o[2] = (U)a / (U)b; o[3] = (U)a % (U)b; o[4] = a * b;
    d[2 * i] = (double)a; d[2 * i + 1] = (double)(U)a; f[2 * i] = (float)a; f[2 * i + 1] = (float)(U)a;
    o[5] = (I)d[2 * i]; o[6] = (U)d[2 * i + 1]; o[7] = __builtin_mul_overflow(a, b, &o[7]);
}
"""
MODULUS = 1 << 128


def signed(value: int) -> int:
    value %= MODULUS
    return value - MODULUS if value >> 127 else value


def words(values: list[int]) -> np.ndarray:
    return np.frombuffer(b"".join((value % MODULUS).to_bytes(16, "little") for value in values), np.uint64).copy()


def numbers(array: np.ndarray) -> list[int]:
    data = array.tobytes()
    return [int.from_bytes(data[at: at + 16], "little", signed=True) for at in range(0, len(data), 16)]


def nearest_float(value: int) -> float:
    return struct.unpack("<f", struct.pack("<f", float(np.float32(float(value)))))[0]


def test_wide_integers_agree_with_pythons(tmp_path: Path) -> None:
    if cpu.runtime_path() is None:
        pytest.skip("the native runtime is not built")
    random = np.random.default_rng(21)
    pool = [1, -1, 2, 7, -(1 << 127), (1 << 127) - 1, 1 << 64, (1 << 64) - 1, -(1 << 64), 3 << 100]
    pool += [signed(int.from_bytes(random.bytes(16), "little") >> int(shift)) for shift in random.integers(0, 120, 22)]
    pool = [value or 5 for value in pool]
    a = [value for value in pool for _ in pool]
    b = pool * len(pool)
    out, d, f = np.zeros(16 * len(a), np.uint64), np.zeros(2 * len(a)), np.zeros(2 * len(a), np.float32)
    x, y = words(a), words(b)
    path = tmp_path / "k.so"
    path.write_bytes(library_bytes(device_code(SOURCE)))
    Threads(path).run("k", b"".join(each.ctypes.data.to_bytes(8, "little") for each in (x, y, out, d, f)), len(a))
    got = numbers(out)
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        quotient = abs(p) // abs(q) * (1 if (p < 0) == (q < 0) else -1)
        u, v = p % MODULUS, q % MODULUS
        wanted = [quotient, p - quotient * q, u // v, u % v, p * q]
        assert got[8 * i: 8 * i + 5] == [signed(each) for each in wanted], (p, q)
        assert (d[2 * i], d[2 * i + 1]) == (float(p), float(u)), p
        # Python rounds to double first; a number that lies on a tie then may go the other way.
        assert abs(f[2 * i] - nearest_float(p)) <= abs(p) * 2**-24
        assert got[8 * i + 5] == max(-(1 << 127), min((1 << 127) - 1, int(float(p)))), p
        assert got[8 * i + 6] % MODULUS == min(MODULUS - 1, int(float(u))), p
        assert got[8 * i + 7] == (not -(1 << 127) <= p * q < 1 << 127), (p, q)
