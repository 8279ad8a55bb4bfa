"""Memory pools: stream-ordered allocation, reuse, attributes, ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest


def properties(cu: Any, **fields: Any) -> Any:
    made = cu.CUmemPoolProps()
    made.allocType = cu.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
    made.handleTypes = cu.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_NONE
    made.location.type, made.location.id = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def pool(api: Any, cu: Any, context: Any) -> Iterator[Any]:
    made = api.cuMemPoolCreate(properties(cu))
    yield made
    api.status("cuMemPoolDestroy", made)


def read(api: Any, cu: Any, pool: Any, name: str) -> int:
    return int(api.cuMemPoolGetAttribute(pool, getattr(cu.CUmemPool_attribute, f"CU_MEMPOOL_ATTR_{name}")))


def write(api: Any, cu: Any, pool: Any, name: str, value: int) -> str:
    kind = getattr(cu.CUmemPool_attribute, f"CU_MEMPOOL_ATTR_{name}")
    boxed = cu.cuuint64_t(value) if "MEM" in name or "THRESHOLD" in name else value
    return api.status("cuMemPoolSetAttribute", pool, kind, boxed)


def test_the_same_stream_gets_its_memory_back_at_once(api: Any, cu: Any, stream: Any, pool: Any, hold: Any) -> None:
    hold(stream)
    first = api.cuMemAllocFromPoolAsync(5000, pool, stream)
    api.cuMemFreeAsync(first, stream)
    second = api.cuMemAllocFromPoolAsync(5000, pool, stream)
    assert int(first) == int(second)
    api.cuMemFreeAsync(second, stream)


def test_another_stream_does_not_get_memory_that_is_still_in_use(api: Any, stream: Any, pool: Any, hold: Any) -> None:
    other = api.cuStreamCreate(1)
    gate = hold(stream)
    first = api.cuMemAllocFromPoolAsync(5000, pool, stream)
    api.cuMemFreeAsync(first, stream)
    second = api.cuMemAllocFromPoolAsync(5000, pool, other)
    assert int(first) != int(second)
    gate.open()
    api.cuStreamSynchronize(stream)


def test_another_stream_reuses_memory_that_is_done(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    assert write(api, cu, pool, "RELEASE_THRESHOLD", 1 << 40) == "SUCCESS"
    other = api.cuStreamCreate(1)
    first = api.cuMemAllocFromPoolAsync(5000, pool, stream)
    api.cuMemFreeAsync(first, stream)
    api.cuStreamSynchronize(stream)
    assert int(api.cuMemAllocFromPoolAsync(5000, pool, other)) == int(first)


def test_a_full_pool_waits_for_memory_rather_than_fail(api: Any, cu: Any, stream: Any, hold: Any) -> None:
    small = api.cuMemPoolCreate(properties(cu, maxSize=8192))
    other = api.cuStreamCreate(1)
    gate = hold(stream)
    first = api.cuMemAllocFromPoolAsync(8192, small, stream)
    assert api.status("cuMemAllocFromPoolAsync", 8192, small, other) == "OUT_OF_MEMORY"
    api.cuMemFreeAsync(first, stream)
    second = api.cuMemAllocFromPoolAsync(8192, small, other)
    assert int(second) == int(first)
    api.cuMemsetD8Async(second, 1, 8192, other)
    assert api.status("cuStreamQuery", other) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(other)
    api.cuMemFreeAsync(second, other)
    api.cuMemPoolDestroy(small)


def test_counters_and_high_water_marks(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    first = api.cuMemAllocFromPoolAsync(4096, pool, stream)
    second = api.cuMemAllocFromPoolAsync(4096, pool, stream)
    assert read(api, cu, pool, "USED_MEM_CURRENT") == 8192
    assert read(api, cu, pool, "RESERVED_MEM_CURRENT") >= 8192
    api.cuMemFreeAsync(first, stream)
    assert read(api, cu, pool, "USED_MEM_CURRENT") == 4096
    assert read(api, cu, pool, "USED_MEM_HIGH") == 8192
    assert write(api, cu, pool, "USED_MEM_HIGH", 0) == "SUCCESS"
    assert read(api, cu, pool, "USED_MEM_HIGH") == 4096
    assert write(api, cu, pool, "USED_MEM_HIGH", 5) == "INVALID_VALUE"
    assert write(api, cu, pool, "USED_MEM_CURRENT", 0) == "INVALID_VALUE"
    api.cuMemFreeAsync(second, stream)


def test_a_synchronisation_releases_what_is_above_the_threshold(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    pointer = api.cuMemAllocFromPoolAsync(1 << 20, pool, stream)
    api.cuMemFreeAsync(pointer, stream)
    assert read(api, cu, pool, "RESERVED_MEM_CURRENT") == 1 << 20
    api.cuStreamSynchronize(stream)
    assert read(api, cu, pool, "RESERVED_MEM_CURRENT") == 0
    assert write(api, cu, pool, "RELEASE_THRESHOLD", 1 << 40) == "SUCCESS"
    api.cuMemFreeAsync(api.cuMemAllocFromPoolAsync(1 << 20, pool, stream), stream)
    api.cuStreamSynchronize(stream)
    assert read(api, cu, pool, "RESERVED_MEM_CURRENT") == 1 << 20
    api.cuMemPoolTrimTo(pool, 0)
    assert read(api, cu, pool, "RESERVED_MEM_CURRENT") == 0


def test_freed_pool_memory_is_no_memory(api: Any, stream: Any, pool: Any) -> None:
    pointer = api.cuMemAllocFromPoolAsync(4096, pool, stream)
    api.cuMemFreeAsync(pointer, stream)
    assert api.status("cuMemFreeAsync", pointer, stream) == "INVALID_VALUE"
    assert api.status("cuMemFree", pointer) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoH", np.zeros(8, np.uint8), pointer, 8) == "INVALID_VALUE"


def test_pool_memory_may_be_freed_with_the_plain_call(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    pointer = api.cuMemAllocFromPoolAsync(4096, pool, stream)
    api.cuMemFree(pointer)
    assert read(api, cu, pool, "USED_MEM_CURRENT") == 0


def test_plain_memory_may_be_freed_in_a_stream(api: Any, stream: Any) -> None:
    before = api.cuMemGetInfo()[0]
    pointer = api.cuMemAlloc(1 << 20)
    api.cuMemsetD8Async(pointer, 1, 1 << 20, stream)
    api.cuMemFreeAsync(pointer, stream)
    api.cuStreamSynchronize(stream)
    assert api.cuMemGetInfo()[0] == before


def test_memory_outlives_its_pools_destruction(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    before = api.cuMemGetInfo()[0]
    pointer = api.cuMemAllocFromPoolAsync(4096, pool, stream)
    api.cuMemPoolDestroy(pool)
    assert api.status("cuMemPoolDestroy", pool) == "INVALID_VALUE"
    back = np.zeros(4096, np.uint8)
    api.cuMemsetD8Async(pointer, 6, 4096, stream)
    api.cuMemcpyDtoHAsync(back, pointer, 4096, stream)
    assert (back == 6).all()
    api.cuMemFreeAsync(pointer, stream)
    api.cuStreamSynchronize(stream)
    assert api.cuMemGetInfo()[0] >= before


def test_the_default_pool_stays_and_the_current_one_changes(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    default = api.cuDeviceGetDefaultMemPool(0)
    assert int(api.cuDeviceGetMemPool(0)) == int(default)
    assert api.status("cuMemPoolDestroy", default) == "INVALID_VALUE"
    api.cuDeviceSetMemPool(0, pool)
    assert int(api.cuDeviceGetMemPool(0)) == int(pool)
    pointer = api.cuMemAllocAsync(4096, stream)
    kind = cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE
    assert int(api.cuPointerGetAttribute(kind, pointer)) == int(pool)
    api.cuMemFreeAsync(pointer, stream)
    api.cuMemPoolDestroy(pool)
    assert int(api.cuDeviceGetMemPool(0)) == int(default)


def test_access_is_the_owners_until_it_is_given(api: Any, cu: Any, pool: Any) -> None:
    if api.cuDeviceGetCount() < 2:
        pytest.skip("needs two devices")
    flags = cu.CUmemAccess_flags
    place = cu.CUmemLocation()
    place.type, place.id = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0
    assert api.cuMemPoolGetAccess(pool, place) == flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
    place.id = 1
    assert api.cuMemPoolGetAccess(pool, place) == flags.CU_MEM_ACCESS_FLAGS_PROT_NONE
    theirs = api.cuMemAllocFromPoolAsync(64, pool, 0)
    other = api.cuDevicePrimaryCtxRetain(1)
    api.cuCtxPushCurrent(other)
    mine = api.cuMemAlloc(64)
    assert api.status("cuMemcpyDtoD", mine, theirs, 64) == "INVALID_VALUE"
    assert api.status("cuMemcpyAsync", theirs, mine, 64, 0) == "INVALID_VALUE"
    grant = cu.CUmemAccessDesc()
    grant.location, grant.flags = place, flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
    api.cuMemPoolSetAccess(pool, [grant], 1)
    assert api.cuMemPoolGetAccess(pool, place) == flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
    api.cuMemcpyDtoD(mine, theirs, 64)
    api.cuMemFree(mine)
    api.cuCtxPopCurrent()
    api.cuDevicePrimaryCtxRelease(1)
    api.cuMemFree(theirs)


def test_an_allocation_of_no_bytes_is_no_memory_and_no_error(api: Any, stream: Any, pool: Any) -> None:
    for pointer in (api.cuMemAllocFromPoolAsync(0, pool, stream), api.cuMemAllocAsync(0, stream)):
        assert int(pointer) == 0
        api.cuMemFreeAsync(pointer, stream)


def test_what_pools_do_not_do(api: Any, cu: Any, stream: Any, pool: Any) -> None:
    shared = properties(cu, handleTypes=cu.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
    assert api.status("cuMemPoolCreate", shared) == "SUCCESS"
    assert api.status("cuMemAllocFromPoolAsync", 64, cu.CUmemoryPool(0x5000), stream) == "INVALID_VALUE"
    assert api.status("cuMemAllocFromPoolAsync", 1 << 62, pool, stream) == "OUT_OF_MEMORY"


def test_pools_of_host_and_managed_memory(api: Any, cu: Any, stream: Any) -> None:
    import ctypes

    for kind in ("PINNED", "MANAGED"):
        made = properties(cu, allocType=getattr(cu.CUmemAllocationType, f"CU_MEM_ALLOCATION_TYPE_{kind}"))
        made.location.type = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_HOST
        host = api.cuMemPoolCreate(made)
        pointer = api.cuMemAllocFromPoolAsync(4096, host, stream)
        api.cuMemsetD8Async(pointer, 4, 4096, stream)
        api.cuStreamSynchronize(stream)
        assert (ctypes.c_uint8 * 4096).from_address(int(pointer))[4095] == 4
        api.cuMemFreeAsync(pointer, stream)
        api.cuMemPoolDestroy(host)
