"""Loops that end only when another thread has written something. OpenCL promises no thread that others get on
meanwhile: such a kernel may hang a device for ever, which runs its blocks one after the other.

A loop waits when it is left by what a volatile or atomic load has read, or by a lock: a compare-and-swap, or an
exchange, with a constant. A loop that tries a compare-and-swap again with what it has read is no wait, because each
failure is another thread's success; nor is one that draws numbers from a counter.
"""

from __future__ import annotations

from ...ir.flow import back_edges, loop_body, predecessors
from ...ir.instructions import AtomicUpdate, Call, CompareExchange, Instruction, MemoryAccess
from ...ir.values import BasicBlock, Function, Literal, Value


def waits(function: Function) -> bool:
    """Whether the function has a loop that waits. `progress` has marked the loops that may."""
    marked = {block for block in function.blocks for each in block.instructions
              if isinstance(each, Call) and each.callee_name == "cpl_yield"}
    if not marked:
        return False
    before = predecessors(function)
    return any(_ends_by_others(loop_body(latch, header, before)) for latch, header in back_edges(function)
               if latch in marked)


def _ends_by_others(body: set[BasicBlock]) -> bool:
    """Whether what others write decides when the loop is left."""
    inside = {each for block in body for each in block.instructions}
    pending: list[Value] = [operand for block in body if any(each not in body for each in block.successors)
                            for operand in block.terminator.operands]
    seen: set[Value] = set()
    while pending:
        value = pending.pop()
        if value in seen or not isinstance(value, Instruction) or value not in inside:
            continue
        if _waits(value):
            return True
        seen.add(value)
        pending += value.operands
    return False


def _waits(instruction: Instruction) -> bool:
    if isinstance(instruction, MemoryAccess):
        return instruction.opcode == "load" and ("volatile" in instruction.flags or bool(instruction.ordering))
    if isinstance(instruction, CompareExchange):
        return isinstance(instruction.operands[1], Literal)
    return isinstance(instruction, AtomicUpdate) and instruction.operation == "xchg" and \
        isinstance(instruction.operands[1], Literal)
