"""First variants of functions, as exported under their plain names: they do what the newer ones do."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

INVALID_VALUE, INVALID_CONTEXT, INVALID_HANDLE = 1, 201, 400


class Library:
    """The exported functions, by name; numbers are passed as 64 bits."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libcuda.so.1")

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, name)
        return lambda *given: function(*[ctypes.c_uint64(one) if isinstance(one, int) else one for one in given])


@pytest.fixture
def c(api: Any) -> Library:
    return Library()


@pytest.fixture
def memory(api: Any, context: Any) -> Iterator[int]:
    made = int(api.cuMemAllocManaged(1 << 16, 1))
    yield made
    api.cuMemFree(made)


def seen(memory: int, count: int) -> list[int]:
    return list((ctypes.c_uint8 * count).from_address(memory))


@pytest.mark.parametrize("create", ["cuCtxCreate", "cuCtxCreate_v2"])
def test_contexts_are_made_pushed_popped_and_destroyed(api: Any, c: Library, create: str) -> None:
    made, popped, device = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int(-1)
    assert getattr(c, create)(ctypes.byref(made), 0, 1) == 0
    assert int(api.cuCtxGetCurrent()) == made.value
    assert c.cuCtxPopCurrent(ctypes.byref(popped)) == 0 and popped.value == made.value
    assert c.cuCtxGetDevice_v2(ctypes.byref(device), made) == 0 and device.value == 1
    assert c.cuCtxSynchronize_v2(made) == 0
    assert c.cuCtxPushCurrent(made) == 0 and int(api.cuCtxGetCurrent()) == made.value
    assert c.cuCtxDestroy(made) == 0 and int(api.cuCtxGetCurrent()) == 0
    for name in ("cuCtxDestroy", "cuCtxPushCurrent", "cuCtxSynchronize_v2"):
        assert getattr(c, name)(made) != 0
    assert getattr(c, create)(ctypes.byref(made), 0x10000, 0) == INVALID_VALUE
    assert getattr(c, create)(None, 0, 0) == INVALID_VALUE


def test_the_primary_context_is_set_up_reset_and_released(api: Any, c: Library) -> None:
    api.cuDevicePrimaryCtxRetain(1)
    assert c.cuDevicePrimaryCtxSetFlags(1, 2) == 0 and api.cuDevicePrimaryCtxGetState(1) == (2, 1)
    assert c.cuDevicePrimaryCtxSetFlags_v2(1, 0) == 0 and api.cuDevicePrimaryCtxGetState(1) == (0, 1)
    assert c.cuDevicePrimaryCtxReset(1) == 0
    assert c.cuDevicePrimaryCtxRelease(1) == 0 and api.cuDevicePrimaryCtxGetState(1)[1] == 0
    assert c.cuDevicePrimaryCtxRelease(1) == INVALID_CONTEXT
    assert c.cuDevicePrimaryCtxReset(64) == c.cuDevicePrimaryCtxSetFlags(64, 0) == 101


def test_context_preferences_are_remembered(api: Any, cu: Any, context: Any) -> None:
    wide = cu.CUfunc_cache.CU_FUNC_CACHE_PREFER_L1
    api.cuCtxSetCacheConfig(wide)
    assert api.cuCtxGetCacheConfig() == wide
    eight = cu.CUsharedconfig.CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE
    api.cuCtxSetSharedMemConfig(eight)
    assert api.cuCtxGetSharedMemConfig() == eight
    before = api.cuCtxGetFlags()
    api.cuCtxSetFlags(4)
    assert api.cuCtxGetFlags() == 4
    api.cuCtxSetFlags(before)
    assert api.status("cuCtxSetFlags", 0x10000) == "INVALID_VALUE"


def test_a_context_waits_for_an_event(api: Any, context: Any, hold: Any, memory: int) -> None:
    held, stream, event = api.cuStreamCreate(1), api.cuStreamCreate(1), api.cuEventCreate(2)
    gate = hold(held)
    api.cuEventRecord(event, held)
    api.cuCtxWaitEvent(context, event)
    api.cuMemsetD8Async(memory, 1, 64, stream)
    assert api.status("cuStreamQuery", stream) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(stream)


def test_the_uuid_is_the_same_in_both_variants(api: Any, c: Library) -> None:
    uuid = ctypes.create_string_buffer(16)
    assert c.cuDeviceGetUuid(uuid, 0) == 0 and uuid.raw == bytes(api.cuDeviceGetUuid(0).bytes)
    assert c.cuDeviceGetUuid(None, 0) == INVALID_VALUE


def test_the_memory_of_a_device_is_told(api: Any) -> None:
    assert api.cuDeviceTotalMem(0) > 1 << 20


def test_peers_say_what_they_can_do(api: Any, cu: Any) -> None:
    kind = cu.CUdevice_P2PAttribute
    assert api.cuDeviceGetP2PAttribute(kind.CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1) == 1
    access = kind.CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED
    assert api.status("cuDeviceGetP2PAttribute", access, 0, 0) == "INVALID_DEVICE"


def test_events_of_the_first_variants(api: Any, c: Library, context: Any) -> None:
    first, last = api.cuEventCreate(0), api.cuEventCreate(0)
    api.cuEventRecord(first, 0)
    api.cuEventRecord(last, 0)
    api.cuEventSynchronize(last)
    elapsed = ctypes.c_float(-1)
    assert c.cuEventElapsedTime(ctypes.byref(elapsed), int(first), int(last)) == 0 and elapsed.value >= 0
    assert c.cuEventElapsedTime(None, int(first), int(last)) == INVALID_VALUE
    assert c.cuEventDestroy(int(first)) == c.cuEventDestroy(int(last)) == 0
    assert c.cuEventDestroy(int(first)) == INVALID_HANDLE


def test_texts_of_errors(api: Any, cu: Any, c: Library) -> None:
    assert api.cuGetErrorString(cu.CUresult.CUDA_ERROR_INVALID_VALUE) == b"invalid argument"
    text = ctypes.c_char_p()
    assert c.cuGetErrorString(123456, ctypes.byref(text)) == INVALID_VALUE and text.value is None
    assert c.cuGetErrorString(0, None) == INVALID_VALUE


def test_no_table_of_hidden_functions_is_handed_out(c: Library) -> None:
    table = ctypes.c_void_p(5)
    assert c.cuGetExportTable(ctypes.byref(table), ctypes.create_string_buffer(16)) == 801 and table.value is None
    assert c.cuGetExportTable(None, None) == INVALID_VALUE


def test_host_functions_with_a_way_to_wait(api: Any, c: Library, stream: Any) -> None:
    called: list[int] = []
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: called.append(data))
    address = ctypes.cast(function, ctypes.c_void_p)
    assert c.cuLaunchHostFunc_v2(int(stream), address, 7, 1) == c.cuLaunchHostFunc_v2(int(stream), address, 8, 0) == 0
    api.cuStreamSynchronize(stream)
    assert called == [7, 8]
    assert c.cuLaunchHostFunc_v2(int(stream), address, 7, 2) == c.cuLaunchHostFunc_v2(int(stream), None, 7, 0) == 1


def test_memory_of_the_host_is_registered(api: Any, c: Library, context: Any) -> None:
    page = np.zeros(1 << 13, np.uint8)
    assert c.cuMemHostRegister(page.ctypes.data, page.nbytes, 0) == 0
    assert c.cuMemHostRegister(page.ctypes.data, page.nbytes, 0) == 712
    api.cuMemHostUnregister(page.ctypes.data)
    assert c.cuMemHostRegister(0, 64, 0) == INVALID_VALUE


def test_managed_memory_is_advised_moved_and_asked(api: Any, cu: Any, c: Library, context: Any, memory: int) -> None:
    assert c.cuMemAdvise(memory, 1 << 16, 1, 0) == 0  # mostly read
    assert c.cuMemPrefetchAsync(memory, 1 << 16, 0, 0) == 0
    api.cuCtxSynchronize()
    mostly = cu.CUmem_range_attribute.CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY
    assert api.cuMemRangeGetAttributes([4], [mostly], 1, memory, 1 << 16) in ([1], 1, (1,))
    assert c.cuMemAdvise(memory, 1 << 16, 99, 0) == c.cuMemPrefetchAsync(0x1000, 64, 0, 0) == INVALID_VALUE
    stream = api.cuStreamCreate(1)
    api.cuStreamAttachMemAsync(stream, memory, 0, 1)
    api.cuStreamSynchronize(stream)


def test_fills_of_rows_in_a_stream(api: Any, stream: Any, memory: int) -> None:
    for name, size in (("cuMemsetD2D8Async", 1), ("cuMemsetD2D16Async", 2), ("cuMemsetD2D32Async", 4)):
        getattr(api, name)(memory, 64, 5, 8, 3, stream)
        api.cuStreamSynchronize(stream)
        words = np.frombuffer((ctypes.c_uint8 * 192).from_address(memory), f"u{size}").reshape(3, -1)
        assert (words[:, :8] == 5).all()
        assert api.status(name, memory, 4, 5, 8, 3, stream) == "INVALID_VALUE"


def test_copies_between_the_contexts_of_two_devices(api: Any, cu: Any, context: Any) -> None:
    other = api.cuDevicePrimaryCtxRetain(1)
    near = int(api.cuMemAlloc(64))
    api.cuCtxPushCurrent(other)
    far, back = int(api.cuMemAlloc(64)), np.zeros(64, np.uint8)
    api.cuCtxPopCurrent()
    api.cuMemsetD8(near, 9, 64)
    api.cuMemcpyPeerAsync(far, other, near, context, 64, 0)
    box = cu.CUDA_MEMCPY3D_PEER()
    box.srcMemoryType = box.dstMemoryType = cu.CUmemorytype.CU_MEMORYTYPE_DEVICE
    box.srcDevice, box.srcContext, box.dstDevice, box.dstContext = far, other, near, context
    box.WidthInBytes, box.Height, box.Depth, box.srcPitch, box.dstPitch = 32, 1, 1, 32, 32
    api.cuMemsetD8Async(near, 0, 64, 0)
    api.cuMemcpy3DPeerAsync(box, 0)
    api.cuMemcpyDtoH(back, near, 64)
    assert (back[:32] == 9).all() and not back[32:].any()
    api.cuMemFree(near)
    api.cuDevicePrimaryCtxRelease(1)


def test_several_copies_in_one_call(api: Any, c: Library, stream: Any, memory: int) -> None:
    api.cuMemsetD8(memory, 3, 64)
    sources = (ctypes.c_uint64 * 2)(memory, memory + 16)
    targets, sizes = (ctypes.c_uint64 * 2)(memory + 128, memory + 256), (ctypes.c_size_t * 2)(16, 8)
    kinds, first, failed = (ctypes.c_uint64 * 16)(1), (ctypes.c_size_t * 1)(0), ctypes.c_size_t()
    given = (targets, sources, sizes, 2, kinds, first, 1, ctypes.byref(failed), int(stream))
    assert c.cuMemcpyBatchAsync(*given) == 0
    api.cuStreamSynchronize(stream)
    assert seen(memory + 128, 16) == [3] * 16 and seen(memory + 256, 8) == [3] * 8
    assert c.cuMemcpyBatchAsync(None, *given[1:]) == INVALID_VALUE


def test_several_ranges_of_managed_memory_are_moved_or_discarded(api: Any, c: Library, stream: Any,
                                                                 memory: int) -> None:
    ranges, sizes = (ctypes.c_uint64 * 2)(memory, memory + 4096), (ctypes.c_size_t * 2)(4096, 4096)
    place, which = (ctypes.c_int * 16)(1, 0), (ctypes.c_size_t * 1)(0)
    moved = (ranges, sizes, 2, place, which, 1)
    for name, given in (("cuMemPrefetchBatchAsync", moved), ("cuMemDiscardAndPrefetchBatchAsync", moved),
                        ("cuMemDiscardBatchAsync", (ranges, sizes, 2))):
        assert getattr(c, name)(*given, 0, int(stream)) == 0, name
        assert getattr(c, name)(*given, 1, int(stream)) == INVALID_VALUE, name
        assert getattr(c, name)(None, *given[1:], 0, int(stream)) == INVALID_VALUE, name
    api.cuStreamSynchronize(stream)


def test_the_default_pool_of_a_location(api: Any, cu: Any, context: Any) -> None:
    location = cu.CUmemLocation()
    location.type, location.id = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
    pinned = cu.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
    pool = api.cuMemGetDefaultMemPool(location, pinned)
    assert int(pool) == int(api.cuDeviceGetDefaultMemPool(0))
    api.cuMemSetMemPool(location, pinned, pool)
    assert int(api.cuMemGetMemPool(location, pinned)) == int(pool)
    assert api.status("cuMemSetMemPool", location, pinned, cu.CUmemoryPool(0x7000)) == "INVALID_VALUE"


def test_copies_can_be_made_to_wait_by_a_pointers_attribute(api: Any, c: Library, context: Any, memory: int) -> None:
    for value in (1, 0):
        assert c.cuPointerSetAttribute(ctypes.byref(ctypes.c_uint(value)), 6, memory) == 0
        found = ctypes.c_uint8(9)
        assert c.cuPointerGetAttribute(ctypes.byref(found), 6, memory) == 0 and found.value == value
    assert c.cuPointerSetAttribute(ctypes.byref(ctypes.c_uint(1)), 2, memory) == INVALID_VALUE


def test_profiling_is_started_and_stopped_without_effect(api: Any, context: Any) -> None:
    api.cuProfilerStart()
    api.cuProfilerStop()


def test_attributes_of_streams_are_copied(api: Any, cu: Any, context: Any) -> None:
    first, second = api.cuStreamCreate(1), api.cuStreamCreate(1)
    policy, value = cu.CUstreamAttrID.CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, cu.CUstreamAttrValue()
    value.syncPolicy = cu.CUsynchronizationPolicy.CU_SYNC_POLICY_SPIN
    api.cuStreamSetAttribute(first, policy, value)
    api.cuStreamCopyAttributes(second, first)
    assert api.cuStreamGetAttribute(second, policy).syncPolicy == cu.CUsynchronizationPolicy.CU_SYNC_POLICY_SPIN
    assert int(api.cuStreamGetDevice(second)) == 0
    assert api.status("cuStreamCopyAttributes", second, cu.CUstream(0x7000)) == "INVALID_HANDLE"


def test_captures_of_the_first_variants(api: Any, c: Library, context: Any) -> None:
    stream, status, number, graph = api.cuStreamCreate(1), ctypes.c_int(-1), ctypes.c_uint64(), ctypes.c_void_p()
    handle, memory = int(stream), api.cuMemAllocManaged(64, 1)
    assert c.cuStreamGetCaptureInfo(handle, ctypes.byref(status), ctypes.byref(number)) == 0 and status.value == 0
    assert c.cuStreamBeginCapture(handle) == 0
    assert c.cuStreamGetCaptureInfo(handle, ctypes.byref(status), ctypes.byref(number)) == 0
    assert status.value == 1 and number.value
    api.cuMemsetD8Async(memory, 1, 64, stream)
    nodes, count = ctypes.POINTER(ctypes.c_void_p)(), ctypes.c_size_t()
    assert c.cuStreamGetCaptureInfo_v2(handle, ctypes.byref(status), None, ctypes.byref(graph), ctypes.byref(nodes),
                                       ctypes.byref(count)) == 0
    assert status.value == 1 and graph.value and count.value == 1
    assert c.cuStreamUpdateCaptureDependencies(handle, None, 0, 1) == 0
    assert c.cuStreamUpdateCaptureDependencies(handle, None, 0, 7) == INVALID_VALUE
    api.cuGraphDestroy(api.cuStreamEndCapture(stream))
    api.cuMemFree(memory)
    assert c.cuStreamDestroy(handle) == 0 and c.cuStreamDestroy(handle) == INVALID_HANDLE


def test_a_handle_of_no_process_cannot_be_opened(api: Any, context: Any) -> None:
    class Handle(ctypes.Structure):
        _fields_ = (("reserved", ctypes.c_char * 64),)

    library, found = ctypes.CDLL("libcuda.so.1"), ctypes.c_uint64()
    for name in ("cuIpcOpenMemHandle", "cuIpcOpenMemHandle_v2"):
        assert getattr(library, name)(ctypes.byref(found), Handle(), 1) != 0
        assert getattr(library, name)(None, Handle(), 1) == INVALID_VALUE


def test_a_batch_of_boxes_needs_its_list(c: Library, stream: Any) -> None:
    failed = ctypes.c_size_t()
    assert c.cuMemcpy3DBatchAsync(1, None, ctypes.byref(failed), 0, int(stream)) == INVALID_VALUE


def test_a_texture_reference_takes_a_picture_in_linear_memory(c: Library, memory: int) -> None:
    reference, found = ctypes.c_uint64(), ctypes.c_uint64()
    assert c.cuTexRefCreate(ctypes.byref(reference)) == 0
    shape = (ctypes.c_uint64 * 3)(16, 4, 1 << 32 | 0x20)  # width, height, one channel of floats
    at = -(-memory // 512) * 512
    assert c.cuTexRefSetAddress2D_v2(reference.value, shape, at, 512) == 0
    assert c.cuTexRefGetAddress_v2(ctypes.byref(found), reference.value) == 0 and found.value == at
    assert c.cuTexRefSetAddress2D_v2(reference.value, shape, at + 4, 512) == INVALID_VALUE
    assert c.cuTexRefDestroy(reference.value) == 0
