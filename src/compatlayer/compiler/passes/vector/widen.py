"""One instruction of the kernel for all lanes: arithmetic, comparisons, conversions, addresses.

Why the shape decides: a uniform value stays one scalar instruction, an affine one a scalar and a step; only what
differs from lane to lane is worth a vector.
"""

from __future__ import annotations

from ...ir.instructions import (
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
    Simple,
)
from ...ir.types import DOUBLE, I1, I8, I32, I64, IntType, VectorType
from ...ir.values import Literal, Value, number
from ..unsupported import Unsupported
from . import access, atomics, calls, fields
from .gang import Gang
from .groups import field_bytes
from .registers import field_of
from .shapes import VARYING, strides

_DIVISIONS = frozenset(("udiv", "sdiv", "urem", "srem"))


def widen(gang: Gang, it: Instruction) -> None:
    """Emits `it`; the gang learns its value."""
    if field_of(it) is not None:
        return  # read where it is used
    if gang.is_invariant(it):
        gang.fix(it, lambda: _once(gang, it))
    elif isinstance(it, MemoryAccess):
        group = gang.groups.get(it)
        if group is None:
            access.emit(gang, it)
        elif it is group.lead:
            fields.emit(gang, group)
    elif isinstance(it, (AtomicUpdate, CompareExchange)):
        atomics.emit(gang, it)
    elif isinstance(it, Call):
        calls.emit(gang, it)
    elif isinstance(it, Fence):
        gang.emit.put(Fence(it.ordering, it.scope))
    elif gang.shapes.is_scalar(it):
        gang.define(it, _once(gang, it))
    else:
        gang.define(it, _for_lanes(gang, it))


def _once(gang: Gang, it: Instruction) -> Value:
    """Lane 0's value. Its operands' lane 0 may be of an inactive lane: what is promised of them does not hold there."""
    shapes = gang.shapes
    uniform = all(shapes.of(each) == 0 for each in it.operands)
    if not uniform and isinstance(it, Cast) and it.opcode == "zext" and "nneg" in it.flags:
        return gang.emit.cast("sext", gang.scalar(it.operands[0]), it.type)
    if gang.locals.scale(it) > 1:
        assert isinstance(it, ElementPointer)
        return _interleaved(gang, it)
    operands = [gang.scalar(each) for each in it.operands]
    if isinstance(it, Simple):
        if not uniform and it.opcode == "or" and shapes.of(it) != 0:
            first, second = operands
            return gang.emit.binary("add", first, second)
        return gang.emit.put(Simple(it.opcode, it.type, operands, it.flags if uniform else ()))
    if isinstance(it, Compare):
        return gang.emit.put(Compare(it.opcode, it.type, it.predicate, operands, it.flags if uniform else ()))
    if isinstance(it, Cast):
        return gang.emit.put(Cast(it.opcode, it.type, operands, it.flags if uniform else ()))
    if isinstance(it, ElementPointer):
        return gang.emit.put(ElementPointer(it.type, it.source, operands, it.flags if uniform else ()))
    if isinstance(it, FieldAccess):
        return gang.emit.put(FieldAccess(it.opcode, it.type, operands, it.indices))
    raise Unsupported(f"the instruction '{it.opcode}'")


def _for_lanes(gang: Gang, it: Instruction) -> Value:
    type_ = gang.vector_type(it.type)
    if isinstance(it, ElementPointer):
        return _addresses(gang, it)
    if isinstance(it, Simple):
        if it.opcode == "select" and gang.shapes.of(it.operands[0]) == 0:
            condition = gang.scalar(it.operands[0])
            return gang.emit.put(Simple("select", type_, [condition, *map(gang.vector, it.operands[1:])], it.flags))
        operands = [gang.vector(each) for each in it.operands]
        if it.opcode in _DIVISIONS:
            return _divide(gang, it, operands)
        return gang.emit.put(Simple(it.opcode, type_, operands, it.flags))
    operands = [gang.vector(each) for each in it.operands]
    if isinstance(it, Compare):
        return gang.emit.put(Compare(it.opcode, type_, it.predicate, operands, it.flags))
    if isinstance(it, Cast):
        return gang.emit.put(Cast(it.opcode, type_, operands, it.flags))
    if isinstance(it, FieldAccess):
        return gang.emit.put(FieldAccess(it.opcode, type_, operands, it.indices))
    raise Unsupported(f"the instruction '{it.opcode}'")


def _addresses(gang: Gang, it: ElementPointer) -> Value:
    if gang.locals.scale(it) > 1:
        return _interleaved(gang, it)
    shapes = gang.shapes
    operands = [gang.scalar(each) if shapes.of(each) == 0 else gang.vector(each) for each in it.operands]
    if not any(isinstance(each.type, VectorType) for each in operands):
        raise AssertionError("a varying address of uniform parts")
    return gang.emit.put(ElementPointer(gang.vector_type(it.type), it.source, operands, it.flags))


def _interleaved(gang: Gang, it: ElementPointer) -> Value:
    """An address within an interleaved object: offsets count for all lanes' elements."""
    varying = gang.shapes.of(it) == VARYING
    read = gang.vector if varying else gang.scalar
    offset: Value | None = None
    fixed = 0
    for size, index in strides(it):
        if isinstance(index, Literal):
            fixed += int(index.text) * size
            continue
        value = read(index)
        wide = gang.vector_type(I64) if varying else I64
        if isinstance(index.type, IntType) and index.type.bits < 64:
            value = gang.emit.cast("sext", value, wide)
        scaled = gang.emit.binary("mul", value, _constant(gang, size * gang.width, varying))
        offset = scaled if offset is None else gang.emit.binary("add", offset, scaled)
    fixed += field_bytes(it)
    if fixed or offset is None:
        step = _constant(gang, fixed * gang.width, varying)
        offset = step if offset is None else gang.emit.binary("add", offset, step)
    base = read(it.operands[0])
    return gang.emit.put(ElementPointer(base.type, I8, [base, offset]))


def _constant(gang: Gang, value: int, varying: bool) -> Value:
    return gang.vector(number(I64, value)) if varying else number(I64, value)


def _divide(gang: Gang, it: Simple, operands: list[Value]) -> Value:
    """Division: nothing divides by what an inactive lane holds, and 32-bit quotients come from double precision.

    A quotient of 32-bit integers rounded to 53 bits and truncated is exact: it lies at least 2^-32 from the next
    integer, relative to at most 2^32, which is more than the rounding error.
    """
    left, right = operands
    type_ = it.type
    assert isinstance(type_, IntType)
    if gang.mask is not None and not isinstance(it.operands[1], Literal):
        right = gang.emit.select(gang.mask, right, gang.vector(number(type_, 1)))
    signed = it.opcode[0] == "s"
    if type_.bits > 32 or isinstance(it.operands[1], Literal) or type_ is I1:
        return gang.emit.put(Simple(it.opcode, left.type, [left, right], it.flags))
    wide, words = gang.vector_type(DOUBLE), gang.vector_type(I32)
    if type_.bits < 32:
        left, right = (gang.emit.cast("sext" if signed else "zext", each, words) for each in (left, right))
    up, down = ("sitofp", "fptosi") if signed else ("uitofp", "fptoui")
    quotient = gang.emit.binary("fdiv", gang.emit.cast(up, left, wide), gang.emit.cast(up, right, wide))
    result = gang.emit.cast(down, gang.emit.put(Simple("freeze", wide, [quotient])), words)
    if it.opcode.endswith("rem"):
        result = gang.emit.binary("sub", left, gang.emit.binary("mul", result, right))
    return gang.emit.cast("trunc", result, gang.vector_type(type_)) if type_.bits < 32 else result
