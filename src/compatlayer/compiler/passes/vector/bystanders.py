"""Whether lanes outside of a waiting loop could do what the loop waits for.

Why: the lanes of a gang share one program counter, so those outside of a loop stand still until the last one leaves it.
A loop that waits for other threads would then wait for ever if what it waits for were theirs to do. They do nothing
that others could see when, from where they stand, they come to a barrier of the block or to the kernel's end before
they write to memory.
"""

from __future__ import annotations

from collections.abc import Set

from ...ir.instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Cast,
    Compare,
    CompareExchange,
    ElementPointer,
    Instruction,
    MemoryAccess,
    Simple,
)
from ...ir.types import IntType
from ...ir.values import BasicBlock, Literal, Value
from .. import externals
from .gang import Gang
from .intrinsics import same_for_same_operands
from .schedule import meets_others

_HARMLESS = ("llvm.lifetime.", "llvm.assume", "llvm.dbg.", "llvm.experimental.noalias.")
_SURE_BITS = 32  # steps of lanes wrap around in fewer


def others_may_act(gang: Gang, header: BasicBlock) -> bool:
    """Whether lanes that are not in the loop at `header` may write to memory before it ends."""
    body = gang.loops.body(header)
    standing = _elsewhere(gang, header, [each for each in gang.loops.before[header] if each not in body])
    if not _one_lane(gang, header, body):  # those that left it earlier stand at its exits
        for block in body:
            standing |= gang.shapes.pending.get(block, set())
    return _may_write(standing - {*body, header})


def _elsewhere(gang: Gang, header: BasicBlock, sources: list[BasicBlock]) -> set[BasicBlock]:
    """Where lanes may stand when others come to the loop from `sources`; blocks of lower rank are over by then."""
    rank = gang.order.rank
    found: set[BasicBlock] = set()
    for source in sources:
        found |= gang.shapes.pending.get(source, set())
        if source in gang.shapes.divergent:
            found.update(each for each in source.successors if rank.get(each, 0) > rank[header])
    return found


def _one_lane(gang: Gang, header: BasicBlock, body: Set[BasicBlock]) -> bool:
    """Whether a comparison like `threadIdx.x == 0` lets at most one lane of a gang into the loop."""
    before = gang.loops.before
    block, sources = header, [each for each in before[header] if each not in body]
    seen = {block}
    while len(sources) == 1 and sources[0] not in seen:
        source = sources[0]
        if source in gang.shapes.divergent and source.successors[0] is block and source.successors[1] is not block \
                and _holds_for_one(gang, source.terminator.operands[0]):
            return True
        seen.add(source)
        block, sources = source, list(before[source])
    return False


def _holds_for_one(gang: Gang, condition: Value) -> bool:
    if isinstance(condition, Simple) and condition.opcode == "and":
        return any(_holds_for_one(gang, each) for each in condition.operands)
    if not isinstance(condition, Compare) or condition.predicate != "eq":
        return False
    left, right = condition.operands
    steps = {gang.shapes.of(left), gang.shapes.of(right)}
    wide = isinstance(left.type, IntType) and left.type.bits >= _SURE_BITS
    return wide and 0 in steps and any(isinstance(each, int) and each != 0 for each in steps)


def _may_write(start: set[BasicBlock]) -> bool:
    work, seen = list(start), set(start)
    while work:
        block = work.pop()
        for it in block.instructions:
            if _is_barrier(it):
                break
            if _writes(it):
                return True
        else:
            for target in block.successors:
                if target not in seen:
                    seen.add(target)
                    work.append(target)
    return False


def _is_barrier(it: Instruction) -> bool:
    """A barrier of all threads of the block: it opens for nobody before the loop's lanes come."""
    return isinstance(it, Call) and it.callee_name in ("cpl_barrier", "cpl_barrier_reduce") \
        and isinstance(it.arguments[2], Literal) and it.arguments[2].text == "0"


def _writes(it: Instruction) -> bool:
    if isinstance(it, MemoryAccess):
        return it.opcode == "store" and not _private(it.operands[1])
    if isinstance(it, Call):
        name = it.callee_name
        return not (meets_others(it) or name == "cpl_nanosleep" or name.startswith(_HARMLESS)
                    or same_for_same_operands(name) or externals.is_pure(name))
    return isinstance(it, (AtomicUpdate, CompareExchange))


def _private(pointer: Value) -> bool:
    """Memory of the lane's own that no other thread knows."""
    while isinstance(pointer, (Cast, ElementPointer)):
        pointer = pointer.operands[0]
    return isinstance(pointer, Alloca)
