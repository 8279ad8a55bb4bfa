"""Moving elements of 32 or 64 bits between the lanes of a gang of 32, with what the processor has for it.

Why not LLVM's own: it makes a shuffle with indices that are known at run time from 32 extractions and insertions.
"""

from __future__ import annotations

from ...ir.build import mangled
from ...ir.instructions import Call, ElementPointer, Simple
from ...ir.types import I32, I64, PTR, size_bytes
from ...ir.values import AggregateConstant, Value, number
from .gang import Gang

_FIRST, _SECOND = 3, 4  # bits of a lane's number: which of two registers of eight lanes, which two of the four


def permute(gang: Gang, data: Value, source: Value) -> Value:
    """data[source[lane]] for each lane, of 32 or 64 bits; `source` is below 32."""
    emit = gang.emit
    element = data.type.element  # type: ignore[attr-defined]
    if "avx512f" in gang.module.features:
        return _eight_wide(gang, data, source) if element is I64 else _sixteen(gang, data, source)
    if "avx2" in gang.module.features:
        if element is I64:
            return _by_halves(gang, data, source)
        return _eight(gang, data, source)
    stack = gang.slots.alloca(data.type, 64)
    emit.store(data, stack, 64)
    addresses = emit.put(ElementPointer(gang.vector_type(PTR), element, [stack, emit.cast(
        "zext", source, gang.vector_type(I64))]))
    name = f"llvm.masked.gather.{mangled(data.type)}.{mangled(addresses.type)}"
    loaded = gang.intrinsic(name, data.type, [addresses, gang.all(), gang.undefined(data.type)])
    assert isinstance(loaded, Call)
    loaded.argument_attributes[0] = (f"align {size_bytes(element)}",)
    return loaded


def slide(gang: Gang, data: Value, distance: Value) -> Value:
    """data[lane + distance] for each lane, of 32 or 64 bits; anything where there is no such lane. `distance`, of all
    lanes, is an i32 from -32 to 32."""
    emit, width = gang.emit, gang.width
    element = data.type.element  # type: ignore[attr-defined]
    size = size_bytes(element)
    stack = gang.slots.alloca(gang.module.types.array(3 * width, element), 64)
    emit.store(data, emit.offset(stack, size * width), 64)
    first = emit.cast("sext", emit.binary("add", distance, number(I32, width)), I64)
    return emit.load(data.type, emit.put(ElementPointer(PTR, element, [stack, first])), size)


def has_permute(gang: Gang) -> bool:
    """Whether a permute is as cheap as a slide."""
    return "avx512f" in gang.module.features


def _part(gang: Gang, vector: Value, first: int, count: int) -> Value:
    type_ = gang.module.types.vector(count, vector.type.element)  # type: ignore[attr-defined]
    return gang.emit.put(Simple("shufflevector", type_, [vector, gang.undefined(vector.type), _numbers(
        gang, range(first, first + count))]))


def _joined(gang: Gang, low: Value, high: Value) -> Value:
    """One vector of two, or of all lanes."""
    count = 2 * low.type.count  # type: ignore[attr-defined]
    type_ = gang.module.types.vector(count, low.type.element)  # type: ignore[attr-defined]
    return gang.emit.put(Simple("shufflevector", type_, [low, high, _numbers(gang, range(count))]))


def _numbers(gang: Gang, values: range) -> Value:
    type_ = gang.module.types.vector(len(values), I32)
    return AggregateConstant(type_, ("<", ">"), tuple(number(I32, each) for each in values))


def _by_halves(gang: Gang, data: Value, source: Value) -> Value:
    emit, words = gang.emit, gang.vector_type(I32)
    by = gang.vector(number(I64, 32))
    low = permute(gang, emit.cast("trunc", data, words), source)
    high = permute(gang, emit.cast("trunc", emit.binary("lshr", data, by), words), source)
    return emit.binary("or", emit.cast("zext", low, data.type),
                       emit.binary("shl", emit.cast("zext", high, data.type), by))


def _eight_wide(gang: Gang, data: Value, source: Value) -> Value:
    """VPERMI2Q picks 8 of 16 elements: of both pairs of registers, then the right ones are blended."""
    emit = gang.emit
    quarter = gang.module.types.vector(8, I64)
    parts = [_part(gang, data, first, 8) for first in range(0, 32, 8)]

    def eight(first: int) -> Value:
        numbers = _part(gang, source, first, 8)
        wide = emit.cast("zext", numbers, quarter)
        moved = [emit.intrinsic("llvm.x86.avx512.vpermi2var.q.512", quarter, [parts[at], wide, parts[at + 1]])
                 for at in (0, 2)]
        return emit.select(emit.compare("ugt", numbers, _same(gang, 15)), moved[1], moved[0])

    a, b, c, d = map(eight, range(0, 32, 8))
    return _joined(gang, _joined(gang, a, b), _joined(gang, c, d))


def _sixteen(gang: Gang, data: Value, source: Value) -> Value:
    """VPERMI2D picks 16 of 32 words; constant sources become what is best for them."""
    emit = gang.emit
    half = gang.module.types.vector(16, I32)
    low, high = _part(gang, data, 0, 16), _part(gang, data, 16, 16)
    name = "llvm.x86.avx512.vpermi2var.d.512"
    return _joined(gang, *(emit.intrinsic(name, half, [low, _part(gang, source, first, 16), high])
                           for first in (0, 16)))


def _eight(gang: Gang, data: Value, source: Value) -> Value:
    """VPERMD picks 8 of 8 words: of all four registers, then the right ones are blended."""
    emit = gang.emit
    quarter = gang.module.types.vector(8, I32)
    parts = [_part(gang, data, first, 8) for first in range(0, 32, 8)]

    def chosen(numbers: Value, bit: int, no: Value, yes: Value) -> Value:
        sign = emit.binary("shl", numbers, _same(gang, 31 - bit))
        return emit.select(emit.compare("slt", sign, _same(gang, 0)), yes, no)

    def eight(first: int) -> Value:
        numbers = _part(gang, source, first, 8)
        moved = [emit.intrinsic("llvm.x86.avx2.permd", quarter, [part, numbers]) for part in parts]
        pairs = [chosen(numbers, _FIRST, *moved[at:at + 2]) for at in (0, 2)]
        return chosen(numbers, _SECOND, *pairs)

    a, b, c, d = map(eight, range(0, 32, 8))
    return _joined(gang, _joined(gang, a, b), _joined(gang, c, d))


def _same(gang: Gang, value: int) -> Value:
    return AggregateConstant(gang.module.types.vector(8, I32), ("<", ">"), (number(I32, value),) * 8)
