"""Barriers of the block, and loops that wait for other threads.

All live lanes of a gang come to a barrier together, or the kernel is not for this engine: where others may be pending
the naive engine, which has a stack for each thread, runs it and reports what never can be passed. The same holds for
loops that wait while other lanes of the gang stand elsewhere: what those do next may be what the loop waits for.
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
from ...ir.values import BasicBlock, Constant, InlineAssembly, Literal, Value, number
from ..contract import runtime
from ..unsupported import Unsupported
from .bystanders import others_may_act
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
    if through_pointer(call):
        return True
    return call.callee_name in ("cpl_nanosleep", "cpl_barrier_arrive", "cpl_barrier_reduce")


def through_pointer(call: Call) -> bool:
    """Whether nobody knows what is called: the pointer may come from another kernel, or from the host. Functions with
    loops that look as if they waited give others a turn, so the call needs a stack that can be switched away from."""
    return not isinstance(call.callee, (Constant, InlineAssembly))


def pause(gang: Gang, call: Call) -> None:
    """cpl_yield and cpl_nanosleep."""
    if call.callee_name == "cpl_yield":
        loop = gang.loops.innermost(gang.block)
        if loop is not None and not _waits(gang, loop):
            return
        if loop is not None and not _ends(gang, loop) and others_may_act(gang, loop):
            raise Unsupported("a loop that waits for other threads while lanes of the warp stand elsewhere")
        arguments: list[Value] = [gang.thread]
    else:
        duration = call.arguments[1]
        if gang.shapes.of(duration) != 0:
            raise Unsupported("a sleep whose length varies within a warp")
        arguments = [gang.thread, gang.scalar(duration)]
    gang.waits = True
    gang.emit.call(runtime(gang.module, call.callee_name), arguments)


def _waits(gang: Gang, header: BasicBlock) -> bool:
    """Whether the loop can wait for another thread. Loops around an atomic update that always changes something,
    retries of a compare-and-swap with the value just seen or of a store just made, and loops that count go on by
    themselves."""
    if _counts(gang, header, _exits(gang, header)) or _stores_until_kept(gang, header):
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


def _ends(gang: Gang, header: BasicBlock) -> bool:
    """Whether one of the ways out is looked at every turn and counts: then no lane is waited for without end."""
    every = set(_every_turn(gang, header))
    return any(block in every and _counts(gang, header, [block]) for block in _exits(gang, header))


def _exits(gang: Gang, header: BasicBlock) -> list[BasicBlock]:
    body = gang.loops.body(header)
    return [block for block in body if any(target not in body for target in block.successors)]


def _every_turn(gang: Gang, header: BasicBlock) -> list[BasicBlock]:
    """The blocks that every turn of the loop runs."""
    found = [gang.loops.latch(header)]
    while found[-1] is not header:
        found.append(gang.loops.dominators[found[-1]])
    return found


def _counts(gang: Gang, header: BasicBlock, exits: list[BasicBlock]) -> bool:
    """Whether arithmetic alone, every turn, decides to leave the loop at `exits`: memory has no say in it."""
    body = gang.loops.body(header)
    every = set(_every_turn(gang, header))
    if not all(block in every for block in exits):
        return False
    inside = {each: block for block in body for each in block.instructions}
    pending: list[Value] = [block.terminator.operands[0] for block in exits]
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


def _stores_until_kept(gang: Gang, header: BasicBlock) -> bool:
    """Whether each turn stores a value, and the loop ends when it reads that back: in every turn somebody's stays."""
    every = {it for block in _every_turn(gang, header) for it in block.instructions}
    stored = {it.operands[1]: it.operands[0] for it in every if isinstance(it, MemoryAccess) and it.opcode == "store"}
    for block in gang.loops.body(header):
        for it in block.instructions:
            if isinstance(it, MemoryAccess) and it.opcode == "load":
                if ("volatile" in it.flags or it.ordering) and it.operands[0] not in stored:
                    return False
            elif isinstance(it, (Fence, AtomicUpdate, CompareExchange)) or (isinstance(it, Call)
                                                                            and it.callee_name != "cpl_yield"):
                return False
    for block in _exits(gang, header):
        condition = block.terminator.operands[0]
        if not isinstance(condition, Compare) or not any(
                isinstance(read, MemoryAccess) and read in every and read.opcode == "load"
                and stored.get(read.operands[0]) is kept
                for read, kept in (condition.operands, reversed(condition.operands))):
            return False
    return True


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


