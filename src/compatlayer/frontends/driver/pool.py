"""Memory pool and stream-ordered allocation functions of the driver API."""

from __future__ import annotations

import os
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import pool as core
from compatlayer.core import pool_sharing, sharing
from compatlayer.core.device import Device
from compatlayer.core.memory import MemoryKind
from compatlayer.core.pool import Place, Pool
from compatlayer.core.runtime import state
from compatlayer.core.stream import Stream, resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import any_device, load, needed, number, pointer, pool_of, store

PINNED, MANAGED = 1, 2
NUMA_NODES = 1024  # the most that Linux can have
LOCATION_NONE, LOCATION_DEVICE, LOCATION_HOST, LOCATION_NUMA, LOCATION_NUMA_CURRENT = 0, 1, 2, 3, 4


@entry("cuMemAllocAsync", optional=("hStream",))
def alloc_async(dptr, bytesize, hStream):
    stream = resolve(number(hStream))
    dptr[0] = _allocate(core.current(stream.context.device), bytesize, stream)


@entry("cuMemAllocFromPoolAsync", optional=("hStream",))
def alloc_from_pool_async(dptr, bytesize, pool, hStream):
    dptr[0] = _allocate(pool_of(pool), bytesize, resolve(number(hStream)))


def _allocate(pool: Pool, size_bytes: int, stream: Stream) -> int:
    """No bytes are no memory and no error: the driver takes them here, unlike in cuMemAlloc."""
    return pool.allocate(size_bytes, stream).base if size_bytes else 0


@entry("cuMemFreeAsync", optional=("hStream",))
def free_async(dptr, hStream):
    core.free_async(dptr, resolve(number(hStream)))


@entry("cuMemPoolCreate")
def create(pool, poolProps):
    needed(poolProps, "poolProps")
    types = poolProps.handleTypes
    if types:
        sharing.check_handle_type(types, "a memory pool")
    if poolProps.usage & ~2:
        raise CudaError(Status.INVALID_VALUE, f"memory pool usage {poolProps.usage:#x} is not documented")
    if poolProps.usage:
        raise CudaError(Status.NOT_SUPPORTED, "memory pools for hardware decompression are not implemented")
    device, kind, place = place_of(poolProps.location, poolProps.allocType, poolProps.maxSize)
    if types and kind is MemoryKind.MANAGED:
        raise CudaError(Status.NOT_SUPPORTED, "managed memory is not shared between processes; make the pool pinned")
    place = place._replace(handle_types=types)
    pool[0] = pointer(Pool(device, kind, place, pool_sharing.make_file(device, place)).handle)


@entry("cuMemPoolDestroy")
def destroy(pool):
    pool_of(pool).destroy()


@entry("cuMemPoolTrimTo")
def trim_to(pool, minBytesToKeep):
    pool_of(pool).trim(minBytesToKeep)


@entry("cuMemPoolSetAttribute")
def set_attribute(pool, attr, value):
    pool_of(pool).set_attribute(attr, load(value, _width(attr)))


@entry("cuMemPoolGetAttribute")
def get_attribute(pool, attr, value):
    store(value, _width(attr), pool_of(pool).attribute(attr))


def _width(attribute: int) -> int:
    """Bytes of an attribute's value: flags, types and ids are int, sizes are cuuint64_t."""
    return 8 if attribute in (4, 5, 6, 7, 8, 13) else 4


@entry("cuMemPoolSetAccess")
def set_access(pool, map, count):
    target = pool_of(pool)
    if count:
        needed(map, "map")
    changes = []
    for index in range(count):
        kind, ident, flags = map[index].location.type, map[index].location.id, map[index].flags
        if kind == LOCATION_DEVICE:
            state.device(ident)
        elif kind not in (LOCATION_HOST, LOCATION_NUMA):
            raise CudaError(Status.INVALID_VALUE, f"location type {kind} has no access to set")
        if flags not in (0, 1, 3):
            raise CudaError(Status.INVALID_VALUE, f"access flags {flags} are not known")
        if flags != 3 and (kind, ident) == target.own_place:
            raise CudaError(Status.INVALID_VALUE, "a pool's own device keeps its access")
        changes.append(((kind, ident), flags))
    target.access.update(changes)


@entry("cuMemPoolGetAccess")
def get_access(flags, memPool, location):
    pool = pool_of(memPool)
    if location.type == LOCATION_DEVICE:
        state.device(location.id)
    flags[0] = pool.access_of(location.type, location.id)


@entry("cuDeviceGetDefaultMemPool")
def get_default_of_device(pool_out, dev):
    pool_out[0] = pointer(core.default(state.device(dev)).handle)


@entry("cuDeviceGetMemPool")
def get_of_device(pool, dev):
    pool[0] = pointer(core.current(state.device(dev)).handle)


@entry("cuDeviceSetMemPool")
def set_of_device(dev, pool):
    device = state.device(dev)
    core.set_current(device, pool_of(pool), Place(LOCATION_DEVICE, device.ordinal, PINNED))


@entry("cuMemGetDefaultMemPool")
def get_default(pool_out, location, type):
    pool_out[0] = pointer(core.default_at(*place_of(location, type)).handle)


@entry("cuMemGetMemPool")
def get(pool, location, type):
    pool[0] = pointer(core.current_at(*place_of(location, type)).handle)


@entry("cuMemSetMemPool")
def set(location, type, pool):
    device, _, place = place_of(location, type)
    core.set_current(device, pool_of(pool), place)


def place_of(location: Any, allocation_type: int, max_bytes: int = 0) -> tuple[Device, MemoryKind, Place]:
    """The device, kind of memory and place that a location and an allocation type name."""
    kind, ident = location.type, location.id
    if allocation_type not in (PINNED, MANAGED):
        raise CudaError(Status.INVALID_VALUE, f"allocation type {allocation_type} is not one for memory pools")
    if kind == LOCATION_DEVICE:
        memory = MemoryKind.DEVICE if allocation_type == PINNED else MemoryKind.MANAGED
        return state.device(ident), memory, Place(kind, ident, allocation_type, max_bytes)
    if kind == LOCATION_NUMA_CURRENT:
        kind, ident = LOCATION_NUMA, 0
    if kind == LOCATION_NONE and allocation_type != MANAGED:
        raise CudaError(Status.INVALID_VALUE, "pinned pools need a location")
    if kind in (LOCATION_NONE, LOCATION_HOST):
        ident = 0  # documented as ignored; each new number would be a new default pool
    if kind not in (LOCATION_NONE, LOCATION_HOST, LOCATION_NUMA) or not 0 <= ident < NUMA_NODES:
        raise CudaError(Status.INVALID_VALUE, f"location type {kind}, id {ident} is not one for memory pools")
    if kind == LOCATION_NUMA and ident and not os.path.isdir(f"/sys/devices/system/node/node{ident}"):
        raise CudaError(Status.INVALID_VALUE, f"this machine has no NUMA node {ident}")
    memory = MemoryKind.HOST if allocation_type == PINNED else MemoryKind.MANAGED
    return any_device(), memory, Place(kind, ident, allocation_type, max_bytes)


@entry("cuMemPoolExportToShareableHandle")
def export(handle_out, pool, handleType, flags):
    needed(handle_out, "handle_out")
    _no_flags(flags)
    target = pool_of(pool)
    sharing.check_handle_type(handleType, "an export")
    ffi.cast("int *", handle_out)[0] = pool_sharing.export_pool(target)


@entry("cuMemPoolImportFromShareableHandle")
def import_(pool_out, handle, handleType, flags):
    _no_flags(flags)
    sharing.check_handle_type(handleType, "an import")
    descriptor = int(ffi.cast("intptr_t", handle))
    pool_out[0] = pointer(pool_sharing.import_pool(any_device(), state.devices, descriptor).handle)


@entry("cuMemPoolExportPointer")
def export_pointer(shareData_out, ptr):
    ffi.memmove(shareData_out.reserved, pool_sharing.export_pointer(any_device(), ptr), 64)


@entry("cuMemPoolImportPointer")
def import_pointer(ptr_out, pool, shareData):
    ptr_out[0] = pool_sharing.import_pointer(pool_of(pool), bytes(ffi.buffer(shareData.reserved, 64)))


def _no_flags(flags: int) -> None:
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"flags must be 0, not {flags:#x}")
