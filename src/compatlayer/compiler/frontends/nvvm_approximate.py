"""libdevice's fast functions as PTX's approximate instructions, for PTX text only.

Kernels that run get theirs from the math library, which is more exact. Instructions and their errors:
https://docs.nvidia.com/cuda/parallel-thread-execution/ (sin, cos, lg2, ex2, div); which function may become which:
the intrinsic functions in the CUDA C++ Programming Guide.
"""

from __future__ import annotations

import struct
from math import e, log2, log10

_CALLS = {"sin": "float", "cos": "float", "lg2": "float", "div": "float, float", "ex2": "float"}
# Function -> its parameters and its steps. A step is an instruction or `*`, then values: x, y, numbers, earlier steps.
_FUNCTIONS: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "fast_sinf": ("x", [("sin", "x")]),
    "fast_cosf": ("x", [("cos", "x")]),
    "fast_tanf": ("x", [("sin", "x"), ("cos", "x"), ("div", "%1", "%2")]),
    "fast_expf": ("x", [("*", "x", str(log2(e))), ("ex2", "%1")]),
    "fast_exp10f": ("x", [("*", "x", str(log2(10))), ("ex2", "%1")]),
    "fast_logf": ("x", [("lg2", "x"), ("*", "%1", str(1 / log2(e)))]),
    "fast_log2f": ("x", [("lg2", "x")]),
    "fast_log10f": ("x", [("lg2", "x"), ("*", "%1", str(log10(2)))]),
    "fast_powf": ("xy", [("lg2", "x"), ("*", "%1", "y"), ("ex2", "%2")]),
    "fast_fdividef": ("xy", [("div", "x", "y")]),
    "exp2f": ("x", [("ex2", "x")]),
}


def names() -> list[bytes]:
    """The functions that text() defines."""
    return [f"__nv_{name}".encode() for name in _FUNCTIONS]


def text(flush_denormals: bool) -> str:
    """A module in LLVM's textual form; with `flush_denormals` its instructions flush them."""
    flush = ".ftz" if flush_denormals else ""
    declared = (f"declare float @{_intrinsic(name, flush)}({types})\n" for name, types in _CALLS.items())
    return "".join(['target triple = "nvptx64-nvidia-cuda"\n', *declared,
                    *(_function(name, *how, flush) for name, how in _FUNCTIONS.items())])


def _intrinsic(name: str, flush: str) -> str:
    return f"llvm.nvvm.{name}.approx{flush}.{'f32' if name == 'ex2' else 'f'}"


def _function(name: str, parameters: str, steps: list[tuple[str, ...]], flush: str) -> str:
    lines = []
    for number, (what, *values) in enumerate(steps, start=1):
        given = [_value(value) for value in values]
        if what == "*":
            lines.append(f"  %{number} = fmul float {', '.join(given)}\n")
        else:
            listed = ", ".join(f"float {value}" for value in given)
            lines.append(f"  %{number} = call float @{_intrinsic(what, flush)}({listed})\n")
    head = ", ".join(f"float %{letter}" for letter in parameters)
    return (f"define float @__nv_{name}({head}) alwaysinline nounwind {{\n{''.join(lines)}"
            f"  ret float %{len(steps)}\n}}\n")


def _value(word: str) -> str:
    """A number becomes the single-precision value next to it, in the form that LLVM reads exactly."""
    if word[0] == "%":
        return word
    if word.isalpha():
        return f"%{word}"
    single = struct.unpack("<f", struct.pack("<f", float(word)))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', single))[0]:016X}"
