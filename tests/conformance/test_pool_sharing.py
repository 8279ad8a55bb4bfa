"""Memory pools of several processes: exported as descriptors, pointers as 64 bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from leaks import nothing_left
from other_process import Other, raw
from test_pool import properties

POSIX = 1


@pytest.fixture
def pool(api: Any, cu: Any, context: Any) -> Iterator[Any]:
    made = api.cuMemPoolCreate(properties(cu, handleTypes=cu.CUmemAllocationHandleType(POSIX)))
    yield made
    api.status("cuMemPoolDestroy", made)


def export(api: Any, cu: Any, pool: Any) -> int:
    return int(api.cuMemPoolExportToShareableHandle(pool, cu.CUmemAllocationHandleType(POSIX), 0))


def imported(api: Any, cu: Any, descriptor: int) -> Any:
    return api.cuMemPoolImportFromShareableHandle(descriptor, cu.CUmemAllocationHandleType(POSIX), 0)


def got(api: Any, at: Any, size: int = 64) -> list[int]:
    back = np.empty(size, np.uint8)
    api.cuMemcpyDtoH(back, at, size)
    return back.tolist()


def test_a_pointer_of_an_exported_pool_is_the_same_memory_elsewhere(api: Any, cu: Any, pool: Any, stream: Any) -> None:
    pointers = [api.cuMemAllocFromPoolAsync(5000, pool, stream) for _ in range(2)]
    for value, pointer in enumerate(pointers):
        api.cuMemsetD8Async(pointer, value + 1, 5000, stream)
    api.cuStreamSynchronize(stream)
    descriptor = export(api, cu, pool)
    data = [raw(api.cuMemPoolExportPointer(pointer)) for pointer in pointers]
    with Other((descriptor,)) as other:
        other.do(f"""
pool = api.cuMemPoolImportFromShareableHandle({descriptor}, cu.CUmemAllocationHandleType(1), 0)
os.close({descriptor})
a, b = [api.cuMemPoolImportPointer(pool, filled(cu.CUmemPoolPtrExportData(), data)) for data in {data!r}]""")
        assert other.ask("got(a, 5000) == [1] * 5000 and got(b, 5000) == [2] * 5000")
        other.do("put(b, 9)")
        assert got(api, pointers[1]) == [9] * 64
        other.do("s = api.cuStreamCreate(1); api.cuMemFreeAsync(a, s); api.cuMemFree(b); api.cuStreamSynchronize(s)")
        assert other.ask("api.status('cuMemsetD8', a, 0, 1)") == "INVALID_VALUE"
        other.do("api.cuMemPoolDestroy(pool)")
        other.end()
    os.close(descriptor)
    for pointer in pointers:
        api.cuMemFreeAsync(pointer, stream)


def test_an_imported_pool_gives_no_memory(api: Any, cu: Any, pool: Any, stream: Any) -> None:
    descriptor = export(api, cu, pool)
    other = imported(api, cu, descriptor)
    assert api.status("cuMemAllocFromPoolAsync", 64, other, stream) == "NOT_PERMITTED"
    posix = cu.CUmemAllocationHandleType(POSIX)
    assert api.status("cuMemPoolExportToShareableHandle", other, posix, 0) == "INVALID_VALUE"
    os.close(descriptor)
    api.cuMemPoolDestroy(other)


def test_what_cannot_be_shared_is_refused(api: Any, cu: Any, context: Any, pool: Any, stream: Any) -> None:
    posix = cu.CUmemAllocationHandleType(POSIX)
    plain = api.cuMemPoolCreate(properties(cu))
    own, mine = api.cuMemAllocFromPoolAsync(64, plain, stream), api.cuMemAllocFromPoolAsync(64, pool, stream)
    assert api.status("cuMemPoolExportToShareableHandle", plain, posix, 0) == "INVALID_VALUE"
    assert api.status("cuMemPoolExportToShareableHandle", pool, posix, 1) == "INVALID_VALUE"
    assert api.status("cuMemPoolExportToShareableHandle", pool, cu.CUmemAllocationHandleType(8), 0) == "NOT_SUPPORTED"
    assert api.status("cuMemPoolExportPointer", own) == "INVALID_VALUE"
    assert api.status("cuMemPoolImportPointer", pool, api.cuMemPoolExportPointer(mine)) == "INVALID_VALUE"
    assert api.status("cuMemPoolImportFromShareableHandle", 9999, posix, 0) == "INVALID_VALUE"
    for handle_type, status in ((2, "NOT_SUPPORTED"), (8, "NOT_SUPPORTED")):
        made = properties(cu, handleTypes=cu.CUmemAllocationHandleType(handle_type))
        assert api.status("cuMemPoolCreate", made) == status
    descriptor = export(api, cu, pool)
    other = imported(api, cu, descriptor)
    assert api.status("cuMemPoolImportPointer", other, cu.CUmemPoolPtrExportData()) == "INVALID_VALUE"
    os.close(descriptor)
    for one in (plain, other):
        api.cuMemPoolDestroy(one)
    for pointer in (own, mine):
        api.cuMemFreeAsync(pointer, stream)


def test_attributes_say_how_it_is_shared(api: Any, cu: Any, pool: Any, stream: Any) -> None:
    kinds = cu.CUmemPool_attribute
    assert api.cuMemPoolGetAttribute(pool, kinds.CU_MEMPOOL_ATTR_EXPORT_HANDLE_TYPES) == POSIX
    pointer = api.cuMemAllocFromPoolAsync(64, pool, stream)
    allowed = cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES
    assert int(api.cuPointerGetAttribute(allowed, pointer)) == POSIX
    supported = cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMPOOL_SUPPORTED_HANDLE_TYPES
    assert api.cuDeviceGetAttribute(supported, 0) == POSIX
    api.cuMemFreeAsync(pointer, stream)


def test_memory_of_a_shared_pool_counts_and_comes_back(api: Any, cu: Any, pool: Any, stream: Any) -> None:
    free = api.cuMemGetInfo()[0]
    pointer = api.cuMemAllocFromPoolAsync(1 << 20, pool, stream)
    assert api.cuMemGetInfo()[0] == free - (1 << 20)
    api.cuMemsetD8Async(pointer, 3, 1 << 20, stream)
    api.cuMemFreeAsync(pointer, stream)
    api.cuStreamSynchronize(stream)
    assert api.cuMemGetInfo()[0] == free
    again = api.cuMemAllocFromPoolAsync(1 << 20, pool, stream)
    assert got(api, again) == [0] * 64
    api.cuMemFreeAsync(again, stream)


def test_nothing_is_left_behind(api: Any, cu: Any, context: Any, stream: Any) -> None:
    def round_() -> None:
        pool = api.cuMemPoolCreate(properties(cu, handleTypes=cu.CUmemAllocationHandleType(POSIX)))
        pointer = api.cuMemAllocFromPoolAsync(5000, pool, stream)
        descriptor = export(api, cu, pool)
        other = imported(api, cu, descriptor)
        os.close(descriptor)
        api.cuMemFreeAsync(api.cuMemPoolImportPointer(other, api.cuMemPoolExportPointer(pointer)), stream)
        api.cuMemFreeAsync(pointer, stream)
        api.cuMemPoolDestroy(pool)
        api.cuMemPoolDestroy(other)
        api.cuCtxSynchronize()

    round_()
    with nothing_left():
        for _ in range(10):
            round_()
