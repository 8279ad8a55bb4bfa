"""Hints for managed memory: prefetches and advice. Host and device share one memory, so hints move nothing; they
are checked and remembered, because programs may ask for them. Follows cuMemPrefetchAsync, cuMemAdvise and
cuMemRangeGetAttribute."""

from __future__ import annotations

from compatlayer.backends.base import MemoryKind
from compatlayer.core import memory
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.errors import CudaError, Status

INVALID, DEVICE, HOST, HOST_NUMA, HOST_NUMA_CURRENT = 0, 1, 2, 3, 4
CPU_ID, INVALID_ID = -1, -2


class Hints:
    """What the program advised for one allocation; locations are (CUmemLocationType, id)."""

    def __init__(self) -> None:
        self.read_mostly = False
        self.preferred = (INVALID, INVALID_ID)
        self.prefetched = (INVALID, INVALID_ID)
        self.accessed_by: list[int] = []


_hints: dict[int, Hints] = {}  # record id -> hints


def prefetch(device: Device, address: int, size_bytes: int, location: tuple[int, int], devices: int) -> None:
    """Check a prefetch and remember it."""
    _check_location(location, devices)
    record = _range(device, address, size_bytes)
    _hints_of(record).prefetched = location


def advise(device: Device, address: int, size_bytes: int, advice: int, location: tuple[int, int], devices: int) -> None:
    """Check an advice and remember it."""
    if not 1 <= advice <= 6:
        raise CudaError(Status.INVALID_VALUE, f"memory advice {advice} is not known")
    hints = _hints_of(_range(device, address, size_bytes))
    if advice in (1, 2):
        hints.read_mostly = advice == 1
        return
    if advice == 4:
        hints.preferred = (INVALID, INVALID_ID)
        return
    _check_location(location, devices)
    if advice == 3:
        hints.preferred = location
        return
    ident = location[1] if location[0] == DEVICE else CPU_ID
    if advice == 5 and ident not in hints.accessed_by:
        hints.accessed_by.append(ident)
    elif advice == 6 and ident in hints.accessed_by:
        hints.accessed_by.remove(ident)


def range_attribute(device: Device, number: int, address: int, size_bytes: int) -> list[int]:
    """The values of CU_MEM_RANGE_ATTRIBUTE_* `number`; one, or one for each device that accesses the range."""
    hints = _hints_of(_range(device, address, size_bytes))
    if number == 1:
        return [int(hints.read_mostly)]
    if number == 3:
        return list(hints.accessed_by)
    if number not in (2, 4, 5, 6, 7, 8):
        raise CudaError(Status.INVALID_VALUE, f"memory range attribute {number} is not known")
    kind, ident = hints.preferred if number in (2, 5, 6) else hints.prefetched
    if number in (5, 7):
        return [kind]
    return [CPU_ID if kind == HOST and number in (2, 4) else ident]


def check_attach(device: Device, address: int, size_bytes: int) -> None:
    """cuStreamAttachMemAsync: all of one managed allocation (size 0 means all); attaching changes nothing here."""
    record = memory.covering(device, address, size_bytes, "address")
    if record.kind is not MemoryKind.MANAGED or address != record.base or size_bytes not in (0, record.size_bytes):
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes at {address:#x} are not one managed allocation")


def check_range(device: Device, address: int, size_bytes: int) -> None:
    """INVALID_VALUE unless the range is inside one managed allocation."""
    _range(device, address, size_bytes)


def _range(device: Device, address: int, size_bytes: int) -> Record:
    if size_bytes == 0:
        raise CudaError(Status.INVALID_VALUE, "a range of 0 bytes")
    record = memory.covering(device, address, size_bytes, "address")
    if record.kind is not MemoryKind.MANAGED:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not managed memory")
    return record


def _hints_of(record: Record) -> Hints:
    if len(_hints) > 1024:
        live = {other.id for other in memory.live_records()}
        for ident in [ident for ident in list(_hints) if ident not in live]:
            _hints.pop(ident, None)
    return _hints.setdefault(record.id, Hints())


def _check_location(location: tuple[int, int], devices: int) -> None:
    kind, ident = location
    if kind == DEVICE and not 0 <= ident < devices:
        raise CudaError(Status.INVALID_DEVICE, f"location names device {ident}; {devices} are shown")
    if kind not in (DEVICE, HOST, HOST_NUMA, HOST_NUMA_CURRENT):
        raise CudaError(Status.INVALID_VALUE, f"location type {kind} is not one for managed memory")
