"""Which loads and stores belong together: the fields of one struct or built-in vector type.

One by one they are accesses with a stride, an address for each lane. Together they are one range of memory, or at least
wider elements (see fields).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...ir.instructions import Call, ElementPointer, Instruction, MemoryAccess
from ...ir.types import ArrayType, FloatType, IntType, Type, VectorType, field_offsets, integer, struct_of
from ...ir.values import BasicBlock, Literal, Value
from .. import externals
from . import masked
from .access import Guess
from .intrinsics import same_for_same_operands
from .registers import field_of
from .shapes import VARYING, strides

if TYPE_CHECKING:
    from .gang import Gang

_MOST = 4
_DEPTH = 16
Key = tuple[object, ...]


class Group(NamedTuple):
    """Accesses of neighbouring fields. All happen where `lead` stands: the first load, the last store."""

    members: tuple[MemoryAccess, ...]  # by address
    lead: MemoryAccess
    size: int  # bytes of a field
    offset: int  # bytes from the first field to the lead's
    align: int  # of the first field
    places: tuple[int, ...]  # number of each member's field, the first one's is 0
    unit: int  # bytes of all fields, also of those that nobody accesses: lanes so far apart access one range

    @property
    def address(self) -> Value:
        return self.lead.operands[-1]

    @property
    def is_whole(self) -> bool:
        """Whether all fields of the unit are accessed."""
        return self.unit == self.size * len(self.members)


def find(gang: Gang) -> Mapping[Instruction, Group]:
    """The group of each load and store that is in one."""
    found: dict[Instruction, Group] = {}
    for block in gang.order.blocks:
        for group in _Search(gang).run(block):
            found.update(dict.fromkeys(group.members, group))
    return found


class _Search:
    """One block. `open` holds what could still be joined by others: nothing since then touched the memory."""

    def __init__(self, gang: Gang) -> None:
        self.gang = gang
        self.open: dict[Key, dict[int, MemoryAccess]] = {}
        self.found: list[Group] = []

    def run(self, block: BasicBlock) -> list[Group]:
        for it in block.instructions:
            if isinstance(it, MemoryAccess):
                if field_of(it) is None:
                    self._access(it)
            elif isinstance(it, Call):
                name = it.callee_name
                if not same_for_same_operands(name) and not externals.is_pure(name):
                    self._close(list(self.open))
            elif it.opcode in ("fence", "atomicrmw", "cmpxchg"):
                self._close(list(self.open))
        self._close(list(self.open))
        return self.found

    def _access(self, it: MemoryAccess) -> None:
        type_, address = it.operands[0].type if it.opcode == "store" else it.type, it.operands[-1]
        place: Key | None = None
        if not it.flags and not it.ordering and isinstance(type_, (IntType, FloatType)) \
                and type_.bits in (8, 16, 32, 64) and self.gang.shapes.of(address) != 0 \
                and self.gang.locals.scale(address) == 1:
            root, offset = located(address)
            place = (it.opcode, type_.bits, *root)
        # Loads go up to the first of them, stores down to the last.
        self._close([key for key in self.open if key != place and (it.opcode == "store" or key[0] == "store")])
        if place is None:
            return
        if offset in self.open.get(place, ()):
            self._close([place])
        self.open.setdefault(place, {})[offset] = it

    def _close(self, keys: Iterable[Key]) -> None:
        for key in keys:
            fields = self.open.pop(key)
            size = int(str(key[1])) // 8
            stride = self._stride(fields)
            # With masks for elements, the fields between those that are accessed cost little.
            reach = stride if stride in (2 * size, 3 * size, 4 * size) and masked.is_cheap(
                self.gang, integer(size * 8)) else 0
            run: list[int] = []
            for offset in sorted(fields):
                near = offset - run[0] < reach and (offset - run[0]) % size == 0 if run and reach else \
                    bool(run) and offset == run[-1] + size and len(run) < _MOST
                if run and not near:
                    self._add(fields, run, size, stride, reach)
                    run = []
                run.append(offset)
            self._add(fields, run, size, stride, reach)

    def _stride(self, fields: Mapping[int, MemoryAccess]) -> int | None:
        """Bytes from lane to lane, if that is known or guessed."""
        address = next(iter(fields.values())).operands[-1]
        shape = self.gang.shapes.of(address)
        return Guess(self.gang).stride(address) if shape == VARYING else int(str(shape))

    def _add(self, fields: Mapping[int, MemoryAccess], run: list[int], size: int, stride: int | None,
             reach: int) -> None:
        if not reach and (len(run) < 2 or (stride is not None and abs(stride) < size * len(run))):
            return  # neighbours of neighbouring lanes: each is contiguous by itself
        members = tuple(fields[offset] for offset in run)
        order = [each for each in fields.values() if each in members]
        lead = order[0] if members[0].opcode == "load" else order[-1]
        align = max(_divisor(offset - run[0], fields[offset].align or size) for offset in run)
        at = next(offset for offset in run if fields[offset] is lead)
        places = tuple((offset - run[0]) // size for offset in run)
        self.found.append(Group(members, lead, size, at - run[0], align, places, reach or size * len(run)))


def _divisor(offset: int, align: int) -> int:
    """What divides `address - offset` when `align` divides the address."""
    return min(align, offset & -offset) if offset else align


def located(address: Value) -> tuple[Key, int]:
    """What an address is made of but constants, and the bytes that the constants add."""
    offset = 0
    varying: list[tuple[int, Value]] = []
    for _ in range(_DEPTH):
        if not isinstance(address, ElementPointer):
            break
        for size, index in strides(address):
            if isinstance(index, Literal) and index.text.lstrip("-").isdigit():
                offset += size * int(index.text)
            else:
                varying.append((size, index))
        offset += field_bytes(address)
        address = address.operands[0]
    return (address, frozenset(varying), len(varying)), offset


def field_bytes(it: ElementPointer) -> int:
    """Bytes of the constant struct fields on the way."""
    type_: Type = it.source
    found = 0
    for index in it.operands[2:]:
        body = struct_of(type_)
        if body is not None:
            assert isinstance(index, Literal)
            found += field_offsets(body)[int(index.text)]
            type_ = body.fields[int(index.text)]
        else:
            assert isinstance(type_, (ArrayType, VectorType))
            type_ = type_.element
    return found


