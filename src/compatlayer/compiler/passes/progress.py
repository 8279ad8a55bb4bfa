"""Back edges of loops that wait for another thread give that thread a turn.

Why: threads of a block take turns on one processor; a thread that spins on memory would wait for ever. A loop can
wait only if it reads memory that others write in a way the optimiser respects: volatile or atomic accesses, a
compare-and-swap, or plain loads beside a fence. An atomic update whose result nobody reads cannot end a loop.
"""

from __future__ import annotations

from ..ir.build import Emitter
from ..ir.flow import back_edges, callees, loop_body, predecessors, users
from ..ir.instructions import AtomicUpdate, Call, CompareExchange, Fence, Instruction, MemoryAccess
from ..ir.values import BasicBlock, Constant, Function, InlineAssembly, Module
from .contract import runtime, thread


def run(module: Module) -> Module:
    functions = module.defined()
    waiting = {function: _waiting_blocks(function) for function in functions}
    unfair = {function for function in functions if waiting[function]}
    calls = callees(module)
    changed = bool(unfair)
    while changed:
        more = {function for function in functions if function not in unfair and calls[function] & unfair}
        unfair |= more
        changed = bool(more)
    for function in functions:
        _yield_in(module, function, waiting[function] | _calling_blocks(function, unfair))
    return module


def _waiting_blocks(function: Function) -> set[BasicBlock]:
    """Blocks that read memory which other threads write."""
    found: set[BasicBlock] = set()
    unused: set[Instruction] | None = None
    for block in function.blocks:
        for instruction in block.instructions:
            if isinstance(instruction, AtomicUpdate):
                if unused is None:
                    used = users(function)
                    unused = {each for each in function.instructions() if each not in used}
                if instruction not in unused:
                    found.add(block)
            elif _reads_others(instruction):
                found.add(block)
    return found


def _reads_others(instruction: Instruction) -> bool:
    if isinstance(instruction, MemoryAccess):
        return instruction.opcode == "load" and ("volatile" in instruction.flags or bool(instruction.ordering))
    if isinstance(instruction, Call):
        return isinstance(instruction.callee, InlineAssembly)
    return isinstance(instruction, (CompareExchange, Fence))


def _calling_blocks(function: Function, unfair: set[Function]) -> set[BasicBlock]:
    """Blocks that call a function which may wait; a call through a pointer may."""
    return {block for block in function.blocks for instruction in block.instructions
            if isinstance(instruction, Call)
            and (instruction.callee in unfair or not isinstance(instruction.callee, Constant))}


def _yield_in(module: Module, function: Function, waiting: set[BasicBlock]) -> None:
    if not waiting:
        return
    before = predecessors(function)
    latches = {latch for latch, header in back_edges(function) if waiting & loop_body(latch, header, before)}
    for block in latches:
        terminator = block.instructions.pop()
        location = tuple(each for each in terminator.metadata if each[0] == "dbg")
        Emitter(module, block.instructions, location).call(runtime(module, "cpl_yield"), [thread(function)])
        block.instructions.append(terminator)
