"""Virtual memory: addresses are reserved, memory is made without an address, and mappings join the two.

A mapping has a record like other live memory, so that copies, fills, stream memory operations and pointer attributes
take it; the record of a mapping leads to it. Access is what the pages of the mapping allow, so a kernel without it
stops at the access: the most that any location was given, as all devices of a process share its pages. Copies are
checked against the access of their own device. Follows "Virtual Memory Management" of the CUDA driver API.
"""

from __future__ import annotations

from itertools import count
from typing import ClassVar, NamedTuple

from compatlayer.backends.base import BackendError, BadArgument, MemoryKind
from compatlayer.backends.mapping import Backing, Mapper
from compatlayer.core import handles, memory, sharing
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.errors import CudaError, Status

LOCATION_DEVICE, LOCATION_HOST = 1, 2
READ, READ_WRITE = 1, 3
STORE_BYTES = 1 << 62
SLOT_BYTES = 1 << 36  # how far apart memory begins in the store of a device; its size costs nothing

_ids = count(1)
_stores: dict[Device, Backing] = {}
_slots = count()
_ranges: dict[int, int] = {}  # reserved ranges: base -> bytes


class Place(NamedTuple):
    """Where memory is, as its maker said it, and the device that it counts for."""

    device: Device
    location: tuple[int, int]  # CUmemLocationType and id
    on_host: bool


class Physical:
    """Memory without an address (CUmemGenericAllocationHandle). It lives while somebody holds it or has it mapped."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, place: Place, size_bytes: int, handle_types: int, backing: Backing, offset: int,
                 charged: bool, in_store: bool = False) -> None:
        self.place = place
        self.size_bytes = size_bytes
        self.handle_types = handle_types
        self.backing = backing
        self.offset = offset
        self.id = next(_ids)
        self.mappings: dict[Mapping, None] = {}
        self._holds: list[None] = [None]  # one for each creation, import or retain that was not released
        self._charged = charged
        self._in_store = in_store
        self._ends = [None]
        self.handle = handles.add(self)

    def retain(self) -> None:
        """One more hold, by whoever has a pointer to it."""
        self._holds.append(None)

    def release(self) -> None:
        """cuMemRelease: one hold less."""
        try:
            self._holds.pop()
        except IndexError:
            raise CudaError(Status.INVALID_VALUE, f"the memory {self.handle:#x} was released already") from None
        self.settle()

    def settle(self) -> None:
        """Give the memory back when nobody holds it any more."""
        if self._holds or self.mappings:
            return
        try:
            self._ends.pop()
        except IndexError:  # another thread does it
            return
        handles.remove(self.handle)
        mapper = sharing.mapper_of(self.place.device)
        if self._in_store:
            self.backing.discard(self.offset, self.size_bytes)
        else:
            self.backing.close()
        if self._charged:
            mapper.discharge(self.size_bytes)

    def export(self) -> int:
        """A new file descriptor of the caller's."""
        if not self.handle_types & sharing.POSIX_DESCRIPTOR:
            raise CudaError(Status.INVALID_VALUE, "the memory was not created for export as a file descriptor; set "
                                                  "CUmemAllocationProp.requestedHandleTypes")
        from os import dup

        try:
            return dup(sharing.descriptor_of(self.backing))
        except (OSError, BadArgument) as error:
            raise CudaError(Status.OPERATING_SYSTEM, f"the memory cannot be exported: {error}") from None


class Mapping:
    """Some of a physical memory's bytes at an address, with what each location may do there."""

    def __init__(self, base: int, size_bytes: int, physical: Physical, offset: int) -> None:
        self.base = base
        self.size_bytes = size_bytes
        self.physical = physical
        self.offset = offset
        self.access: dict[tuple[int, int], int] = {}

    @property
    def end(self) -> int:
        return self.base + self.size_bytes

    def range(self) -> tuple[int, int]:
        """Base and size of the reserved addresses that it lies in."""
        return range_at(self.base) or (self.base, self.size_bytes)


def range_at(address: int) -> tuple[int, int] | None:
    """Base and size of the reserved range that an address lies in."""
    for base, size_bytes in list(_ranges.items()):
        if base <= address < base + size_bytes:
            return base, size_bytes
    return None


def granularity(device: Device) -> int:
    """What sizes and addresses of mappings are multiples of, in bytes."""
    return sharing.mapper_of(device).granularity_bytes


def create(place: Place, size_bytes: int, handle_types: int) -> Physical:
    """cuMemCreate: zeros without an address."""
    mapper = sharing.mapper_of(place.device)
    _check_multiple(size_bytes, mapper, "the size")
    if size_bytes == 0:
        raise CudaError(Status.INVALID_VALUE, "an allocation of 0 bytes")
    memory.free_postponed()
    if size_bytes > 1 << 46:
        raise CudaError(Status.OUT_OF_MEMORY, f"{size_bytes} bytes asked")
    charged = not place.on_host
    if charged:
        memory.charge(place.device, mapper, size_bytes)
    try:
        if handle_types or size_bytes > SLOT_BYTES:
            label = sharing.label_for(sharing.PHYSICAL, size_bytes, place.location, handle_types)
            backing = sharing.create(mapper, label)
            return Physical(place, size_bytes, handle_types, backing, sharing.FRONT_BYTES, charged)
        store, offset = _store(place.device, mapper), next(_slots) * SLOT_BYTES
        if offset + SLOT_BYTES > STORE_BYTES:
            raise CudaError(Status.OUT_OF_MEMORY, "this process has made too many pieces of memory")
        return Physical(place, size_bytes, 0, store, offset, charged, in_store=True)
    except BaseException:
        if charged:
            mapper.discharge(size_bytes)
        raise


def _store(device: Device, mapper: Mapper) -> Backing:
    """The file that all memory of a device lies in that nobody exports: each on its own would need a descriptor."""
    store = _stores.get(device)
    if store is None:
        try:
            made = mapper.create(f"compatlayer memory of device {device.ordinal}", STORE_BYTES)
        except BackendError as error:
            raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
        store = _stores.setdefault(device, made)
        if store is not made:  # another thread was first
            made.close()
    return store


def import_descriptor(here: Device, devices: tuple[Device, ...], descriptor: int) -> Physical:
    """cuMemImportFromShareableHandle: memory that another process exported, or this one."""
    backing, label = sharing.open_descriptor(sharing.mapper_of(here), descriptor, sharing.PHYSICAL)
    place = Place(sharing.device_of(label, here, devices), label.location, label.location[0] != LOCATION_DEVICE)
    return Physical(place, label.size_bytes, label.handle_types, backing, sharing.FRONT_BYTES, charged=False)


def reserve(device: Device, size_bytes: int, alignment_bytes: int, wanted: int) -> int:
    """cuMemAddressReserve: addresses that nothing else gets."""
    mapper = sharing.mapper_of(device)
    page = mapper.page_bytes
    if size_bytes == 0 or size_bytes % page or wanted % page or alignment_bytes & (alignment_bytes - 1):
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes of addresses at {wanted:#x}: size and address must "
                                              f"be multiples of {page}, the alignment {alignment_bytes} a power of two")
    try:
        base = mapper.reserve(size_bytes, alignment_bytes, wanted)
    except BackendError as error:
        raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
    _ranges[base] = size_bytes
    return base


def release_range(device: Device, base: int, size_bytes: int) -> None:
    """cuMemAddressFree: a whole reserved range without mappings."""
    if _ranges.get(base) != size_bytes:
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {base:#x} are not one reserved range")
    try:
        sharing.mapper_of(device).release(base)
    except BackendError as error:
        raise CudaError(Status.INVALID_VALUE, f"{error}; call cuMemUnmap first") from None
    _ranges.pop(base, None)


def map_memory(base: int, size_bytes: int, offset: int, physical: Physical) -> None:
    """cuMemMap: no location has access yet."""
    device = physical.place.device
    mapper = sharing.mapper_of(device)
    for value, what in ((base, "the address"), (size_bytes, "the size"), (offset, "the offset")):
        _check_multiple(value, mapper, what)
    if size_bytes == 0 or offset + size_bytes > physical.size_bytes:
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes from {offset} on are not all of a memory of "
                                              f"{physical.size_bytes} bytes")
    mapping = Mapping(base, size_bytes, physical, offset)
    physical.mappings[mapping] = None
    try:
        allocation = mapper.map(base, size_bytes, physical.backing, physical.offset + offset)
    except BackendError as error:
        physical.mappings.pop(mapping, None)
        status = Status.INVALID_VALUE if isinstance(error, BadArgument) else Status.OUT_OF_MEMORY
        raise CudaError(status, str(error)) from None
    kind = MemoryKind.HOST if physical.place.on_host else MemoryKind.DEVICE
    memory.adopt(Record(base, size_bytes, allocation.id, kind, device, None, mapping=mapping))


def unmap(base: int, size_bytes: int) -> None:
    """cuMemUnmap: one or several whole mappings, one behind the other. Work that uses them must be done."""
    for mapping in _whole(base, size_bytes):
        record = memory.live_at(mapping.base)
        if record is None or record.mapping is not mapping or not memory.take(record):
            raise CudaError(Status.INVALID_VALUE, f"{mapping.base:#x} was unmapped by another thread")
        physical = mapping.physical
        sharing.mapper_of(physical.place.device).unmap(mapping.base)
        physical.mappings.pop(mapping, None)
        physical.settle()


def set_access(base: int, size_bytes: int, changes: dict[tuple[int, int], int]) -> None:
    """cuMemSetAccess for one or several whole mappings."""
    for mapping in _whole(base, size_bytes):
        mapping.access.update(changes)
        mapper = sharing.mapper_of(mapping.physical.place.device)
        try:
            mapper.protect(mapping.base, max(mapping.access.values(), default=0))
        except BackendError as error:
            raise CudaError(Status.INVALID_VALUE, str(error)) from None


def mapping_at(device: Device, address: int) -> Mapping:
    """The mapping that an address lies in; INVALID_VALUE when there is none."""
    record = memory.find(device, address)
    if record is None or not isinstance(record.mapping, Mapping):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not mapped by cuMemMap")
    return record.mapping


def check_access(record: Record, device: Device, address: int, size_bytes: int, writes: bool, what: str) -> bool:
    """INVALID_VALUE unless the device may use [address, address + size), which can go on in the next mappings.

    Answers whether one of them asks for synchronous copies.
    """
    at, end, waits = address, address + size_bytes, False
    found: Record | None = record
    while True:
        mapping = found.mapping if found is not None else None
        if found is None or not isinstance(mapping, Mapping):
            raise CudaError(Status.INVALID_VALUE, f"{what} {address:#x} + {size_bytes} bytes: nothing is mapped at "
                                                  f"{at:#x}")
        flags = mapping.access.get((LOCATION_DEVICE, device.ordinal), 0)
        if flags != READ_WRITE and (writes or flags != READ):
            raise CudaError(Status.INVALID_VALUE, f"{what} {at:#x}: {device} has no access to it for this; call "
                                                  "cuMemSetAccess")
        waits = waits or found.sync_memops
        at = mapping.end
        if at >= end:
            return waits
        found = memory.live_at(at)


def _whole(base: int, size_bytes: int) -> list[Mapping]:
    """The mappings that make up exactly this range."""
    if base % 4096 or size_bytes == 0:
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {base:#x} are no mappings")
    found, at = [], base
    while at < base + size_bytes:
        record = memory.live_at(at)
        if record is None or not isinstance(record.mapping, Mapping) or record.mapping.end > base + size_bytes:
            raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {base:#x} are not whole mappings, one behind "
                                                  f"the other: look at {at:#x}")
        found.append(record.mapping)
        at = record.mapping.end
    return found


def _check_multiple(value: int, mapper: Mapper, what: str) -> None:
    if value % mapper.granularity_bytes:
        raise CudaError(Status.INVALID_VALUE, f"{what} {value:#x} is not a multiple of {mapper.granularity_bytes}, the "
                                              "granularity (cuMemGetAllocationGranularity)")
