"""Managed memory: prefetches, advice and discards are checked, and remembered page by page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

PAGE = 4096
SIZE = 8 * PAGE
CPU, NOBODY = -1, -2


@pytest.fixture
def managed(api: Any, context: Any) -> Iterator[int]:
    pointer = api.cuMemAllocManaged(SIZE, 1)
    yield int(pointer)
    api.status("cuMemFree", pointer)


def place(cu: Any, kind: str, ident: int = 0) -> Any:
    made = cu.CUmemLocation()
    made.type, made.id = getattr(cu.CUmemLocationType, f"CU_MEM_LOCATION_TYPE_{kind}"), ident
    return made


def advise(api: Any, cu: Any, at: int, size: int, name: str, where: Any) -> str:
    return str(api.status("cuMemAdvise", at, size, getattr(cu.CUmem_advise, f"CU_MEM_ADVISE_{name}"), where))


def read(api: Any, cu: Any, name: str, at: int, size: int = SIZE, bytes_: int = 4) -> Any:
    kind = getattr(cu.CUmem_range_attribute, f"CU_MEM_RANGE_ATTRIBUTE_{name}")
    value = api.cuMemRangeGetAttribute(bytes_, kind, at, size)
    return list(value) if isinstance(value, (list, tuple)) else int(value)


def test_nothing_is_said_at_first(api: Any, cu: Any, managed: int) -> None:
    assert read(api, cu, "READ_MOSTLY", managed) == 0
    assert read(api, cu, "PREFERRED_LOCATION", managed) == NOBODY
    assert read(api, cu, "LAST_PREFETCH_LOCATION", managed) == NOBODY
    assert read(api, cu, "PREFERRED_LOCATION_TYPE", managed) == 0
    assert read(api, cu, "ACCESSED_BY", managed, bytes_=8) == [NOBODY, NOBODY]


@pytest.mark.parametrize(("kind", "ident", "old", "type_"), [
    ("DEVICE", 1, 1, 1), ("HOST", 0, CPU, 2), ("HOST_NUMA", 0, CPU, 3), ("HOST_NUMA_CURRENT", 7, CPU, 3)])
def test_a_prefetch_is_remembered(api: Any, cu: Any, managed: int, stream: Any, kind: str, ident: int, old: int,
                                  type_: int) -> None:
    api.cuMemPrefetchAsync(managed, SIZE, place(cu, kind, ident), 0, stream)
    assert read(api, cu, "LAST_PREFETCH_LOCATION", managed) == old
    assert read(api, cu, "LAST_PREFETCH_LOCATION_TYPE", managed) == type_
    assert advise(api, cu, managed, SIZE, "SET_PREFERRED_LOCATION", place(cu, kind, ident)) == "SUCCESS"
    assert read(api, cu, "PREFERRED_LOCATION", managed) == old
    assert read(api, cu, "PREFERRED_LOCATION_TYPE", managed) == type_
    if kind == "DEVICE":
        assert read(api, cu, "PREFERRED_LOCATION_ID", managed) == ident
    assert advise(api, cu, managed, SIZE, "UNSET_PREFERRED_LOCATION", place(cu, "DEVICE", 99)) == "SUCCESS"
    assert read(api, cu, "PREFERRED_LOCATION", managed) == NOBODY


def test_hints_are_of_pages(api: Any, cu: Any, managed: int, stream: Any) -> None:
    api.cuMemPrefetchAsync(managed, SIZE, place(cu, "DEVICE", 0), 0, stream)
    api.cuMemPrefetchAsync(managed + 2 * PAGE, PAGE, place(cu, "DEVICE", 1), 0, stream)
    assert read(api, cu, "LAST_PREFETCH_LOCATION", managed) == NOBODY
    assert read(api, cu, "LAST_PREFETCH_LOCATION", managed, 2 * PAGE) == 0
    assert read(api, cu, "LAST_PREFETCH_LOCATION", managed + 2 * PAGE, 1) == 1
    assert read(api, cu, "LAST_PREFETCH_LOCATION", managed + 3 * PAGE, PAGE) == 0
    assert advise(api, cu, managed, 2 * PAGE, "SET_READ_MOSTLY", place(cu, "HOST")) == "SUCCESS"
    assert read(api, cu, "READ_MOSTLY", managed, 2 * PAGE) == 1
    assert read(api, cu, "READ_MOSTLY", managed, 2 * PAGE + 1) == 0
    assert advise(api, cu, managed, PAGE, "UNSET_READ_MOSTLY", place(cu, "HOST")) == "SUCCESS"
    assert read(api, cu, "READ_MOSTLY", managed + PAGE, PAGE) == 1


def test_devices_that_access_all_of_a_range_are_listed(api: Any, cu: Any, managed: int) -> None:
    for kind, ident, size in (("DEVICE", 1, SIZE), ("HOST", 0, SIZE), ("DEVICE", 0, PAGE)):
        assert advise(api, cu, managed, size, "SET_ACCESSED_BY", place(cu, kind, ident)) == "SUCCESS"
    assert read(api, cu, "ACCESSED_BY", managed, bytes_=16) == [1, CPU, NOBODY, NOBODY]
    assert read(api, cu, "ACCESSED_BY", managed, PAGE, 12) == [1, CPU, 0]
    assert read(api, cu, "ACCESSED_BY", managed, PAGE, 8) == [1, CPU]
    assert advise(api, cu, managed, SIZE, "UNSET_ACCESSED_BY", place(cu, "DEVICE", 1)) == "SUCCESS"
    assert read(api, cu, "ACCESSED_BY", managed, bytes_=8) == [CPU, NOBODY]


def test_several_attributes_at_once(api: Any, cu: Any, managed: int, stream: Any) -> None:
    kinds = cu.CUmem_range_attribute
    api.cuMemPrefetchAsync(managed, SIZE, place(cu, "DEVICE", 1), 0, stream)
    told = api.cuMemRangeGetAttributes([4, 8], [kinds.CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION,
                                                kinds.CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY], 2, managed, SIZE)
    assert int(told[0]) == 1 and list(told[1]) == [NOBODY, NOBODY]


def test_wrong_hints_are_refused(api: Any, cu: Any, managed: int, stream: Any) -> None:
    device = api.cuMemAlloc(PAGE)
    prefetch = "cuMemPrefetchAsync"
    good = place(cu, "DEVICE", 0)
    assert api.status(prefetch, managed, SIZE, place(cu, "DEVICE", 9), 0, stream) == "INVALID_DEVICE"
    assert api.status(prefetch, managed, SIZE, place(cu, "NONE"), 0, stream) == "INVALID_VALUE"
    assert api.status(prefetch, managed, SIZE, place(cu, "HOST_NUMA", -5), 0, stream) == "INVALID_VALUE"
    assert api.status(prefetch, managed, SIZE, good, 1, stream) == "INVALID_VALUE"
    for at, size in ((managed, 0), (managed, SIZE + 1), (int(device), 8), (0, 8), (0x1000, 8)):
        assert api.status(prefetch, at, size, good, 0, stream) == "INVALID_VALUE"
        assert advise(api, cu, at, size, "SET_READ_MOSTLY", good) == "INVALID_VALUE"
    assert advise(api, cu, managed, SIZE, "SET_ACCESSED_BY", place(cu, "HOST_NUMA", 0)) == "INVALID_VALUE"
    kinds = cu.CUmem_range_attribute
    for size, kind in ((8, kinds.CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY), (3, kinds.CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY)):
        assert api.status("cuMemRangeGetAttribute", size, kind, managed, SIZE) == "INVALID_VALUE"
    api.cuMemFree(device)


def test_memory_of_the_program_takes_hints_too(api: Any, cu: Any, context: Any, stream: Any) -> None:
    own = np.ones(SIZE, np.uint8)
    at = own.ctypes.data
    api.cuMemPrefetchAsync(at, SIZE, place(cu, "DEVICE", 0), 0, stream)
    assert advise(api, cu, at, SIZE, "SET_READ_MOSTLY", place(cu, "HOST")) == "SUCCESS"
    api.cuStreamAttachMemAsync(stream, at, SIZE, 1)
    assert api.status("cuStreamAttachMemAsync", stream, at, 0, 1) == "INVALID_VALUE"
    kind = cu.CUmem_range_attribute.CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY
    assert api.status("cuMemRangeGetAttribute", 4, kind, at, SIZE) == "INVALID_VALUE"
    assert own.all()


def test_batches_prefetch_and_discard(api: Any, cu: Any, managed: int, stream: Any) -> None:
    ranges = [cu.CUdeviceptr(managed + page * PAGE) for page in range(3)]
    places, starts = [place(cu, "DEVICE", 1), place(cu, "HOST")], [0, 2]
    ctypes.memset(managed, 7, SIZE)
    for name in ("cuMemPrefetchBatchAsync", "cuMemDiscardAndPrefetchBatchAsync"):
        assert api.status(name, ranges, [PAGE] * 3, 3, places, starts, 2, 0, stream) == "SUCCESS"
        assert [read(api, cu, "LAST_PREFETCH_LOCATION", int(at), PAGE) for at in ranges] == [1, 1, CPU]
        assert api.status(name, ranges, [PAGE] * 3, 3, places, [1, 2], 2, 0, stream) == "INVALID_VALUE"
        assert api.status(name, ranges, [PAGE] * 3, 3, places, [0, 0], 2, 0, stream) == "INVALID_VALUE"
        assert api.status(name, ranges, [PAGE] * 3, 3, places, starts, 2, 1, stream) == "INVALID_VALUE"
        assert api.status(name, ranges, [PAGE] * 3, 3, places, starts, 2, 0, 0) == "INVALID_VALUE"
    assert api.status("cuMemDiscardBatchAsync", ranges, [PAGE] * 3, 3, 0, stream) == "SUCCESS"
    assert api.status("cuMemDiscardBatchAsync", ranges, [PAGE] * 3, 3, 0, 0) == "INVALID_VALUE"
    assert api.status("cuMemDiscardBatchAsync", ranges, [PAGE] * 3, 0, 0, stream) == "INVALID_VALUE"
    ctypes.memset(managed, 8, SIZE)
    assert ctypes.string_at(managed, SIZE) == bytes([8]) * SIZE


def test_attachments_are_of_whole_allocations(api: Any, cu: Any, managed: int, stream: Any) -> None:
    for size, flags in ((0, 1), (SIZE, 2), (0, 4)):
        api.cuStreamAttachMemAsync(stream, managed, size, flags)
    for at, size, flags in ((managed, PAGE, 1), (managed + PAGE, 0, 1), (managed, 0, 3), (managed, 0, 0)):
        assert api.status("cuStreamAttachMemAsync", stream, at, size, flags) == "INVALID_VALUE"
    assert api.status("cuStreamAttachMemAsync", 0, managed, 0, 4) == "INVALID_VALUE"


def test_all_memory_is_the_hosts(api: Any, cu: Any, managed: int) -> None:
    where = place(cu, "NONE")
    api.cuMemGetLocationInfo(managed, SIZE, SIZE, 0, where)
    assert int(where.type) == 2
    for summary, sampling in ((0, 0), (SIZE + 1, 0), (PAGE, PAGE + 1)):
        assert api.status("cuMemGetLocationInfo", managed, SIZE, summary, sampling, where) == "INVALID_VALUE"
