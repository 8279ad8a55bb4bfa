"""Memory: what is allocated, by whom, and when it may go.

The table of records is the truth about live memory; sizes in bytes, addresses are integers. Module globals have no
record: the backend knows them. Follows "Memory Management" of the CUDA driver API.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from compatlayer.backends.base import BackendError, BadArgument, DomainFaulted, MemoryKind, Unsupported
from compatlayer.backends.mapping import Mapper
from compatlayer.core import capture_mode, host_function
from compatlayer.core.context import Context
from compatlayer.core.device import Device
from compatlayer.errors import CudaError, Status

__all__ = ["HOST_KINDS", "MemoryKind", "Record", "Shared", "adopt", "allocate", "allocate_pitched", "charge",
           "covering", "end", "find", "forget", "free", "free_host", "free_postponed", "live_at", "live_records",
           "obtain", "reaches", "register_host", "take", "unregister_host"]

PITCH_ALIGNMENT = 512
IO_MEMORY = 4  # CU_MEMHOSTREGISTER_IOMEMORY
HOST_KINDS = (MemoryKind.HOST, MemoryKind.REGISTERED)


class Shared(Protocol):
    """What keeps memory that lies in a file; it goes with the memory."""

    imported: bool  # from another process

    def close(self) -> None: ...


class Record:
    """One live range. `context` is where it was made; `pool` is set for stream-ordered memory, `mapping` for memory
    that was mapped at reserved addresses (core/virtual.py), `shared` for memory that other processes may have too
    (core/ipc.py)."""

    __slots__ = ("base", "context", "device", "flags", "id", "kind", "mapping", "pool", "shared", "size_bytes",
                 "sync_memops")

    def __init__(self, base: int, size_bytes: int, ident: int, kind: MemoryKind, device: Device,
                 context: Context | None, flags: int = 0, pool: object | None = None,
                 mapping: object | None = None) -> None:
        self.base = base
        self.size_bytes = size_bytes
        self.id = ident
        self.kind = kind
        self.device = device
        self.context = context
        self.flags = flags
        self.pool = pool
        self.mapping = mapping
        self.shared: Shared | None = None
        self.sync_memops = False

    @property
    def on_host(self) -> bool:
        return self.kind in HOST_KINDS


_records: dict[int, Record] = {}
_later: deque[Record] = deque()  # frees that came from the host-callback thread


def allocate(context: Context, size_bytes: int, kind: MemoryKind, flags: int = 0) -> Record:
    """Memory that belongs to `context`; OUT_OF_MEMORY leaves nothing behind."""
    context.check()
    if capture_mode.active:
        capture_mode.refuse_unsafe("an allocation")
    if size_bytes == 0:
        raise CudaError(Status.INVALID_VALUE, "an allocation of 0 bytes")
    free_postponed()
    domain = context.live_domain()
    record = obtain(context.device, size_bytes, kind, context, flags)
    context.allocations[record.base] = forget
    if context.domain is not domain and context.allocations.pop(record.base, None) is not None:
        forget(record.base)  # another thread ended the context, and has not seen it
        context.device.hardware.free(record.base)
        context.live_domain()
    return record


def obtain(device: Device, size_bytes: int, kind: MemoryKind, context: Context | None, flags: int = 0) -> Record:
    """Memory with a record, owned by the caller. Cached pool memory is given up before OUT_OF_MEMORY."""
    from compatlayer.core import graph_memory, pool

    try:
        try:
            allocation = device.hardware.alloc(size_bytes, kind)
        except BackendError:
            if not pool.release_all(device) + graph_memory.usage(device).trim():
                raise
            allocation = device.hardware.alloc(size_bytes, kind)
    except (DomainFaulted, Unsupported) as error:
        if context is None:
            raise CudaError(Status.NOT_SUPPORTED, f"{error}") from None
        raise context.translate(error) from None
    except BackendError as error:
        raise CudaError(Status.OUT_OF_MEMORY, f"{error}") from None
    record = Record(allocation.base, size_bytes, allocation.id, kind, device, context, flags)
    _records[record.base] = record
    return record


def allocate_pitched(context: Context, width_bytes: int, height: int, element_bytes: int) -> tuple[Record, int]:
    """Rows at a pitch that is good for 2-D copies; returns the memory and the pitch in bytes."""
    if element_bytes not in (4, 8, 16):
        raise CudaError(Status.INVALID_VALUE, f"the element size must be 4, 8 or 16 bytes, not {element_bytes}")
    pitch = -(-width_bytes // PITCH_ALIGNMENT) * PITCH_ALIGNMENT
    return allocate(context, pitch * height, MemoryKind.DEVICE), pitch


def free(address: int) -> None:
    """cuMemFree: end device, managed or pool memory after the work of its context. 0 is no memory and no error."""
    if address == 0:
        return
    if capture_mode.active:
        capture_mode.refuse_unsafe("freeing memory")
    record = _records.get(address)
    if record is None or record.mapping is not None or (record.on_host and record.pool is None):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not the start of live device memory")
    if record.shared is not None and record.shared.imported:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} belongs to another process; call cuIpcCloseMemHandle")
    if record.pool is not None:
        record.pool.may_free(record)  # type: ignore[attr-defined]
    end(record)
    if record.context is not None and record.context.alive:
        record.context.check()


def free_host(address: int) -> None:
    """cuMemFreeHost: end pinned memory."""
    if capture_mode.active:
        capture_mode.refuse_unsafe("freeing memory")
    record = _records.get(address)
    if record is None or record.kind is not MemoryKind.HOST or not record.pool is record.mapping is None:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not the start of live pinned host memory")
    end(record)


def register_host(context: Context, address: int, size_bytes: int, flags: int) -> None:
    """cuMemHostRegister: let the device use host memory that the program owns."""
    if address == 0 or size_bytes == 0 or flags & ~0xF:
        raise CudaError(Status.INVALID_VALUE, f"cannot register {size_bytes} bytes at {address:#x}, flags {flags:#x}")
    if flags & IO_MEMORY:
        raise CudaError(Status.NOT_SUPPORTED, "CU_MEMHOSTREGISTER_IOMEMORY is for memory of other PCI devices, which "
                                              "this device does not reach")
    context.check()
    hardware = context.device.hardware
    try:
        for end_address in (address, min(address + size_bytes, 1 << 64) - 1):
            hardware.snapshot(end_address, 1)
    except BadArgument:
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {address:#x} are not mapped memory") from None
    try:
        hardware.adopt(address, size_bytes, MemoryKind.REGISTERED)
    except BadArgument:
        raise CudaError(Status.HOST_MEMORY_ALREADY_REGISTERED,
                        f"{size_bytes} bytes at {address:#x} overlap memory that is known already") from None
    allocation = hardware.find(address)
    assert allocation is not None
    _records[address] = Record(address, size_bytes, allocation.id, allocation.kind, context.device, context, flags)
    context.allocations[address] = forget


def unregister_host(address: int) -> None:
    """cuMemHostUnregister: the program takes its memory back, after the context's work."""
    record = _records.get(address)
    if record is None or record.kind is not MemoryKind.REGISTERED:
        inside = any(one.kind is MemoryKind.REGISTERED and one.base < address < one.base + one.size_bytes
                     for one in list(_records.values()))
        raise CudaError(Status.INVALID_VALUE if inside else Status.HOST_MEMORY_NOT_REGISTERED,
                        f"{address:#x} is not the start of registered memory")
    end(record)


def end(record: Record) -> None:
    """Take the record away; the one who gets it waits for the context's work and gives the memory back."""
    if _records.pop(record.base, None) is not record:
        raise CudaError(Status.INVALID_VALUE, f"{record.base:#x} was freed by another thread")
    if host_function.on_callback_thread():
        _later.append(record)
        return
    try:
        _give_back(record)
    except BaseException:  # Ctrl-C in the wait: nobody can name this memory any more, so it must not be lost
        _later.append(record)
        raise


def _give_back(record: Record) -> None:
    context = record.context
    if context is not None and context.alive:
        context.wait_idle()
    if record.pool is not None:
        record.pool.take_back(record)  # type: ignore[attr-defined]
    elif context is None or context.allocations.pop(record.base, None) is not None:
        record.device.hardware.free(record.base)
        if record.shared is not None:
            record.shared.close()


def free_postponed() -> None:
    """Give back what finalisers on the host-callback thread could not."""
    while _later and not host_function.on_callback_thread():
        try:
            record = _later.popleft()
        except IndexError:
            return
        try:
            _give_back(record)
        except CudaError:  # its context cannot be waited for now; the caller has nothing to do with it
            _later.append(record)
            return


def forget(base: int) -> None:
    """Drop the record of memory that its context gave back."""
    record = _records.pop(base, None)
    if record is not None and record.shared is not None:
        record.shared.close()


def adopt(record: Record) -> None:
    """Enter a record whose memory a pool holds."""
    _records[record.base] = record


def find(device: Device, address: int) -> Record | None:
    """The live range that contains `address`: a record, or a module's global variable."""
    record = _records.get(address)
    if record is not None:
        return record
    allocation = device.hardware.find(address)
    if allocation is None:
        return None
    record = _records.get(allocation.base)
    if record is None:
        if allocation.kind is not MemoryKind.MODULE:
            return None  # held by a pool and not in use
        return Record(allocation.base, allocation.size_bytes, allocation.id, allocation.kind, device, None)
    return record if address < record.base + record.size_bytes else None


def charge(device: Device, mapper: Mapper, size_bytes: int) -> None:
    """Count memory that has no address yet; cached pool memory is given up before OUT_OF_MEMORY."""
    from compatlayer.core import graph_memory, pool

    try:
        try:
            mapper.charge(size_bytes)
        except BackendError:
            if not pool.release_all(device) + graph_memory.usage(device).trim():
                raise
            mapper.charge(size_bytes)
    except BackendError as error:
        raise CudaError(Status.OUT_OF_MEMORY, f"{error}") from None


def reaches(record: Record, device: Device, address: int, size_bytes: int, what: str, writes: bool) -> bool:
    """Whether all of [address, address + size) is in `record`, or in it and the mappings behind it.

    INVALID_VALUE where `device` may not access a mapping.
    """
    if record.mapping is None:
        return address + size_bytes <= record.base + record.size_bytes
    from compatlayer.core import virtual

    virtual.check_access(record, device, address, size_bytes, writes, what)
    return True


def covering(device: Device, address: int, size_bytes: int, what: str, writes: bool = True) -> Record:
    """The live range that holds all of [address, address + size), or its begin when mappings go on behind it.

    INVALID_VALUE when there is none, or when `device` may not read (with `writes`: read and write) all of it.
    """
    record = find(device, address)
    if record is None:
        raise CudaError(Status.INVALID_VALUE, f"{what} {address:#x} is not inside live device memory")
    if not reaches(record, device, address, size_bytes, what, writes):
        raise CudaError(Status.INVALID_VALUE, f"{what} {address:#x} + {size_bytes} bytes leaves its allocation of "
                                              f"{record.size_bytes} bytes at {record.base:#x}")
    return record


def live_records() -> list[Record]:
    """Every live record (tests count them)."""
    return list(_records.values())


def live_at(base: int) -> Record | None:
    """The live record that starts at `base`."""
    return _records.get(base)


def take(record: Record) -> bool:
    """Take a record away; True for the one who gets it."""
    return _records.pop(record.base, None) is record
