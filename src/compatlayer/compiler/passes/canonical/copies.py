"""memcpy, memmove and memset of a few known bytes become loads and stores of scalars.

Why: a gang would have to make the call lane by lane, and a stack slot whose address goes to a call stays in memory.
"""

from __future__ import annotations

from typing import NamedTuple

from ...ir.build import Emitter
from ...ir.instructions import Alloca, Call, ElementPointer
from ...ir.types import (
    I8,
    ArrayType,
    IntType,
    Type,
    VectorType,
    field_offsets,
    integer,
    size_bytes,
    struct_of,
)
from ...ir.values import Literal, Value, number
from .leaves import align_at, bits_of, zero

MOST_BYTES = 256
NAMES = ("llvm.memcpy.", "llvm.memmove.", "llvm.memset.")


class Unit(NamedTuple):
    """A scalar to move, `offset` bytes from the start."""

    offset: int
    type: Type


def expand(call: Call, emit: Emitter) -> bool:
    """Writes the loads and stores of `call`; False when it has to stay a call."""
    size = call.operands[2]
    if not isinstance(size, Literal) or not size.text.isdigit() or int(size.text) > MOST_BYTES:
        return False
    flags = ("volatile",) if isinstance(call.operands[3], Literal) and call.operands[3].text == "true" else ()
    if call.callee_name.startswith("llvm.memset"):
        _fill(call, int(size.text), flags, emit)
    else:
        _copy(call, int(size.text), flags, emit)
    return True


def _copy(call: Call, size: int, flags: tuple[str, ...], emit: Emitter) -> None:
    to, source = call.operands[:2]
    aligns = _align(call, 0), _align(call, 1)
    units = _natural(to, size) or _natural(source, size) or _blocks(0, size, _step(max(aligns)))
    loads: list[tuple[Unit, Value]] = []
    whole = call.callee_name.startswith("llvm.memmove")
    for unit in units:
        value: Value = emit.load(unit.type, emit.offset(source, unit.offset), align_at(aligns[1], unit.offset), flags)
        loads.append((unit, value))
        if not whole:
            _store(emit, value, to, unit, aligns[0], flags)
    if whole:
        for unit, value in loads:
            _store(emit, value, to, unit, aligns[0], flags)


def _fill(call: Call, size: int, flags: tuple[str, ...], emit: Emitter) -> None:
    to, byte = call.operands[:2]
    align = _align(call, 0)
    spread: dict[int, Value] = {}
    for unit in _natural(to, size) or _blocks(0, size, _step(align)):
        if isinstance(byte, Literal) and byte.text == "0":
            value: Value = zero(unit.type)
        else:
            bits = bits_of(unit.type)
            if bits not in spread:
                spread[bits] = _spread(emit, byte, bits)
            value, unit = spread[bits], Unit(unit.offset, integer(bits))
        _store(emit, value, to, unit, align, flags)


def _store(emit: Emitter, value: Value, to: Value, unit: Unit, align: int, flags: tuple[str, ...]) -> None:
    store = emit.store(value, emit.offset(to, unit.offset), align_at(align, unit.offset))
    store.flags = flags


def _spread(emit: Emitter, byte: Value, bits: int) -> Value:
    """`byte` in every byte of an integer."""
    ones = int.from_bytes(b"\x01" * (bits // 8), "little")
    type_ = integer(bits)
    if isinstance(byte, Literal) and byte.text.lstrip("-").isdigit():
        value = (int(byte.text) & 255) * ones
        return number(type_, value - (1 << bits) if value >> (bits - 1) else value)
    return byte if bits == 8 else emit.binary("mul", emit.cast("zext", byte, type_), number(type_, ones))


def _align(call: Call, index: int) -> int:
    return next((int(each[6:]) for each in call.argument_attributes[index] if each.startswith("align ")), 1)


# ---- which scalars -------------------------------------------------------------------------------
def _step(align: int) -> int:
    """Bytes to move at once where the type is not known: elements are often as large as their alignment."""
    return align if align in (2, 4) else 8


def _blocks(begin: int, end: int, step: int) -> list[Unit]:
    units: list[Unit] = []
    while begin < end:
        while begin + step > end:
            step //= 2
        units.append(Unit(begin, integer(8 * step)))
        begin += step
    return units


def _natural(address: Value, size: int) -> list[Unit]:
    """The scalars of a stack slot's own type that make up the bytes; empty when that type does not tell."""
    offset = 0
    while isinstance(address, ElementPointer):
        step = constant_offset(address)
        if step is None:
            return []
        offset += step
        address = address.operands[0]
    if not isinstance(address, Alloca) or offset < 0 or offset + size > size_bytes(address.allocated):
        return []
    found: list[Unit] = []
    if not _cover(address.allocated, 0, offset, offset + size, found):
        return []
    if not found or all(unit.type is I8 for unit in found):
        return []
    units: list[Unit] = []
    end = offset
    for unit in found:  # what lies between fields is copied too
        units += _blocks(end, unit.offset, _gap_step(unit.offset - end))
        units.append(unit)
        end = unit.offset + size_bytes(unit.type)
    units += _blocks(end, offset + size, _gap_step(offset + size - end))
    return [Unit(unit.offset - offset, unit.type) for unit in units]


def _gap_step(gap: int) -> int:
    return gap & -gap if gap and gap & -gap < 8 else 8


def _cover(type_: Type, base: int, begin: int, end: int, found: list[Unit]) -> bool:
    """Adds the scalars of a type at `base` that lie in [begin, end); False when one lies there partly."""
    size = size_bytes(type_)
    if base >= end or base + size <= begin:
        return True
    if isinstance(type_, (ArrayType, VectorType)):
        step = size_bytes(type_.element)
        if isinstance(type_, VectorType) and bits_of(type_.element) != 8 * step:
            return False
        first = max(0, (begin - base) // step)
        last = min(type_.count, -(-(end - base) // step))
        return all(_cover(type_.element, base + at * step, begin, end, found) for at in range(first, last))
    body = struct_of(type_)
    if body is not None:
        return all(_cover(field, base + offset, begin, end, found)
                   for field, offset in zip(body.fields, field_offsets(body), strict=False))
    if base < begin or base + size > end or bits_of(type_) != 8 * size:
        return False
    found.append(Unit(base, type_))
    return True


def constant_offset(it: ElementPointer) -> int | None:
    """Bytes that a getelementptr adds; None when they are not constant."""
    offset = 0
    type_: Type = it.source
    for level, index in enumerate(it.operands[1:]):
        if not isinstance(index, Literal) or not isinstance(index.type, IntType) \
                or not index.text.lstrip("-").isdigit():
            return None
        value = int(index.text)
        body = struct_of(type_) if level else None
        if level == 0:
            offset += value * size_bytes(type_)
        elif body is not None:
            offset += field_offsets(body)[value]
            type_ = body.fields[value]
        else:
            type_ = type_.element  # type: ignore[attr-defined]
            offset += value * size_bytes(type_)
    return offset
