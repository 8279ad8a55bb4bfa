"""The scalars that vectors, arrays and structs are made of: their types, their places in memory, their constants."""

from __future__ import annotations

from typing import NamedTuple

from ...ir.types import (
    I1,
    ArrayType,
    FloatType,
    IntType,
    NamedType,
    PointerType,
    StructType,
    Type,
    VectorType,
    field_offsets,
    size_bytes,
    struct_of,
)
from ...ir.values import AggregateConstant, Literal, Value, string_bytes
from ..unsupported import Unsupported

COMPOSITE = frozenset((VectorType, ArrayType, StructType, NamedType))
_MOST = 512  # scalars of one value


class Leaf(NamedTuple):
    """A scalar inside a value; `offset` in bytes, -1 when it does not begin at a byte (`<4 x i1>`)."""

    type: Type
    offset: int


class Leaves:
    """The scalars of each type, in the order in which extractvalue counts them."""

    def __init__(self) -> None:
        self._known: dict[Type, list[Leaf]] = {}

    def of(self, type_: Type) -> list[Leaf]:
        found = self._known.get(type_)
        if found is None:
            found = self._known[type_] = self._of(type_)
            if len(found) > _MOST:
                raise Unsupported(f"a value of type {type_.text} outside memory")
        return found

    def _of(self, type_: Type) -> list[Leaf]:
        if isinstance(type_, VectorType):
            bits = bits_of(type_.element)
            step = bits // 8 if bits % 8 == 0 else 0
            return [Leaf(type_.element, at * step if step else -1) for at in range(type_.count)]
        if isinstance(type_, ArrayType):
            if type_.count > _MOST:
                raise Unsupported(f"a value of type {type_.text} outside memory")
            inner, step = self.of(type_.element), size_bytes(type_.element)
            return [_moved(leaf, at * step) for at in range(type_.count) for leaf in inner]
        body = struct_of(type_)
        if body is not None:
            return [_moved(leaf, offset) for field, offset in zip(body.fields, field_offsets(body), strict=False)
                    for leaf in self.of(field)]
        return [Leaf(type_, 0)]

    def position(self, type_: Type, indices: tuple[int, ...]) -> tuple[int, Type]:
        """Where the leaves of the part at `indices` begin, and the part's type."""
        at = 0
        for index in indices:
            body = struct_of(type_)
            if body is not None:
                at += sum(len(self.of(field)) for field in body.fields[:index])
                type_ = body.fields[index]
            else:
                type_ = type_.element  # type: ignore[attr-defined]
                at += index * len(self.of(type_))
        return at, type_

    def constant(self, value: Value) -> list[Value]:
        """The scalars of a constant."""
        type_ = value.type
        if isinstance(value, Literal):
            if value.text in ("undef", "poison"):
                return [Literal(leaf.type, value.text) for leaf in self.of(type_)]
            if value.text == "zeroinitializer":
                return [zero(leaf.type) for leaf in self.of(type_)]
            if value.text.startswith("c"):
                assert isinstance(type_, ArrayType)
                return [Literal(type_.element, str(byte)) for byte in string_bytes(value.text)]
        elif isinstance(value, AggregateConstant):
            parts = [scalar for element in value.elements for scalar in self.scalars(element)]
            if value.brackets[0].startswith("splat"):
                parts *= type_.count  # type: ignore[attr-defined]
            return parts
        raise Unsupported(f"a constant of type {type_.text} that is computed when the program is loaded")

    def scalars(self, value: Value) -> list[Value]:
        return self.constant(value) if type(value.type) in COMPOSITE else [value]


def _moved(leaf: Leaf, by: int) -> Leaf:
    return leaf if leaf.offset < 0 or by == 0 else Leaf(leaf.type, leaf.offset + by)


def zero(type_: Type) -> Literal:
    if isinstance(type_, PointerType):
        return Literal(type_, "null")
    if isinstance(type_, FloatType):
        return Literal(type_, "0.0")
    return Literal(type_, "false" if type_ is I1 else "0")


def bits_of(type_: Type) -> int:
    """Bits of a scalar."""
    return type_.bits if isinstance(type_, (IntType, FloatType)) else 64


def align_at(align: int, offset: int) -> int:
    """The alignment known at `offset` bytes behind something aligned to `align`."""
    return min(align, offset & -offset) if offset else align
