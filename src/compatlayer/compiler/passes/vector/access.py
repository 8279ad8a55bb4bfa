"""Loads and stores: one scalar, one vector, or one address for each lane.

An address that varies only because 32-bit index arithmetic might wrap is tried as an affine one: a scalar test on lane
0's index picks the vector access, or the exact one with an address for each lane. Indices made of bits: see bitwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...ir.build import mangled
from ...ir.instructions import Call, Cast, ElementPointer, Instruction, MemoryAccess, Simple
from ...ir.types import I1, I8, PTR, VOID, IntType, Type, size_bytes
from ...ir.values import InlineAssembly, Literal, Value, number
from . import masked
from .ahead import prefetch
from .bitwise import follow, may_follow
from .gang import Gang
from .shapes import VARYING, strides

_DEPTH = 16


def emit(gang: Gang, it: MemoryAccess) -> None:
    """Emits the load or store `it`."""
    if "volatile" in it.flags:
        _compiler_fence(gang)
    if it.ordering:
        _atomic(gang, it)
    elif it.opcode == "load":
        prefetch(gang, it)
        _load(gang, it)
    else:
        _store(gang, it)
    if "volatile" in it.flags:
        _compiler_fence(gang)


def _compiler_fence(gang: Gang) -> None:
    """Masked accesses cannot be marked volatile: nothing moves over this instead."""
    type_ = gang.module.types.function(VOID, ())
    gang.emit.put(Call(type_, InlineAssembly(("sideeffect",), '""', '"~{memory}"'), []))


def _load(gang: Gang, it: MemoryAccess) -> None:
    address, type_ = it.operands[0], it.type
    if gang.shapes.is_scalar(it):
        load = gang.emit.load(type_, gang.scalar(address), it.align, it.flags)
        load.metadata += tuple(each for each in it.metadata if each[0] == "invariant.load")
        gang.define(it, load)
        return
    if type_ is I1:  # in memory it is a byte
        byte = _read(gang, address, I8, it.align)
        gang.define(it, gang.emit.cast("trunc", byte, gang.mask_type))
        return
    gang.define(it, _read(gang, address, type_, it.align))


def _store(gang: Gang, it: MemoryAccess) -> None:
    value, address = it.operands
    if value.type is I1:
        wide = gang.emit.cast("zext", gang.vector(value), gang.vector_type(I8))
        write(gang, wide, address, I8, it.align)
        return
    shapes = gang.shapes
    if shapes.of(address) == 0:
        # The last of the active lanes wins, as if they ran in turn.
        one = gang.scalar(value) if shapes.of(value) == 0 else gang.lane_value(value, _highest(gang))
        gang.emit.put(MemoryAccess("store", VOID, [one, gang.scalar(address)], it.flags, it.align))
        return
    write(gang, gang.vector(value), address, value.type, it.align)


def _highest(gang: Gang) -> Value:
    """The number of the last active lane."""
    if gang.mask is None:
        from ...ir.types import I32

        return number(I32, gang.width - 1)
    bits = gang.bits(gang.mask)
    zeros = gang.emit.intrinsic(f"llvm.ctlz.{mangled(bits.type)}", bits.type, [bits, Literal(I1, "true")])
    return gang.as_i32(gang.emit.binary("sub", number(bits.type, gang.width - 1), zeros))


# ---- one vector, or one address for each lane ------------------------------------------------------
def _read(gang: Gang, address: Value, type_: Type, align: int) -> Value:
    return either(gang, address, size_bytes(type_), lambda base: [masked.load(gang, base, type_, align)],
                  lambda: [masked.gather(gang, gang.vector(address), type_, align)])[0]


def write(gang: Gang, value: Value, address: Value, type_: Type, align: int) -> None:
    """Stores a vector at the lanes' addresses."""

    def contiguous(base: Value) -> list[Value]:
        masked.store(gang, value, base, type_, align)
        return []

    def scattered() -> list[Value]:
        masked.scatter(gang, value, gang.vector(address), type_, align)
        return []

    either(gang, address, size_bytes(type_), contiguous, scattered)


def either(gang: Gang, address: Value, size: int, contiguous: Callable[[Value], list[Value]],
           scattered: Callable[[], list[Value]]) -> list[Value]:
    """The access of one range where the lanes' addresses are `size` bytes apart, else the other; a test decides where
    needed. Both answer the values that they loaded."""
    shape = gang.shapes.of(address)
    if shape != VARYING:
        return contiguous(gang.scalar(address)) if shape == size else scattered()
    guess = Guess(gang)
    stride = guess.stride(address)
    if stride is None and may_follow(gang, address):
        holds, base = follow(gang, address, size)
    elif stride == size:
        base = guess.scalar(address)
        holds = guess.holds()
    else:
        return scattered()
    return masked.two_ways(gang, holds, ("contiguous", "scattered"), lambda: contiguous(base), scattered)


class Guess:
    """An address as lane 0's scalar and a stride, if no extension on the way to it wraps within the gang."""

    def __init__(self, gang: Gang) -> None:
        self.gang = gang
        self.conditions: list[Value] = []
        self._strides: dict[Value, int | None] = {}

    def stride(self, value: Value, depth: int = 0) -> int | None:
        """Units per lane, None when the value is not of that kind."""
        shape = self.gang.shapes.of(value)
        if isinstance(shape, int):
            return shape
        if not isinstance(value, Instruction) or depth > _DEPTH:
            return None
        if value not in self._strides:
            self._strides[value] = self._stride(value, depth + 1)
        return self._strides[value]

    def _stride(self, it: Instruction, depth: int) -> int | None:
        if self.gang.locals.scale(it) > 1:
            return None
        operands = it.operands
        if isinstance(it, ElementPointer):
            total = self.stride(operands[0], depth)
            for size, index in strides(it):
                step = self.stride(index, depth)
                if total is None or step is None or (step and _bits(index) != 64):
                    return None
                total += step * size
            return total
        if isinstance(it, Cast) and it.opcode in ("sext", "zext") and _bits(operands[0]) == 32:
            found = self.stride(operands[0], depth)
            return found if found is not None and abs(found) < 1 << 20 else None
        if isinstance(it, Simple) and it.opcode in ("add", "sub", "mul", "shl"):
            first, second = self.stride(operands[0], depth), self.stride(operands[1], depth)
            if first is None or second is None:
                return None
            if it.opcode in ("add", "sub"):
                return first + second if it.opcode == "add" else first - second
            if isinstance(operands[1], Literal):
                factor = int(operands[1].text)
                return first * factor if it.opcode == "mul" else first << min(factor, 63)
        return None

    def leaves(self, value: Value) -> Iterator[Value]:
        """The scalars that scalar() reads."""
        if self.gang.shapes.is_scalar(value):
            yield value
        elif isinstance(value, Instruction):
            for each in value.operands:
                yield from self.leaves(each)

    def scalar(self, value: Value) -> Value:
        """Lane 0's; collects what has to hold."""
        gang, emit_ = self.gang, self.gang.emit
        if gang.shapes.is_scalar(value):
            return gang.scalar(value)
        assert isinstance(value, Instruction)
        if isinstance(value, Cast):
            inner = self.scalar(value.operands[0])
            step = self.stride(value.operands[0])
            assert step is not None
            if step and not (value.opcode == "zext" and "nneg" in value.flags):
                self._condition(value.opcode, inner, step * (gang.width - 1))
            signed = value.opcode == "sext" or "nneg" in value.flags
            return emit_.cast("sext" if signed else "zext", inner, value.type)
        operands = [self.scalar(each) for each in value.operands]
        if isinstance(value, ElementPointer):
            return emit_.put(ElementPointer(PTR, value.source, operands))
        first, second = operands
        return emit_.binary(value.opcode, first, second)

    def _condition(self, opcode: str, first: Value, reach: int) -> None:
        """The last lane's value is `reach` beyond lane 0's without wrapping."""
        emit_ = self.gang.emit
        kind = ("s" if opcode == "sext" else "u") + ("add" if reach > 0 else "sub")
        pair = emit_.intrinsic(f"llvm.{kind}.with.overflow.{first.type.text}",
                               self.gang.module.types.struct((first.type, I1)),
                               [first, number(first.type, abs(reach))])
        self.conditions.append(emit_.binary("xor", emit_.extract(pair, 1, I1), Literal(I1, "true")))

    def holds(self) -> Value:
        whole: Value = Literal(I1, "true")
        for each in self.conditions:
            whole = each if isinstance(whole, Literal) else self.gang.emit.binary("and", whole, each)
        return whole


def read_elsewhere(gang: Gang) -> dict[Instruction, set[Value]]:
    """What guesses read for an access beside its own operands."""
    found: dict[Instruction, set[Value]] = {}
    for block in gang.order.blocks:
        for it in block.instructions:
            if isinstance(it, MemoryAccess) and not it.ordering:
                address = it.operands[-1]
                group = gang.groups.get(it)
                size = size_bytes(it.type if it.opcode == "load" else it.operands[0].type)
                guess = Guess(gang)
                if gang.shapes.of(address) == VARYING and guess.stride(address) == (group.unit if group else size):
                    found[it] = {each for each in guess.leaves(address) if isinstance(each, Instruction)}
    return found


def _bits(value: Value) -> int:
    return value.type.bits if isinstance(value.type, IntType) else 0


def _atomic(gang: Gang, it: MemoryAccess) -> None:
    """Atomic loads and stores, lane after lane."""
    shapes = gang.shapes
    if it.opcode == "load":
        type_ = it.type
        if shapes.of(it.operands[0]) == 0:
            one = gang.emit.put(MemoryAccess("load", type_, [gang.scalar(it.operands[0])], it.flags, it.align,
                                             it.ordering, it.scope))
            gang.define(it, gang.broadcast(one))
            return
        found = gang.each_lane("load", lambda lane: gang.emit.put(MemoryAccess(
            "load", type_, [gang.lane_value(it.operands[0], lane)], it.flags, it.align, it.ordering, it.scope)), type_)
        assert found is not None
        gang.define(it, found)
        return

    def store(lane: Value) -> None:
        value, address = (gang.lane_value(each, lane) for each in it.operands)
        gang.emit.put(MemoryAccess("store", VOID, [value, address], it.flags, it.align, it.ordering, it.scope))

    gang.each_lane("store", store)
