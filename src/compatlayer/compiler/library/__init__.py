"""CUDA's device math library, and texture fetches, as LLVM IR that is inlined into kernels, in SIMD lanes too.

`link` gives a module the definitions of the functions that it calls, also those that it calls by the names of LLVM's
intrinsics or of libm. They take no thread, and must be added after the
passes that give one to every defined function. Functions that the library lacks, and rare arguments of those that it
has, stay calls of the scalar C library. A tree that is not built has no library; then all of them stay calls.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..ir.instructions import Call
from ..ir.reader import read_into
from ..ir.values import Function, GlobalValue, Module
from ..passes.contract import empty_node
from ..passes.externals import C_FUNCTIONS

PREFIX = "cpl.math."
MATH, TEXTURE = PARTS = ("math", "texture")
INVARIANT = "cpl.invariant"  # marks loads in the texts of what never changes while a kernel runs
# LLVM's intrinsics that processors have no instruction for, and its names of types.
_INTRINSICS = frozenset(("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp", "exp2",
                         "exp10", "log", "log2", "log10", "pow"))  # fmt: skip
_SUFFIXES = {"f32": "f", "f64": ""}
_FOLDER = Path(__file__).resolve().parents[2] / "_lib"


class _Entry(NamedTuple):
    offset: int
    size: int
    needed: tuple[str, ...]


class Library:
    """One kind of the library: the index is read at once, texts when they are asked for."""

    def __init__(self, path: Path) -> None:
        index, _, self._texts = path.read_text(encoding="ascii").partition("\n\n")
        self._entries: dict[str, _Entry] = {}
        for line in index.split("\n"):
            name, offset, size, *needed = line.split(" ")
            self._entries[name] = _Entry(int(offset), int(size), tuple(needed))

    def names(self) -> list[str]:
        """The functions defined here, without `__nv_`."""
        return [name for name in self._entries if not name.startswith(("llvm.", "__nv_"))]

    def defines(self, name: str) -> bool:
        """Whether the function `name`, without `__nv_`, is here."""
        return name in self._entries

    def needed(self, name: str) -> tuple[str, ...]:
        """The declarations that the definition of `name` needs, for `text`."""
        return self._entries[name].needed

    def text(self, name: str, alone: bool = False) -> str:
        """The definition of `name`, with the declarations that it needs unless it is wanted alone."""
        return "".join(self._text(each) for each in (() if alone else self.needed(name))) + self._text(name)

    def _text(self, name: str) -> str:
        offset, size, _ = self._entries[name]
        return self._texts[offset : offset + size]


def link(module: Module, fused: bool | None = None) -> None:
    """Defines the math functions that `module` calls, for processors with a fused multiply-add or without.

    `fused` None: as this machine's processor has it."""
    wanted = {value.name: base for value in module.symbols.values()
              if isinstance(value, Function) and value.is_declaration and (base := _base(value.name))}
    if not wanted:
        return
    fused = host_is_fused() if fused is None else fused
    calls = [call for function in module.defined() if not function.name.startswith(PREFIX)
             for call in function.instructions() if isinstance(call, Call) and call.callee_name in wanted]
    for call in calls:
        base = wanted[call.callee_name]
        library = load(fused, TEXTURE if base.startswith("tex") else MATH)
        if library is not None and library.defines(base):
            target = _definition(module, library, base)
            if target.function_type is call.function_type:
                call.callee = target


def _base(name: str) -> str:
    """The library's name for a function that front ends call; empty where it is none."""
    if name.startswith("__nv_"):
        return name[5:]
    if name.startswith("llvm."):
        operation, _, type_ = name[5:].partition(".")
        return operation + _SUFFIXES[type_] if operation in _INTRINSICS and type_ in _SUFFIXES else ""
    return name if name in C_FUNCTIONS else ""


def _definition(module: Module, library: Library, base: str) -> Function:
    name = PREFIX + base
    if name not in module.symbols:
        read_into(module, library.text(base))
        _mark(module, module.symbols[name])
    found = module.symbols[name]
    assert isinstance(found, Function)
    return found


def _mark(module: Module, function: GlobalValue) -> None:
    assert isinstance(function, Function)
    marked = [it for it in function.instructions() if it.metadata and it.metadata[0][0] == INVARIANT]
    if marked:
        note = ("invariant.load", empty_node(module))
        for it in marked:
            it.metadata = (note,)


@cache
def load(fused: bool, part: str = MATH) -> Library | None:
    """A part of the library of one kind; None in a tree that is not built."""
    path = _FOLDER / file_name("fused" if fused else "unfused", part)
    return Library(path) if path.is_file() else None


def file_name(kind: str, part: str = MATH) -> str:
    """The file of a part of one kind of the library."""
    return f"{part}-{kind}.ir"


def host_is_fused() -> bool:
    """Whether this machine multiplies and adds in one instruction."""
    from ..targets import cpu

    return cpu.machine() == "aarch64" or "+fma" in cpu.host_cpu()
