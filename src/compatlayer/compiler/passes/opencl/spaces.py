"""Flat pointers that are known to be of one address space become pointers of it: drivers make better code of them.

Only what follows directly from a cast is changed: offsets, choices, and loops over one such pointer.
"""

from __future__ import annotations

from ...ir.flow import reverse_postorder
from ...ir.instructions import (
    AtomicUpdate,
    Cast,
    CompareExchange,
    ElementPointer,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
)
from ...ir.types import PointerType, pointer
from ...ir.values import Function, Value

_FLAT = 4


def run(function: Function) -> None:
    """Rewrites a function whose flat pointers are of space 4."""
    spaces = _spaces(function)
    if not spaces:
        return
    known: dict[Value, Value] = {}
    phis: list[tuple[Phi, Phi]] = []
    for block in reverse_postorder(function):
        block.instructions = [made for each in block.instructions for made in _twins(each, spaces, known, phis)]
    for old, new in phis:
        new.operands[:] = [known[each] for each in old.operands]
    for block in function.blocks:
        for each in block.instructions:
            place = _address(each)
            if place >= 0 and each.operands[place] in known:
                each.operands[place] = known[each.operands[place]]
    _drop_unused(function)


def _spaces(function: Function) -> dict[Value, int]:
    """The space of each flat pointer that has one: assumed, then taken back where an operand does not agree."""
    found: dict[Value, int] = {}
    blocks = reverse_postorder(function)
    for _ in range(2):  # the second time a loop's own pointer is known
        for block in blocks:
            for each in block.instructions:
                if each in found or not _is_flat(each):
                    continue
                if isinstance(each, Cast) and each.opcode == "addrspacecast":
                    source = each.operands[0].type
                    if isinstance(source, PointerType) and source.space in (1, 3):
                        found[each] = source.space
                    continue
                spaces = {found[one] for one in _pointers(each) if one in found}
                if len(spaces) == 1:
                    found[each] = spaces.pop()
    changed = True
    while changed:
        wrong = [each for each, space in found.items() if isinstance(each, Instruction) and not isinstance(each, Cast)
                 and any(found.get(one) != space for one in _pointers(each))]
        changed = bool(wrong)
        for each in wrong:
            del found[each]
    return found


def _is_flat(value: Value) -> bool:
    return isinstance(value.type, PointerType) and value.type.space == _FLAT


def _pointers(instruction: Instruction) -> list[Value]:
    """The pointers that an offset or a choice is made of; of anything else one that has no space."""
    if isinstance(instruction, ElementPointer):
        return instruction.operands[:1]
    if isinstance(instruction, Phi):
        return instruction.operands
    if isinstance(instruction, Simple) and instruction.opcode == "select":
        return instruction.operands[1:]
    return [instruction]


def _twins(instruction: Instruction, spaces: dict[Value, int], known: dict[Value, Value],
           phis: list[tuple[Phi, Phi]]) -> list[Instruction]:
    """The instruction, and its twin of the space; a phi's operands are filled in at the end."""
    if instruction not in spaces:
        return [instruction]
    type_ = pointer(spaces[instruction])
    made: Instruction
    if isinstance(instruction, Cast):
        known[instruction] = instruction.operands[0]
        return [instruction]
    if isinstance(instruction, ElementPointer):
        base, *rest = instruction.operands
        made = ElementPointer(type_, instruction.source, [known[base], *rest], instruction.flags)
    elif isinstance(instruction, Phi):
        made = Phi(type_, list(instruction.operands), list(instruction.blocks), instruction.flags)
        phis.append((instruction, made))
    else:
        condition, *rest = instruction.operands
        made = Simple("select", type_, [condition, *(known[each] for each in rest)])
    known[instruction] = made
    return [instruction, made]


def _address(instruction: Instruction) -> int:
    """Which operand of an access is its address; -1 for what is no access."""
    if isinstance(instruction, MemoryAccess):
        return 1 if instruction.opcode == "store" else 0
    return 0 if isinstance(instruction, (AtomicUpdate, CompareExchange)) else -1


def _drop_unused(function: Function) -> None:
    """Takes away pointers that nobody uses, those that only use each other in a loop among them."""
    live: set[Value] = set()
    pending: list[Value] = [each for each in function.instructions() if not _is_pointer(each)]
    while pending:
        for operand in pending.pop().operands:  # type: ignore[attr-defined]
            if isinstance(operand, Instruction) and operand not in live:
                live.add(operand)
                pending.append(operand)
    for block in function.blocks:
        block.instructions = [each for each in block.instructions if not _is_pointer(each) or each in live]


def _is_pointer(instruction: Instruction) -> bool:
    if isinstance(instruction, Cast):
        return instruction.opcode == "addrspacecast"
    return isinstance(instruction, (ElementPointer, Phi)) and isinstance(instruction.type, PointerType)
