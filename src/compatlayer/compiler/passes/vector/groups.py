"""Which loads and stores belong together: the fields of one struct or built-in vector type.

One by one they are accesses with a stride, an address for each lane. Together they are one range of memory, or at least
wider elements (see fields).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...ir.instructions import Call, ElementPointer, Instruction, MemoryAccess
from ...ir.types import ArrayType, FloatType, IntType, Type, VectorType, field_offsets, struct_of
from ...ir.values import BasicBlock, Literal, Value
from .. import externals
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

    @property
    def address(self) -> Value:
        return self.lead.operands[-1]

    @property
    def bytes(self) -> int:
        """Of all fields."""
        return self.size * len(self.members)


def find(gang: Gang) -> Mapping[Instruction, Group]:
    """The group of each load and store that is in one."""
    found: dict[Instruction, Group] = {}
    for block in gang.order.blocks:
        if sum(isinstance(it, MemoryAccess) for it in block.instructions) > 1:
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
            run: list[int] = []
            for offset in sorted(fields):
                if run and (offset != run[-1] + size or len(run) == _MOST):
                    self._add(fields, run, size)
                    run = []
                run.append(offset)
            self._add(fields, run, size)

    def _add(self, fields: Mapping[int, MemoryAccess], run: list[int], size: int) -> None:
        if len(run) < 2:
            return
        members = tuple(fields[offset] for offset in run)
        order = [each for each in fields.values() if each in members]
        lead = order[0] if members[0].opcode == "load" else order[-1]
        shape = self.gang.shapes.of(lead.operands[-1])
        stride = Guess(self.gang).stride(lead.operands[-1]) if shape == VARYING else shape
        if isinstance(stride, int) and abs(stride) < size * len(run):
            return  # neighbours of neighbouring lanes: each is contiguous by itself
        align = max(_divisor(offset - run[0], fields[offset].align or size) for offset in run)
        at = next(offset for offset in run if fields[offset] is lead)
        self.found.append(Group(members, lead, size, at - run[0], align))


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


