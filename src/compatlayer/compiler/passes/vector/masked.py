"""Accesses of some of the lanes, as the processor does them best.

Where it has no cheap instruction for them, a test whether all lanes are active picks plain code, or lane follows lane.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ir.build import mangled
from ...ir.instructions import Call, ElementPointer, MemoryAccess, Phi
from ...ir.types import PTR, VOID, Type, size_bytes
from ...ir.values import BasicBlock, Value, number
from .gang import Gang

_WORDS = (4, 8)


def load(gang: Gang, base: Value, type_: Type, align: int) -> Value:
    """Elements that follow each other, lane 0's at `base`."""
    whole = gang.vector_type(type_)
    align = align or size_bytes(type_)

    def plain() -> Value:
        return gang.emit.load(whole, base, align)

    def masked() -> Value:
        name = f"llvm.masked.load.{mangled(whole)}.p0"
        return aligned(gang.intrinsic(name, whole, [base, _mask(gang), gang.undefined(whole)]), 0, align)

    def one(lane: Value) -> Value:
        return gang.emit.load(type_, _element(gang, base, type_, lane), align)

    if gang.mask is None:
        return plain()
    if is_cheap(gang, type_):
        return masked()
    return _all_or_some(gang, plain, masked if _exists(gang, type_) else lambda: _in_turn(gang, "load", one, type_))


def store(gang: Gang, value: Value, base: Value, type_: Type, align: int) -> None:
    """Stores `value` in elements that follow each other, lane 0's at `base`."""
    align = align or size_bytes(type_)

    def plain() -> None:
        gang.emit.put(MemoryAccess("store", VOID, [value, base], (), align))

    def masked() -> None:
        name = f"llvm.masked.store.{mangled(value.type)}.p0"
        aligned(gang.intrinsic(name, VOID, [value, base, _mask(gang)]), 1, align)

    def in_turn() -> None:
        kept = _in_memory(gang, value)
        gang.each_lane("store", lambda lane: gang.emit.store(
            gang.emit.load(type_, _element(gang, kept, type_, lane)), _element(gang, base, type_, lane), align))

    if gang.mask is None:
        plain()
    elif is_cheap(gang, type_):
        masked()
    else:
        _all_or_some(gang, plain, masked if _exists(gang, type_) else in_turn)


def gather(gang: Gang, addresses: Value, type_: Type, align: int) -> Value:
    """Each active lane's own element."""
    whole = gang.vector_type(type_)

    def gathered(mask: Value) -> Value:
        name = f"llvm.masked.gather.{mangled(whole)}.{mangled(addresses.type)}"
        return aligned(gang.intrinsic(name, whole, [addresses, mask, gang.undefined(whole)]), 0, align)

    def in_turn() -> Value:
        kept = _in_memory(gang, addresses)
        return _in_turn(gang, "gather", lambda lane: gang.emit.load(type_, gang.emit.load(
            PTR, _element(gang, kept, PTR, lane)), align or size_bytes(type_)), type_)

    if gang.mask is None or _gathers(gang, type_):
        return gathered(_mask(gang))
    return _all_or_some(gang, lambda: gathered(gang.all()), in_turn)


def scatter(gang: Gang, value: Value, addresses: Value, type_: Type, align: int) -> None:
    """Stores each active lane's element at its own address; the last lane's stays where several are the same."""

    def scattered(mask: Value) -> None:
        name = f"llvm.masked.scatter.{mangled(value.type)}.{mangled(addresses.type)}"
        aligned(gang.intrinsic(name, VOID, [value, addresses, mask]), 1, align)

    def in_turn() -> None:
        kept, places = _in_memory(gang, value), _in_memory(gang, addresses)
        gang.each_lane("scatter", lambda lane: gang.emit.store(
            gang.emit.load(type_, _element(gang, kept, type_, lane)),
            gang.emit.load(PTR, _element(gang, places, PTR, lane)), align or size_bytes(type_)))

    if gang.mask is None or _gathers(gang, type_):
        scattered(_mask(gang))
    else:
        _all_or_some(gang, lambda: scattered(gang.all()), in_turn)


# ---- what the processor has ------------------------------------------------------------------------
def is_cheap(gang: Gang, type_: Type) -> bool:
    """Whether an access of some lanes costs no more than one of all: AVX2's can take a hundred times as long."""
    return "avx512f" in gang.module.features and _exists(gang, type_)


def _exists(gang: Gang, type_: Type) -> bool:
    features, size = gang.module.features, size_bytes(type_)
    if size in _WORDS:
        return "avx2" in features
    return size < 4 and "avx512bw" in features


def _gathers(gang: Gang, type_: Type) -> bool:
    """Whether a gather or scatter of some lanes is an instruction; those of AVX2 are slow, so LLVM hardly uses them."""
    return size_bytes(type_) in _WORDS and "avx512f" in gang.module.features


# ---- emission --------------------------------------------------------------------------------------
def _mask(gang: Gang) -> Value:
    return gang.all() if gang.mask is None else gang.mask


def aligned(call: Value, argument: int, align: int) -> Value:
    assert isinstance(call, Call)
    if align > 1:
        call.argument_attributes[argument] = (f"align {align}",)
    return call


def _element(gang: Gang, base: Value, type_: Type, lane: Value) -> Value:
    return gang.emit.put(ElementPointer(PTR, type_, [base, lane]))


def _in_memory(gang: Gang, vector: Value) -> Value:
    """An element whose number is not constant is cheap there."""
    place = gang.slots.alloca(vector.type, 64)
    gang.emit.store(vector, place, 64)
    return place


def _in_turn(gang: Gang, name: str, one: Callable[[Value], Value], type_: Type) -> Value:
    found = gang.each_lane(name, one, type_)
    assert found is not None
    return found


def _all_or_some(gang: Gang, all_: Callable[[], Value | None], some: Callable[[], Value | None]) -> Value:
    """`all_` where every lane is active, else `some`; answers their result, anything if they have none."""
    found = by_lanes(gang, lambda: _listed(all_()), lambda: _listed(some()))
    return found[0] if found else gang.all()


def _listed(value: Value | None) -> list[Value]:
    return [] if value is None else [value]


def by_lanes(gang: Gang, all_: Callable[[], list[Value]], some: Callable[[], list[Value]]) -> list[Value]:
    """`all_` where every lane is active, else `some`."""
    full = gang.emit.compare("eq", gang.bits(gang.mask), number(gang.bits_type, -1))
    return two_ways(gang, full, ("whole", "part"), all_, some)


def two_ways(gang: Gang, condition: Value, names: tuple[str, str], yes: Callable[[], list[Value]],
             no: Callable[[], list[Value]]) -> list[Value]:
    """The code that a scalar condition picks; both answer the same number of values."""
    blocks = [gang.new_block(name) for name in names]
    end = gang.new_block("either")
    gang.branch(condition, *blocks)
    results: list[tuple[list[Value], BasicBlock]] = []
    for block, way in zip(blocks, (yes, no), strict=True):
        gang.open(block)
        gang.arm(lambda way=way: results.append((way(), gang.blocks[-1])))  # type: ignore[misc]
        gang.jump(end)
    gang.open(end)
    (first, first_block), (second, second_block) = results
    return [gang.emit.put(Phi(one.type, [one, other], [first_block, second_block]))
            for one, other in zip(first, second, strict=True)]
