"""Turns what is left into a module for the host: triple, layout, linkage and attributes.

Why attributes go: the front end proved `memory(none)`, `nosync` or `willreturn` of functions that now read the
thread and call the runtime. The host's optimiser proves anew what still holds. TBAA goes too: CUDA programs
reinterpret memory freely and NVIDIA's compiler lets them.
"""

from __future__ import annotations

import re

from ..ir.instructions import Call
from ..ir.types import METADATA
from ..ir.values import Function, Module
from .externals import is_pure

_KEPT = frozenset(("nounwind", "noinline", "alwaysinline", "noreturn", "cold", "hot", "minsize", "optsize",
                   "inlinehint", "optnone", '"prefer-vector-width"="512"', '"min-legal-vector-width"="512"'))
VECTOR_WIDTHS = ('"prefer-vector-width"', '"min-legal-vector-width"')  # the vector engine's own
_WORD = re.compile(r'"[^"]*"(?:="[^"]*")?|[\w.]+(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?')
_DROPPED_METADATA = frozenset(("tbaa", "tbaa.struct", "nvvm.annotations"))
_COPIES = ("llvm.memcpy.", "llvm.memmove.", "llvm.memset.")
# A stack guard page must be hit, never stepped over, by a frame of any size.
_PROBE = '"probe-stack"="inline-asm"'
LAYOUTS = {
    "x86_64": "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128",
    "aarch64": "e-m:e-p270:32:32-p271:32:32-p272:64:64-i8:8:32-i16:16:32-i64:64-i128:128-n32:64-S128-Fn32",
}


def run(module: Module) -> Module:
    module.triple = f"{module.host}-unknown-linux-gnu"
    module.layout = LAYOUTS[module.host]
    module.comdats.clear()
    for name in ("!nvvm.annotations", "!llvm.errno.tbaa", "!nvvmir.version"):
        module.named_metadata.pop(name, None)
    groups = {name: _filtered(_WORD.findall(text)) for name, text in module.attributes.items()}
    module.attributes.clear()
    for function in module.functions():
        _become_native(function, groups)
        for instruction in function.instructions():
            if instruction.metadata:
                instruction.metadata = tuple(each for each in instruction.metadata if each[0] not in _DROPPED_METADATA)
            if isinstance(instruction, Call):
                if instruction.callee_name.startswith(_COPIES):
                    instruction.tail = "notail"  # left by a jump, a fault in it would not know the kernel's line
                instruction.attributes = _expanded(instruction.attributes, groups)
                if instruction.convention.startswith("ptx_"):
                    instruction.convention = ""
    return module


def _filtered(words: list[str]) -> list[str]:
    return [word for word in words if word in _KEPT or word.startswith(VECTOR_WIDTHS)]


def _expanded(words: tuple[str, ...], groups: dict[str, list[str]]) -> tuple[str, ...]:
    found: list[str] = []
    for word in words:
        found.extend(groups.get(word, ()) if word[0] == "#" else _filtered([word]))
    return tuple(dict.fromkeys(found))


def _become_native(function: Function, groups: dict[str, list[str]]) -> None:
    attributes = _expanded(function.attributes, groups)
    if function.is_declaration:
        function.prefix = ()
        function.suffix = ()
        if is_pure(function.name):
            attributes = ("memory(none)", "nounwind", "willreturn")
        elif function.name.startswith("llvm."):
            attributes = ()
        if any(each.type is METADATA for each in function.arguments):
            attributes = ()
        function.attributes = attributes
        return
    if function.prefix != ("protected",):
        function.prefix = ("internal",)
    function.suffix = ()
    function.attributes = (*attributes, *(() if "nounwind" in attributes else ("nounwind",)), _PROBE)
