"""The inlined device math library for tests: every function over NumPy arrays, and long double references.

What is called is the text that kernels get (`compiler.library`), compiled with a loop around each function.
"""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from compatlayer.compiler import library

TYPES = {"float": np.float32, "double": np.float64, "i32": np.int32, "i64": np.int64, "i16": np.int16, "ptr": None}
C_NAMES = {"float": "float", "double": "double", "i32": "int", "i64": "long", "i16": "short"}
_HEAD = re.compile(r"^define internal (\w+) @cpl\.math\.(\w+)\((.*?)\) alwaysinline", re.MULTILINE)
# Long double functions of libm under the names of the library; a number of arguments.
REFERENCES = {
    "exp": 1, "exp2": 1, "exp10": 1, "expm1": 1, "log": 1, "log2": 1, "log10": 1, "log1p": 1, "sin": 1, "cos": 1,
    "tan": 1, "asin": 1, "acos": 1, "atan": 1, "sinh": 1, "cosh": 1, "tanh": 1, "asinh": 1, "acosh": 1, "atanh": 1,
    "cbrt": 1, "erf": 1, "erfc": 1, "sqrt": 1, "pow": 2, "atan2": 2, "hypot": 2, "fmod": 2, "remainder": 2, "fdim": 2,
    "nextafter": 2, "floor": 1, "ceil": 1, "trunc": 1, "rint": 1, "round": 1, "logb": 1,
}  # fmt: skip
_OWN_REFERENCES = """
static long double r_rsqrt_(long double x) { return 1 / sqrtl(x); }
static long double r_rcbrt_(long double x) { return 1 / cbrtl(x); }
static long double r_sinpi_(long double x) {
    long double r = x - 2 * rintl(x / 2), a = fabsl(r), s = a <= .25L ? sinl(PI * a) : a < .75L ? cosl(PI * (.5L - a))
        : sinl(PI * (1 - a));
    return copysignl(s, s == 0 ? x : r); }
static long double r_cospi_(long double x) {
    long double r = x - 2 * rintl(x / 2), a = fabsl(r);
    return a <= .25L ? cosl(PI * a) : a < .75L ? sinl(PI * (.5L - a)) : -cosl(PI * (1 - a)); }
static long double r_erfcx_(long double x) {
    if (x < 60) return expl(x * x) * erfcl(x);
    long double sum = 1, term = 1, step = 1 / (2 * x * x);
    for (int k = 1; k < 12; k++) sum += term *= -(2 * k - 1) * step;
    return sum / (x * sqrtl(PI)); }
static long double r_normcdf_(long double x) { return erfcl(-x / sqrtl(2)) / 2; }
static long double r_rhypot_(long double x, long double y) { return 1 / hypotl(x, y); }
"""
_OWN = {"rsqrt": 1, "rcbrt": 1, "sinpi": 1, "cospi": 1, "erfcx": 1, "normcdf": 1, "rhypot": 2}


@cache
def signatures(kind: str = "fused") -> dict[str, tuple[str, tuple[str, ...]]]:
    """name -> (result, parameters) as LLVM types."""
    found = {}
    for result, name, parameters in _HEAD.findall(_texts(kind)):
        found[name] = (result, tuple(each.split()[0] for each in parameters.split(",")) if parameters else ())
    return found


@cache
def _texts(kind: str) -> str:
    loaded = library.load(kind == "fused")
    assert loaded is not None, "the library is not built; run setup.py build_ext --inplace"
    names = loaded.names()
    needed = dict.fromkeys(each for name in names for each in loaded._entries[name].needed)
    return "".join(loaded._text(each) for each in [*needed, *names])


@cache
def _compiled(kind: str) -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp(prefix="compatlayer-inlined-math-"))
    text = _texts(kind).replace("define internal", "define").replace(" alwaysinline", "")
    (folder / "library.ll").write_text('target triple = "x86_64-unknown-linux-gnu"\n' + text)
    (folder / "loops.c").write_text(_loops(kind))
    target = folder / "library.so"
    sources = Path(__file__).resolve().parents[2] / "src" / "compatlayer" / "native"  # no part of an installed package
    native = sorted(str(path) for path in sources.glob("math*.c"))
    processor = "-mcpu=x86_64_v3" if kind == "fused" else "-mcpu=x86_64_v2"
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-std=c11", "-O2", "-w", "-fPIC", "-shared", processor,
                    "-ffp-contract=off", str(folder / "library.ll"), str(folder / "loops.c"), *native, "-lm",
                    "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


def _loops(kind: str) -> str:
    lines = ["#define _GNU_SOURCE", "#include <math.h>", "#define PI 3.14159265358979323846264338327950288L",
             _OWN_REFERENCES]
    for name, (result, parameters) in signatures(kind).items():
        values = [each for each in parameters if each != "ptr"]
        out_type = C_NAMES[values[0]] if "ptr" in parameters else ""
        outs = "int" if name.startswith(("frexp", "remquo")) else out_type
        if result == "void":
            call = ", ".join(f"a{i}[i]" if each != "ptr" else f"b{i} + i" for i, each in enumerate(parameters))
        else:
            call = ", ".join(f"a{i}[i]" if each != "ptr" else f"b{i} + i" for i, each in enumerate(parameters))
        types = ", ".join(C_NAMES[each] if each != "ptr" else f"{outs} *" for each in parameters)
        c_result = C_NAMES.get(result, "void")
        lines.append(f'{c_result} f_{name}({types}) __asm__("cpl.math.{name}");')
        arrays = ", ".join(f"const {C_NAMES[each]} *a{i}" if each != "ptr" else f"{outs} *b{i}"
                           for i, each in enumerate(parameters))
        store = "" if result == "void" else "r[i] = "
        lines.append(f"void v_{name}(long n, {'' if result == 'void' else c_result + ' *r, '}{arrays}) "
                     f"{{ for (long i = 0; i < n; i++) {store}f_{name}({call}); }}")
    for name, count in {**REFERENCES, **_OWN}.items():
        arrays = ", ".join(f"const long double *a{i}" for i in range(count))
        call = ", ".join(f"a{i}[i]" for i in range(count))
        target = f"r_{name}_" if name in _OWN else f"{name}l"
        lines.append(f"void r_{name}(long n, long double *r, {arrays}) "
                     f"{{ for (long i = 0; i < n; i++) r[i] = {target}({call}); }}")
    return "\n".join(lines)


def call(name: str, *arguments: Sequence[float] | np.ndarray, kind: str = "fused") -> np.ndarray | tuple:
    """The function over arrays; with out parameters, (result if any, out parameters...)."""
    result, parameters = signatures(kind)[name]
    given = iter(arguments)
    arrays, outs = [], []
    for each in parameters:
        if each == "ptr":
            float_type = arrays[0].dtype
            type_ = np.int32 if name.startswith(("frexp", "remquo")) else float_type
            outs.append(np.zeros(len(arrays[0]), type_))
            arrays.append(outs[-1])
        else:
            arrays.append(np.ascontiguousarray(next(given), TYPES[each]))
    output = [] if result == "void" else [np.empty(len(arrays[0]), TYPES[result])]
    pointers = [ctypes.c_void_p(each.ctypes.data) for each in [*output, *arrays]]
    getattr(_compiled(kind), f"v_{name}")(ctypes.c_long(len(arrays[0])), *pointers)
    found = (*output, *outs)
    return found[0] if len(found) == 1 else found


def reference(name: str, *arguments: np.ndarray) -> np.ndarray:
    """libm's long double function of the same meaning."""
    arrays = [np.ascontiguousarray(each, np.longdouble) for each in arguments]
    output = np.empty(len(arrays[0]), np.longdouble)
    pointers = [ctypes.c_void_p(each.ctypes.data) for each in [output, *arrays]]
    getattr(_compiled("fused"), f"r_{name}")(ctypes.c_long(len(output)), *pointers)
    return output


def distance(got: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """How far `got` is from the correctly rounded result, in units in the last place of that; infinite where one is
    NaN, or infinite with the other neither infinite nor the largest number, or where zeros have different signs."""
    least, bits = (-149, 24) if got.dtype == np.float32 else (-1074, 53)
    with np.errstate(all="ignore"):
        nearest = exact.astype(got.dtype)
        _, exponent = np.frexp(nearest.astype(np.longdouble))
        unit = np.ldexp(np.longdouble(1), np.maximum(np.where(nearest == 0, -100000, exponent) - bits, least))
        error = np.abs(got.astype(np.longdouble) - nearest.astype(np.longdouble)) / unit
        same = (nearest == got) | (np.isnan(nearest) & np.isnan(got))
        top = (np.isinf(nearest) != np.isinf(got)) & (np.abs(np.where(np.isinf(got), nearest, got))
                                                      == np.finfo(got.dtype).max)
        special = np.where(same, 0.0, np.where(top, 1.0, np.inf))
        error = np.where(np.isfinite(nearest) & np.isfinite(got), error, special)
        return np.where((got == 0) & (nearest == 0) & (np.signbit(got) != np.signbit(nearest)), np.inf, error)
