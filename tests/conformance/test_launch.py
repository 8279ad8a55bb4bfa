"""cuLaunch*: argument forms, every documented check, attributes, and what stays valid after an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import Extra, Packed, build


@pytest.fixture
def function(api: Any, context: Any) -> Any:
    module = api.cuModuleLoadData(build())
    yield lambda name: api.cuModuleGetFunction(module, name.encode())
    api.status("cuModuleUnload", module)


@pytest.fixture
def memory(api: Any, context: Any) -> Any:
    pointer = api.cuMemAlloc(4096)
    api.cuMemsetD8(pointer, 0, 4096)
    yield pointer
    api.status("cuMemFree", pointer)


def read(api: Any, pointer: Any, count: int, kind: type = np.int32) -> np.ndarray:
    values = np.zeros(count, kind)
    api.cuMemcpyDtoH(values, pointer, values.nbytes)
    return values


def mixed_values(pointer: Any) -> tuple[Packed, Extra]:
    pair = np.zeros((), np.dtype([("tag", np.int8), ("weight", np.float64)], align=True))
    pair["tag"], pair["weight"] = 3, 0.25
    values = Packed(np.int8(1), np.float64(2.5), pair[()], np.int16(-4), np.uint64(int(pointer)))
    packed = bytearray(48)
    for offset, value in zip((0, 8, 16, 32, 40), values.values, strict=True):
        packed[offset:offset + value.nbytes] = value.tobytes()
    return values, Extra(bytes(packed))


def test_arguments_come_as_addresses_or_as_one_buffer(api: Any, function: Any, memory: Any) -> None:
    addresses, buffer = mixed_values(memory)
    for parameters, extra in ((addresses.pointer, 0), (0, buffer.pointer)):
        api.cuMemsetD8(memory, 0, 4)
        api.cuLaunchKernel(function("mixed"), 1, 1, 1, 1, 1, 1, 0, 0, parameters, extra)
        assert read(api, memory, 1, np.float32)[0] == 1 + 2.5 + 3 + 0.25 - 4 + 1


def test_a_kernel_without_parameters_needs_no_arguments(api: Any, function: Any) -> None:
    api.cuLaunchKernel(function("count"), 1, 1, 1, 1, 1, 1, 0, 0, 0, 0)
    api.cuCtxSynchronize()


def test_incomplete_arguments_are_invalid_values(api: Any, function: Any, memory: Any) -> None:
    kernel = function("add_one")
    full = int(memory).to_bytes(8, "little") + (4).to_bytes(4, "little")
    given, complete, short = Packed(np.uint64(int(memory)), np.int32(4)), Extra(full), Extra(full, 8)
    nowhere, unknown, empty, endless = (np.array(words, np.uint64) for words in ([0, 0], [7, 0, 0], [0], [1, 16] * 20))
    for what, parameters, extra in (
            ("nothing", 0, 0), ("null addresses", nowhere.ctypes.data, 0), ("a short buffer", 0, short.pointer),
            ("an unknown entry", 0, unknown.ctypes.data), ("an empty extra", 0, empty.ctypes.data),
            ("no end", 0, endless.ctypes.data), ("both", given.pointer, complete.pointer)):
        status = api.status("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, 0, parameters, extra)
        assert status == "INVALID_VALUE", what
    api.cuLaunchKernel(kernel, 1, 1, 1, 4, 1, 1, 0, 0, 0, complete.pointer)
    assert (read(api, memory, 4) == 1).all()


@pytest.mark.parametrize(
    ("grid", "block", "status"),
    [
        ((0, 1, 1), (1, 1, 1), "INVALID_VALUE"),
        ((1, 0, 1), (1, 1, 1), "INVALID_VALUE"),
        ((1, 1, 0), (1, 1, 1), "INVALID_VALUE"),
        ((1, 1, 1), (0, 1, 1), "INVALID_VALUE"),
        ((1, 1, 1), (1, 0, 1), "INVALID_VALUE"),
        ((1, 1, 1), (1, 1, 0), "INVALID_VALUE"),
        ((1, 1, 1), (1025, 1, 1), "INVALID_VALUE"),
        ((1, 1, 1), (1, 1, 65), "INVALID_VALUE"),
        ((1, 1, 1), (33, 32, 1), "INVALID_VALUE"),
        ((1, 65536, 1), (1, 1, 1), "INVALID_VALUE"),
        ((1, 1, 65536), (1, 1, 1), "INVALID_VALUE"),
        ((2**31, 1, 1), (1, 1, 1), "INVALID_VALUE"),
        ((2**32 - 1, 1, 1), (1, 1, 1), "INVALID_VALUE"),
        ((1, 1, 1), (1024, 1, 1), "SUCCESS"),
        ((1, 1, 1), (1, 16, 64), "SUCCESS"),
        ((2, 65535, 1), (1, 1, 1), "SUCCESS"),
    ],
)
def test_grid_and_block_are_checked(api: Any, function: Any, grid: tuple, block: tuple, status: str) -> None:
    assert api.status("cuLaunchKernel", function("count"), *grid, *block, 0, 0, 0, 0) == status
    api.cuCtxSynchronize()


def test_more_threads_than_the_launch_bounds_is_an_invalid_value(api: Any, function: Any, memory: Any) -> None:
    arguments = Packed(np.uint64(int(memory)))
    kernel = function("bounded")
    assert api.status("cuLaunchKernel", kernel, 1, 1, 1, 129, 1, 1, 0, 0, arguments.pointer, 0) == (
        "INVALID_VALUE")
    api.cuLaunchKernel(kernel, 1, 1, 1, 128, 1, 1, 0, 0, arguments.pointer, 0)
    assert (read(api, memory, 128) == 128).all()


def test_dynamic_shared_memory_needs_to_be_allowed(api: Any, cu: Any, function: Any, memory: Any) -> None:
    arguments = Packed(np.uint64(int(memory)))
    kernel = function("shared_sum")
    limit = 48 * 1024 - 400
    launch = (1, 1, 1, 64, 1, 1)
    api.cuLaunchKernel(kernel, *launch, limit, 0, arguments.pointer, 0)
    assert api.status("cuLaunchKernel", kernel, *launch, limit + 1, 0, arguments.pointer, 0) == "INVALID_VALUE"
    name = cu.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    api.cuFuncSetAttribute(kernel, name, 90000)
    api.cuLaunchKernel(kernel, *launch, 90000, 0, arguments.pointer, 0)
    assert (read(api, memory, 64) == 3).all()
    assert api.status("cuLaunchKernel", kernel, *launch, 90001, 0, arguments.pointer, 0) == "INVALID_VALUE"


def test_wrong_handles_are_refused(api: Any, cu: Any, function: Any, context: Any) -> None:
    kernel = function("count")
    for handle in (0, 0x1234, int(context)):
        assert api.status("cuLaunchKernel", cu.CUfunction(handle), 1, 1, 1, 1, 1, 1, 0, 0, 0, 0) == "INVALID_HANDLE"
    stream = api.cuStreamCreate(0)
    api.cuStreamDestroy(stream)
    for handle in (0x1234, int(stream), int(kernel)):
        assert api.status("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, cu.CUstream(handle), 0, 0) == "INVALID_HANDLE"


def test_a_function_and_a_stream_of_different_contexts_do_not_mix(api: Any, function: Any) -> None:
    kernel = function("count")
    own = api.cuCtxCreate(None, 0, 0)
    stream = api.cuStreamCreate(0)
    assert api.status("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, stream, 0, 0) == "INVALID_HANDLE"
    api.cuCtxDestroy(own)


def config(cu: Any, grid: tuple = (1, 1, 1), block: tuple = (1, 1, 1), stream: Any = 0, **attributes: Any) -> Any:
    made = cu.CUlaunchConfig()
    made.gridDimX, made.gridDimY, made.gridDimZ = grid
    made.blockDimX, made.blockDimY, made.blockDimZ = block
    made.hStream = stream
    listed = []
    for name, value in attributes.items():
        one = cu.CUlaunchAttribute()
        one.id = getattr(cu.CUlaunchAttributeID, f"CU_LAUNCH_ATTRIBUTE_{name}")
        if name in ("CLUSTER_DIMENSION", "PREFERRED_CLUSTER_DIMENSION"):
            dims = one.value.clusterDim if name == "CLUSTER_DIMENSION" else one.value.preferredClusterDim
            dims.x, dims.y, dims.z = value
        elif name == "COOPERATIVE":
            one.value.cooperative = value
        elif name == "PRIORITY":
            one.value.priority = value
        elif name == "PROGRAMMATIC_STREAM_SERIALIZATION":
            one.value.programmaticStreamSerializationAllowed = value
        listed.append(one)
    made.attrs, made.numAttrs = listed, len(listed)
    return made


def test_launch_ex_takes_its_attributes(api: Any, cu: Any, function: Any, memory: Any, stream: Any) -> None:
    arguments = Packed(np.uint64(int(memory)))
    for attributes in ({}, {"COOPERATIVE": 1}, {"PRIORITY": -1}, {"PROGRAMMATIC_STREAM_SERIALIZATION": 1},
                       {"CLUSTER_DIMENSION": (1, 1, 1)}, {"COOPERATIVE": 0, "PRIORITY": 0}):
        api.cuMemsetD32(memory, 0, 32)
        made = config(cu, (1, 1, 1), (32, 1, 1), stream, **attributes)
        api.cuLaunchKernelEx(made, function("bounded"), arguments.pointer, 0)
        api.cuStreamSynchronize(stream)
        assert (read(api, memory, 32) == 32).all()


def test_launch_ex_refuses_clusters_and_bad_shapes(api: Any, cu: Any, function: Any) -> None:
    kernel = function("count")
    for attributes, status in (({"CLUSTER_DIMENSION": (2, 1, 1)}, "NOT_SUPPORTED"),
                               ({"PREFERRED_CLUSTER_DIMENSION": (2, 1, 1)}, "NOT_SUPPORTED")):
        assert api.status("cuLaunchKernelEx", config(cu, (2, 1, 1), **attributes), kernel, 0, 0) == status
    assert api.status("cuLaunchKernelEx", config(cu, (0, 1, 1)), kernel, 0, 0) == "INVALID_VALUE"


def test_a_cooperative_grid_must_fit_the_device(api: Any, cu: Any, function: Any) -> None:
    kernel = function("count")
    units = api.cuDeviceGetAttribute(cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0)
    fit = api.cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, 64, 0) * units
    api.cuLaunchCooperativeKernel(kernel, fit, 1, 1, 64, 1, 1, 0, 0, 0)
    api.cuCtxSynchronize()
    large = "COOPERATIVE_LAUNCH_TOO_LARGE"
    assert api.status("cuLaunchCooperativeKernel", kernel, fit + 1, 1, 1, 64, 1, 1, 0, 0, 0) == large
    made = config(cu, (fit + 1, 1, 1), (64, 1, 1), COOPERATIVE=1)
    assert api.status("cuLaunchKernelEx", made, kernel, 0, 0) == large


def test_every_block_of_a_cooperative_grid_runs_at_once(api: Any, function: Any, memory: Any) -> None:
    source = """
    extern "C" __global__ void meet(volatile int *arrived, int *out)
    {
        if (threadIdx.x == 0) {
            atomicAdd((int *)arrived, 1);
            while (*arrived < gridDim.x)
                ;
        }
        __syncthreads();
        out[blockIdx.x] = *arrived;
    }
    """
    module = api.cuModuleLoadData(build(source))
    arguments = Packed(np.uint64(int(memory)), np.uint64(int(memory) + 64))
    api.cuLaunchCooperativeKernel(api.cuModuleGetFunction(module, b"meet"), 16, 1, 1, 33, 1, 1, 0, 0, arguments.pointer)
    assert (read(api, memory, 32)[16:] == 16).all()
    api.cuModuleUnload(module)


def test_cooperative_grids_on_two_streams_do_not_mix(api: Any, cu: Any, context: Any, memory: Any) -> None:
    source = """
    #include <cooperative_groups.h>
    extern "C" __global__ void rounds(int *data, int count)
    {
        auto grid = cooperative_groups::this_grid();
        for (int k = 0; k < count; ++k) {
            int seen = data[(blockIdx.x + 1) % gridDim.x];
            grid.sync();
            if (threadIdx.x == 0)
                data[blockIdx.x] = seen + 1;
            grid.sync();
        }
    }
    """
    module = api.cuModuleLoadData(build(source))
    kernel = api.cuModuleGetFunction(module, b"rounds")
    streams = [api.cuStreamCreate(cu.CUstream_flags.CU_STREAM_NON_BLOCKING) for _ in range(2)]
    api.cuCtxSynchronize()
    kept = []
    for turn in range(6):
        place, blocks = turn % 2, (4, 7)[turn % 2]
        kept.append(Packed(np.uint64(int(memory) + 64 * place), np.int32(20)))
        api.cuLaunchCooperativeKernel(kernel, blocks, 1, 1, 3, 1, 1, 0, streams[place], kept[-1].pointer)
    for one in streams:
        api.cuStreamSynchronize(one)
    assert (read(api, memory, 4) == 60).all()
    assert (read(api, memory, 32)[16:23] == 60).all()
    api.cuModuleUnload(module)


def test_the_whole_width_of_the_grid_is_seen(api: Any, function: Any, memory: Any) -> None:
    arguments = Packed(np.uint64(int(memory)))
    api.cuLaunchKernel(function("size_of_grid"), 5, 4, 3, 1, 1, 1, 0, 0, arguments.pointer, 0)
    assert tuple(read(api, memory, 3)) == (5, 4, 3)


def test_the_largest_grid_is_accepted(api: Any, context: Any) -> None:
    # The first block faults and the rest is never run.
    own = api.cuCtxCreate(None, 0, 0)
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"bad_store")
    arguments = Packed(np.uint64(0x10))
    api.cuLaunchKernel(kernel, 2**31 - 1, 65535, 65535, 1, 1, 1, 0, 0, arguments.pointer, 0)
    assert api.status("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    api.status("cuCtxDestroy", own)


def test_a_bad_store_is_a_sticky_error_of_its_context_only(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"bad_store")
    arguments = Packed(np.uint64(0x10))
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, arguments.pointer, 0)
    assert api.status("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    assert api.status("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, 0, arguments.pointer, 0) == "ILLEGAL_ADDRESS"
    assert api.status("cuModuleLoadData", build()) == "ILLEGAL_ADDRESS"
    assert api.status("cuMemAlloc", 16) == "ILLEGAL_ADDRESS"
    api.status("cuCtxDestroy", own)
    pointer = api.cuMemAlloc(16)
    api.cuMemFree(pointer)
    api.cuCtxSynchronize()
