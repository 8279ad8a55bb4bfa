"""cuOccupancy*: the resource model of compute capability 8.6."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from compiled import build


@pytest.fixture
def function(api: Any, context: Any) -> Any:
    module = api.cuModuleLoadData(build())
    yield lambda name: api.cuModuleGetFunction(module, name.encode())
    api.status("cuModuleUnload", module)


@pytest.mark.parametrize(
    ("threads", "shared_bytes", "blocks"),
    [(1, 0, 16), (32, 0, 16), (96, 0, 16), (97, 0, 12), (256, 0, 6), (512, 0, 3), (1024, 0, 1), (128, 24 * 1024, 4),
     (128, 48 * 1024, 2), (1025, 0, 0), (32, 200 * 1024, 0)],
)
def test_active_blocks_follow_the_limits(api: Any, function: Any, threads: int, shared_bytes: int, blocks: int) -> None:
    kernel = function("add_one")
    assert api.cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, threads, shared_bytes) == blocks
    assert api.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(kernel, threads, shared_bytes, 0) == blocks


def test_static_shared_memory_and_launch_bounds_count(api: Any, function: Any) -> None:
    assert api.cuOccupancyMaxActiveBlocksPerMultiprocessor(function("shared_sum"), 32, 5 * 1024) == 15
    assert api.cuOccupancyMaxActiveBlocksPerMultiprocessor(function("bounded"), 129, 0) == 0


def test_no_threads_and_unknown_flags_are_invalid(api: Any, function: Any) -> None:
    kernel = function("add_one")
    for threads in (0, -1):
        assert api.status("cuOccupancyMaxActiveBlocksPerMultiprocessor", kernel, threads, 0) == "INVALID_VALUE"
    assert api.status("cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", kernel, 32, 0, 2) == "INVALID_VALUE"
    assert api.status("cuOccupancyMaxActiveBlocksPerMultiprocessor", 0, 32, 0) == "INVALID_HANDLE"


def test_the_best_block_fills_a_multiprocessor(api: Any, cu: Any, function: Any) -> None:
    units = api.cuDeviceGetAttribute(cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0)
    grid, block = api.cuOccupancyMaxPotentialBlockSize(function("add_one"), None, 0, 0)
    assert grid * block == 1536 * units
    grid, block = api.cuOccupancyMaxPotentialBlockSize(function("add_one"), None, 0, 100)
    assert (grid, block) == (16 * units, 96)
    grid, block = api.cuOccupancyMaxPotentialBlockSizeWithFlags(function("bounded"), None, 0, 0, 0)
    assert (grid, block) == (12 * units, 128)


def test_the_best_block_asks_how_much_shared_memory_each_size_needs(api: Any, cu: Any, function: Any) -> None:
    kind = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_int)
    asked: list[int] = []

    def needs(threads: int) -> int:
        asked.append(threads)
        return threads * 128

    callback = kind(needs)
    address = cu.CUoccupancyB2DSize(ctypes.cast(callback, ctypes.c_void_p).value)
    _, block = api.cuOccupancyMaxPotentialBlockSize(function("add_one"), address, 0, 0)
    assert block in asked
    assert api.cuOccupancyMaxActiveBlocksPerMultiprocessor(function("add_one"), block, block * 128) > 0


def test_available_shared_memory_divides_the_multiprocessor(api: Any, cu: Any, function: Any) -> None:
    kernel = function("add_one")
    for blocks in (1, 2, 3, 6):
        available = api.cuOccupancyAvailableDynamicSMemPerBlock(kernel, blocks, 256)
        assert api.cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, 256, available) >= blocks
        most = api.cuFuncGetAttribute(cu.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, kernel)
        more = api.cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, 256, available + 1024)
        assert available == most or more < max(blocks, 2)
    assert api.status("cuOccupancyAvailableDynamicSMemPerBlock", kernel, 7, 256) == "INVALID_VALUE"


def test_clusters_are_not_supported_and_the_attribute_says_so(api: Any, cu: Any, function: Any) -> None:
    config = cu.CUlaunchConfig()
    for name in ("cuOccupancyMaxPotentialClusterSize", "cuOccupancyMaxActiveClusters"):
        assert api.status(name, function("add_one"), config) == "NOT_SUPPORTED"
    assert api.cuDeviceGetAttribute(cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 0) == 0
