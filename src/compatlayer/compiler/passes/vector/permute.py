"""Moving words between the lanes of a gang of 32, with what the processor has for it.

Why not LLVM's own: it makes a shuffle with indices that are known at run time from 32 extractions and insertions.
"""

from __future__ import annotations

from ...ir.build import mangled
from ...ir.instructions import Call, ElementPointer, Simple
from ...ir.types import I32, I64, PTR
from ...ir.values import AggregateConstant, Value, number
from .gang import Gang

_FIRST, _SECOND = 3, 4  # bits of a lane's number: which of two registers of eight lanes, which two of the four


def permute(gang: Gang, data: Value, source: Value) -> Value:
    """data[source[lane]] for each lane; `source` is below 32."""
    if "avx512f" in gang.module.features:
        return _sixteen(gang, data, source)
    if "avx2" in gang.module.features:
        return _eight(gang, data, source)
    emit = gang.emit
    stack = gang.slots.alloca(data.type, 64)
    emit.store(data, stack, 64)
    addresses = emit.put(ElementPointer(gang.vector_type(PTR), I32, [stack, emit.cast(
        "zext", source, gang.vector_type(I64))]))
    name = f"llvm.masked.gather.{mangled(data.type)}.{mangled(addresses.type)}"
    loaded = gang.intrinsic(name, data.type, [addresses, gang.all(), gang.undefined(data.type)])
    assert isinstance(loaded, Call)
    loaded.argument_attributes[0] = ("align 4",)
    return loaded


def slide(gang: Gang, data: Value, distance: Value) -> Value:
    """data[lane + distance] for each lane; anything where there is no such lane. `distance`, of all lanes, is an i32
    from -32 to 32."""
    emit, width = gang.emit, gang.width
    stack = gang.slots.alloca(gang.module.types.array(3 * width, I32), 64)
    emit.store(data, emit.offset(stack, 4 * width), 64)
    first = emit.cast("sext", emit.binary("add", distance, number(I32, width)), I64)
    return emit.load(data.type, emit.put(ElementPointer(PTR, I32, [stack, first])), 4)


def has_permute(gang: Gang) -> bool:
    """Whether a permute is as cheap as a slide."""
    return "avx512f" in gang.module.features


def _part(gang: Gang, vector: Value, first: int, count: int) -> Value:
    type_ = gang.module.types.vector(count, I32)
    numbers = AggregateConstant(type_, ("<", ">"), tuple(number(I32, first + each) for each in range(count)))
    return gang.emit.put(Simple("shufflevector", type_, [vector, gang.undefined(vector.type), numbers]))


def _joined(gang: Gang, low: Value, high: Value) -> Value:
    """One vector of two, or of all lanes."""
    count = 2 * low.type.count  # type: ignore[attr-defined]
    type_ = gang.module.types.vector(count, I32)
    numbers = AggregateConstant(type_, ("<", ">"), tuple(number(I32, each) for each in range(count)))
    return gang.emit.put(Simple("shufflevector", type_, [low, high, numbers]))


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
