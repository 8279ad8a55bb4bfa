"""Indices made by operations on bits, such as `i ^ distance` and `2 * i - (i & (length - 1))`.

With a distance or length of a gang and more, the lanes' addresses follow each other; the compiler cannot tell. A look
at the addresses is much cheaper than an access with an address for each lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.instructions import Cast, ElementPointer, Simple
from ...ir.types import I64, PTR
from ...ir.values import Literal, Value, number
from .shapes import VARYING

if TYPE_CHECKING:
    from .gang import Gang

_DEPTH = 8
_BITS = frozenset(("and", "or", "xor", "urem", "lshr"))
_LINEAR = frozenset(("add", "sub"))
_SCALED = frozenset(("mul", "shl"))


def may_follow(gang: Gang, address: Value) -> bool:
    """Whether an address varies because of such operations, and for no other reason."""
    return _kind(gang, address, 0) == "bits"


def _kind(gang: Gang, value: Value, depth: int) -> str | None:
    """Says bits, affine, or None for what else there is: loaded indices, steps that vary."""
    if gang.shapes.of(value) != VARYING:
        return "affine"
    if depth > _DEPTH or not isinstance(value, (Simple, Cast, ElementPointer)):
        return None
    kinds = {_kind(gang, each, depth + 1) for each in value.operands}
    if None in kinds:
        return None
    if isinstance(value, Simple):
        if value.opcode in _BITS:
            return "bits"
        if value.opcode not in _LINEAR and not (
                value.opcode in _SCALED and any(isinstance(each, Literal) for each in value.operands)):
            return None
    elif isinstance(value, Cast) and value.opcode not in ("sext", "zext", "trunc"):
        return None
    return "bits" if "bits" in kinds else "affine"


def follow(gang: Gang, address: Value, size: int) -> tuple[Value, Value]:
    """Whether the active lanes' addresses are `size` bytes apart, and lane 0's."""
    emit, words = gang.emit, gang.vector_type(I64)
    numbers = emit.put(Simple("freeze", words, [emit.cast("ptrtoint", gang.vector(address), words)]))
    first = gang.extract(numbers, number(I64, 0))
    same = emit.compare("eq", numbers, emit.binary("add", gang.broadcast(first), gang.iota(I64, size)))
    if gang.mask is not None:
        same = emit.select(gang.mask, same, gang.all())
    return emit.compare("eq", gang.bits(same), number(gang.bits_type, -1)), emit.cast("inttoptr", first, PTR)
