"""Kernels in device IR that apply one operation to arrays, and their results as bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from device_code import Threads, library_bytes

from compatlayer.compiler.image import DeviceCode

HEAD = 'target triple = "nvptx64-nvidia-cuda"\n'
TID = "declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n"
TYPES = {"i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64, "half": np.float16, "float": np.float32,
         "double": np.float64}


def kernel(operands: Sequence[str], result: str, body: str, declarations: str = "") -> DeviceCode:
    """A kernel `k` whose thread i applies `body`, which names %a, %b, ... and defines %r, to the arrays' element i."""
    names = "abcd"[: len(operands)]
    parameters = "".join(f"ptr %p{name}, " for name in names)
    loads = "".join(f"  %q{name} = getelementptr {type_}, ptr %p{name}, i32 %i\n"
                    f"  %{name} = load {type_}, ptr %q{name}\n" for name, type_ in zip(names, operands, strict=True))
    text = (f"{HEAD}define ptx_kernel void @k({parameters}ptr %out) {{\nentry:\n"
            f"  %i = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n{loads}{body}\n"
            f"  %where = getelementptr {result}, ptr %out, i32 %i\n  store {result} %r, ptr %where\n  ret void\n}}\n"
            f"{TID}{declarations}\n")
    return DeviceCode(ir=text, architecture="sm_86")


def call(name: str, operands: Sequence[str], result: str, extra: str = "") -> DeviceCode:
    """A kernel that calls the intrinsic `name`; `extra` are constant arguments after the arrays' elements."""
    given = ", ".join(f"{type_} %{letter}" for type_, letter in zip(operands, "abcd", strict=False))
    declared = ", ".join([*operands, *(each.split()[0] for each in extra.split(", ") if each)])
    return kernel(operands, result, f"  %r = call {result} @{name}({given}{', ' + extra if extra else ''})",
                  f"declare {result} @{name}({declared})")


Case = tuple[DeviceCode, Sequence[np.ndarray], str]


def together(codes: Sequence[DeviceCode]) -> DeviceCode:
    """One module with every kernel `k` as `k0`, `k1`, ...: one compilation instead of many."""
    lines: dict[str, None] = {HEAD.strip(): None}
    bodies = []
    for index, code in enumerate(codes):
        text = code.ir.replace(HEAD, "").replace("@k(", f"@k{index}(")
        body, _, declarations = text.partition("}\n")
        bodies.append(body + "}\n")
        lines.update(dict.fromkeys(declarations.strip().split("\n")))
    return DeviceCode(ir="\n".join([*lines, *bodies]), architecture="sm_86")


def evaluate_all(cases: Sequence[Case], skip: Sequence[str] = ()) -> list[np.ndarray]:
    """Runs each case's kernel over its arrays, one thread an element."""
    results = [np.zeros(len(arrays[0]), TYPES[result]) for _, arrays, result in cases]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "k.so"
        path.write_bytes(library_bytes(together([code for code, _, _ in cases]), skip))
        threads = Threads(path)
        for index, ((_, arrays, _), out) in enumerate(zip(cases, results, strict=True)):
            arguments = b"".join(each.ctypes.data.to_bytes(8, "little") for each in (*arrays, out))
            threads.run(f"k{index}", arguments, len(out))
    return results


def evaluate(code: DeviceCode, arrays: Sequence[np.ndarray], result: str, skip: Sequence[str] = ()) -> np.ndarray:
    """Runs one kernel over the arrays."""
    return evaluate_all([(code, arrays, result)], skip)[0]


def pairs(values: Sequence[object], type_: str) -> tuple[np.ndarray, np.ndarray]:
    """Every value beside every value."""
    array = np.array(values, TYPES[type_])
    return np.repeat(array, len(array)), np.tile(array, len(array))
