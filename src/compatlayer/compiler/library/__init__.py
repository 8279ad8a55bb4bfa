"""CUDA's device math library as LLVM IR that is inlined into kernels, in SIMD lanes too.

`link` gives a module the definitions of the functions that it calls. They take no thread, and must be added after the
passes that give one to every defined function. Functions that the library lacks, and rare arguments of those that it
has, stay calls of the scalar C library. A tree that is not built has no library; then all of them stay calls.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..ir.instructions import Call
from ..ir.reader import read_into
from ..ir.values import Function, Module

PREFIX = "cpl.math."
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

    def text(self, name: str) -> str:
        """The definition of `name` with the declarations that it needs."""
        entry = self._entries[name]
        return "".join(self._text(each) for each in entry.needed) + self._text(name)

    def _text(self, name: str) -> str:
        offset, size, _ = self._entries[name]
        return self._texts[offset : offset + size]


def link(module: Module, fused: bool | None = None) -> None:
    """Defines the math functions that `module` calls, for processors with a fused multiply-add or without.

    `fused` None: as this machine's processor has it."""
    called = {call.callee_name for function in module.defined() for call in function.instructions()
              if isinstance(call, Call) and call.callee_name in _interesting(module)}
    if not called:
        return
    library = load(host_is_fused() if fused is None else fused)
    if library is None:
        return
    targets: dict[str, Function] = {}
    for name in called:
        base = name[5:]
        if library.defines(base):
            read_into(module, library.text(base))
            target = module.symbols[PREFIX + base]
            assert isinstance(target, Function)
            targets[name] = target
    _redirect(module, targets)


def _interesting(module: Module) -> set[str]:
    """Library functions that the module declares."""
    return {name for name, value in module.symbols.items()
            if name.startswith("__nv_") and isinstance(value, Function) and value.is_declaration}


def _redirect(module: Module, targets: dict[str, Function]) -> None:
    """Calls of the C functions become calls of the definitions; slow paths inside of these stay."""
    for function in module.defined():
        if function.name.startswith(PREFIX):
            continue
        for call in function.instructions():
            if isinstance(call, Call) and call.callee_name in targets:
                call.callee = targets[call.callee_name]


@cache
def load(fused: bool) -> Library | None:
    """The library of one kind; None in a tree that is not built."""
    from .build import file_name

    path = _FOLDER / file_name("fused" if fused else "unfused")
    return Library(path) if path.is_file() else None


def host_is_fused() -> bool:
    """Whether this machine multiplies and adds in one instruction."""
    from ..targets import cpu

    return cpu.machine() == "aarch64" or "+fma" in cpu.host_cpu()
