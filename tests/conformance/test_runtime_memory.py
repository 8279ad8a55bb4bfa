"""The runtime library: memory of every kind, pointer attributes, pools, managed memory, sharing."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

import numpy as np
from runtime_calls import driver, extent, runtime

TYPE = runtime.cudaMemoryType


def place(kind: str, number: int = 0) -> Any:
    """A memory location."""
    location = runtime.cudaMemLocation()
    location.type = getattr(runtime.cudaMemLocationType, f"cudaMemLocationType{kind}")
    location.id = number
    return location


def test_memory_is_given_back(rt: Any) -> None:
    rt.cudaFree(0)
    before, total = rt.cudaMemGetInfo()
    address = rt.cudaMalloc(1 << 20)
    assert address % 256 == 0 and rt.cudaMemGetInfo()[0] < before <= total
    rt.cudaFree(address)
    assert rt.cudaMemGetInfo()[0] == before


def test_nothing_is_allocated_for_no_bytes(rt: Any) -> None:
    assert rt.cudaMalloc(0) == 0 and rt.cudaMallocHost(0) == 0
    rt.cudaFree(0)
    rt.cudaFreeHost(0)
    rt.cudaFreeArray(runtime.cudaArray_t(0))
    rt.cudaFreeMipmappedArray(runtime.cudaMipmappedArray_t(0))
    assert rt.cudaMallocPitch(0, 5)[0] == 0


def test_what_cannot_be_freed(rt: Any) -> None:
    address = rt.cudaMalloc(1024)
    assert rt.status("cudaFree", address + 16) == "InvalidValue"
    rt.cudaFree(address)
    assert rt.status("cudaFree", address) == "InvalidValue"
    assert rt.status("cudaFreeHost", 12345) == "InvalidValue"


def test_more_than_there_is(rt: Any) -> None:
    assert rt.status("cudaMalloc", 1 << 60) == "MemoryAllocation"
    assert rt.status("cudaMalloc3D", extent(1 << 20, 1 << 40, 1 << 40)) == "MemoryAllocation"


def test_rows_are_aligned(rt: Any) -> None:
    address, pitch = rt.cudaMallocPitch(100, 7)
    assert pitch >= 100 and pitch % 32 == 0 and address
    box = rt.cudaMalloc3D(extent(100, 7, 3))
    assert (box.xsize, box.ysize) == (100, 7) and box.pitch >= 100
    rt.cudaMemset3D(box, 5, extent(100, 7, 3))
    assert (rt.get(int(box.ptr), np.zeros(100, np.uint8)) == 5).all()


def test_attributes_of_every_kind_of_pointer(rt: Any) -> None:
    device, managed = rt.cudaMalloc(64), rt.cudaMallocManaged(64, runtime.cudaMemAttachGlobal)
    pinned, own = rt.cudaHostAlloc(64, runtime.cudaHostAllocMapped), np.zeros(64)
    found = rt.cudaPointerGetAttributes(device + 8)
    assert (found.type, found.device, int(found.devicePointer)) == (TYPE.cudaMemoryTypeDevice, 0, device + 8)
    found = rt.cudaPointerGetAttributes(managed)
    assert found.type == TYPE.cudaMemoryTypeManaged and int(found.hostPointer) == managed
    found = rt.cudaPointerGetAttributes(pinned)
    assert found.type == TYPE.cudaMemoryTypeHost
    assert int(found.devicePointer) == int(rt.cudaHostGetDevicePointer(pinned, 0))
    found = rt.cudaPointerGetAttributes(own.ctypes.data)
    assert found.type == TYPE.cudaMemoryTypeUnregistered and int(found.devicePointer) == 0
    assert int(found.hostPointer) == own.ctypes.data and found.device == runtime.cudaInvalidDeviceId


def test_host_memory(rt: Any) -> None:
    pinned = rt.cudaHostAlloc(64, runtime.cudaHostAllocPortable | runtime.cudaHostAllocMapped)
    assert rt.cudaHostGetFlags(pinned) & runtime.cudaHostAllocPortable
    own = np.zeros(4096, np.uint8)
    rt.cudaHostRegister(own.ctypes.data, own.nbytes, runtime.cudaHostRegisterMapped)
    assert rt.status("cudaHostRegister", own.ctypes.data, 16, 0) == "HostMemoryAlreadyRegistered"
    assert rt.status("cudaHostUnregister", own.ctypes.data + 8) == "InvalidValue"
    rt.cudaHostUnregister(own.ctypes.data)
    assert rt.status("cudaHostUnregister", own.ctypes.data) == "HostMemoryNotRegistered"
    rt.cudaFreeHost(pinned)
    rt.cudaFreeHost(rt.cudaMallocHost(32))
    assert rt.status("cudaHostGetFlags", own.ctypes.data) == "InvalidValue"


def test_managed_memory_and_advice(rt: Any) -> None:
    address = rt.cudaMallocManaged(1 << 16, runtime.cudaMemAttachGlobal)
    (ctypes.c_int * 4).from_address(address)[0] = 7
    advise, attribute = runtime.cudaMemoryAdvise, runtime.cudaMemRangeAttribute
    rt.cudaMemAdvise(address, 1 << 16, advise.cudaMemAdviseSetReadMostly, place("Device"))
    rt.cudaMemPrefetchAsync(address, 1 << 16, place("Device"), 0, 0)
    rt.cudaDeviceSynchronize()
    assert rt.cudaMemRangeGetAttribute(4, attribute.cudaMemRangeAttributeReadMostly, address, 1 << 16) == 1
    asked = [attribute.cudaMemRangeAttributeReadMostly, attribute.cudaMemRangeAttributeLastPrefetchLocation]
    values = rt.cudaMemRangeGetAttributes([4, 4], asked, 2, address, 1 << 16)
    assert values == [1, 0]
    stream = rt.cudaStreamCreate()
    rt.cudaStreamAttachMemAsync(stream, address, 0, runtime.cudaMemAttachGlobal)
    rt.cudaMemPrefetchBatchAsync([address], [4096], 1, [place("Host")], [0], 1, 0, stream)
    rt.cudaStreamSynchronize(stream)
    assert rt.status("cudaMallocManaged", 64, 99) == "InvalidValue"
    assert rt.status("cudaMemPrefetchAsync", 1234, 64, place("Device"), 0, 0) == "InvalidValue"
    assert rt.status("cudaMemAdvise", address, 1 << 16, advise.cudaMemAdviseSetPreferredLocation,
                     place("Device", 99)) == "InvalidDevice"


def test_what_a_batch_throws_away(rt: Any) -> None:
    address = rt.cudaMallocManaged(1 << 16, runtime.cudaMemAttachGlobal)
    stream = rt.cudaStreamCreate()
    rt.cudaMemDiscardBatchAsync([address], [1 << 16], 1, 0, stream)
    rt.cudaMemDiscardAndPrefetchBatchAsync([address], [1 << 16], 1, [place("Device")], [0], 1, 0, stream)
    rt.cudaStreamSynchronize(stream)
    assert rt.status("cudaMemDiscardBatchAsync", [1234], [16], 1, 0, stream) == "InvalidValue"


def test_asynchronous_memory(rt: Any) -> None:
    stream = rt.cudaStreamCreate()
    address = rt.cudaMallocAsync(1024, stream)
    rt.cudaMemsetAsync(address, 3, 1024, stream)
    assert (rt.get(address, np.zeros(1024, np.uint8)) == 3).all()
    rt.cudaFreeAsync(address, stream)
    rt.cudaStreamSynchronize(stream)
    assert rt.status("cudaFreeAsync", address, stream) == "InvalidValue"


def properties() -> Any:
    found = runtime.cudaMemPoolProps()
    found.allocType = runtime.cudaMemAllocationType.cudaMemAllocationTypePinned
    found.location = place("Device")
    return found


def test_pools(rt: Any) -> None:
    pool, attribute = rt.cudaMemPoolCreate(properties()), runtime.cudaMemPoolAttr
    rt.cudaMemPoolSetAttribute(pool, attribute.cudaMemPoolAttrReleaseThreshold, driver.cuuint64_t(1 << 20))
    assert int(rt.cudaMemPoolGetAttribute(pool, attribute.cudaMemPoolAttrReleaseThreshold)) == 1 << 20
    stream = rt.cudaStreamCreate()
    address = rt.cudaMallocFromPoolAsync(4096, pool, stream)
    assert int(rt.cudaMemPoolGetAttribute(pool, attribute.cudaMemPoolAttrUsedMemCurrent)) >= 4096
    rt.cudaFreeAsync(address, stream)
    rt.cudaStreamSynchronize(stream)
    rt.cudaMemPoolTrimTo(pool, 0)
    access = runtime.cudaMemAccessDesc()
    access.location, access.flags = place("Device"), runtime.cudaMemAccessFlags.cudaMemAccessFlagsProtReadWrite
    rt.cudaMemPoolSetAccess(pool, [access], 1)
    assert rt.cudaMemPoolGetAccess(pool, place("Device")) == access.flags
    rt.cudaDeviceSetMemPool(0, pool)
    assert int(rt.cudaDeviceGetMemPool(0)) == int(pool)
    rt.cudaDeviceSetMemPool(0, rt.cudaDeviceGetDefaultMemPool(0))
    rt.cudaMemPoolDestroy(pool)
    assert rt.status("cudaMemPoolDestroy", pool) != "Success"


def test_pools_by_location(rt: Any) -> None:
    kind = runtime.cudaMemAllocationType.cudaMemAllocationTypePinned
    default = rt.cudaMemGetDefaultMemPool(place("Device"), kind)
    assert int(default) == int(rt.cudaDeviceGetDefaultMemPool(0))
    rt.cudaMemSetMemPool(place("Device"), kind, default)
    assert int(rt.cudaMemGetMemPool(place("Device"), kind)) == int(default)
    address, found = rt.cudaMallocManaged(1 << 16, runtime.cudaMemAttachGlobal), place("Device")
    rt.cudaMemGetLocationInfo(address, 1 << 16, 1 << 16, 0, found)
    assert found.type == place("Host").type
    assert rt.status("cudaMemGetLocationInfo", rt.cudaMalloc(64), 64, 64, 0, found) == "InvalidValue"


def test_a_pool_and_its_memory_for_another_process(rt: Any) -> None:
    shared = properties()
    shared.handleTypes = runtime.cudaMemAllocationHandleType.cudaMemHandleTypePosixFileDescriptor
    pool = rt.cudaMemPoolCreate(shared)
    handle = rt.cudaMemPoolExportToShareableHandle(pool, shared.handleTypes, 0)
    address = rt.cudaMallocFromPoolAsync(4096, pool, 0)
    rt.cudaMemset(address, 9, 4096)
    other = rt.cudaMemPoolImportFromShareableHandle(handle, shared.handleTypes, 0)
    again = rt.cudaMemPoolImportPointer(other, rt.cudaMemPoolExportPointer(address))
    assert (rt.get(again, np.zeros(16, np.uint8)) == 9).all()


OTHER_PROCESS = """
import ctypes
import sys
import compatlayer
compatlayer.install()
import numpy as np
from cuda.bindings import runtime
memory, event = runtime.cudaIpcMemHandle_t(), runtime.cudaIpcEventHandle_t()
for handle, text in ((memory, sys.argv[1]), (event, sys.argv[2])):
    ctypes.memmove(handle.getPtr(), bytes.fromhex(text), 64)
status, opened = runtime.cudaIpcOpenEventHandle(event)
assert int(status) == 0 and int(runtime.cudaEventSynchronize(opened)[0]) == 0, status
status, address = runtime.cudaIpcOpenMemHandle(memory, runtime.cudaIpcMemLazyEnablePeerAccess)
assert int(status) == 0, status
values = np.zeros(16, np.uint8)
runtime.cudaMemcpy(values.ctypes.data, address, 16, runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost)
print(values.sum(), int(runtime.cudaIpcCloseMemHandle(address)[0]))
"""


def test_memory_and_events_for_another_process(rt: Any) -> None:
    address = rt.cudaMalloc(4096)
    rt.cudaMemset(address, 2, 4096)
    flags = runtime.cudaEventInterprocess | runtime.cudaEventDisableTiming
    event = rt.cudaEventCreateWithFlags(flags)
    rt.cudaEventRecord(event, 0)
    handles = [ctypes.string_at(handle.getPtr(), 64).hex()
               for handle in (rt.cudaIpcGetMemHandle(address), rt.cudaIpcGetEventHandle(event))]
    done = subprocess.run([sys.executable, "-c", OTHER_PROCESS, *handles], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["32", "0"], done.stderr
    assert rt.status("cudaIpcCloseMemHandle", address) == "InvalidValue"
    assert rt.status("cudaIpcOpenMemHandle", runtime.cudaIpcMemHandle_t(), 1) == "InvalidValue"
    assert rt.status("cudaIpcGetEventHandle", rt.cudaEventCreate()) != "Success"
