"""Virtual memory: reserved addresses, memory without an address, mappings of it, access, export."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build
from leaks import nothing_left

UNIT = 2 << 20


def location(cu: Any, kind: str = "DEVICE", ident: int = 0) -> Any:
    made = cu.CUmemLocation()
    made.type, made.id = getattr(cu.CUmemLocationType, f"CU_MEM_LOCATION_TYPE_{kind}"), ident
    return made


def properties(cu: Any, kind: str = "DEVICE", ident: int = 0, handles: int = 0) -> Any:
    made = cu.CUmemAllocationProp()
    made.type = cu.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
    made.requestedHandleTypes = cu.CUmemAllocationHandleType(handles)
    made.location = location(cu, kind, ident)
    return made


def access(cu: Any, flags: int = 3, ident: int = 0) -> Any:
    made = cu.CUmemAccessDesc()
    made.location = location(cu, ident=ident)
    made.flags = cu.CUmemAccess_flags(flags)
    return made


class Ranges:
    """Makes reserved ranges and mappings, and takes back what the test left."""

    def __init__(self, api: Any, cu: Any) -> None:
        self.api, self.cu = api, cu
        self.reserved: dict[int, int] = {}
        self.handles: list[Any] = []

    def reserve(self, units: int = 1, wanted: int = 0) -> int:
        base = int(self.api.cuMemAddressReserve(units * UNIT, 0, wanted, 0))
        self.reserved[base] = units * UNIT
        return base

    def create(self, units: int = 1, **kind: Any) -> Any:
        self.handles.append(self.api.cuMemCreate(units * UNIT, properties(self.cu, **kind), 0))
        return self.handles[-1]

    def map(self, base: int, handle: Any, units: int = 1, offset: int = 0, flags: int = 3) -> int:
        self.api.cuMemMap(base, units * UNIT, offset * UNIT, handle, 0)
        if flags:
            self.api.cuMemSetAccess(base, units * UNIT, [access(self.cu, flags)], 1)
        return base

    def ready(self, units: int = 1) -> int:
        """A mapped range of that many pieces, each a memory of its own."""
        base = self.reserve(units)
        for unit in range(units):
            self.map(base + unit * UNIT, self.create())
        return base

    def close(self) -> None:
        for base, size in self.reserved.items():
            for at in range(base, base + size, UNIT):
                for units in range(1, (base + size - at) // UNIT + 1):
                    if self.api.status("cuMemUnmap", at, units * UNIT) == "SUCCESS":
                        break
            self.api.status("cuMemAddressFree", base, size)
        for handle in self.handles:
            self.api.status("cuMemRelease", handle)


@pytest.fixture
def ranges(api: Any, cu: Any, context: Any) -> Iterator[Ranges]:
    made = Ranges(api, cu)
    yield made
    made.close()


def put(api: Any, at: int, value: int, size: int = 64) -> None:
    api.cuMemcpyHtoD(at, np.full(size, value, np.uint8), size)


def got(api: Any, at: int, size: int = 64) -> np.ndarray:
    back = np.empty(size, np.uint8)
    api.cuMemcpyDtoH(back, at, size)
    return back


def test_the_attribute_says_that_it_is_there(api: Any, cu: Any, context: Any) -> None:
    for name in ("VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED", "HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED",
                 "HOST_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED", "HOST_NUMA_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED"):
        assert api.cuDeviceGetAttribute(getattr(cu.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}"), 0) == 1
    for name in ("HANDLE_TYPE_FABRIC_SUPPORTED", "HANDLE_TYPE_WIN32_HANDLE_SUPPORTED", "GENERIC_COMPRESSION_SUPPORTED",
                 "GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED", "DMA_BUF_SUPPORTED", "MULTICAST_SUPPORTED"):
        assert api.cuDeviceGetAttribute(getattr(cu.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}"), 0) == 0


@pytest.mark.parametrize("kind", ["DEVICE", "HOST", "HOST_NUMA", "HOST_NUMA_CURRENT"])
def test_the_granularity_is_what_sizes_must_be_multiples_of(api: Any, cu: Any, context: Any, kind: str) -> None:
    for option in cu.CUmemAllocationGranularity_flags:
        assert api.cuMemGetAllocationGranularity(properties(cu, kind), option) == UNIT
    assert api.status("cuMemCreate", UNIT + 4096, properties(cu, kind), 0) == "INVALID_VALUE"
    assert api.status("cuMemCreate", 0, properties(cu, kind), 0) == "INVALID_VALUE"


def test_memory_is_zero_and_keeps_what_is_written(api: Any, ranges: Ranges) -> None:
    base = ranges.ready()
    assert not got(api, base, UNIT).any()
    put(api, base, 7)
    assert (got(api, base) == 7).all()


def test_reserved_addresses_are_aligned_and_as_wanted_when_free(api: Any, ranges: Ranges) -> None:
    base = ranges.reserve(3)
    assert base % UNIT == 0
    assert ranges.reserve(2, base + 3 * UNIT) == base + 3 * UNIT
    assert ranges.reserve(1, base) != base
    high = int(api.cuMemAddressReserve(UNIT, 1 << 30, 0, 0))
    assert high % (1 << 30) == 0
    api.cuMemAddressFree(high, UNIT)


def test_two_mappings_of_one_memory_alias(api: Any, ranges: Ranges) -> None:
    handle, first, second = ranges.create(), ranges.reserve(), ranges.reserve()
    ranges.map(first, handle)
    ranges.map(second, handle)
    put(api, first + 100, 5)
    assert (got(api, second + 100) == 5).all()
    put(api, second + 100, 6)
    assert (got(api, first + 100) == 6).all()


def test_a_mapping_may_begin_inside_the_memory(api: Any, ranges: Ranges) -> None:
    handle, all_, part = ranges.create(3), ranges.reserve(3), ranges.reserve()
    ranges.map(all_, handle, 3)
    ranges.map(part, handle, 1, offset=2)
    put(api, part, 9)
    assert (got(api, all_ + 2 * UNIT) == 9).all()
    assert not got(api, all_, UNIT).any()


def test_copies_and_fills_go_through_several_mappings(api: Any, ranges: Ranges, stream: Any) -> None:
    base, other = ranges.ready(3), ranges.ready(2)
    data = np.random.default_rng(1).integers(0, 256, 2 * UNIT, np.uint8)
    start = UNIT // 2
    api.cuMemcpyHtoD(base + start, data, data.nbytes)
    assert (got(api, base + start, data.nbytes) == data).all()
    api.cuMemcpyDtoDAsync(other, base + start, data.nbytes, stream)
    api.cuStreamSynchronize(stream)
    assert (got(api, other, data.nbytes) == data).all()
    api.cuMemsetD32(base + UNIT - 400, 0x01020304, 200)
    assert (got(api, base + UNIT - 400, 800).view(np.uint32) == 0x01020304).all()
    assert api.status("cuMemsetD8", base + 2 * UNIT, 1, UNIT + 1) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoD", base, other, 2 * UNIT + 1) == "INVALID_VALUE"


def test_ranges_next_to_each_other_are_one_for_copies(api: Any, ranges: Ranges) -> None:
    first = ranges.reserve()
    second = ranges.reserve(1, first + UNIT)
    assert second == first + UNIT
    ranges.map(first, ranges.create())
    ranges.map(second, ranges.create())
    api.cuMemsetD8(first + UNIT - 10, 3, 20)
    assert (got(api, first + UNIT - 10, 20) == 3).all()


def test_a_kernel_uses_a_range_of_several_mappings(api: Any, ranges: Ranges) -> None:
    base = ranges.ready(2)
    count = 2 * UNIT // 4
    api.cuMemsetD32(base, 41, count)
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"add_one")
    packed = Packed(np.uint64(base), np.int32(count))
    api.cuLaunchKernel(kernel, count // 256, 1, 1, 256, 1, 1, 0, 0, packed.pointer, 0)
    api.cuCtxSynchronize()
    assert (got(api, base, 2 * UNIT).view(np.int32) == 42).all()


@pytest.mark.parametrize("flags", [0, 1])
def test_a_kernel_that_writes_without_access_stops_at_an_illegal_address(api: Any, ranges: Ranges, flags: int) -> None:
    base = ranges.map(ranges.reserve(), ranges.create(), flags=flags)
    own = api.cuCtxCreate(None, 0, 0)
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"bad_store")
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, Packed(np.uint64(base)).pointer, 0)
    assert api.status("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    api.cuCtxDestroy(own)


def test_copies_need_access_too(api: Any, cu: Any, ranges: Ranges) -> None:
    base = ranges.map(ranges.reserve(2), ranges.create(), flags=0)
    host = np.zeros(8, np.uint8)
    assert api.status("cuMemcpyHtoD", base, host, 8) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoH", host, base, 8) == "INVALID_VALUE"
    assert api.status("cuMemsetD8", base, 1, 8) == "INVALID_VALUE"
    api.cuMemSetAccess(base, UNIT, [access(cu, 1)], 1)
    assert api.status("cuMemcpyHtoD", base, host, 8) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoH", host, base, 8) == "SUCCESS"
    assert api.status("cuMemcpyDtoH", host, base + UNIT - 4, 8) == "INVALID_VALUE"


def test_each_device_has_access_of_its_own(api: Any, cu: Any, ranges: Ranges) -> None:
    base = ranges.map(ranges.reserve(), ranges.create())
    assert api.cuMemGetAccess(location(cu, ident=0), base) == 3
    assert api.cuMemGetAccess(location(cu, ident=1), base) == 0
    api.cuMemSetAccess(base, UNIT, [access(cu, 1, 1), access(cu, 3, 0)], 2)
    assert api.cuMemGetAccess(location(cu, ident=1), base + 5000) == 1
    assert api.status("cuMemGetAccess", location(cu, ident=9), base) == "INVALID_DEVICE"
    assert api.status("cuMemGetAccess", location(cu), base + UNIT) == "INVALID_VALUE"


def test_memory_lives_until_the_last_mapping_and_hold_are_gone(api: Any, ranges: Ranges) -> None:
    free = api.cuMemGetInfo()[0]
    base, handle = ranges.reserve(), ranges.create()
    assert api.cuMemGetInfo()[0] == free - UNIT
    ranges.map(base, handle)
    api.cuMemRelease(handle)
    put(api, base, 3)
    assert (got(api, base) == 3).all()
    again = api.cuMemRetainAllocationHandle(base + 77)
    assert int(again) == int(handle)
    api.cuMemUnmap(base, UNIT)
    ranges.map(base, again)
    assert (got(api, base) == 3).all()
    api.cuMemRelease(again)
    assert api.cuMemGetInfo()[0] == free - UNIT
    api.cuMemUnmap(base, UNIT)
    assert api.cuMemGetInfo()[0] == free
    assert api.status("cuMemRelease", handle) == "INVALID_VALUE"


def test_reused_memory_is_zero_again(api: Any, ranges: Ranges) -> None:
    base = ranges.ready()
    put(api, base, 0xFF, UNIT)
    api.cuMemUnmap(base, UNIT)
    ranges.map(base, ranges.create())
    assert not got(api, base, UNIT).any()


def test_unmapped_addresses_are_no_memory(api: Any, ranges: Ranges) -> None:
    base = ranges.ready(2)
    api.cuMemUnmap(base, UNIT)
    assert api.status("cuMemsetD8", base, 1, 8) == "INVALID_VALUE"
    assert api.status("cuMemsetD8", base + UNIT, 1, 8) == "SUCCESS"
    assert api.status("cuMemFree", base + UNIT) == "INVALID_VALUE"


@pytest.mark.parametrize(("change", "status"), [
    ({"type": 2}, "NOT_SUPPORTED"), ({"type": 0}, "INVALID_VALUE"),
    ({"requestedHandleTypes": 2}, "NOT_SUPPORTED"), ({"requestedHandleTypes": 8}, "NOT_SUPPORTED"),
    ({"kind": "NONE"}, "INVALID_VALUE"), ({"ident": 99}, "INVALID_DEVICE"),
    ({"gpuDirectRDMACapable": 1}, "NOT_SUPPORTED"), ({"usage": 1}, "NOT_SUPPORTED"), ({"usage": 8}, "INVALID_VALUE"),
    ({"compressionType": 1}, "SUCCESS"), ({"compressionType": 7}, "INVALID_VALUE")])
def test_properties_that_memory_cannot_have_are_refused(api: Any, cu: Any, context: Any, change: dict[str, Any],
                                                        status: str) -> None:
    made = properties(cu, change.get("kind", "DEVICE"), change.get("ident", 0))
    for name, value in change.items():
        if name == "type":
            made.type = cu.CUmemAllocationType(value)
        elif name == "requestedHandleTypes":
            made.requestedHandleTypes = cu.CUmemAllocationHandleType(value)
        elif name not in ("kind", "ident"):
            setattr(made.allocFlags, name, value)
    answer, handle = cu.cuMemCreate(UNIT, made, 0)
    assert answer.name.removeprefix("CUDA_").removeprefix("ERROR_") == status
    assert api.status("cuMemGetAllocationGranularity", made, cu.CUmemAllocationGranularity_flags(0)) == status
    if status == "SUCCESS":
        assert api.cuMemGetAllocationPropertiesFromHandle(handle).allocFlags.compressionType == 0
        api.cuMemRelease(handle)


def test_properties_are_told_again(api: Any, cu: Any, ranges: Ranges) -> None:
    told = api.cuMemGetAllocationPropertiesFromHandle(ranges.create(ident=1, handles=1))
    assert (int(told.type), int(told.requestedHandleTypes), int(told.location.type), told.location.id) == (1, 1, 1, 1)


def test_more_memory_than_there_is_is_refused(api: Any, cu: Any, context: Any) -> None:
    total = api.cuMemGetInfo()[1]
    assert api.status("cuMemCreate", (total // UNIT + 1) * UNIT, properties(cu), 0) == "OUT_OF_MEMORY"
    assert api.status("cuMemAddressReserve", 1 << 62, 0, 0, 0) == "OUT_OF_MEMORY"


@pytest.mark.parametrize(("size", "alignment", "wanted", "flags"), [
    (0, 0, 0, 0), (100, 0, 0, 0), (UNIT, 3, 0, 0), (UNIT, 0, 5, 0), (UNIT, 0, 0, 1)])
def test_reservations_that_cannot_be_are_refused(api: Any, context: Any, size: int, alignment: int, wanted: int,
                                                 flags: int) -> None:
    assert api.status("cuMemAddressReserve", size, alignment, wanted, flags) == "INVALID_VALUE"


def test_only_free_reserved_addresses_take_a_mapping(api: Any, ranges: Ranges) -> None:
    base, handle = ranges.reserve(3), ranges.create(2)
    ranges.map(base, handle, 2)
    for arguments in [(base, UNIT, 0), (base + UNIT, 2 * UNIT, 0), (base + 2 * UNIT, 2 * UNIT, 0), (base + 1, UNIT, 0),
                      (base + 2 * UNIT, 100, 0), (base + 2 * UNIT, UNIT, 5), (base + 2 * UNIT, UNIT, 2 * UNIT),
                      (base + 2 * UNIT, 0, 0), (0x1000 * UNIT, UNIT, 0)]:
        assert api.status("cuMemMap", *arguments, handle, 0) == "INVALID_VALUE", arguments
    assert api.status("cuMemMap", base + 2 * UNIT, UNIT, 0, handle, 1) == "INVALID_VALUE"
    assert api.status("cuMemMap", base + 2 * UNIT, UNIT, 0, 12345, 0) == "INVALID_VALUE"
    assert api.status("cuMemMap", base + 2 * UNIT, UNIT, 0, handle, 0) == "SUCCESS"


def test_mappings_are_unmapped_whole(api: Any, cu: Any, ranges: Ranges) -> None:
    base = ranges.reserve(4)
    ranges.map(base, ranges.create(2), 2)
    ranges.map(base + 2 * UNIT, ranges.create())
    for at, units in [(base, 1), (base + UNIT, 1), (base, 4), (base + 3 * UNIT, 1), (base, 0)]:
        assert api.status("cuMemUnmap", at, units * UNIT) == "INVALID_VALUE"
        assert api.status("cuMemSetAccess", at, units * UNIT, [access(cu)], 1) == "INVALID_VALUE"
    assert api.status("cuMemAddressFree", base, 4 * UNIT) == "INVALID_VALUE"
    api.cuMemUnmap(base, 3 * UNIT)
    assert api.status("cuMemAddressFree", base, 3 * UNIT) == "INVALID_VALUE"
    assert api.status("cuMemAddressFree", base + UNIT, UNIT) == "INVALID_VALUE"
    api.cuMemAddressFree(base, 4 * UNIT)
    assert api.status("cuMemAddressFree", base, 4 * UNIT) == "INVALID_VALUE"


def test_pointer_attributes_know_range_mapping_and_memory(api: Any, cu: Any, ranges: Ranges) -> None:
    base = ranges.reserve(4)
    ranges.map(base + UNIT, ranges.create(2, handles=1), 2)

    def of(name: str, address: int) -> Any:
        return api.cuPointerGetAttribute(getattr(cu.CUpointer_attribute, f"CU_POINTER_ATTRIBUTE_{name}"), address)

    inside = base + UNIT + 99
    assert (int(of("RANGE_START_ADDR", inside)), of("RANGE_SIZE", inside)) == (base, 4 * UNIT)
    assert (int(of("MAPPING_BASE_ADDR", inside)), of("MAPPING_SIZE", inside)) == (base + UNIT, 2 * UNIT)
    assert of("MAPPED", inside) and not of("MAPPED", base)
    assert int(of("RANGE_START_ADDR", base + 5)) == base
    assert int(of("MEMORY_TYPE", inside)) == 2 and int(of("ACCESS_FLAGS", inside)) == 3
    assert int(of("ALLOWED_HANDLE_TYPES", inside)) == 1
    assert api.status("cuPointerGetAttribute", cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE, base) == \
        "INVALID_VALUE"


def test_host_memory_is_host_memory(api: Any, cu: Any, ranges: Ranges) -> None:
    free = api.cuMemGetInfo()[0]
    base = ranges.map(ranges.reserve(), ranges.create(kind="HOST"))
    assert api.cuMemGetInfo()[0] == free
    kind = api.cuPointerGetAttribute(cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE, base)
    assert int(kind) == 1
    assert api.status("cuMemFreeHost", base) == "INVALID_VALUE"


def test_an_exported_descriptor_stands_for_the_same_memory(api: Any, cu: Any, ranges: Ranges) -> None:
    posix = cu.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
    first = ranges.map(ranges.reserve(), ranges.create(handles=1))
    put(api, first, 4)
    descriptor = api.cuMemExportToShareableHandle(ranges.handles[-1], posix, 0)
    imported = api.cuMemImportFromShareableHandle(descriptor, posix)
    os.close(descriptor)
    ranges.handles.append(imported)
    second = ranges.map(ranges.reserve(), imported)
    assert (got(api, second) == 4).all()
    put(api, second, 5)
    assert (got(api, first) == 5).all()
    told = api.cuMemGetAllocationPropertiesFromHandle(imported)
    assert (int(told.location.type), int(told.requestedHandleTypes)) == (1, 1)


def test_exports_that_cannot_be_are_refused(api: Any, cu: Any, ranges: Ranges) -> None:
    kinds = cu.CUmemAllocationHandleType
    plain, shared = ranges.create(), ranges.create(handles=1)
    posix = kinds.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
    assert api.status("cuMemExportToShareableHandle", plain, posix, 0) == "INVALID_VALUE"
    assert api.status("cuMemExportToShareableHandle", shared, posix, 1) == "INVALID_VALUE"
    assert api.status("cuMemExportToShareableHandle", shared, kinds.CU_MEM_HANDLE_TYPE_FABRIC, 0) == "NOT_SUPPORTED"
    assert api.status("cuMemImportFromShareableHandle", 9999, posix) == "INVALID_VALUE"
    with open(__file__, "rb") as other:
        assert api.status("cuMemImportFromShareableHandle", other.fileno(), posix) == "INVALID_VALUE"


def test_a_range_has_no_dma_buf(api: Any, cu: Any, ranges: Ranges) -> None:
    kind = cu.CUmemRangeHandleType.CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD
    assert api.status("cuMemGetHandleForAddressRange", ranges.ready(), UNIT, kind, 0) == "NOT_SUPPORTED"


def test_nothing_is_left_behind(api: Any, cu: Any, context: Any) -> None:
    def round_() -> None:
        made = Ranges(api, cu)
        made.ready(3)
        made.map(made.reserve(), made.create(handles=1))
        made.close()

    round_()
    with nothing_left():
        for _ in range(20):
            round_()
