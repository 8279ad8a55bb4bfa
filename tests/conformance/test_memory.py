"""Memory: allocation of every kind, pointer attributes, limits, stale pointers."""

from __future__ import annotations

import gc
import mmap
from typing import Any

import numpy as np
import pytest


def attribute(api: Any, cu: Any, name: str, pointer: Any) -> Any:
    value = api.cuPointerGetAttribute(getattr(cu.CUpointer_attribute, f"CU_POINTER_ATTRIBUTE_{name}"), pointer)
    return int(value) if hasattr(value, "__int__") else value


def test_freed_memory_is_given_back(api: Any, context: Any) -> None:
    before = api.cuMemGetInfo()[0]
    pointers = [api.cuMemAlloc(size) for size in (1, 512, 4097, 1 << 20)]
    assert all(int(pointer) % 256 == 0 for pointer in pointers)
    assert api.cuMemGetInfo()[0] < before
    for pointer in pointers:
        api.cuMemFree(pointer)
    assert api.cuMemGetInfo()[0] == before


def test_what_cannot_be_freed(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(1024)
    assert api.status("cuMemFree", int(pointer) + 16) == "INVALID_VALUE"
    assert api.status("cuMemFreeHost", int(pointer)) == "INVALID_VALUE"
    api.cuMemFree(pointer)
    assert api.status("cuMemFree", pointer) == "INVALID_VALUE"
    assert api.status("cuMemFree", 0xDEAD0000) == "INVALID_VALUE"
    assert api.status("cuMemFree", 0) == "SUCCESS"


def test_nothing_is_no_allocation(api: Any, cu: Any, context: Any) -> None:
    assert api.status("cuMemAlloc", 0) == "INVALID_VALUE"
    assert api.status("cuMemAllocManaged", 0, 1) == "INVALID_VALUE"
    assert api.status("cuMemAllocManaged", 64, 7) == "INVALID_VALUE"
    assert api.status("cuMemHostAlloc", 64, 0x100) == "INVALID_VALUE"


def test_too_much_is_out_of_memory_and_leaks_nothing(api: Any, context: Any) -> None:
    free, total = api.cuMemGetInfo()
    assert api.status("cuMemAlloc", total + 1) == "OUT_OF_MEMORY"
    assert api.status("cuMemAlloc", 1 << 62) == "OUT_OF_MEMORY"
    assert api.status("cuMemAlloc", (1 << 64) - 1) == "OUT_OF_MEMORY"
    assert api.cuMemGetInfo()[0] == free


def test_the_devices_memory_has_an_end(api: Any, context: Any) -> None:
    free, total = api.cuMemGetInfo()
    big = api.cuMemAlloc(total // 2)
    assert api.status("cuMemAlloc", total // 2 + (1 << 20)) == "OUT_OF_MEMORY"
    api.cuMemFree(big)
    assert api.cuMemGetInfo()[0] == free


def test_pitched_rows_are_aligned(api: Any, context: Any) -> None:
    pointer, pitch = api.cuMemAllocPitch(100, 7, 4)
    assert pitch >= 100 and pitch % 32 == 0
    base, size = api.cuMemGetAddressRange(int(pointer) + 50)
    assert int(base) == int(pointer) and size == pitch * 7
    api.cuMemFree(pointer)
    assert api.status("cuMemAllocPitch", 100, 7, 3) == "INVALID_VALUE"


def test_an_address_range_ends_where_the_allocation_ends(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(1000)
    base, size = api.cuMemGetAddressRange(int(pointer) + 999)
    assert (int(base), size) == (int(pointer), 1000)
    assert api.status("cuMemGetAddressRange", int(pointer) + 1000) == "NOT_FOUND"
    api.cuMemFree(pointer)
    assert api.status("cuMemGetAddressRange", pointer) == "NOT_FOUND"


def test_device_memory_says_what_it_is(api: Any, cu: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(1000)
    inside = int(pointer) + 8
    assert attribute(api, cu, "MEMORY_TYPE", inside) == int(cu.CUmemorytype.CU_MEMORYTYPE_DEVICE)
    assert attribute(api, cu, "CONTEXT", inside) == int(context)
    assert attribute(api, cu, "DEVICE_POINTER", inside) == inside
    assert attribute(api, cu, "DEVICE_ORDINAL", inside) == 0
    assert attribute(api, cu, "RANGE_START_ADDR", inside) == int(pointer)
    assert attribute(api, cu, "RANGE_SIZE", inside) == 1000
    assert not attribute(api, cu, "IS_MANAGED", inside)
    assert api.status("cuPointerGetAttribute", cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_HOST_POINTER,
                      inside) == "INVALID_VALUE"
    api.cuMemFree(pointer)
    assert api.status("cuPointerGetAttribute", cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                      inside) == "INVALID_VALUE"


def test_attributes_need_no_current_context(api: Any, cu: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(64)
    api.cuCtxPopCurrent()
    assert attribute(api, cu, "DEVICE_ORDINAL", pointer) == 0
    api.cuCtxPushCurrent(context)
    api.cuMemFree(pointer)


def test_buffer_ids_are_never_used_twice(api: Any, cu: Any, context: Any) -> None:
    seen = set()
    for _ in range(10):
        pointer = api.cuMemAlloc(512)
        seen.add(attribute(api, cu, "BUFFER_ID", pointer))
        api.cuMemFree(pointer)
    assert len(seen) == 10


def test_pinned_memory_is_host_memory_that_the_device_sees(api: Any, cu: Any, context: Any) -> None:
    pointer = api.cuMemHostAlloc(4096, cu.CU_MEMHOSTALLOC_PORTABLE)
    assert attribute(api, cu, "MEMORY_TYPE", pointer) == int(cu.CUmemorytype.CU_MEMORYTYPE_HOST)
    assert attribute(api, cu, "HOST_POINTER", pointer) == int(pointer)
    assert int(api.cuMemHostGetDevicePointer(pointer, 0)) == int(pointer)
    assert api.cuMemHostGetFlags(pointer) & cu.CU_MEMHOSTALLOC_PORTABLE
    assert api.status("cuMemFree", int(pointer)) == "INVALID_VALUE"
    api.cuMemFreeHost(pointer)
    assert api.status("cuMemFreeHost", pointer) == "INVALID_VALUE"


def test_managed_memory_is_written_by_both_sides(api: Any, cu: Any, context: Any) -> None:
    pointer = api.cuMemAllocManaged(4096, 1)
    assert attribute(api, cu, "IS_MANAGED", pointer)
    view = np.frombuffer((__import__("ctypes").c_uint8 * 4096).from_address(int(pointer)), np.uint8)
    view[:] = 5
    api.cuMemsetD8(int(pointer) + 1, 9, 3)
    assert view[:5].tolist() == [5, 9, 9, 9, 5]
    api.cuMemFree(pointer)


def test_registered_memory_is_known_until_it_is_unregistered(api: Any, cu: Any, context: Any) -> None:
    region = mmap.mmap(-1, 1 << 16)
    array = np.frombuffer(region, np.uint8)
    address = array.ctypes.data
    api.cuMemHostRegister(address, array.nbytes, 0)
    assert attribute(api, cu, "MEMORY_TYPE", address) == int(cu.CUmemorytype.CU_MEMORYTYPE_HOST)
    assert api.status("cuMemHostRegister", address, 4096, 0) == "HOST_MEMORY_ALREADY_REGISTERED"
    api.cuMemHostUnregister(address)
    assert api.status("cuMemHostUnregister", address) == "HOST_MEMORY_NOT_REGISTERED"
    assert api.status("cuMemHostRegister", 0, 4096, 0) == "INVALID_VALUE"
    assert api.status("cuMemHostRegister", 0x1000, 4096, 0) == "INVALID_VALUE"
    assert api.status("cuMemHostRegister", address, 1 << 46, 0) == "INVALID_VALUE"
    assert api.status("cuMemHostRegister", address, 4096, 4) == "NOT_SUPPORTED"
    assert api.status("cuMemHostRegister", address, 4096, 16) == "INVALID_VALUE"


def test_unknown_addresses_have_null_attributes_in_a_batch(api: Any, cu: Any, context: Any) -> None:
    kinds = [cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
             cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
             cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_MANAGED]
    array = np.zeros(16)
    values = api.cuPointerGetAttributes(3, kinds, array.ctypes.data)
    assert [int(value) for value in values] == [0, -2, 0]


@pytest.mark.parametrize("size", [0, 5])
def test_hints_for_managed_memory_are_checked_and_remembered(api: Any, cu: Any, context: Any, size: int) -> None:
    pointer = api.cuMemAllocManaged(8192, 1)
    place = cu.CUmemLocation()
    place.type, place.id = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
    if size == 0:
        assert api.status("cuMemPrefetchAsync", pointer, 0, place, 0, 0) == "INVALID_VALUE"
    api.cuMemPrefetchAsync(pointer, 8192, place, 0, 0)
    api.cuMemAdvise(pointer, 8192, cu.CUmem_advise.CU_MEM_ADVISE_SET_READ_MOSTLY, place)
    kind = cu.CUmem_range_attribute
    assert api.cuMemRangeGetAttribute(4, kind.CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, pointer, 8192) == 1
    assert api.cuMemRangeGetAttribute(4, kind.CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, pointer, 8192) == 0
    plain = api.cuMemAlloc(8192)
    assert api.status("cuMemPrefetchAsync", plain, 8192, place, 0, 0) == "INVALID_VALUE"
    place.id = 99
    assert api.status("cuMemPrefetchAsync", pointer, 8192, place, 0, 0) == "INVALID_DEVICE"
    api.cuMemFree(plain)
    api.cuMemFree(pointer)


def test_finalisers_may_free_in_the_middle_of_our_calls(api: Any, context: Any) -> None:
    class Owner:
        def __init__(self) -> None:
            self.pointer, self.loop = api.cuMemAlloc(256), self

        def __del__(self) -> None:
            assert api.status("cuMemFree", self.pointer) == "SUCCESS"

    before, old = api.cuMemGetInfo()[0], gc.get_threshold()
    gc.set_threshold(5)
    try:
        for _ in range(200):
            Owner()
    finally:
        gc.set_threshold(*old)
    gc.collect()
    assert api.cuMemGetInfo()[0] == before
