"""Drops what only informs an optimiser: assumptions, lifetimes, scopes of aliasing, expected values.

Why: they speak of one thread's run of a function. Many lanes share the code here, and a copy of a function's body would
share its scopes with another copy of it.
"""

from __future__ import annotations

from ...ir.build import replace
from ...ir.instructions import Call
from ...ir.types import I1
from ...ir.values import Function, Literal, Module, Value

_DROPPED = ("llvm.assume", "llvm.lifetime.", "llvm.invariant.", "llvm.experimental.noalias.scope.decl",
            "llvm.donothing", "llvm.sideeffect", "llvm.stackrestore", "llvm.stacksave", "llvm.dbg.")
_SAME = ("llvm.expect", "llvm.launder.invariant.group", "llvm.strip.invariant.group", "llvm.ssa.copy")
_METADATA = frozenset(("noalias", "alias.scope", "invariant.group", "llvm.access.group"))
MARKERS = (*_DROPPED, *_SAME, "llvm.is.constant")


def run(module: Module, function: Function) -> None:
    """Also takes `tail` off the calls that stay: stack slots of the whole kernel are in use when they run."""
    replaced: dict[Value, Value] = {}
    for block in function.blocks:
        dropped = False
        for it in block.instructions:
            if it.metadata:
                for kind, _ in it.metadata:
                    if kind in _METADATA:
                        it.metadata = tuple(each for each in it.metadata if each[0] not in _METADATA)
                        break
            if type(it) is not Call:
                continue
            it.tail = ""
            name = it.callee_name
            if name.startswith("llvm.") and name.startswith(MARKERS):
                dropped = True
                replaced[it] = _value(it, name)
        if dropped:
            block.instructions = [it for it in block.instructions if it not in replaced]
    if replaced:
        replace(function, replaced)


def _value(call: Call, name: str) -> Value:
    if name.startswith(_SAME):
        return call.operands[0]
    if name.startswith("llvm.is.constant"):
        return Literal(I1, "false")
    return Literal(call.type, "poison")
