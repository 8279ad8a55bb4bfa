"""Hints for managed memory: prefetches, advice, discards. Host and device share one memory, so hints move nothing; they
are checked and remembered page by page, because programs may ask for them. Follows cuMemPrefetchAsync, cuMemAdvise,
cuMemDiscardBatchAsync, cuMemRangeGetAttribute and cuMemGetLocationInfo."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from compatlayer.backends.base import BadArgument, MemoryKind
from compatlayer.core import memory
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.errors import CudaError, Status

INVALID, DEVICE, HOST, HOST_NUMA, HOST_NUMA_CURRENT = 0, 1, 2, 3, 4
CPU_ID, INVALID_ID = -1, -2
PAGE_BYTES = 4096
NOWHERE = (INVALID, INVALID_ID)
Location = tuple[int, int]  # CUmemLocationType and id
(SET_READ_MOSTLY, UNSET_READ_MOSTLY, SET_PREFERRED, UNSET_PREFERRED, SET_ACCESSED_BY, UNSET_ACCESSED_BY) = range(1, 7)
(READ_MOSTLY, PREFERRED, ACCESSED_BY, LAST_PREFETCH, PREFERRED_TYPE, PREFERRED_ID, LAST_PREFETCH_TYPE,
 LAST_PREFETCH_ID) = range(1, 9)


class Hints(NamedTuple):
    """What the program said of some pages."""

    read_mostly: bool = False
    preferred: Location = NOWHERE
    prefetched: Location = NOWHERE
    accessed_by: tuple[int, ...] = ()


Stretch = tuple[int, int, Hints]  # pages from, to (not included)
_hints: dict[int, tuple[Stretch, ...]] = {}  # record id -> its pages in order, without gaps


def prefetch(device: Device, address: int, size_bytes: int, location: Location, devices: int) -> None:
    """Check a prefetch and remember it."""
    place = _checked_location(location, devices)
    record = _range(device, address, size_bytes)
    if record is not None:
        _change(record, address, size_bytes, lambda hints: hints._replace(prefetched=place))


def advise(device: Device, address: int, size_bytes: int, advice: int, location: Location, devices: int) -> None:
    """Check an advice and remember it."""
    change = _advice(advice, location, devices)
    record = _range(device, address, size_bytes)
    if record is not None:
        _change(record, address, size_bytes, change)


def _advice(advice: int, location: Location, devices: int) -> Callable[[Hints], Hints]:
    """What an advice does to the hints of a page."""
    if advice in (SET_READ_MOSTLY, UNSET_READ_MOSTLY):
        return lambda hints: hints._replace(read_mostly=advice == SET_READ_MOSTLY)
    if advice == UNSET_PREFERRED:
        return lambda hints: hints._replace(preferred=NOWHERE)
    if advice == SET_PREFERRED:
        place = _checked_location(location, devices)
        return lambda hints: hints._replace(preferred=place)
    if advice not in (SET_ACCESSED_BY, UNSET_ACCESSED_BY):
        raise CudaError(Status.INVALID_VALUE, f"memory advice {advice} is not known")
    kind, ident = _checked_location(location, devices)
    if kind not in (DEVICE, HOST):
        raise CudaError(Status.INVALID_VALUE, f"location type {kind} is not one that accesses memory")
    who = ident if kind == DEVICE else CPU_ID
    if advice == SET_ACCESSED_BY:
        return lambda hints: hints._replace(accessed_by=tuple(dict.fromkeys((*hints.accessed_by, who))))
    return lambda hints: hints._replace(accessed_by=tuple(one for one in hints.accessed_by if one != who))


def discard(device: Device, address: int, size_bytes: int) -> None:
    """Check a discard. The content stays, which is one of the values that a read may give."""
    _range(device, address, size_bytes)


def range_attribute(device: Device, number: int, address: int, size_bytes: int) -> list[int]:
    """The values of CU_MEM_RANGE_ATTRIBUTE_* `number`; one, or one for each device that accesses the range."""
    record = _range(device, address, size_bytes)
    if record is None:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not managed memory")
    pages = _pages_of(record, address, size_bytes)
    if number == READ_MOSTLY:
        return [int(all(hints.read_mostly for hints in pages))]
    if number == ACCESSED_BY:
        return [one for one in pages[0].accessed_by if all(one in hints.accessed_by for hints in pages)]
    if number not in (PREFERRED, LAST_PREFETCH, PREFERRED_TYPE, PREFERRED_ID, LAST_PREFETCH_TYPE, LAST_PREFETCH_ID):
        raise CudaError(Status.INVALID_VALUE, f"memory range attribute {number} is not known")
    if number in (PREFERRED, PREFERRED_TYPE, PREFERRED_ID):
        places = {hints.preferred for hints in pages}
    else:
        places = {hints.prefetched for hints in pages}
    kind, ident = places.pop() if len(places) == 1 else NOWHERE
    if number in (PREFERRED_TYPE, LAST_PREFETCH_TYPE):
        return [kind]
    if number in (PREFERRED, LAST_PREFETCH):
        return [ident if kind == DEVICE else CPU_ID if kind in (HOST, HOST_NUMA) else INVALID_ID]
    return [ident]


def check_attach(device: Device, address: int, size_bytes: int) -> None:
    """cuStreamAttachMemAsync: all of one managed allocation (0 bytes mean all), or pageable memory; nothing changes."""
    record = memory.find(device, address)
    if record is None:
        _check_pageable(device, address, size_bytes)
    elif record.kind is not MemoryKind.MANAGED or address != record.base or size_bytes not in (0, record.size_bytes):
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {address:#x} are not one managed allocation")


def locations(device: Device, address: int, size_bytes: int, summary_bytes: int, sampling_bytes: int) -> list[Location]:
    """cuMemGetLocationInfo: where each piece of a range is. All memory is the host's."""
    if not 0 < summary_bytes <= size_bytes or sampling_bytes > summary_bytes:
        raise CudaError(Status.INVALID_VALUE, f"pieces of {summary_bytes} bytes, sampled every {sampling_bytes}, of "
                                              f"{size_bytes} bytes")
    _range(device, address, size_bytes)
    return [(HOST, 0)] * -(-size_bytes // summary_bytes)


def _range(device: Device, address: int, size_bytes: int) -> Record | None:
    """The managed allocation that holds the range; None for pageable memory, of which nothing is remembered."""
    if size_bytes == 0:
        raise CudaError(Status.INVALID_VALUE, "a range of 0 bytes")
    if memory.find(device, address) is None:
        _check_pageable(device, address, size_bytes)
        return None
    record = memory.covering(device, address, size_bytes, "address")
    if record.kind is not MemoryKind.MANAGED:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not managed memory")
    return record


def _check_pageable(device: Device, address: int, size_bytes: int) -> None:
    """INVALID_VALUE unless the first and the last byte can be read: memory of the program's own."""
    hardware = device.hardware
    good = device.caps.raw_pointers and address and size_bytes and address + size_bytes <= 1 << 64
    try:
        ends = (address, address + size_bytes - 1) if good else ()
        good = good and all(hardware.find(end) is None for end in ends)
        for end in ends if good else ():
            hardware.snapshot(end, 1)
    except BadArgument:
        good = False
    if not good:
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {address:#x} are neither managed memory nor "
                                              "memory of the program's own")


def _change(record: Record, address: int, size_bytes: int, change: Callable[[Hints], Hints]) -> None:
    first, end = _pages(record, address, size_bytes)
    made: list[Stretch] = []
    for begin, stop, hints in _stretches(record):
        cuts = sorted({begin, stop, *(page for page in (first, end) if begin < page < stop)})
        for low, high in pairwise(cuts):
            new = change(hints) if first <= low and high <= end else hints
            if made and made[-1][2] == new:
                made[-1] = (made[-1][0], high, new)
            else:
                made.append((low, high, new))
    _hints[record.id] = tuple(made)


def _pages_of(record: Record, address: int, size_bytes: int) -> list[Hints]:
    """The different hints of a range, in order."""
    first, end = _pages(record, address, size_bytes)
    return [hints for begin, stop, hints in _stretches(record) if begin < end and first < stop]


def _pages(record: Record, address: int, size_bytes: int) -> tuple[int, int]:
    base = record.base // PAGE_BYTES
    return address // PAGE_BYTES - base, -(-(address + size_bytes) // PAGE_BYTES) - base


def _stretches(record: Record) -> tuple[Stretch, ...]:
    found = _hints.get(record.id)
    if found is not None:
        return found
    if len(_hints) > 1024:
        live = {other.id for other in memory.live_records()}
        for ident in [ident for ident in list(_hints) if ident not in live]:
            _hints.pop(ident, None)
    return ((0, _pages(record, record.base, record.size_bytes)[1], Hints()),)


def _checked_location(location: Location, devices: int) -> Location:
    """A location for managed memory; the current NUMA node is the only one."""
    kind, ident = location
    if kind == DEVICE and not 0 <= ident < devices:
        raise CudaError(Status.INVALID_DEVICE, f"location names device {ident}; {devices} are shown")
    if kind not in (DEVICE, HOST, HOST_NUMA, HOST_NUMA_CURRENT) or (kind == HOST_NUMA and ident < 0):
        raise CudaError(Status.INVALID_VALUE, f"location type {kind}, id {ident} is not one for managed memory")
    return (HOST_NUMA, 0) if kind == HOST_NUMA_CURRENT else (HOST, 0) if kind == HOST else (kind, ident)
