"""Loads and stores of the fields of structs that lie side by side: wide accesses, taken apart and joined in registers.

Where the lanes' structs follow each other, memory is one range of words. Elsewhere every lane has an address, and its
fields go as words of up to eight bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.build import mangled
from ...ir.instructions import ElementPointer, MemoryAccess, Simple
from ...ir.types import I8, I32, I64, VOID, IntType, Type, VectorType, integer
from ...ir.values import AggregateConstant, Literal, Value, number
from . import masked
from .access import either
from .gang import Gang
from .groups import Group

_WORD = 8  # the largest element that vector instructions know


def emit(gang: Gang, group: Group) -> None:
    """Emits all accesses of the group."""
    if group.lead.opcode == "load":
        found = either(gang, group.address, group.unit, lambda base: _load(gang, group, base),
                       lambda: _gather(gang, group))
        for it, value in zip(group.members, found, strict=True):
            gang.define(it, _as(gang, value, gang.vector_type(it.type)))
        return
    fields = []
    for it in group.members:
        value = gang.vector(it.operands[0])
        fields.append(_as(gang, value, gang.vector_type(integer(group.size * 8))))
    either(gang, group.address, group.unit, lambda base: _store(gang, group, fields, base),
           lambda: _scatter(gang, group, fields))


def _as(gang: Gang, value: Value, type_: Type) -> Value:
    return gang.emit.cast("bitcast", value, type_)


# ---- one range of memory -----------------------------------------------------------------------------
def _load(gang: Gang, group: Group, base: Value) -> list[Value]:
    word = _word(group.unit)
    count = group.unit // word
    type_ = gang.module.types.vector(count * gang.width, integer(word * 8))
    start = _back(gang, base, group.offset)

    def fields(whole: Value) -> list[Value]:
        words = [_shuffle(gang, whole, None, range(at, count * gang.width, count)) for at in range(count)]
        return [field for each in words for field in _split(gang, each, group.size)]

    if not group.is_whole:
        return _load_some(gang, group, start)
    if gang.mask is None:
        return fields(gang.emit.load(type_, start, group.align))
    if not masked.is_cheap(gang, integer(word * 8)):
        return masked.by_lanes(gang, lambda: fields(gang.emit.load(type_, start, group.align)),
                               lambda: _gather(gang, group))
    call = gang.intrinsic(f"llvm.masked.load.{mangled(type_)}.p0", type_, [
        start, _repeat(gang, gang.mask, count), Literal(type_, "poison")])
    return fields(masked.aligned(call, 0, group.align))


def _load_some(gang: Gang, group: Group, start: Value) -> list[Value]:
    count = group.unit // group.size
    type_ = gang.module.types.vector(count * gang.width, integer(group.size * 8))
    call = gang.intrinsic(f"llvm.masked.load.{mangled(type_)}.p0", type_, [
        start, _elements(gang, group), Literal(type_, "poison")])
    whole = masked.aligned(call, 0, group.align)
    return [_shuffle(gang, whole, None, range(place, count * gang.width, count)) for place in group.places]


def _store_some(gang: Gang, group: Group, fields: list[Value], start: Value) -> list[Value]:
    all_: list[Value] = [gang.undefined(gang.vector_type(integer(group.size * 8)))] * (group.unit // group.size)
    for place, value in zip(group.places, fields, strict=True):
        all_[place] = value
    whole = _zip(gang, all_)
    call = gang.intrinsic(f"llvm.masked.store.{mangled(whole.type)}.p0", VOID, [whole, start, _elements(gang, group)])
    masked.aligned(call, 1, group.align)
    return []


def _elements(gang: Gang, group: Group) -> Value:
    """The mask of the fields that the active lanes access."""
    picks = [lane if place in group.places else gang.width
             for lane in range(gang.width) for place in range(group.unit // group.size)]
    return _shuffle(gang, gang.all() if gang.mask is None else gang.mask, gang.none(), picks)


def _store(gang: Gang, group: Group, fields: list[Value], base: Value) -> list[Value]:
    word = _word(group.unit)
    each = word // group.size
    start = _back(gang, base, group.offset)
    if not group.is_whole:
        return _store_some(gang, group, fields, start)

    def plain() -> list[Value]:
        whole = _zip(gang, [_join(gang, fields[at: at + each]) for at in range(0, len(fields), each)])
        gang.emit.put(MemoryAccess("store", VOID, [whole, start], (), group.align))
        return []

    if gang.mask is None:
        return plain()
    if not masked.is_cheap(gang, integer(word * 8)):
        return masked.by_lanes(gang, plain, lambda: _scatter(gang, group, fields))
    whole = _zip(gang, [_join(gang, fields[at: at + each]) for at in range(0, len(fields), each)])
    mask = _repeat(gang, gang.mask, group.unit // word)
    call = gang.intrinsic(f"llvm.masked.store.{mangled(whole.type)}.p0", VOID, [whole, start, mask])
    masked.aligned(call, 1, group.align)
    return []


def _word(size: int) -> int:
    return min(_WORD, size & -size)


def _repeat(gang: Gang, mask: Value, count: int) -> Value:
    """The mask with every lane `count` times."""
    if count == 1:
        return mask
    return _shuffle(gang, mask, None, [lane for lane in range(gang.width) for _ in range(count)])


# ---- an address for each lane ------------------------------------------------------------------------
def _gather(gang: Gang, group: Group) -> list[Value]:
    addresses = gang.vector(group.address)
    found: list[Value] = []
    for at, size in _pieces(group):
        place = _back(gang, addresses, group.offset - at)
        piece = masked.gather(gang, place, integer(size * 8), _align(group, at))
        found += _split(gang, piece, group.size)
    return found


def _scatter(gang: Gang, group: Group, fields: list[Value]) -> list[Value]:
    addresses = gang.vector(group.address)
    for at, size in _pieces(group):
        first = group.places.index(at // group.size)
        piece = _join(gang, fields[first: first + size // group.size])
        place = _back(gang, addresses, group.offset - at)
        masked.scatter(gang, piece, place, integer(size * 8), _align(group, at))
    return []


def _pieces(group: Group) -> list[tuple[int, int]]:
    """Offset and bytes of the words that the fields make."""
    if not group.is_whole:
        return [(place * group.size, group.size) for place in group.places]
    found: list[tuple[int, int]] = []
    at = 0
    while at < group.unit:
        size = _WORD
        while size > group.unit - at:
            size //= 2
        found.append((at, size))
        at += size
    return found


def _align(group: Group, at: int) -> int:
    return min(group.align, at & -at) if at else group.align


def _back(gang: Gang, address: Value, offset: int) -> Value:
    """The address, or the vector of addresses, minus bytes."""

    if not offset:
        return address
    step = number(I64, -offset)
    if isinstance(address.type, VectorType):
        return gang.emit.put(ElementPointer(address.type, I8, [address, gang.vector(step)]))
    return gang.emit.put(ElementPointer(address.type, I8, [address, step]))


# ---- words and fields --------------------------------------------------------------------------------
def _split(gang: Gang, word: Value, size: int) -> list[Value]:
    """The fields of `size` bytes that each lane's word holds, the lowest first."""
    half = _bits(word) // 16
    if half < size:
        return [word]
    twice = _as(gang, word, gang.module.types.vector(2 * gang.width, integer(half * 8)))
    low, high = (_shuffle(gang, twice, None, range(at, 2 * gang.width, 2)) for at in (0, 1))
    return _split(gang, low, size) + _split(gang, high, size)


def _join(gang: Gang, fields: Sequence[Value]) -> Value:
    """One word for each lane."""
    if len(fields) == 1:
        return fields[0]
    half = len(fields) // 2
    halves = [_join(gang, fields[:half]), _join(gang, fields[half:])]
    return _as(gang, _zip(gang, halves), gang.vector_type(integer(2 * _bits(halves[0]))))


def _zip(gang: Gang, words: list[Value]) -> Value:
    """Lane 0's words, then lane 1's: one vector."""
    width, count = gang.width, len(words)
    if count == 1:
        return words[0]
    # A shuffle has two operands: they are joined end to end in pairs until two are left.
    parts, size = list(words), width
    while len(parts) > 2:
        pairs = [parts[at: at + 2] for at in range(0, len(parts), 2)]
        parts = [_shuffle(gang, pair[0], pair[1] if len(pair) > 1 else None, [
            at if at < len(pair) * size else -1 for at in range(2 * size)]) for pair in pairs]
        size *= 2
    return _shuffle(gang, parts[0], parts[1], [word * width + lane for lane in range(width) for word in range(count)])


def _bits(vector: Value) -> int:
    assert isinstance(vector.type, VectorType) and isinstance(vector.type.element, IntType)
    return vector.type.element.bits


def _shuffle(gang: Gang, first: Value, second: Value | None, picks: Sequence[int]) -> Value:
    """The elements of both operands that `picks` numbers (-1: any)."""
    types = gang.module.types
    assert isinstance(first.type, VectorType)
    if list(picks) == list(range(first.type.count)):
        return first
    chosen = AggregateConstant(types.vector(len(picks), I32), ("<", ">"), tuple(
        Literal(I32, "poison") if each < 0 else number(I32, each) for each in picks))
    return gang.emit.put(Simple("shufflevector", types.vector(len(picks), first.type.element), [
        first, Literal(first.type, "poison") if second is None else second, chosen]))
