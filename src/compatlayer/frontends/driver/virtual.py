"""Virtual memory functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import handles, sharing
from compatlayer.core import virtual as core
from compatlayer.core.runtime import state
from compatlayer.core.virtual import Physical, Place
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import any_device, needed, number

PINNED, MANAGED = 1, 2
NONE, DEVICE, HOST, HOST_NUMA, HOST_NUMA_CURRENT = 0, 1, 2, 3, 4
TILE_POOL, HW_DECOMPRESS = 1, 2  # CU_MEM_CREATE_USAGE_*
DMA_BUF = 1
_HOSTS = (HOST, HOST_NUMA, HOST_NUMA_CURRENT)


@entry("cuMemAddressReserve")
def address_reserve(ptr, size, alignment, addr, flags):
    _no_flags(flags)
    ptr[0] = core.reserve(any_device(), size, alignment, addr)


@entry("cuMemAddressFree")
def address_free(ptr, size):
    core.release_range(any_device(), ptr, size)


@entry("cuMemCreate")
def create(handle, size, prop, flags):
    _no_flags(flags)
    handle[0] = core.create(_place(prop), size, prop.requestedHandleTypes).handle


@entry("cuMemRelease")
def release(handle):
    _physical(handle).release()


@entry("cuMemMap")
def map(ptr, size, offset, handle, flags):
    _no_flags(flags)
    core.map_memory(ptr, size, offset, _physical(handle))


@entry("cuMemUnmap")
def unmap(ptr, size):
    core.unmap(ptr, size)


@entry("cuMemSetAccess")
def set_access(ptr, size, desc, count):
    if count == 0:
        raise CudaError(Status.INVALID_VALUE, "no access to set")
    needed(desc, "desc")
    changes = {}
    for index in range(count):
        flags = desc[index].flags
        if flags not in (0, 1, 3):
            raise CudaError(Status.INVALID_VALUE, f"access flags {flags} are not known")
        changes[_location(desc[index].location)] = flags
    core.set_access(ptr, size, changes)


@entry("cuMemGetAccess")
def get_access(flags, location, ptr):
    needed(location, "location")
    flags[0] = core.mapping_at(any_device(), ptr).access.get(_location(location), 0)


@entry("cuMemExportToShareableHandle")
def export(shareableHandle, handle, handleType, flags):
    needed(shareableHandle, "shareableHandle")
    _no_flags(flags)
    physical = _physical(handle)
    sharing.check_handle_type(handleType, "an export")
    ffi.cast("int *", shareableHandle)[0] = physical.export()


@entry("cuMemImportFromShareableHandle")
def import_(handle, osHandle, shHandleType):
    sharing.check_handle_type(shHandleType, "an import")
    handle[0] = core.import_descriptor(any_device(), state.devices, _descriptor(osHandle)).handle


@entry("cuMemGetAllocationGranularity")
def get_granularity(granularity, prop, option):
    if option not in (0, 1):
        raise CudaError(Status.INVALID_VALUE, f"granularity option {option} is not known")
    granularity[0] = core.granularity(_place(prop).device)


@entry("cuMemGetAllocationPropertiesFromHandle")
def get_properties(prop, handle):
    physical = _physical(handle)
    prop[0] = {"type": PINNED, "requestedHandleTypes": physical.handle_types}
    prop.location.type, prop.location.id = physical.place.location


@entry("cuMemRetainAllocationHandle")
def retain(handle, addr):
    physical = core.mapping_at(any_device(), number(addr)).physical
    physical.retain()
    handle[0] = physical.handle


@entry("cuMemGetHandleForAddressRange")
def get_handle_for_range(handle, dptr, size, handleType, flags):
    needed(handle, "handle")
    if handleType != DMA_BUF:
        raise CudaError(Status.INVALID_VALUE, f"range handle type {handleType} is not known")
    raise CudaError(Status.NOT_SUPPORTED, "a dma-buf stands for memory of a PCI device's, and there is none; share the "
                                          "memory with cuMemExportToShareableHandle or cuIpcGetMemHandle")


def _descriptor(pointer: Any) -> int:
    """A file descriptor that was cast to a pointer."""
    return int(ffi.cast("intptr_t", pointer))


def _no_flags(flags: int) -> None:
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"flags must be 0, not {flags:#x}")


def _physical(handle: int) -> Physical:
    return handles.get(handle, Physical)


def _location(location: Any) -> tuple[int, int]:
    """A location that can have access; all of the host is one."""
    kind, ident = location.type, location.id
    if kind == DEVICE:
        state.device(ident)
        return kind, ident
    if kind in _HOSTS:
        return HOST, 0
    raise CudaError(Status.INVALID_VALUE, f"location type {kind} has no access to memory")


def _place(prop: Any) -> Place:
    """Where memory with these properties goes; raises what is wrong with them."""
    needed(prop, "prop")
    if prop.type != PINNED:
        status = Status.NOT_SUPPORTED if prop.type == MANAGED else Status.INVALID_VALUE
        raise CudaError(status, f"allocation type {prop.type}: memory is created pinned (1)")
    types = prop.requestedHandleTypes
    if types:
        sharing.check_handle_type(types, "memory")
    flags = prop.allocFlags
    if flags.compressionType not in (0, 1) or flags.usage & ~(TILE_POOL | HW_DECOMPRESS):
        raise CudaError(Status.INVALID_VALUE, f"compression {flags.compressionType} or usage {flags.usage:#x} is not "
                                              "known")
    if flags.gpuDirectRDMACapable or flags.usage:
        raise CudaError(Status.NOT_SUPPORTED, "memory for RDMA, for sparse arrays or for hardware decompression is not "
                                              "there; their device attributes are 0")
    kind, ident = prop.location.type, prop.location.id
    if kind == DEVICE:
        return Place(state.device(ident), (kind, ident), False)
    if kind not in _HOSTS or (kind == HOST_NUMA and ident < 0):
        raise CudaError(Status.INVALID_VALUE, f"location type {kind}, id {ident} is none for memory")
    return Place(any_device(), (HOST_NUMA, 0) if kind == HOST_NUMA_CURRENT else (kind, ident), True)
