"""Copies: which sides must be device memory, and which copies wait for the host.

Follows "API synchronization behavior" of the CUDA driver API: copies that touch pageable host memory, and copies
between host memories, are done when the call returns; device to device never waits.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from compatlayer.backends.base import BackendError, Box, Fence, MemoryKind, Snapshot
from compatlayer.core import memory
from compatlayer.core.context import Context
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.core.pool import Pool
from compatlayer.core.stream import Stream
from compatlayer.errors import CudaError, Status

__all__ = ["Box", "Side", "check", "later", "now", "span"]

STAGED_BYTES = 64 << 10  # pageable sources up to this are snapshot, so that the call need not wait for the stream
ADDRESS_END = 1 << 64
LOCATION_DEVICE = 1  # CU_MEM_LOCATION_TYPE_DEVICE


class Side(Enum):
    """What a copy's end is promised to be."""

    HOST = 1
    DEVICE = 2
    ARRAY = 3  # memory of a CUDA array, checked by the caller
    ANY = 4  # found out by the address


def now(stream: Stream, box: Box, destination: Side, source: Side) -> None:
    """A copy without Async in its name: ordered in `stream`; done on return, unless both sides are on the device and
    the stream is busy."""
    ends = _ends(stream, box, destination, source)
    if ends is None:
        return
    to, origin = ends
    if to is None or origin is None or to.on_host or origin.on_host or stream.idle():
        _wait_and_copy(stream, box)  # in an idle stream also between devices: see core/fill.py
        return
    stream.copy(box)
    if to.sync_memops or origin.sync_memops:
        stream.synchronize()


def later(stream: Stream, box: Box, destination: Side, source: Side) -> None:
    """A copy with Async in its name: enqueued, unless the documentation makes it wait."""
    ends = _ends(stream, box, destination, source)
    if ends is None:
        return
    to, origin = ends
    if stream.capture is not None:
        stream.copy(box)
    elif to is None or (to.on_host and (origin is None or origin.on_host)):
        _wait_and_copy(stream, box)
    elif origin is not None:
        stream.copy(box)
        if to.sync_memops or origin.sync_memops:
            stream.synchronize()
    elif box.height == box.depth == 1 and box.width_bytes <= STAGED_BYTES and not stream.idle():
        _copy_snapshot(stream, box)
    else:
        _wait_and_copy(stream, box)


def _wait_and_copy(stream: Stream, box: Box) -> None:
    stream.synchronize()
    try:
        stream.context.device.hardware.copy_now(box)
    except BackendError as error:
        raise stream.context.translate(error) from None


_staged: deque[tuple[Fence, Snapshot]] = deque()  # snapshots that a queue has still to read


def _copy_snapshot(stream: Stream, box: Box) -> None:
    try:
        snapshot = stream.context.device.hardware.snapshot(box.source, box.width_bytes)
    except BackendError as error:
        raise stream.context.translate(error) from None
    stream.copy(box._replace(source=snapshot.address))
    _staged.append((stream.signal(), snapshot))
    for _ in range(2):  # fewer come than go, so the deque stays short
        try:
            oldest = _staged.popleft()
        except IndexError:
            return
        if not oldest[0].done():
            _staged.append(oldest)


def check(context: Context, box: Box, destination: Side, source: Side) -> None:
    """Raise what a copy between these ends would."""
    _ends(context.legacy, box, destination, source)


def _ends(stream: Stream, box: Box, destination: Side, source: Side) -> tuple[Record | None, Record | None] | None:
    """The records behind both ends (None: pageable); None when there is nothing to copy."""
    stream.context.live_domain()
    if box.width_bytes == 0 or box.height == 0 or box.depth == 0:
        stream.context.check()
        return None
    to = _end(stream, box.destination, span(box, box.destination_pitch, box.destination_slice), destination,
              "destination")
    origin = _end(stream, box.source, span(box, box.source_pitch, box.source_slice), source, "source")
    device = stream.context.device
    if to is not None and to.device is not device:
        _check_access(to, device, "destination")
    if origin is not None and origin.device is not device:
        _check_access(origin, device, "source")
    return to, origin


def _check_access(record: Record, device: Device, what: str) -> None:
    """Memory of another device's pool may be touched only where cuMemPoolSetAccess has said so."""
    pool = record.pool
    if isinstance(pool, Pool) and not record.on_host and not pool.access_of(LOCATION_DEVICE, device.ordinal):
        raise CudaError(Status.INVALID_VALUE, f"the {what} {record.base:#x} is of a memory pool of {record.device}, "
                                              f"which {device} may not access; call cuMemPoolSetAccess first")


def span(box: Box, pitch: int, slice_bytes: int) -> int:
    """Bytes from the first to the last byte of one end."""
    if box.height > 1 and pitch < box.width_bytes:
        raise CudaError(Status.INVALID_VALUE, f"a pitch of {pitch} bytes is less than a row of {box.width_bytes}")
    return (box.depth - 1) * slice_bytes + (box.height - 1) * pitch + box.width_bytes


def _end(stream: Stream, address: int, size_bytes: int, side: Side, what: str) -> Record | None:
    if address == 0 or address + size_bytes > ADDRESS_END:
        raise CudaError(Status.INVALID_VALUE, f"{what} {address:#x} + {size_bytes} bytes is no memory")
    device = stream.context.device
    writes = what == "destination"
    if side is Side.ARRAY:
        from compatlayer.core import array

        return array.record_at(device, address)
    if side is Side.DEVICE:
        return memory.covering(device, address, size_bytes, what, writes)
    record = memory.find(device, address)
    if record is not None and not memory.reaches(record, device, address, size_bytes, what, writes):
        if record.kind is MemoryKind.REGISTERED:
            return None  # the program owns what lies behind; treat it as pageable
        raise CudaError(Status.INVALID_VALUE, f"{what} {address:#x} + {size_bytes} bytes leaves its allocation of "
                                              f"{record.size_bytes} bytes at {record.base:#x}")
    return record
