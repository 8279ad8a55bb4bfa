"""Copies of instructions, with their operands and blocks mapped."""

from __future__ import annotations

from ...ir.instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Cast,
    Compare,
    CompareExchange,
    ElementPointer,
    Fence,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
    Terminator,
)
from ...ir.values import BasicBlock, Value

# What each class has beyond an Instruction's own fields and never changes in place.
_EXTRA: dict[type, tuple[str, ...]] = {
    Simple: (), Cast: (), Phi: (), Terminator: (),
    Compare: Compare.__slots__, FieldAccess: FieldAccess.__slots__, Alloca: Alloca.__slots__,
    MemoryAccess: MemoryAccess.__slots__, ElementPointer: ElementPointer.__slots__, Fence: Fence.__slots__,
    CompareExchange: CompareExchange.__slots__, AtomicUpdate: AtomicUpdate.__slots__, Call: Call.__slots__,
}  # fmt: skip


def copy(it: Instruction) -> Instruction:
    """`it` without a name; operands and blocks are still the original's, in lists of its own."""
    cls = type(it)
    new = cls.__new__(cls)
    new.opcode, new.type, new.name = it.opcode, it.type, None
    new.operands, new.flags, new.metadata = it.operands[:], it.flags, it.metadata
    for slot in _EXTRA[cls]:
        setattr(new, slot, getattr(it, slot))
    if cls is Phi:
        new.blocks = it.blocks[:]  # type: ignore[attr-defined]
    elif cls is Terminator:
        new._targets, new.cases = it.targets[:], it.cases[:]  # type: ignore[attr-defined]
    elif cls is Call:
        new.argument_attributes = it.argument_attributes[:]  # type: ignore[attr-defined]
    return new


def remap(new: Instruction, values: dict[Value, Value], blocks: dict[BasicBlock, BasicBlock]) -> None:
    """Replaces a copy's operands and blocks by what they are mapped to."""
    new.operands = [values.get(each, each) for each in new.operands]
    if isinstance(new, Phi):
        new.blocks = [blocks[each] for each in new.blocks]
    elif isinstance(new, Terminator):
        new._targets = [blocks[each] for each in new._targets]
