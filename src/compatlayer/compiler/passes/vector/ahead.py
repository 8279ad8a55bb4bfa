"""Prefetches for the loops through which gangs take turns (see interleave).

Why: such a loop reads a short run of each page that it visits; processors prefetch streams, not jumps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.instructions import Cast, ElementPointer, Instruction, MemoryAccess, Phi, Simple
from ...ir.types import I8, I32, I64, PTR, VOID, IntType, size_bytes
from ...ir.values import BasicBlock, Value, number

if TYPE_CHECKING:
    from .gang import Gang

_AHEAD = 4  # iterations
_LINE_BYTES = 64
_DEPTH = 12


def prefetch(gang: Gang, it: MemoryAccess) -> None:
    """Emits prefetches for what a contiguous load will read some iterations later, in a loop with turns."""
    header = gang.loops.innermost(gang.block)
    if header is None or gang.rounds is None or gang.rounds.blocks > 1 \
            or gang.loops.latch(header).terminator not in gang.rounds.stops:
        return
    found = _Induction(gang, header)
    address = it.operands[0]
    if not found.in_address(address, 0) or found.phi is None:
        return
    later = found.later(address)
    for offset in range(0, gang.width * size_bytes(it.type), _LINE_BYTES):
        line = gang.emit.put(ElementPointer(PTR, I8, [later, number(I64, offset)]))
        gang.intrinsic("llvm.prefetch.p0", VOID, [line, number(I32, 0), number(I32, 3), number(I32, 1)])


class _Induction:
    """The induction variable that an address follows, and its step."""

    def __init__(self, gang: Gang, header: BasicBlock) -> None:
        self.gang, self.header = gang, header
        self.body = gang.loops.body(header)
        self.phi: Phi | None = None
        self.step: Value | None = None

    def _inside(self, value: Value) -> bool:
        return isinstance(value, Instruction) and self.gang.home.get(value) in self.body

    def in_address(self, value: Value, depth: int) -> bool:
        """Whether the value is computed of loop invariants and one induction variable."""
        if not self._inside(value):
            return True
        if depth > _DEPTH or not self.gang.shapes.is_scalar(value):
            return False
        if isinstance(value, Phi):
            return self.phi in (None, value) and self._steps(value)
        if isinstance(value, (ElementPointer, Cast)) or (
                isinstance(value, Simple) and value.opcode in ("add", "sub", "mul", "shl", "or")):
            return all(self.in_address(each, depth + 1) for each in value.operands)
        return False

    def _steps(self, phi: Phi) -> bool:
        following = phi.operands[phi.blocks.index(self.gang.loops.latch(self.header))] \
            if self.gang.home.get(phi) is self.header else None
        if not (isinstance(following, Simple) and following.opcode == "add" and phi in following.operands
                and isinstance(phi.type, IntType)):
            return False
        step = next((each for each in following.operands if each is not phi), None)
        if step is None or self._inside(step) or self.gang.shapes.of(step) != 0:
            return False
        self.phi, self.step = phi, step
        return True

    def later(self, value: Value) -> Value:
        """The value some iterations on."""
        gang, emit = self.gang, self.gang.emit
        if value is self.phi:
            assert self.step is not None
            steps = emit.binary("mul", gang.scalar(self.step), number(value.type, _AHEAD))
            return emit.binary("add", gang.scalar(value), steps)
        if not self._inside(value):
            return gang.scalar(value)
        assert isinstance(value, Instruction)
        operands = [self.later(each) for each in value.operands]
        if isinstance(value, ElementPointer):
            return emit.put(ElementPointer(PTR, value.source, operands))
        if isinstance(value, Cast):
            return emit.put(Cast(value.opcode, value.type, operands))
        return emit.binary("add" if value.opcode == "or" else value.opcode, operands[0], operands[1])
