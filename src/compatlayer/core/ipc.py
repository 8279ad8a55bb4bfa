"""Device memory shared between processes of one user by handles of 64 bytes. Follows cuIpcGetMemHandle and its family.

A handle names the process, its file descriptor and the secret in the label of what that stands for (core/sharing.py).
The memory of cuMemAlloc moves into a file at its first export, while it is in use (docs/adr/0012-sharing-memory.md).
Who opened it keeps it, also when the exporter frees it or ends; only opening needs the exporter alive.
"""

from __future__ import annotations

import os
from struct import Struct, error
from time import sleep

from compatlayer.backends.base import BackendError, BadArgument, MemoryKind
from compatlayer.backends.mapping import Backing
from compatlayer.core import memory, sharing
from compatlayer.core.context import Context
from compatlayer.core.memory import Record
from compatlayer.core.sharing import Label
from compatlayer.errors import CudaError, Status

HANDLE_BYTES = 64
LAZY_ENABLE_PEER_ACCESS = 1
_MAGIC = 0x1BC0_0001
# Magic, kind, process, descriptor, offset and size in bytes, secret.
_HANDLE = Struct("<IIIIQQ16s16x")


class Exported:
    """The file that memory of this process moved into."""

    imported = False

    def __init__(self, backing: Backing, label: Label, offset: int) -> None:
        self.backing = backing
        self.label = label
        self.offset = offset

    def close(self) -> None:
        self.backing.close()


class Imported:
    """Memory of another process, opened `uses` times by one context."""

    imported = True

    def __init__(self, backing: Backing, key: tuple[Context, bytes]) -> None:
        self.backing = backing
        self.key = key
        self.uses = [None]

    def close(self) -> None:
        _opened.pop(self.key, None)
        self.backing.close()


_opened: dict[tuple[Context, bytes], Record] = {}


def pack(kind: int, backing: Backing, secret: bytes, offset: int, size_bytes: int) -> bytes:
    """A handle for other processes."""
    return _HANDLE.pack(_MAGIC, kind, os.getpid(), sharing.descriptor_of(backing), offset, size_bytes, secret)


def unpack(data: bytes, kind: int) -> tuple[int, int, int, int, bytes]:
    """Process, descriptor, offset, size and secret of a handle of another process."""
    try:
        magic, found, process, descriptor, offset, size_bytes, secret = _HANDLE.unpack(data)
    except error:
        magic = found = process = 0
    if magic != _MAGIC or found != kind:
        raise CudaError(Status.INVALID_VALUE, "these 64 bytes are no handle that compatlayer made for this purpose")
    if process == os.getpid():
        raise CudaError(Status.INVALID_CONTEXT, "a handle is for other processes; this one made it and has the "
                                                "original")
    return process, descriptor, offset, size_bytes, secret


def export(context: Context, address: int) -> bytes:
    """cuIpcGetMemHandle: a handle for the allocation that contains `address`."""
    context.check()
    record = memory.find(context.device, address)
    if record is None or not can_export(record):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not memory of cuMemAlloc in this process; pools and "
                                              "mapped memory are exported by functions of their own")
    shared = record.shared if record.shared is not None else _move(record)
    assert isinstance(shared, Exported)
    return pack(sharing.ALLOCATION, shared.backing, shared.label.secret, shared.offset, record.size_bytes)


def can_export(record: Record) -> bool:
    """Whether other processes can be given this memory by a handle of 64 bytes."""
    return (record.kind is MemoryKind.DEVICE and record.pool is None and record.mapping is None
            and record.context is not None and not (record.shared is not None and record.shared.imported))


def _move(record: Record) -> object:
    mapper = sharing.mapper_of(record.device)
    try:
        backing, offset = mapper.share(record.base, "compatlayer shared allocation", sharing.FRONT_BYTES)
    except BadArgument:  # another thread exports or frees it at this moment
        for _ in range(1000):
            if record.shared is not None or memory.live_at(record.base) is not record:
                break
            sleep(0.001)
        if record.shared is None:
            raise CudaError(Status.INVALID_VALUE, f"{record.base:#x} was freed by another thread") from None
        return record.shared
    except BackendError as error:
        raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
    place = (sharing.LOCATION_DEVICE, record.device.ordinal)
    label = sharing.label_for(sharing.ALLOCATION, backing.size_bytes - sharing.FRONT_BYTES, place, 0)
    sharing.write(backing, label)
    record.shared = Exported(backing, label, offset)
    if memory.live_at(record.base) is not record:  # freed meanwhile by another thread
        backing.close()
    return record.shared


def open_handle(context: Context, data: bytes, flags: int) -> int:
    """cuIpcOpenMemHandle: the address of another process's memory here; the same for each opening in a context."""
    if flags != LAZY_ENABLE_PEER_ACCESS:
        raise CudaError(Status.INVALID_VALUE, f"the flags must be CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS (1), not "
                                              f"{flags:#x}")
    context.check()
    process, descriptor, offset, size_bytes, secret = unpack(data, sharing.ALLOCATION)
    key = (context, secret)
    known = _opened.get(key)
    if known is not None and isinstance(known.shared, Imported):
        known.shared.uses.append(None)
        return known.base
    mapper = sharing.mapper_of(context.device)
    backing, label = sharing.open_of_process(mapper, process, descriptor, secret, sharing.ALLOCATION)
    page = mapper.page_bytes
    try:
        if offset < sharing.FRONT_BYTES or offset + size_bytes > sharing.FRONT_BYTES + label.size_bytes:
            raise CudaError(Status.INVALID_VALUE, "the handle names more memory than was exported")
        # Not counted as used memory: the exporter counts it.
        allocation = mapper.alloc(backing, offset - offset % page, size_bytes, MemoryKind.HOST, offset % page)
    except BackendError as error:
        backing.close()
        raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
    except BaseException:
        backing.close()
        raise
    record = Record(allocation.base, size_bytes, allocation.id, MemoryKind.DEVICE, context.device, context)
    record.shared = Imported(backing, key)
    _opened[key] = record
    memory.adopt(record)
    context.allocations[record.base] = memory.forget
    return record.base


def close_handle(address: int) -> None:
    """cuIpcCloseMemHandle: one opening less; the last one waits for the context's work and takes the memory away."""
    record = memory.live_at(address)
    if record is None or not isinstance(record.shared, Imported):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} was not opened by cuIpcOpenMemHandle")
    try:
        record.shared.uses.pop()
    except IndexError:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} was closed by another thread") from None
    if not record.shared.uses:
        memory.end(record)
