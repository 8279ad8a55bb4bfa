"""Allocation functions of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core import memory as core
from compatlayer.core.context import current
from compatlayer.core.memory import MemoryKind
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import number, pointer

ATTACH_GLOBAL, ATTACH_HOST = 1, 2
HOST_FLAGS = 0x7  # portable, device map, write combined


@entry("cuMemAlloc_v2")
def alloc(dptr, bytesize):
    dptr[0] = core.allocate(current(), bytesize, MemoryKind.DEVICE).base


@entry("cuMemAllocPitch_v2")
def alloc_pitch(dptr, pPitch, WidthInBytes, Height, ElementSizeBytes):
    record, pitch = core.allocate_pitched(current(), WidthInBytes, Height, ElementSizeBytes)
    dptr[0] = record.base
    pPitch[0] = pitch


@entry("cuMemAllocManaged")
def alloc_managed(dptr, bytesize, flags):
    if flags not in (ATTACH_GLOBAL, ATTACH_HOST):
        raise CudaError(Status.INVALID_VALUE, f"managed memory is attached global (1) or host (2), not {flags}")
    dptr[0] = core.allocate(current(), bytesize, MemoryKind.MANAGED, flags).base


@entry("cuMemFree_v2")
def free(dptr):
    core.free(dptr)


@entry("cuMemAllocHost_v2")
def alloc_host(pp, bytesize):
    pp[0] = pointer(core.allocate(current(), bytesize, MemoryKind.HOST, 0).base)


@entry("cuMemHostAlloc")
def host_alloc(pp, bytesize, Flags):
    if Flags & ~HOST_FLAGS:
        raise CudaError(Status.INVALID_VALUE, f"host allocation flags {Flags:#x} are not documented")
    pp[0] = pointer(core.allocate(current(), bytesize, MemoryKind.HOST, Flags).base)


@entry("cuMemFreeHost")
def free_host(p):
    core.free_host(number(p))


@entry("cuMemHostRegister")
@entry("cuMemHostRegister_v2")
def host_register(p, bytesize, Flags):
    core.register_host(current(), number(p), bytesize, Flags)


@entry("cuMemHostUnregister")
def host_unregister(p):
    core.unregister_host(number(p))


@entry("cuMemHostGetDevicePointer_v2")
def host_get_device_pointer(pdptr, p, Flags):
    if Flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"cuMemHostGetDevicePointer flags must be 0, not {Flags}")
    address = number(p)
    _host_record(address)
    pdptr[0] = address


@entry("cuMemHostGetFlags")
def host_get_flags(pFlags, p):
    record = _host_record(number(p))
    pFlags[0] = record.flags | 2  # mapped: unified addressing maps all pinned memory


def _host_record(address: int) -> core.Record:
    record = core.find(current().device, address)
    if record is None or record.kind not in core.HOST_KINDS:
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not pinned or registered host memory")
    return record


@entry("cuMemGetInfo_v2")
def get_info(free, total):
    context = current()
    context.check()
    free[0] = context.device.free_bytes
    total[0] = context.device.caps.memory_bytes


@entry("cuMemGetAddressRange_v2", optional=("pbase", "psize"))
def get_address_range(pbase, psize, dptr):
    record = core.find(current().device, dptr)
    if record is None:
        raise CudaError(Status.NOT_FOUND, f"{dptr:#x} is not inside live device memory")
    if pbase:
        pbase[0] = record.base
    if psize:
        psize[0] = record.size_bytes
