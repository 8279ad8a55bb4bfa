"""Barriers of the block, and loops that wait for other threads.

All live lanes of a gang come to a barrier together, or the kernel is not for this engine: where others may be pending
the naive engine, which has a stack for each thread, runs it and reports what never can be passed. The same holds for
loops that wait where lanes leave at different turns: what those that left do may be what the others wait for.
"""

from __future__ import annotations

from ...ir.instructions import (
    AtomicUpdate,
    Call,
    Cast,
    Compare,
    CompareExchange,
    Fence,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
)
from ...ir.types import I32
from ...ir.values import BasicBlock, InlineAssembly, Literal, Value, number
from ..contract import runtime
from ..unsupported import Unsupported
from .gang import Gang


def as_mask32(gang: Gang, bits: Value) -> Value:
    """Lanes as the runtime takes them."""
    return gang.emit.cast("zext", bits, I32) if gang.width < 32 else bits


def barrier(gang: Gang, call: Call) -> None:
    """__syncthreads, its reductions, and named barriers."""
    if not gang.alone():  # even lanes that only leave have to do so before the barrier opens
        raise Unsupported("a barrier that some lanes of a warp may reach later than others")
    name = call.callee_name
    arguments = call.arguments
    if gang.rounds is not None:
        gang.rounds.stop(call, arguments[-1])
        return
    gang.waits = True
    given = [gang.scalar(each) if gang.shapes.of(each) == 0 else _same(each) for each in arguments[1:3]]
    lanes = as_mask32(gang, gang.bits(gang.mask))
    site = arguments[-1]
    if name == "cpl_barrier_reduce":
        operation, predicate = gang.scalar(arguments[3]), gang.vector(arguments[4])
        holds = gang.both(gang.mask, gang.emit.compare("ne", predicate, gang.vector(number(I32, 0))))
        predicates = as_mask32(gang, gang.bits(holds))
        function = runtime(gang.module, "cpl_gang_barrier_reduce")
        gang.define(call, gang.emit.call(function, [gang.thread, *given, operation, lanes, predicates, site]))
        return
    function = runtime(gang.module, name.replace("cpl_", "cpl_gang_"))
    gang.emit.call(function, [gang.thread, *given, lanes, site])


def _same(value: Value) -> Value:
    raise Unsupported("a barrier whose number or count varies within a warp")


def waits_here(gang: Gang, call: Call, block: BasicBlock) -> bool:
    """Whether a call may wait for others in a way that needs a stack for each gang."""
    if call.callee_name == "cpl_yield":
        loop = gang.loops.innermost(block)
        return loop is None or _waits(gang, loop)
    return call.callee_name in ("cpl_nanosleep", "cpl_barrier_arrive", "cpl_barrier_reduce")


def pause(gang: Gang, call: Call) -> None:
    """cpl_yield and cpl_nanosleep."""
    if call.callee_name == "cpl_yield":
        loop = gang.loops.innermost(gang.block)
        if loop is not None and not _waits(gang, loop):
            return
        if loop is not None and _lanes_leave_apart(gang, loop):
            raise Unsupported("a loop that waits for other threads and that lanes of a warp leave one by one")
        arguments: list[Value] = [gang.thread]
    else:
        duration = call.arguments[1]
        if gang.shapes.of(duration) != 0:
            raise Unsupported("a sleep whose length varies within a warp")
        arguments = [gang.thread, gang.scalar(duration)]
    gang.waits = True
    gang.emit.call(runtime(gang.module, call.callee_name), arguments)


def _lanes_leave_apart(gang: Gang, header: BasicBlock) -> bool:
    body = gang.loops.body(header)
    return any(block in gang.shapes.divergent and any(target not in body for target in block.successors)
               for block in body)


def _waits(gang: Gang, header: BasicBlock) -> bool:
    """Whether the loop can wait for another thread. Loops around an atomic update that always changes something, and
    retries of a compare-and-swap with the value just seen, go on by themselves, and so do loops that count."""
    if _counts(gang, header):
        return False
    for block in gang.loops.body(header):
        for it in block.instructions:
            if isinstance(it, MemoryAccess) and it.opcode == "load" and ("volatile" in it.flags or it.ordering):
                return True
            if isinstance(it, Fence) or (isinstance(it, Call) and isinstance(it.callee, InlineAssembly)):
                return True
            if isinstance(it, Call) and it.callee_name == "cpl_nanosleep":
                return True
            if isinstance(it, AtomicUpdate) and it in gang.shapes.users and not _changes(it):
                return True
            if isinstance(it, CompareExchange) and not _retries(gang, it, header):
                return True
    return False


def _counts(gang: Gang, header: BasicBlock) -> bool:
    """Whether arithmetic alone, every turn, decides to leave the loop: memory has no say in it."""
    body = gang.loops.body(header)
    latch = gang.loops.latch(header)
    inside = {each: block for block in body for each in block.instructions}
    pending: list[Value] = []
    for block in body:
        if any(target not in body for target in block.successors):
            if block is not header and latch not in block.successors:
                return False
            pending.append(block.terminator.operands[0])
    seen: set[Value] = set()
    counts = False
    while pending:
        value = pending.pop()
        if value in seen or value not in inside:
            continue
        assert isinstance(value, Instruction)
        seen.add(value)
        if isinstance(value, Phi) and inside[value] is header:
            counts = True
        elif not isinstance(value, (Simple, Cast, Compare)):
            return False
        pending.extend(value.operands)
    return counts


def _changes(it: AtomicUpdate) -> bool:
    value = it.operands[1]
    return it.operation in ("add", "sub", "uinc_wrap", "fadd") and isinstance(value, Literal) \
        and value.text not in ("0", "0.000000e+00", "zeroinitializer")


def _retries(gang: Gang, it: CompareExchange, header: BasicBlock) -> bool:
    """Whether what the exchange expects was read in the loop: then another thread's success is progress."""
    body = {each for block in gang.loops.body(header) for each in block.instructions}
    pending: list[Value] = [it.operands[1]]
    seen: set[Value] = set()
    while pending:
        value = pending.pop()
        if value in seen or value not in body or not isinstance(value, Instruction):
            continue
        seen.add(value)
        if isinstance(value, (CompareExchange, MemoryAccess, AtomicUpdate)):
            return True
        pending.extend(value.operands)
    return False


