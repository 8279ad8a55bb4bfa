"""Lanes that are left over in a loop finish it one after another, in scalar code.

Why: a loop runs as long as its slowest lane. With one lane of 32 left, a vector iteration does a thirty-second of the
work it costs; and a loop of gathers costs as much in vectors as lane after lane in the first place.
"""

from __future__ import annotations

from ...ir.build import mangled
from ...ir.instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Cast,
    Compare,
    CompareExchange,
    ElementPointer,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
    Terminator,
)
from ...ir.types import I1, I8, I32, PTR, Type
from ...ir.values import BasicBlock, Value, number
from .access import Guess
from .body import Body
from .intrinsics import base_of
from .registers import field_of
from .shapes import VARYING

_MOST_BLOCKS, _MOST_INSTRUCTIONS = 12, 120
_FEW = 8  # of so many lanes one is left: then the rest goes lane by lane
_CLONED = (Simple, Compare, Cast, ElementPointer, MemoryAccess, FieldAccess, AtomicUpdate, CompareExchange)


class Finish:
    """The scalar copy of one innermost loop."""

    def __init__(self, gang: Body, header: BasicBlock) -> None:
        self.gang, self.header = gang, header
        self.body = gang.loops.body(header)
        self.blocks = [block for block in gang.order.blocks if block in self.body]
        self.exits = list(dict.fromkeys(target for block in self.blocks for target in block.successors
                                        if target not in self.body))

    def worth(self) -> int:
        """With how many lanes left the scalar copy is taken; 0: never."""
        gang = self.gang
        if len(self.blocks) > _MOST_BLOCKS or not any(
                block in gang.shapes.divergent and any(target not in self.body for target in block.successors)
                for block in self.blocks):
            return 0
        gathers = work = 0
        for block in self.blocks:
            if block is not self.header and block in gang.loops.headers:
                return 0  # not an innermost loop
            for it in block.instructions:
                if not self._can_clone(it):
                    return 0
                gathers += self._is_gather(it)
                work += isinstance(it, (Simple, Call)) and gang.shapes.of(it) == VARYING
        if sum(len(block.instructions) for block in self.blocks) > _MOST_INSTRUCTIONS:
            return 0
        for target in self.exits:
            if target is not gang.order.exit and target not in gang.shapes.pending[self.header]:
                return 0  # the schedule does not know of lanes that come there one by one
            for phi in target.instructions:
                if not isinstance(phi, Phi):
                    break
                if gang.shapes.is_scalar(phi):
                    return 0
        return gang.width if gathers and gathers * 4 >= work else gang.width // _FEW

    def _can_clone(self, it: Instruction) -> bool:
        if isinstance(it, (Phi, Terminator)):
            return it.opcode != "unreachable"
        if isinstance(it, Call):
            return base_of(it.callee_name) is not None
        if isinstance(it, Alloca) or field_of(it) is not None or self.gang.locals.scale(it) > 1:
            return False
        if isinstance(it, MemoryAccess) and self._in_local(it.operands[-1]):
            return False
        return isinstance(it, _CLONED) and "volatile" not in it.flags

    def _in_local(self, address: Value) -> bool:
        return self.gang.locals.scale(address) > 1

    def _is_gather(self, it: Instruction) -> bool:
        if not isinstance(it, MemoryAccess) or it.opcode != "load":
            return False
        address = it.operands[0]
        return self.gang.shapes.of(address) == VARYING and Guess(self.gang).stride(address) is None

    # ---- emission -------------------------------------------------------------------------------
    def emit(self, few: int) -> bool:
        """Emits the choice at the header, and the scalar copy; whether vector code for the loop is needed too."""
        gang = self.gang
        if few < gang.width:
            bits = gang.bits(gang.mask)
            count = gang.as_i32(gang.emit.intrinsic(f"llvm.ctpop.{mangled(bits.type)}", bits.type, [bits]))
            scalar, vector = gang.new_block("finish"), gang.new_block("vector")
            gang.branch(gang.emit.compare("ule", count, number(I32, few)), scalar, vector)
            gang.open(scalar)
            gang.arm(self._finish)
            gang.open(vector)
            return True
        self._finish()
        gang.taken |= self.body
        return False

    def _finish(self) -> None:
        gang = self.gang
        self.left = {target: gang.slots.alloca(gang.bits_type) for target in self.exits}
        for slot in self.left.values():
            gang.emit.store(number(gang.bits_type, 0), slot)
        self.arrays: dict[Phi, tuple[Type, Value]] = {}
        gang.each_lane("finish", self._lane)
        for target in self.exits:
            mask = gang.lanes_mask(gang.emit.load(gang.bits_type, self.left[target]))
            if target is gang.order.exit:
                gang.leave(mask)
            else:
                gang.arrive(self.header, target, mask, {phi: self._whole(phi) for phi in _phis(target)})
        gang.go(gang.shapes.pending[self.header], self.exits)

    def _whole(self, phi: Phi) -> Value:
        gang = self.gang
        type_, place = self.arrays[phi]
        whole = gang.emit.load(gang.vector_type(type_), place, 64)
        return gang.emit.cast("trunc", whole, gang.mask_type) if phi.type is I1 else whole

    def _lane(self, lane: Value) -> None:
        """The loop for one lane, from the header's phis to an exit."""
        gang, emit = self.gang, self.gang.emit
        self.lane = lane
        copies = {block: gang.new_block("scalar") for block in self.blocks}
        end = gang.new_block("finished")
        before = gang.blocks[-1]
        phis = _phis(self.header)
        entering = {phi: gang.lane_value(phi, lane) for phi in phis}
        used = [operand for block in self.blocks for it in block.instructions for operand in it.operands]
        used += [value for target in self.exits for phi in _phis(target)
                 for value, block in zip(phi.operands, phi.blocks, strict=True) if block in self.body]
        self.known: dict[Value, Value] = {
            each: gang.lane_value(each, lane) for each in dict.fromkeys(used) if self._is_outside(each)}
        gang.jump(copies[self.header])
        made: list[tuple[Phi, Phi]] = []
        for block in self.blocks:
            gang.open(copies[block])
            for phi in _phis(block):
                copy = Phi(phi.type, [], [])
                emit.put(copy)
                self.known[phi] = copy
                made.append((phi, copy))
            for it in block.instructions[len(_phis(block)):-1]:
                self.known[it] = self._copy(it)
            self._leave(block, copies, end)
        for phi, copy in made:
            for value, block in zip(phi.operands, phi.blocks, strict=True):
                if block in copies:
                    copy.operands.append(self._value(value))
                    copy.blocks.append(copies[block])
            if phi in entering:
                copy.operands.append(entering[phi])
                copy.blocks.append(before)
        gang.open(end)

    def _is_outside(self, value: Value) -> bool:
        return isinstance(value, Instruction) and self.gang.home.get(value) not in self.body

    def _value(self, value: Value) -> Value:
        return self.known.get(value, value)

    def _copy(self, it: Instruction) -> Value:
        operands = [self._value(each) for each in it.operands]
        made: Instruction
        if isinstance(it, Call):
            made = Call(it.function_type, it.callee, operands[:-1], it.flags)
            made.attributes, made.result_attributes = it.attributes, it.result_attributes
            made.argument_attributes = list(it.argument_attributes)
        elif isinstance(it, Compare):
            made = Compare(it.opcode, it.type, it.predicate, operands, it.flags)
        elif isinstance(it, Cast):
            made = Cast(it.opcode, it.type, operands, it.flags)
        elif isinstance(it, ElementPointer):
            made = ElementPointer(it.type, it.source, operands, it.flags)
        elif isinstance(it, MemoryAccess):
            made = MemoryAccess(it.opcode, it.type, operands, it.flags, it.align, it.ordering, it.scope)
        elif isinstance(it, FieldAccess):
            made = FieldAccess(it.opcode, it.type, operands, it.indices)
        elif isinstance(it, AtomicUpdate):
            made = AtomicUpdate(it.type, it.operation, operands, it.flags, it.scope, it.ordering, it.align)
        elif isinstance(it, CompareExchange):
            made = CompareExchange(it.type, operands, it.flags, it.scope, it.success, it.failure, it.align)
        else:
            made = Simple(it.opcode, it.type, operands, it.flags)
        made.metadata = tuple(each for each in it.metadata if each[0] == "dbg")
        self.gang.emit.metadata = ()
        return self.gang.emit.put(made)

    def _leave(self, block: BasicBlock, copies: dict[BasicBlock, BasicBlock], end: BasicBlock) -> None:
        gang, last = self.gang, block.terminator
        stubs: list[tuple[BasicBlock, BasicBlock]] = []
        targets = []
        for target in last.targets:
            if target in copies:
                targets.append(copies[target])
            else:
                stub = gang.new_block("left")
                stubs.append((target, stub))
                targets.append(stub)
        gang.emit.put(Terminator("br", [self._value(each) for each in last.operands], targets))
        for target, stub in stubs:
            gang.open(stub)
            self._note(block, target)
            gang.jump(end)

    def _note(self, block: BasicBlock, target: BasicBlock) -> None:
        """Writes down that the lane left to `target`, and what it takes there."""
        gang, emit = self.gang, self.gang.emit
        slot = self.left[target]
        wide = emit.cast("zext" if gang.width > 32 else "trunc", self.lane, gang.bits_type) \
            if gang.width != 32 else self.lane
        bit = emit.binary("shl", number(gang.bits_type, 1), wide)
        emit.store(emit.binary("or", emit.load(gang.bits_type, slot), bit), slot)
        for phi in _phis(target):
            value = self._value(phi.operands[phi.blocks.index(block)])
            type_: Type = I8 if phi.type is I1 else phi.type
            if phi not in self.arrays:
                self.arrays[phi] = type_, gang.slots.alloca(gang.vector_type(type_), 64)
            if phi.type is I1:
                value = emit.cast("zext", value, I8)
            emit.store(value, emit.put(ElementPointer(PTR, type_, [self.arrays[phi][1], self.lane])))


def _phis(block: BasicBlock) -> list[Phi]:
    found = []
    for it in block.instructions:
        if not isinstance(it, Phi):
            break
        found.append(it)
    return found


def finish(gang: Body, header: BasicBlock) -> bool:
    """Gang.run's choice at a loop's header."""
    loop = Finish(gang, header)
    few = loop.worth()
    return loop.emit(few) if few else True
