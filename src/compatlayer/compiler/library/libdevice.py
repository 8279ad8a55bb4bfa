"""The device math library as a libdevice file: one LLVM bitcode module that defines all of `__nv_*`.

Packages look for `nvvm/libdevice/libdevice.10.bc` below CUDA_HOME, read it and hand it to libnvvm. Ours is made when
the package is built, from the same texts that kernels get (build.py), so that what links it elsewhere computes the
same. libnvvm of ours needs no such module: `__nv_*` calls stay calls until a kernel is lowered for its processor, where
they are inlined in lanes (passes/math.py). `is_libdevice` tells it what to leave out, NVIDIA's file too.

Names and types: https://docs.nvidia.com/cuda/libdevice-users-guide/
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from ...errors import CompilerError
from .. import toolchain
from ..ir.build import replace
from ..ir.values import Function, Module, Value
from ..passes.externals import RUNTIME
from . import Library, load

PLACE = Path("nvvm", "libdevice", "libdevice.10.bc")  # below CUDA_HOME
_MAGIC = b"BC\xc0\xde"
_KNOWN_BY = (b"__nv_acoshf", b"__nv_byte_perm", b"__nv_ynf")  # programs call a few of these, a libdevice has them all
_MODES = {"rz": "rz", "ru": "rp", "rd": "rm"}
_HEAD = 'source_filename = "compatlayer libdevice"\ntarget triple = "nvptx64-nvidia-cuda"\n'
_CLANG = ("clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-target-cpu", "sm_86", "-x", "ir", "-emit-llvm-bc",
          "-disable-llvm-passes", "-Wno-override-module", "-o", "-", "-")  # fmt: skip
# Functions that have no text: result and parameters; f and d stand for both precisions.
_SCALAR = {
    **{f"{name}{suffix}": f"{type_} {type_}"
       for name in ("cyl_bessel_i0", "cyl_bessel_i1", "j0", "j1", "y0", "y1", "tgamma", "lgamma")
       for suffix, type_ in (("", "double"), ("f", "float"))},
    **{f"{name}{suffix}": f"{type_} i32 {type_}" for name in ("jn", "yn")
       for suffix, type_ in (("", "double"), ("f", "float"))},
    **{f"{name}{suffix}": f"{type_} i32 ptr" for name in ("norm", "rnorm")
       for suffix, type_ in (("", "double"), ("f", "float"))},
    "remquo": "double double double ptr", "remquof": "float float float ptr",
    "nan": "double ptr", "nanf": "float ptr",
}  # fmt: skip
_SLOW = re.compile(r"@__nv_(\w+)\(")
_DEFINED = re.compile(r"^define internal (.*?)@cpl\.math\.", re.MULTILINE)


def make(folder: Path, source: Path) -> None:
    """Writes the file below `folder`, a CUDA_HOME, from the built library's file `source`. Raises CompilerError."""
    target = folder / PLACE
    if target.is_file() and target.stat().st_mtime > max(source.stat().st_mtime, Path(__file__).stat().st_mtime):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.write_bytes(assemble(text(source)))
    os.replace(fresh, target)


def text(source: Path) -> str:
    """The module in LLVM's textual form, from the texts of the library in `source`."""
    library = Library(source)
    names = library.names()
    needed = dict.fromkeys(each for name in names for each in library.needed(name))
    scalar = {name: declared.split(" ") for name, declared in _SCALAR.items()}
    parts = [_HEAD, *(library.text(each, alone=True) for each in (*needed, *names))]
    inlined = _DEFINED.sub(r"define \1@__nv_", _SLOW.sub(rf"@{RUNTIME}\1(", "".join(parts)))
    return inlined + "".join(_forward(name, *types) for name, types in scalar.items()) + _directed()


def assemble(module: str) -> bytes:
    """A module's bitcode. Raises CompilerError."""
    status, output, errors = toolchain.run(_CLANG, module.encode("ascii"))
    if status != 0:
        raise CompilerError(f"the libdevice module is damaged: {errors.decode('utf-8', 'replace').strip()}")
    return output


def is_libdevice(data: bytes) -> bool:
    """Whether `data` is the bitcode of a libdevice, of ours or NVIDIA's: names lie byte by byte in its string table."""
    return data.startswith(_MAGIC) and all(name in data for name in _KNOWN_BY)


def leave_out(module: Module) -> None:
    """Turns what `module` defines of a libdevice into declarations, so that the library's own texts are inlined."""
    known = documented()
    renamed: dict[Value, Value] = {}
    for name, value in list(module.symbols.items()):
        if not isinstance(value, Function):
            continue
        if value.blocks and name in known:
            value.blocks, value.prefix, value.attributes, value.debug = [], (), (), None
        elif name.startswith(RUNTIME):
            del module.symbols[name]
            value.name = "__nv_" + name.removeprefix(RUNTIME)
            twin = module.symbols.setdefault(value.name, value)
            if twin is not value:
                renamed[value] = twin
    if renamed:
        for function in module.defined():
            replace(function, renamed)


@cache
def documented() -> frozenset[str]:
    """The functions of a libdevice, with `__nv_`."""
    library = load(True)
    names = [] if library is None else library.names()
    directed = [name for name, *_ in _intrinsics()]
    differences = [f"{letter}sub_{mode}" for letter in "fd" for mode in _MODES]
    return frozenset(f"__nv_{each}" for each in (*names, *_SCALAR, *directed, *differences))


def _forward(name: str, result: str, *parameters: str) -> str:
    """A function that the native runtime computes."""
    types = ", ".join(parameters)
    values = ", ".join(f"{type_} %{index}" for index, type_ in enumerate(parameters))
    return (f"declare {result} @{RUNTIME}{name}({types})\n"
            f"define {result} @__nv_{name}({values}) nounwind {{\n"
            f"  %r = call {result} @{RUNTIME}{name}({values})\n  ret {result} %r\n}}\n")


def _directed() -> str:
    """Arithmetic and conversions that round towards zero, up and down: intrinsics of LLVM for this triple."""
    return "".join(_intrinsic(*each) for each in _intrinsics()) + "".join(
        _difference(letter, type_, mode) for mode in _MODES for letter, type_ in (("f", "float"), ("d", "double")))


def _intrinsics() -> list[tuple[str, str, str, str]]:
    """Name, intrinsic, result and parameters of each that is one intrinsic."""
    wanted = []
    for mode, letters in _MODES.items():
        for letter, type_ in (("f", "float"), ("d", "double")):
            for operation, count in (("add", 2), ("mul", 2), ("div", 2), ("rcp", 1), ("sqrt", 1)):
                wanted.append((f"{letter}{operation}_{mode}", f"{operation}.{letters}.{letter}", type_,
                               " ".join([type_] * count)))
            wanted.append((f"fma{'f' if letter == 'f' else ''}_{mode}", f"fma.{letters}.{letter}", type_,
                           " ".join([type_] * 3)))
        for short, name, type_ in (("i", "int", "i32"), ("ui", "uint", "i32"), ("ll", "ll", "i64"),
                                   ("ull", "ull", "i64")):
            wanted.append((f"{name}2float_{mode}", f"{short}2f.{letters}", "float", type_))
            if type_ == "i64":
                wanted.append((f"{name}2double_{mode}", f"{short}2d.{letters}", "double", type_))
        wanted.append((f"double2float_{mode}", f"d2f.{letters}", "float", "double"))
    return wanted


def _intrinsic(name: str, intrinsic: str, result: str, parameters: str) -> str:
    types = parameters.split(" ")
    values = ", ".join(f"{type_} %{index}" for index, type_ in enumerate(types))
    return (f"declare {result} @llvm.nvvm.{intrinsic}({', '.join(types)})\n"
            f"define {result} @__nv_{name}({values}) alwaysinline nounwind {{\n"
            f"  %r = call {result} @llvm.nvvm.{intrinsic}({values})\n  ret {result} %r\n}}\n")


def _difference(letter: str, type_: str, mode: str) -> str:
    return (f"define {type_} @__nv_{letter}sub_{mode}({type_} %x, {type_} %y) alwaysinline nounwind {{\n"
            f"  %n = fneg {type_} %y\n"
            f"  %r = call {type_} @llvm.nvvm.add.{_MODES[mode]}.{letter}({type_} %x, {type_} %n)\n"
            f"  ret {type_} %r\n}}\n")
