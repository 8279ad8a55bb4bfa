"""Allocations, frees, fills, host memory, pools, what pointers are."""

from __future__ import annotations

import ctypes

from _common import WRONG, PoolProperties, alloc, fetch, i32, stream, u64

from compatlayer.oracle.calls import Cuda, program


@program
def allocation(cuda: Cuda) -> None:
    pointer, base, size = u64(), u64(), u64()
    cuda.cuMemAlloc_v2(pointer, 1000)
    cuda.note("aligned", pointer.value % 256)
    cuda.cuMemGetAddressRange_v2(base, size, pointer.value + 999)
    cuda.note("range", [base.value - pointer.value, size.value])
    cuda.cuMemGetAddressRange_v2(base, None, pointer.value)
    cuda.cuMemGetAddressRange_v2(None, size, pointer.value)
    cuda.cuMemFree_v2(pointer.value)
    cuda.cuMemGetAddressRange_v2(base, size, pointer.value)


@program
def bad_allocations(cuda: Cuda) -> None:
    pointer, pitch = u64(), u64()
    cuda.cuMemAlloc_v2(pointer, 0)
    cuda.cuMemAlloc_v2(None, 64)
    cuda.cuMemAlloc_v2(pointer, 1 << 60)
    cuda.cuMemAllocPitch_v2(pointer, pitch, 0, 4, 4)
    cuda.cuMemAllocPitch_v2(pointer, pitch, 4, 0, 4)
    cuda.cuMemAllocPitch_v2(pointer, pitch, 100, 4, 3)
    cuda.cuMemAllocPitch_v2(None, pitch, 100, 4, 4)
    cuda.cuMemAllocPitch_v2(pointer, None, 100, 4, 4)


@program
def pitched(cuda: Cuda) -> None:
    pointer, pitch = u64(), u64()
    cuda.cuMemAllocPitch_v2(pointer, pitch, 100, 7, 16)
    cuda.note("wide enough", pitch.value >= 100 and pitch.value % 16 == 0)
    cuda.cuMemFree_v2(pointer.value)


@program
def frees(cuda: Cuda) -> None:
    pointer = alloc(cuda)
    cuda.cuMemFree_v2(None)
    cuda.cuMemFree_v2(pointer + 256)
    cuda.cuMemFree_v2(0x10)
    cuda.cuMemFree_v2(pointer)
    cuda.cuMemFree_v2(pointer)


@program
def fills(cuda: Cuda) -> None:
    pointer = alloc(cuda, 64)
    cuda.cuMemsetD8_v2(pointer, 0x5A, 64)
    fetch(cuda, pointer, 4, "bytes")
    cuda.cuMemsetD16_v2(pointer, 0xBEEF, 6)
    fetch(cuda, pointer, 4, "shorts")
    cuda.cuMemsetD32_v2(pointer, 0x12345678, 3)
    fetch(cuda, pointer, 4, "words")
    cuda.cuMemsetD8_v2(pointer, 1, 0)
    cuda.cuMemsetD16_v2(pointer + 1, 1, 2)
    cuda.cuMemsetD32_v2(pointer + 2, 1, 2)
    cuda.cuMemsetD8_v2(None, 1, 4)
    cuda.cuMemsetD8_v2(pointer, 1, 1 << 40)
    cuda.cuMemsetD2D32_v2(pointer, 16, 7, 2, 3)
    fetch(cuda, pointer, 12, "rows")
    cuda.cuMemsetD2D32_v2(pointer, 4, 7, 2, 3)
    cuda.cuMemsetD2D8_v2(pointer, 16, 9, 4, 4)
    fetch(cuda, pointer, 12, "rows of bytes")


@program
def fills_in_order(cuda: Cuda) -> None:
    pointer, queue = alloc(cuda, 64), stream(cuda)
    for value in (1, 2, 3):
        cuda.cuMemsetD32Async(pointer, value, 4, queue)
    cuda.cuMemsetD8Async(pointer, 0xFF, 4, queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 4, "last wins")
    cuda.cuMemsetD32Async(pointer, 1, 4, 0xDEAD0)


@program
def host_memory(cuda: Cuda) -> None:
    plain, chosen, device, flags = u64(), u64(), u64(), i32()
    cuda.cuMemAllocHost_v2(plain, 4096)
    cuda.cuMemHostAlloc(chosen, 4096, 2)
    cuda.cuMemHostGetDevicePointer_v2(device, chosen.value, 0)
    cuda.note("one address", device.value == chosen.value)
    cuda.cuMemHostGetFlags(flags, chosen.value)
    cuda.note("mapped", bool(flags.value & 2))
    cuda.cuMemHostGetDevicePointer_v2(device, chosen.value, 1)
    cuda.cuMemFreeHost(plain.value)
    cuda.cuMemFreeHost(chosen.value)
    cuda.cuMemFreeHost(chosen.value)
    cuda.cuMemFreeHost(None)


@program
def bad_host_memory(cuda: Cuda) -> None:
    pointer, own = u64(), ctypes.create_string_buffer(64)
    cuda.cuMemAllocHost_v2(pointer, 0)
    cuda.cuMemAllocHost_v2(None, 64)
    cuda.cuMemHostAlloc(pointer, 0, 0)
    cuda.cuMemHostAlloc(pointer, 64, WRONG)
    cuda.cuMemHostGetDevicePointer_v2(pointer, ctypes.addressof(own), 0)
    cuda.cuMemHostGetDevicePointer_v2(pointer, alloc(cuda), 0)
    cuda.cuMemFreeHost(ctypes.addressof(own))


@program
def registered_memory(cuda: Cuda) -> None:
    own, device = ctypes.create_string_buffer(3 * 4096), u64()
    page = (ctypes.addressof(own) + 4095) // 4096 * 4096
    cuda.cuMemHostRegister_v2(page, 4096, 0)
    cuda.cuMemHostRegister_v2(page, 4096, 0)
    cuda.cuMemHostGetDevicePointer_v2(device, page, 0)
    cuda.cuMemHostUnregister(page)
    cuda.cuMemHostUnregister(page)
    cuda.cuMemHostUnregister(None)
    cuda.cuMemHostRegister_v2(page, 0, 0)
    cuda.cuMemHostRegister_v2(None, 4096, 0)
    cuda.cuMemHostRegister_v2(page, 4096, WRONG)


@program
def managed_memory(cuda: Cuda) -> None:
    pointer = u64()
    cuda.cuMemAllocManaged(pointer, 64, 1)
    ctypes.memset(pointer.value, 7, 64)
    cuda.cuMemsetD8_v2(pointer.value, 3, 4)
    cuda.cuCtxSynchronize()
    cuda.note("both wrote", ctypes.string_at(pointer.value, 8))
    cuda.cuMemFree_v2(pointer.value)
    cuda.cuMemAllocManaged(pointer, 0, 1)
    cuda.cuMemAllocManaged(pointer, 64, 0)
    cuda.cuMemAllocManaged(pointer, 64, 3)
    cuda.cuMemAllocManaged(None, 64, 1)


@program
def ordered_allocation(cuda: Cuda) -> None:
    pointer, queue = u64(), stream(cuda)
    cuda.cuMemAllocAsync(pointer, 256, queue)
    cuda.cuMemsetD32Async(pointer.value, 9, 4, queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer.value, 4, "content")
    cuda.cuMemFreeAsync(pointer.value, queue)
    cuda.cuStreamSynchronize(queue)
    cuda.cuMemFreeAsync(pointer.value, queue)
    cuda.cuMemAllocAsync(None, 64, queue)
    cuda.cuMemFreeAsync(None, queue)
    cuda.cuMemAllocAsync(pointer, 64, queue)
    cuda.cuMemFree_v2(pointer.value)


@program
def pools(cuda: Cuda) -> None:
    default, current, own, value = u64(), u64(), u64(), u64(5)
    cuda.cuDeviceGetDefaultMemPool(default, 0)
    cuda.cuDeviceGetMemPool(current, 0)
    cuda.note("default is current", default.value == current.value)
    properties = PoolProperties(allocation=1, place=1, device=0)
    cuda.cuMemPoolCreate(own, properties)
    cuda.cuMemPoolGetAttribute(own.value, 4, value)
    cuda.note("threshold", value.value)
    for attribute in (1, 2, 3):
        number = i32()
        cuda.cuMemPoolGetAttribute(own.value, attribute, number)
        cuda.note("reuse", number.value)
    value.value = 1 << 20
    cuda.cuMemPoolSetAttribute(own.value, 4, value)
    cuda.cuMemPoolGetAttribute(own.value, 4, value)
    cuda.note("threshold", value.value)
    cuda.cuMemPoolSetAttribute(own.value, 5, value)
    cuda.cuMemPoolGetAttribute(own.value, 9999, value)
    cuda.cuMemPoolTrimTo(own.value, 0)
    cuda.cuDeviceSetMemPool(0, own.value)
    cuda.cuDeviceGetMemPool(current, 0)
    cuda.note("own is current", own.value == current.value)
    cuda.cuDeviceSetMemPool(0, default.value)
    cuda.cuMemPoolDestroy(own.value)
    cuda.cuMemPoolDestroy(default.value)
    cuda.cuMemPoolCreate(None, properties)
    cuda.cuMemPoolCreate(own, None)
    cuda.cuMemPoolCreate(own, PoolProperties(allocation=99, place=1, device=0))
    cuda.cuMemPoolCreate(own, PoolProperties(allocation=1, place=1, device=9999))


@program
def pool_allocations(cuda: Cuda) -> None:
    own, pointer, seen, queue = u64(), u64(), u64(), stream(cuda)
    cuda.cuMemPoolCreate(own, PoolProperties(allocation=1, place=1, device=0))
    cuda.cuMemAllocFromPoolAsync(pointer, 4096, own.value, queue)
    cuda.cuPointerGetAttribute(seen, 17, pointer.value)
    cuda.note("its pool", seen.value == own.value)
    cuda.cuMemPoolGetAttribute(own.value, 7, seen)
    cuda.note("used any", seen.value > 0)
    cuda.cuMemFreeAsync(pointer.value, queue)
    cuda.cuStreamSynchronize(queue)
    cuda.cuMemPoolGetAttribute(own.value, 7, seen)
    cuda.note("used any", seen.value > 0)
    cuda.cuMemPoolGetAttribute(own.value, 8, seen)
    cuda.note("used some", seen.value > 0)
    cuda.cuMemAllocFromPoolAsync(pointer, 4096, None, queue)
    cuda.cuMemPoolDestroy(own.value)


@program
def what_pointers_are(cuda: Cuda) -> None:
    device, pinned, managed, own = alloc(cuda), u64(), u64(), ctypes.create_string_buffer(64)
    cuda.cuMemAllocHost_v2(pinned, 4096)
    cuda.cuMemAllocManaged(managed, 4096, 1)
    places = {"device": device + 100, "pinned": pinned.value, "managed": managed.value,
              "own": ctypes.addressof(own)}
    for label, pointer in places.items():
        kind, ordinal, is_managed = i32(), i32(-9), i32()
        cuda.cuPointerGetAttribute(kind, 2, pointer)
        cuda.note(f"{label}: type", kind.value)
        cuda.cuPointerGetAttribute(is_managed, 8, pointer)
        cuda.note(f"{label}: managed", is_managed.value & 1)
        cuda.cuPointerGetAttribute(ordinal, 9, pointer)
        cuda.note(f"{label}: ordinal", ordinal.value)


@program
def ranges_of_pointers(cuda: Cuda) -> None:
    pointer, value, size = alloc(cuda, 1000), u64(), u64()
    cuda.cuPointerGetAttribute(value, 11, pointer + 10)
    cuda.cuPointerGetAttribute(size, 12, pointer + 10)
    cuda.note("range", [value.value - pointer, size.value])
    cuda.cuPointerGetAttribute(value, 3, pointer + 10)
    cuda.note("device pointer", value.value - pointer)
    cuda.cuPointerGetAttribute(value, 4, pointer)
    cuda.cuPointerGetAttribute(value, WRONG, pointer)
    cuda.cuPointerGetAttribute(None, 2, pointer)
    cuda.cuPointerGetAttribute(value, 1, pointer)
    cuda.cuCtxGetCurrent(size)
    cuda.note("its context", value.value == size.value)
    first, second = u64(), u64()
    cuda.cuPointerGetAttribute(first, 7, pointer)
    cuda.cuPointerGetAttribute(second, 7, alloc(cuda))
    cuda.note("numbers differ", first.value != second.value)
    flag = i32(1)
    cuda.cuPointerSetAttribute(flag, 6, pointer)
    cuda.cuPointerSetAttribute(flag, 2, pointer)
    cuda.cuPointerSetAttribute(None, 6, pointer)
