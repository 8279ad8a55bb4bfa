"""Copies and fills: every direction, rectangles, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def test_there_and_back(api: Any, context: Any, numbers: np.ndarray) -> None:
    a, b = api.cuMemAlloc(numbers.nbytes), api.cuMemAlloc(numbers.nbytes)
    back = np.zeros_like(numbers)
    api.cuMemcpyHtoD(a, numbers, numbers.nbytes)
    api.cuMemcpyDtoD(b, a, numbers.nbytes)
    api.cuMemcpyDtoH(back, b, numbers.nbytes)
    assert (back == numbers).all()
    api.cuMemFree(a)
    api.cuMemFree(b)


def test_the_generic_copy_finds_out_the_sides(api: Any, context: Any, numbers: np.ndarray) -> None:
    device, back = api.cuMemAlloc(numbers.nbytes), np.zeros_like(numbers)
    api.cuMemcpy(device, numbers.ctypes.data, numbers.nbytes)
    api.cuMemcpy(back.ctypes.data, device, numbers.nbytes)
    assert (back == numbers).all()
    again = np.zeros_like(numbers)
    api.cuMemcpy(again.ctypes.data, back.ctypes.data, numbers.nbytes)
    assert (again == numbers).all()
    api.cuMemFree(device)


def test_copies_that_leave_an_allocation_are_refused(api: Any, context: Any, numbers: np.ndarray) -> None:
    device = api.cuMemAlloc(100)
    host = np.zeros(200, np.uint8)
    assert api.status("cuMemcpyDtoH", host, device, 101) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoH", host, int(device) + 90, 11) == "INVALID_VALUE"
    assert api.status("cuMemcpyHtoD", device, host, 101) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoD", device, int(device) + 50, 51) == "INVALID_VALUE"
    assert api.status("cuMemcpyHtoD", 0xDEAD0000, host, 8) == "INVALID_VALUE"
    assert api.status("cuMemcpyHtoD", device, host, (1 << 64) - 1) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoH", host, device, 100) == "SUCCESS"
    api.cuMemFree(device)
    assert api.status("cuMemcpyDtoH", host, device, 100) == "INVALID_VALUE"


def test_a_bad_host_pointer_is_an_error_and_the_process_lives(api: Any, context: Any) -> None:
    device = api.cuMemAlloc(64)
    assert api.status("cuMemcpyHtoD", device, 0, 64) == "INVALID_VALUE"
    assert api.status("cuMemcpyHtoD", device, 0x10, 64) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoH", 0x10, device, 64) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoD", device, device, 64) == "SUCCESS"
    api.cuMemFree(device)


def test_nothing_is_copied_with_success(api: Any, context: Any) -> None:
    assert api.status("cuMemcpyHtoD", 0, 0, 0) == "SUCCESS"
    assert api.status("cuMemcpyDtoDAsync", 0, 0, 0, 0) == "SUCCESS"
    assert api.status("cuMemsetD8", 0, 1, 0) == "SUCCESS"


@pytest.mark.parametrize("pinned", [True, False])
def test_asynchronous_copies_arrive_in_order(api: Any, stream: Any, numbers: np.ndarray, pinned: bool) -> None:
    import ctypes

    if pinned:
        pointer = api.cuMemAllocHost(numbers.nbytes)
        host = np.frombuffer((ctypes.c_uint32 * numbers.size).from_address(int(pointer)), np.uint32)
    else:
        host = np.empty_like(numbers)
    device = api.cuMemAlloc(numbers.nbytes)
    host[:] = numbers
    api.cuMemcpyHtoDAsync(device, host, numbers.nbytes, stream)
    api.cuMemsetD32Async(int(device) + 8, 7, 2, stream)
    back = np.zeros_like(numbers)
    api.cuMemcpyDtoHAsync(back, device, numbers.nbytes, stream)
    api.cuStreamSynchronize(stream)
    assert back[2:4].tolist() == [7, 7]
    assert (np.delete(back, [2, 3]) == np.delete(numbers, [2, 3])).all()
    api.cuMemFree(device)


def test_a_pageable_source_may_change_after_the_call(api: Any, stream: Any, hold: Any) -> None:
    device, source = api.cuMemAlloc(64), np.arange(16, dtype=np.uint32)
    gate = hold(stream)
    api.cuMemcpyHtoDAsync(device, source, 64, stream)
    source[:] = 0
    gate.open()
    api.cuStreamSynchronize(stream)
    back = np.zeros(16, np.uint32)
    api.cuMemcpyDtoH(back, device, 64)
    assert back.tolist() == list(range(16))


def box_2d(cu: Any, **fields: Any) -> Any:
    copy = cu.CUDA_MEMCPY2D()
    for name, value in fields.items():
        setattr(copy, name, value)
    return copy


def test_a_rectangle_is_copied_out_of_a_larger_one(api: Any, cu: Any, context: Any) -> None:
    image = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30)
    pointer, pitch = api.cuMemAllocPitch(30, 20, 4)
    kind = cu.CUmemorytype
    api.cuMemcpy2D(box_2d(cu, srcMemoryType=kind.CU_MEMORYTYPE_HOST, srcHost=image.ctypes.data, srcPitch=30,
                          dstMemoryType=kind.CU_MEMORYTYPE_DEVICE, dstDevice=pointer, dstPitch=pitch,
                          WidthInBytes=30, Height=20))
    part = np.zeros((5, 8), np.uint8)
    out = box_2d(cu, srcMemoryType=kind.CU_MEMORYTYPE_DEVICE, srcDevice=pointer, srcPitch=pitch, srcXInBytes=3, srcY=4,
                 dstMemoryType=kind.CU_MEMORYTYPE_HOST, dstHost=part.ctypes.data, dstPitch=8, WidthInBytes=7, Height=5)
    api.cuMemcpy2DUnaligned(out)
    assert (part[:, :7] == image[4:9, 3:10]).all() and (part[:, 7] == 0).all()
    out.srcPitch = 9
    assert api.status("cuMemcpy2D", out) == "INVALID_VALUE"
    out.srcPitch, out.srcY = pitch, 16
    assert api.status("cuMemcpy2D", out) == "INVALID_VALUE"
    out.srcMemoryType = kind.CU_MEMORYTYPE_ARRAY
    assert api.status("cuMemcpy2D", out) == "INVALID_HANDLE"
    api.cuMemFree(pointer)


def test_a_brick_is_copied_out_of_a_larger_one(api: Any, cu: Any, stream: Any) -> None:
    brick = np.arange(4 * 6 * 8, dtype=np.uint8).reshape(4, 6, 8)
    device = api.cuMemAlloc(brick.nbytes)
    api.cuMemcpyHtoD(device, brick, brick.nbytes)
    part = np.zeros((2, 3, 5), np.uint8)
    copy = cu.CUDA_MEMCPY3D()
    for name, value in {"srcMemoryType": cu.CUmemorytype.CU_MEMORYTYPE_DEVICE, "srcDevice": device, "srcPitch": 8,
                        "srcHeight": 6, "srcXInBytes": 1, "srcY": 2, "srcZ": 1, "dstPitch": 5, "dstHeight": 3,
                        "dstMemoryType": cu.CUmemorytype.CU_MEMORYTYPE_HOST, "dstHost": part.ctypes.data,
                        "WidthInBytes": 5, "Height": 3, "Depth": 2}.items():
        setattr(copy, name, value)
    api.cuMemcpy3DAsync(copy, stream)
    api.cuStreamSynchronize(stream)
    assert (part == brick[1:3, 2:5, 1:6]).all()
    copy.srcZ = 3
    assert api.status("cuMemcpy3D", copy) == "INVALID_VALUE"
    api.cuMemFree(device)


@pytest.mark.parametrize(("bits", "pattern"), [(8, 0xA5), (16, 0xBEEF), (32, 0xDEADBEEF)])
def test_fills_write_their_elements_and_nothing_else(api: Any, context: Any, bits: int, pattern: int) -> None:
    kind = np.dtype(f"u{bits // 8}")
    device, back = api.cuMemAlloc(64 * kind.itemsize), np.zeros(64, kind)
    api.cuMemsetD8(device, 0, back.nbytes)
    getattr(api, f"cuMemsetD{bits}")(int(device) + kind.itemsize, pattern, 62)
    api.cuMemcpyDtoH(back, device, back.nbytes)
    assert back[0] == back[63] == 0 and (back[1:63] == pattern).all()
    api.cuMemsetD8(device, 0, back.nbytes)
    getattr(api, f"cuMemsetD2D{bits}")(device, 8 * kind.itemsize, pattern, 3, 8)
    api.cuMemcpyDtoH(back, device, back.nbytes)
    rows = back.reshape(8, 8)
    assert (rows[:, :3] == pattern).all() and (rows[:, 3:] == 0).all()
    api.cuMemFree(device)


def test_fills_that_do_not_fit_are_refused(api: Any, context: Any) -> None:
    device = api.cuMemAlloc(100)
    assert api.status("cuMemsetD8", device, 1, 101) == "INVALID_VALUE"
    assert api.status("cuMemsetD32", int(device) + 2, 1, 4) == "INVALID_VALUE"
    assert api.status("cuMemsetD2D8", device, 5, 1, 10, 2) == "INVALID_VALUE"
    assert api.status("cuMemsetD32", device, 1, 26) == "INVALID_VALUE"
    api.cuMemFree(device)


def test_batches_copy_all_their_parts(api: Any, cu: Any, stream: Any, numbers: np.ndarray) -> None:
    devices = [api.cuMemAlloc(1024) for _ in range(3)]
    host = [int(numbers.ctypes.data) + 1024 * index for index in range(3)]
    order = cu.CUmemcpyAttributes()
    order.srcAccessOrder = cu.CUmemcpySrcAccessOrder.CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL
    sources = [cu.CUdeviceptr(address) for address in host]
    api.cuMemcpyBatchAsync(devices, sources, [1024, 1024, 512], 3, [order], [0], 1, stream)
    api.cuStreamSynchronize(stream)
    back = np.zeros(1024, np.uint8)
    for device, start, size in zip(devices, (0, 1024, 2048), (1024, 1024, 512), strict=True):
        api.cuMemcpyDtoH(back, device, 1024)
        assert back[:size].tobytes() == numbers.tobytes()[start:start + size]
    for stream_or_none, starts in ((0, [0]), (stream, [1])):
        assert api.status("cuMemcpyBatchAsync", devices, sources, [1, 1, 1], 3, [order], starts, 1,
                          stream_or_none) == "INVALID_VALUE"


def test_memory_of_another_device_is_copied_by_peer_copies(api: Any, context: Any, numbers: np.ndarray) -> None:
    if api.cuDeviceGetCount() < 2:
        pytest.skip("needs two devices")
    other = api.cuDevicePrimaryCtxRetain(1)
    api.cuCtxPushCurrent(other)
    there = api.cuMemAlloc(numbers.nbytes)
    api.cuMemcpyHtoD(there, numbers, numbers.nbytes)
    api.cuCtxPopCurrent()
    here, back = api.cuMemAlloc(numbers.nbytes), np.zeros_like(numbers)
    api.cuMemcpyPeer(here, context, there, other, numbers.nbytes)
    api.cuMemcpyDtoH(back, here, numbers.nbytes)
    assert (back == numbers).all()
    api.cuDevicePrimaryCtxRelease(1)
    assert api.status("cuMemcpyPeer", here, context, there, other, 8) != "SUCCESS"
