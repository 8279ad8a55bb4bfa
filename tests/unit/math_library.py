"""The device math library for tests: the built one, else its sources compiled on the spot; and errors in ulps."""

from __future__ import annotations

import ctypes
import math
import struct
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import compatlayer

PACKAGE = Path(compatlayer.__file__).parent


@cache
def library() -> ctypes.CDLL:
    """libcompatlayer.so beside the package, or the math sources alone where nothing is built."""
    built = PACKAGE / "_lib" / "libcompatlayer.so"
    if built.is_file():
        return ctypes.CDLL(str(built))
    folder = Path(tempfile.mkdtemp(prefix="compatlayer-math-"))
    target = folder / "libmath.so"
    sources = sorted(str(path) for path in (PACKAGE / "native").glob("math*.c"))
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-std=c11", "-O2", "-fPIC", "-shared", *sources, "-lm",
                    "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


TYPES = {"f": ctypes.c_float, "d": ctypes.c_double, "i": ctypes.c_int32, "u": ctypes.c_uint32, "l": ctypes.c_int64,
         "L": ctypes.c_uint64, "h": ctypes.c_int16}


def function(name: str, result: str, arguments: str):
    """The function __nv_`name`; types are letters of TYPES."""
    found = getattr(library(), f"__nv_{name}")
    found.restype = TYPES[result]
    found.argtypes = [TYPES[letter] for letter in arguments]
    return found


def to_float(value: float) -> float:
    """Rounded to float, infinities included."""
    return ctypes.c_float(value).value


def ulp(value: float, single: bool) -> float:
    """The distance between neighbours at `value` in the format."""
    least, bits = (-149, 24) if single else (-1074, 53)
    if value == 0.0:
        return math.ldexp(1.0, least)
    return math.ldexp(1.0, max(math.frexp(abs(value))[1] - bits, least))


def bits_of(value: float) -> int:
    """The 64 bits of a double."""
    return struct.unpack("<q", struct.pack("<d", value))[0]
