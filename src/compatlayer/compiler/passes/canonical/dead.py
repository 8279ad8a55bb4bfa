"""Removes instructions whose result nobody needs: what is left over of splitting and of dropped assumptions.

Why: a gang pays for each instruction with a vector of them, and may have to keep its result in memory over a barrier.
"""

from __future__ import annotations

from ...ir.instructions import (
    Alloca,
    Call,
    Cast,
    Compare,
    ElementPointer,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
)
from ...ir.values import Function, Value
from ..externals import is_pure

_EFFECTS = ("llvm.mem", "llvm.masked", "llvm.x86", "llvm.aarch64", "llvm.prefetch", "llvm.trap")
_PURE = frozenset((Simple, Compare, Cast, ElementPointer, FieldAccess, Phi, Alloca))


def run(function: Function) -> None:
    """Marks what is needed, from what has effects backwards; the rest goes, cycles of phis too."""
    needed: set[Value] = set()
    pending: list[Value] = []
    total = 0
    for block in function.blocks:
        total += len(block.instructions)
        for it in block.instructions:
            if has_effects(it):
                needed.add(it)
                pending.append(it)
    while pending:
        for operand in pending.pop().operands:  # type: ignore[attr-defined]
            if isinstance(operand, Instruction) and operand not in needed:
                needed.add(operand)
                pending.append(operand)
    if len(needed) == total:
        return
    for block in function.blocks:
        block.instructions = [it for it in block.instructions if it in needed]


def has_effects(it: Instruction) -> bool:
    """Whether `it` does more than compute a value. A division by zero does not occur: an earlier pass sees to it."""
    cls = type(it)
    if cls in _PURE:
        return False
    if cls is MemoryAccess:
        return it.opcode == "store" or "volatile" in it.flags or bool(it.ordering)  # type: ignore[attr-defined]
    if cls is Call:
        name = it.callee_name  # type: ignore[attr-defined]
        if name.startswith("llvm."):
            return name.startswith(_EFFECTS)  # type: ignore[no-any-return]
        return not is_pure(name)
    return True
