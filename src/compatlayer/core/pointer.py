"""Pointer attributes: what is known of an address. Follows cuPointerGetAttribute(s)."""

from __future__ import annotations

from compatlayer.backends.base import MemoryKind
from compatlayer.core import ipc, memory, virtual
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.core.pool import Pool
from compatlayer.core.virtual import Mapping
from compatlayer.errors import CudaError, Status

CONTEXT = 1
MEMORY_TYPE = 2
DEVICE_POINTER = 3
HOST_POINTER = 4
P2P_TOKENS = 5
SYNC_MEMOPS = 6
BUFFER_ID = 7
IS_MANAGED = 8
DEVICE_ORDINAL = 9
IS_LEGACY_IPC_CAPABLE = 10
RANGE_START = 11
RANGE_SIZE = 12
MAPPED = 13
ALLOWED_HANDLE_TYPES = 14
RDMA_CAPABLE = 15
ACCESS_FLAGS = 16
MEMPOOL_HANDLE = 17
MAPPING_SIZE = 18
MAPPING_BASE = 19
MEMORY_BLOCK_ID = 20
HW_DECOMPRESS_CAPABLE = 21

TYPE_HOST, TYPE_DEVICE = 1, 2
READ_WRITE = 3
INVALID_ORDINAL = -2

# Bytes of each attribute's value, as cuda.h types them.
WIDTHS = {CONTEXT: 8, MEMORY_TYPE: 4, DEVICE_POINTER: 8, HOST_POINTER: 8, SYNC_MEMOPS: 1, BUFFER_ID: 8, IS_MANAGED: 1,
          DEVICE_ORDINAL: 4, IS_LEGACY_IPC_CAPABLE: 1, RANGE_START: 8, RANGE_SIZE: 8, MAPPED: 1,
          ALLOWED_HANDLE_TYPES: 8, RDMA_CAPABLE: 1, ACCESS_FLAGS: 4, MEMPOOL_HANDLE: 8, MAPPING_SIZE: 8,
          MAPPING_BASE: 8, MEMORY_BLOCK_ID: 8, HW_DECOMPRESS_CAPABLE: 1}


def attribute(device: Device, number: int, address: int) -> int:
    """One attribute of a known address; INVALID_VALUE for an address that CUDA does not know."""
    _known(number)
    record = memory.find(device, address)
    if record is None:
        reserved = _reserved_value(number, address)
        if reserved is not None:
            return reserved
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} was not allocated or registered by CUDA")
    if number == HOST_POINTER and record.kind in (MemoryKind.DEVICE, MemoryKind.MODULE):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is device memory and has no host pointer")
    return _value(device, record, number, address)


def attribute_or_null(device: Device, number: int, address: int) -> int:
    """One attribute; the documented null of its type for an address that CUDA does not know."""
    _known(number)
    record = memory.find(device, address)
    if record is None:
        reserved = _reserved_value(number, address)
        if reserved is not None:
            return reserved
        return INVALID_ORDINAL if number == DEVICE_ORDINAL else 0
    if number == HOST_POINTER and record.kind in (MemoryKind.DEVICE, MemoryKind.MODULE):
        return 0
    return _value(device, record, number, address)


def set_sync_memops(device: Device, address: int, on: bool) -> None:
    """CU_POINTER_ATTRIBUTE_SYNC_MEMOPS: copies and fills of this memory wait."""
    record = memory.find(device, address)
    if record is None or record.on_host or record.kind is MemoryKind.MODULE:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not device memory that was allocated")
    record.sync_memops = on


def _known(number: int) -> None:
    if number == P2P_TOKENS:
        raise CudaError(Status.NOT_SUPPORTED, "there are no P2P tokens: the devices are not on a PCI bus")
    if number not in WIDTHS:
        raise CudaError(Status.INVALID_VALUE, f"pointer attribute {number} is not known")


def _reserved_value(number: int, address: int) -> int | None:
    """What is known of addresses that are reserved and not mapped; None for the rest."""
    reserved = virtual.range_at(address)
    if reserved is None:
        return None
    return {MAPPED: 0, RANGE_START: reserved[0], RANGE_SIZE: reserved[1]}.get(number)


def _mapping_value(device: Device, mapping: Mapping, number: int) -> int | None:
    """What differs for memory that was mapped at reserved addresses; None for the rest."""
    if number == RANGE_START:
        return mapping.range()[0]
    if number == RANGE_SIZE:
        return mapping.range()[1]
    if number == ACCESS_FLAGS:
        return mapping.access.get((virtual.LOCATION_DEVICE, device.ordinal), 0)
    if number == ALLOWED_HANDLE_TYPES:
        return mapping.physical.handle_types
    if number == MEMORY_BLOCK_ID:
        return mapping.physical.id
    return None


def _value(device: Device, record: Record, number: int, address: int) -> int:
    pool = record.pool
    if isinstance(record.mapping, Mapping):
        value = _mapping_value(device, record.mapping, number)
        if value is not None:
            return value
    if number == CONTEXT:
        return record.context.handle if record.context is not None and pool is None else 0
    if number == MEMORY_TYPE:
        return TYPE_HOST if record.on_host else TYPE_DEVICE
    if number in (DEVICE_POINTER, HOST_POINTER):
        return address
    if number == DEVICE_ORDINAL:
        return record.device.ordinal
    if number in (RANGE_START, MAPPING_BASE):
        return record.base
    if number in (RANGE_SIZE, MAPPING_SIZE):
        return record.size_bytes
    if number in (BUFFER_ID, MEMORY_BLOCK_ID):
        return record.id
    if number == MEMPOOL_HANDLE:
        return pool.handle if isinstance(pool, Pool) else 0
    if number == ALLOWED_HANDLE_TYPES:
        return pool.place.handle_types if isinstance(pool, Pool) else 0
    if number == IS_LEGACY_IPC_CAPABLE:
        return int(ipc.can_export(record) and device.hardware.mapper is not None)
    flags = {IS_MANAGED: record.kind is MemoryKind.MANAGED, MAPPED: True, SYNC_MEMOPS: record.sync_memops}
    return READ_WRITE if number == ACCESS_FLAGS else int(flags.get(number, False))
