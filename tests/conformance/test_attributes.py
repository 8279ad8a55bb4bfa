"""Device attributes are true: one that stands for a feature is 0 exactly when its call answers NOT_SUPPORTED.

Every attribute has a place here: with a call, or among the facts, which are true without one.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from compiled import Packed, build

PREFIX = "CU_DEVICE_ATTRIBUTE_"
NOT_SUPPORTED = 801
DMA_BUF = 1
POSIX, WIN32, WIN32_KMT, FABRIC = 1, 2, 4, 8


class Caller:
    """Calls exported functions; `memory` is 64 KiB of pinned host memory, zero."""

    def __init__(self, api: Any, cu: Any) -> None:
        self.api, self.cu = api, cu
        self.library = ctypes.CDLL("libcuda.so.1")
        self.memory = int(api.cuMemHostAlloc(1 << 16, 0))
        self.device = int(api.cuMemAlloc(1 << 16))
        ctypes.memset(self.memory, 0, 1 << 16)
        self.page = ctypes.create_string_buffer(1 << 16)

    def close(self) -> None:
        self.api.cuMemFreeHost(self.memory)
        self.api.cuMemFree(self.device)

    def raw(self, name: str, *arguments: Any) -> int:
        """The status of a call; bytes are passed by address, plain numbers as 64 bits."""
        return int(getattr(self.library, name)(*[ctypes.c_uint64(one) if isinstance(one, int) else one
                                                 for one in arguments]))

    def there(self, name: str, *arguments: Any) -> bool:
        return self.raw(name, *arguments) != NOT_SUPPORTED


def out() -> Any:
    return ctypes.create_string_buffer(512)


def stream_operation(kind: int, flags: int = 0) -> Callable[[Caller], bool]:
    def call(c: Caller) -> bool:
        rows = (ctypes.c_uint64 * 6)(kind, c.memory, 0, flags)
        if kind == 8:
            rows = (ctypes.c_uint64 * 6)(kind, 14 << 32, c.memory, 1)
        return c.there("cuStreamBatchMemOp_v2", 0, 1, rows, 0)

    return call


def create(kind: int, location: int = 1, compression: int = 0, rdma: int = 0) -> Callable[[Caller], bool]:
    """cuMemCreate of a page with a handle type, at a device (1), the host (2) or a host node (3)."""
    def call(c: Caller) -> bool:
        prop = c.cu.CUmemAllocationProp()
        prop.type = c.cu.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
        prop.location.type = c.cu.CUmemLocationType(location)
        prop.location.id = 0
        prop.requestedHandleTypes = c.cu.CUmemAllocationHandleType(kind)
        status, *values = c.cu.cuMemCreate(2 << 20, prop, 0)
        if values and int(status) == 0:
            c.api.cuMemRelease(values[0])
        return int(status) != NOT_SUPPORTED

    return call


def pool(location: int, handle: int = 0) -> Callable[[Caller], bool]:
    def call(c: Caller) -> bool:
        props = c.cu.CUmemPoolProps()
        props.allocType = c.cu.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
        props.location.type = c.cu.CUmemLocationType(location)
        props.location.id = 0
        props.handleTypes = c.cu.CUmemAllocationHandleType(handle)
        status, *values = c.cu.cuMemPoolCreate(props)
        if values and int(status) == 0:
            c.api.cuMemPoolDestroy(values[0])
        return int(status) != NOT_SUPPORTED

    return call


def register(flags: int) -> Callable[[Caller], bool]:
    def call(c: Caller) -> bool:
        found = c.there("cuMemHostRegister_v2", c.page, 4096, flags)
        c.raw("cuMemHostUnregister", c.page)
        return found

    return call


def cooperative(c: Caller) -> bool:
    module = c.api.cuModuleLoadData(build())
    kernel, arguments = c.api.cuModuleGetFunction(module, b"count"), Packed()
    status = c.api.status("cuLaunchCooperativeKernel", kernel, 1, 1, 1, 1, 1, 1, 0, 0, arguments.pointer)
    c.api.cuCtxSynchronize()
    return bool(status != "NOT_SUPPORTED")


def window(c: Caller) -> bool:
    value = (ctypes.c_uint64 * 8)()
    return c.there("cuStreamSetAttribute", 0, 1, value)


def interprocess_event(c: Caller) -> bool:
    status, *made = c.cu.cuEventCreate(6)
    if int(status) == 0:
        c.api.cuEventDestroy(made[0])
    return int(status) != NOT_SUPPORTED


def clusters(c: Caller) -> bool:
    module = c.api.cuModuleLoadData(build())
    kernel = c.api.cuModuleGetFunction(module, b"count")
    return c.there("cuOccupancyMaxActiveClusters", out(), ctypes.c_void_p(int(kernel)), out())


def array(flags: int) -> Callable[[Caller], bool]:
    def call(c: Caller) -> bool:
        described = c.cu.CUDA_ARRAY3D_DESCRIPTOR()
        described.Width, described.Height, described.NumChannels, described.Flags = 64, 64, 4, flags
        described.Format = c.cu.CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8
        status, *made = c.cu.cuArray3DCreate(described)
        if int(status) == 0:
            c.api.cuArrayDestroy(made[0])
        return int(status) != NOT_SUPPORTED

    return call


def dma_buffer(host: bool) -> Callable[[Caller], bool]:
    return lambda c: c.there("cuMemGetHandleForAddressRange", out(), c.memory if host else c.device, 1 << 16, DMA_BUF,
                             0)


def simple(name: str, *arguments: int) -> Callable[[Caller], bool]:
    """A call with buffers for its pointers is there when it answers anything but NOT_SUPPORTED."""
    return lambda c: c.there(name, out(), *arguments)


def managed(c: Caller) -> bool:
    memory = ctypes.c_uint64()
    status = c.raw("cuMemAllocManaged", ctypes.byref(memory), 4096, 1)
    c.raw("cuMemFree_v2", memory.value)
    return status != NOT_SUPPORTED


def atomics(c: Caller) -> bool:
    found = (ctypes.c_uint32 * 1)()
    c.raw("cuDeviceGetHostAtomicCapabilities", found, (ctypes.c_int * 1)(0), 1, 0)
    return bool(found[0])


# A texture's limits have a meaning when there are textures, a surface's when there are surfaces.
TEXTURE = (*range(21, 30), *range(42, 50), *range(52, 55), *range(69, 75), 77)
SURFACE = tuple(range(55, 69))
CALLS: dict[int, Callable[[Caller], bool]] = {
    **dict.fromkeys(TEXTURE, simple("cuTexObjectCreate", 0, 0, 0)),
    **dict.fromkeys(SURFACE, simple("cuSurfObjectCreate", 0)),
    15: lambda c: c.there("cuMemcpyHtoDAsync_v2", c.device, c.page, 64, 1),
    19: simple("cuMemHostGetDevicePointer_v2", 0, 0),
    40: lambda c: c.there("cuMemcpyHtoDAsync_v2", c.device, c.page, 64, 1),
    41: simple("cuPointerGetAttribute", 2, 0),
    78: lambda c: c.there("cuCtxGetStreamPriorityRange", out(), out()),
    83: managed,
    86: atomics,
    91: register(0),
    92: lambda c: c.there("cuStreamWriteValue32", 0, c.memory, 0, 0),
    93: lambda c: c.there("cuStreamWriteValue64", 0, c.memory, 0, 0),
    94: lambda c: c.there("cuStreamWaitValue32", 0, c.memory, 0, 3),
    95: cooperative,
    98: stream_operation(1, 0x4000_0000),
    99: register(0),
    102: simple("cuMemAddressReserve", 2 << 20, 0, 0, 0),
    103: create(POSIX),
    104: create(WIN32),
    105: create(WIN32_KMT),
    108: lambda c: c.there("cuCtxResetPersistingL2Cache"),
    109: window,
    112: array(0x40),
    113: register(8),
    114: simple("cuImportExternalSemaphore", 0),
    115: lambda c: c.there("cuMemAllocAsync", out(), 0, 0),
    117: lambda c: c.there("cuFlushGPUDirectRDMAWrites", 0, 100),
    119: pool(1, POSIX),
    120: clusters,
    121: array(0x80),
    122: stream_operation(5),
    123: lambda c: c.there("cuStreamWaitValue32_v2", 0, c.memory, 0, 3),
    124: dma_buffer(host=False),
    125: interprocess_event,
    127: simple("cuTensorMapEncodeTiled"),
    128: create(FABRIC),
    129: lambda c: c.there("cuLibraryGetUnifiedFunction", out(), 0, out()),
    132: simple("cuMulticastCreate", 0),
    **dict.fromkeys((135, 138, 151, 159), simple("cuStreamBeginCaptureToCig")),
    **dict.fromkeys((136, 137), simple("cuMemBatchDecompressAsync")),
    141: create(0, location=3),
    142: pool(3),
    144: pool(2),
    145: create(0, location=2),
    146: dma_buffer(host=True),
    148: stream_operation(8),
    **dict.fromkeys((153, 154, 155, 156, 158), simple("cuLogicalEndpointCreate")),
    160: simple("cuTensorMapEncodeTiled"),
}
# What a device is, and what follows from that; None: any value from 0 on.
FACTS: dict[int, int | None] = {
    **dict.fromkeys((*range(1, 14), 14, 16, 33, 34, 36, 37, 38, 39, 50, 51, 75, 76, 81, 82, 87, 97, 106, 111, 126)),
    17: 0,  # kernels have no time limit without COMPATLAYER_WATCHDOG_S
    18: 1,  # the device's memory is the host's
    20: 0,  # compute mode: any number of contexts
    30: None,  # alignment of surfaces
    31: 1,  # kernels run beside each other
    32: None, 35: 0,  # ECC, TCC
    79: 1, 80: 1,  # caches
    84: 0, 85: 0,  # no board of several devices
    88: 1, 89: 1, 100: 1, 101: 1,  # device code reads what the host reads
    90: 0,  # no pre-emption of a kernel by a debugger
    96: 0,  # launches on several devices at once: gone from CUDA 13
    107: 0,  # compressed memory is a wish that need not be granted
    110: 0, 116: 0, 118: 0, 161: 0,  # no other device reaches in over PCI
    130: 0, 131: 0, 134: None,  # no NUMA node of its own
    133: 0, 139: 0, 140: 0,  # MPS; numbers of a PCI device that is not there
    143: 0, 147: 0, 149: 0, 150: 0, 152: 0, 157: 0,
}


@pytest.fixture
def caller(api: Any, cu: Any, context: Any) -> Any:
    made = Caller(api, cu)
    yield made
    api.status("cuCtxSynchronize")
    made.close()


def test_every_attribute_has_a_call_or_is_a_fact(cu: Any) -> None:
    known = {int(kind) for kind in cu.CUdevice_attribute if not kind.name.endswith("ATTRIBUTE_MAX")}
    assert sorted(known ^ (CALLS.keys() | FACTS.keys())) == []
    assert sorted(CALLS.keys() & FACTS.keys()) == []


@pytest.mark.parametrize("number", sorted(CALLS))
def test_an_attribute_is_zero_exactly_when_its_call_is_not_supported(api: Any, cu: Any, caller: Caller,
                                                                     number: int) -> None:
    value = api.cuDeviceGetAttribute(cu.CUdevice_attribute(number), 0)
    assert (value != 0) == CALLS[number](caller), cu.CUdevice_attribute(number).name


def test_kernels_have_a_time_limit_when_there_is_a_watchdog() -> None:
    program = ("import compatlayer; compatlayer.install(); from cuda.bindings import driver as cu; cu.cuInit(0); "
               "print(cu.cuDeviceGetAttribute(cu.CUdevice_attribute(17), 0)[1])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"COMPATLAYER_WATCHDOG_S": "30"})
    assert done.stdout == "1\n", done.stderr


@pytest.mark.parametrize("number", sorted(FACTS))
def test_facts(api: Any, cu: Any, number: int) -> None:
    value, wanted = api.cuDeviceGetAttribute(cu.CUdevice_attribute(number), 0), FACTS[number]
    assert value == wanted if wanted is not None else value >= 0, cu.CUdevice_attribute(number).name
