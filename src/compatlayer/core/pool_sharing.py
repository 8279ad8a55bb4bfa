"""Memory pools of several processes. Follows cuMemPoolExportToShareableHandle and its family.

A pool that can be exported keeps its blocks in one file, each at an offset of its own that is never used again; the
descriptor of that file is the exported pool, and offset and size of a block are the exported pointer. An importing
process maps what it imports and nothing else. It must free that before the exporter does, as documented: the exporter's
free makes the bytes anybody's. What was imported is unmapped when its device has nothing to do: programs free it in any
stream, as on other devices the addresses outlive the free.
"""

from __future__ import annotations

from itertools import count
from struct import Struct, error
from typing import TYPE_CHECKING

from compatlayer.backends.base import BackendError, MemoryKind
from compatlayer.backends.mapping import Backing, Mapper
from compatlayer.core import memory, sharing
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.core.sharing import Label
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.pool import Place, Pool

FILE_BYTES = 1 << 62
SLOT_BYTES = 1 << 36  # from one block's offset to the next one's
_MAGIC = 0x1BC0_0002
_POINTER = Struct("<IIQQ16s24x")  # magic, unused, offset, size, secret of the pool


class PoolFile:
    """The file that a pool's memory lies in: made by this process, or imported."""

    def __init__(self, device: Device, backing: Backing, label: Label, imported: bool) -> None:
        self.device = device
        self.mapper: Mapper = sharing.mapper_of(device)
        self.backing = backing
        self.label = label
        self.imported = imported
        self.offsets: dict[int, int] = {}  # of live blocks, by address
        self._slots = count(1)

    def obtain(self, size_bytes: int, charged: bool) -> tuple[int, int]:
        """Address and id of a new block; OUT_OF_MEMORY leaves nothing behind."""
        offset = next(self._slots) * SLOT_BYTES
        if size_bytes > SLOT_BYTES or offset + SLOT_BYTES > FILE_BYTES:
            raise CudaError(Status.OUT_OF_MEMORY, f"{size_bytes} bytes asked of a pool that can be shared; such pools "
                                                  f"give at most {SLOT_BYTES} bytes at once")
        if charged:
            memory.charge(self.device, self.mapper, size_bytes)
        try:
            return self.map(offset, size_bytes)
        except BaseException:
            if charged:
                self.mapper.discharge(size_bytes)
            raise

    def map(self, offset: int, size_bytes: int) -> tuple[int, int]:
        """Address and id of a block that the file has at `offset`."""
        try:  # as host memory, which nobody counts: memory of devices was counted before
            allocation = self.mapper.alloc(self.backing, offset, size_bytes, MemoryKind.HOST)
        except BackendError as error:
            raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
        self.offsets[allocation.base] = offset
        return allocation.base, allocation.id

    def give_back(self, base: int, size_bytes: int, charged: bool) -> None:
        """A block's end, here and (when this process made it) everywhere."""
        offset = self.offsets.pop(base)
        self.device.hardware.free(base)
        if self.imported:
            return
        page = self.mapper.page_bytes
        self.backing.discard(offset, -(-size_bytes // page) * page)
        if charged:
            self.mapper.discharge(size_bytes)

    def close(self) -> None:
        self.backing.close()


def make_file(device: Device, place: Place) -> PoolFile | None:
    """The file of a new pool; None for one that is not to be shared."""
    if not place.handle_types:
        return None
    where = (place.location_type, place.location_id)
    label = sharing.label_for(sharing.POOL, FILE_BYTES - sharing.FRONT_BYTES, where, place.handle_types)
    return PoolFile(device, sharing.create(sharing.mapper_of(device), label), label, imported=False)


def export_pool(pool: Pool) -> int:
    """cuMemPoolExportToShareableHandle: a new descriptor of the caller's."""
    from os import dup

    try:
        return dup(sharing.descriptor_of(_file_of(pool).backing))
    except (OSError, BackendError) as error:
        raise CudaError(Status.OPERATING_SYSTEM, f"the pool cannot be exported: {error}") from None


def import_pool(here: Device, devices: tuple[Device, ...], descriptor: int) -> Pool:
    """cuMemPoolImportFromShareableHandle: a pool that only imports pointers."""
    from compatlayer.core.pool import Place, Pool

    backing, label = sharing.open_descriptor(sharing.mapper_of(here), descriptor, sharing.POOL)
    device = sharing.device_of(label, here, devices)
    kind = MemoryKind.DEVICE if label.location[0] == sharing.LOCATION_DEVICE else MemoryKind.HOST
    place = Place(*label.location, 1, handle_types=label.handle_types)
    return Pool(device, kind, place, PoolFile(device, backing, label, imported=True))


def export_pointer(device: Device, address: int) -> bytes:
    """cuMemPoolExportPointer: 64 bytes for those who imported the pool."""
    from compatlayer.core.pool import Pool

    record = memory.live_at(address)
    pool = record.pool if record is not None else None
    if record is None or not isinstance(pool, Pool) or pool.file is None:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not memory of a pool that was made to be shared")
    return _POINTER.pack(_MAGIC, 0, _file_of(pool).offsets[address], record.size_bytes, pool.file.label.secret)


def import_pointer(pool: Pool, data: bytes) -> int:
    """cuMemPoolImportPointer: the address of another process's memory here."""
    from compatlayer.core.pool import block_bytes

    file = pool.file
    if file is None or not file.imported:
        raise CudaError(Status.INVALID_VALUE, "pointers are imported into a pool that was imported itself")
    try:
        magic, _, offset, size_bytes, secret = _POINTER.unpack(data)
    except error:
        magic = 0
    if magic != _MAGIC or secret != file.label.secret:
        raise CudaError(Status.INVALID_VALUE, "these 64 bytes are no pointer that was exported from this pool")
    if offset % SLOT_BYTES or not 0 < size_bytes <= SLOT_BYTES or not 0 < offset <= FILE_BYTES - SLOT_BYTES:
        raise CudaError(Status.INVALID_VALUE, f"the pointer names {size_bytes} bytes at {offset:#x}, which no pool has")
    base, ident = file.map(offset, block_bytes(size_bytes))
    pool.count(block_bytes(size_bytes))
    memory.adopt(Record(base, size_bytes, ident, pool.kind, pool.device, None, pool=pool))
    return base


def _file_of(pool: Pool) -> PoolFile:
    if pool.file is None or pool.file.imported:
        raise CudaError(Status.INVALID_VALUE, "the pool was not made to be exported (CUmemPoolProps.handleTypes), or "
                                              "was imported itself")
    return pool.file
