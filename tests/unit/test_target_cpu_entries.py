"""Entries hand each parameter to its kernel from the packed buffer, and keep their hands off the buffer."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from device_code import Threads, device_code, library_bytes

SOURCE = """
struct __align__(16) Q { float x; double y; char z; };
extern "C" __global__ void k(char c, Q q, bool b, short s, unsigned long long *out, float f, __int128 w, Q last)
{
    out[0] = c; out[1] = (unsigned long long)q.x; out[2] = (unsigned long long)q.y; out[3] = q.z; out[4] = b;
    out[5] = s; out[6] = (unsigned long long)f; out[7] = (unsigned long long)(w >> 64);
    q.x = 100; last.z += 1; last.y = q.x + threadIdx.x;
    const Q *which = threadIdx.x ? &q : &last;      // the copies have addresses
    out[8] = (unsigned long long)which->x; out[9] = last.z; out[10] = (unsigned long long)last.y;
}
__shared__ int table[4];
extern "C" __global__ void shared(int *out)
{
    table[threadIdx.x & 3] += threadIdx.x;
    out[threadIdx.x] = table[threadIdx.x & 3];
}
"""


def load(folder: Path) -> Threads:
    path = folder / "k.so"
    path.write_bytes(library_bytes(device_code(SOURCE)))
    return Threads(path)


def test_every_parameter_arrives(tmp_path: Path) -> None:
    out = np.zeros(11, np.uint64)
    q, last = struct.pack("<f4xdb15x", 3, 4, 5), struct.pack("<f4xdb15x", 13, 14, 15)
    packed = struct.pack("<b15x32s?xh4xQf12xQQ", 2, q, True, 7, out.ctypes.data, 9.0, 0, 11)
    packed += bytes(-len(packed) % 16) + last
    before = bytes(packed)
    load(tmp_path).run("k", packed, 1)
    assert out.tolist() == [2, 3, 4, 5, 1, 7, 9, 11, 13, 16, 100]
    assert packed == before


def test_threads_of_a_block_share_its_memory(tmp_path: Path) -> None:
    out = np.zeros(8, np.int32)
    load(tmp_path).run("shared", out.ctypes.data.to_bytes(8, "little"), 8, shared_bytes=16)
    assert out.tolist() == [0, 1, 2, 3, 4, 6, 8, 10]
