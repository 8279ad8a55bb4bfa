"""Launches in C against launches in Python: the same answers, the same order, and nothing that outlives its handle.

A launch goes through C when a launch before it has gone well through Python and nothing has happened that it would have
to wait for; the door of its stream counts such launches.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import Extra, Packed, build

from compatlayer.core import handles
from compatlayer.core.context import current_or_none

HERE = Path(__file__).parent
direct_only = pytest.mark.skipif(os.environ.get("COMPATLAYER_FAST_LAUNCH") == "0", reason="launches in C are off")
SOURCE = """
extern "C" __global__ void bump(unsigned long long *data) { atomicAdd(data, 1ull); }

extern "C" __global__ void slow(unsigned long long *data)
{
    for (volatile int i = 0; i < 20000000; i++)
        ;
    *data += 1;
}

extern "C" __global__ void later(volatile int *flag, int *out, int value)
{
    *out = *flag * 100 + value;
}

extern "C" __global__ void fail(int *out) { *(int *)16 = 1; }

extern "C" __global__ void wide(char a, double b, short c, long long d, double *out) { *out = a + b + c + d; }

extern "C" __global__ void __launch_bounds__(64) narrow(int *out)
{
    extern __shared__ int scratch[];
    if (blockDim.x > 1)  // alone it may have no shared memory
        scratch[threadIdx.x] = 1;
    out[threadIdx.x] = blockDim.x > 1 ? scratch[threadIdx.x] : 1;
}
"""


def door_of(stream: Any) -> Any:
    """The door behind a stream handle; 0 is the current context's legacy stream."""
    if int(stream) == 0:
        context = current_or_none()
        assert context is not None
        return context.legacy.door
    found: Any = handles.find(int(stream))
    return found.door


class Kernel:
    """A kernel with its arguments on one stream, launched through the package."""

    def __init__(self, api: Any, function: Any, stream: Any, *values: np.generic) -> None:
        self.api, self.function, self.stream = api, function, stream
        self.arguments = Packed(*values)

    def status(self, grid: tuple = (1, 1, 1), block: tuple = (1, 1, 1), shared: int = 0, function: Any = None,
               stream: Any = None, parameters: int | None = None, extra: int = 0) -> str:
        status: str = self.api.status(
            "cuLaunchKernel", self.function if function is None else function, *grid, *block, shared,
            self.stream if stream is None else stream,
            self.arguments.pointer if parameters is None else parameters, extra)
        return status

    def run(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.status() == "SUCCESS"

    def direct(self, times: int = 1) -> int:
        """How many of some launches went through C."""
        door = door_of(self.stream)
        before = 0 if door is None else door.launches()
        self.run(times)
        return 0 if door is None else door.launches() - before


@pytest.fixture
def memory(api: Any, context: Any) -> Any:
    pointer = api.cuMemAlloc(4096)
    api.cuMemsetD8(pointer, 0, 4096)
    api.cuCtxSynchronize()
    yield pointer
    api.status("cuMemFree", pointer)


@pytest.fixture
def function(api: Any, context: Any) -> Any:
    module = api.cuModuleLoadData(build(SOURCE))
    yield lambda name: api.cuModuleGetFunction(module, name.encode())
    api.status("cuModuleUnload", module)


@pytest.fixture(params=["default", "blocking", "non-blocking"])
def bump(request: Any, api: Any, function: Any, memory: Any) -> Any:
    """A counting kernel on each kind of stream."""
    kinds = {"default": lambda: 0, "blocking": lambda: api.cuStreamCreate(0),
             "non-blocking": lambda: api.cuStreamCreate(1)}
    return Kernel(api, function("bump"), kinds[request.param](), np.uint64(int(memory)))


def read(api: Any, pointer: Any, kind: type = np.uint64) -> Any:
    value = np.zeros(1, kind)
    api.cuMemcpyDtoH(value, pointer, value.nbytes)
    return value[0]


@direct_only
def test_the_first_launch_goes_through_python_and_the_rest_through_c(api: Any, bump: Kernel, memory: Any) -> None:
    assert bump.direct() == 0
    assert bump.direct(50) == 50
    api.cuStreamSynchronize(bump.stream)
    assert bump.direct(50) == 50, "waiting for a stream closes no door"
    api.cuCtxSynchronize()
    assert read(api, memory) == 101


@direct_only
def test_a_launch_configuration_without_attributes_goes_through_c(api: Any, cu: Any, bump: Kernel) -> None:
    bump.run()
    config = cu.CUlaunchConfig()
    config.gridDimX = config.gridDimY = config.gridDimZ = config.blockDimX = config.blockDimY = config.blockDimZ = 1
    config.hStream = bump.stream
    before = door_of(bump.stream).launches()
    api.cuLaunchKernelEx(config, bump.function, bump.arguments.pointer, 0)
    assert door_of(bump.stream).launches() == before + 1
    attribute = cu.CUlaunchAttribute()
    attribute.id = cu.CUlaunchAttributeID.CU_LAUNCH_ATTRIBUTE_PRIORITY
    config.attrs, config.numAttrs = [attribute], 1
    api.cuLaunchKernelEx(config, bump.function, bump.arguments.pointer, 0)
    assert door_of(bump.stream).launches() == before + 1


@direct_only
def test_a_library_kernel_goes_through_c_in_the_current_context_only(api: Any, cu: Any, memory: Any) -> None:
    library = api.cuLibraryLoadData(build(SOURCE), [], [], 0, [], [], 0)
    kernel = api.cuLibraryGetKernel(library, b"bump")
    stream = api.cuStreamCreate(1)
    bump = Kernel(api, cu.CUfunction(int(kernel)), stream, np.uint64(int(memory)))
    bump.run()
    assert bump.direct(5) == 5
    other = api.cuCtxCreate(None, 0, 0)
    assert bump.status() == "INVALID_HANDLE"  # the kernel is the other context's now
    api.cuCtxPopCurrent()
    assert bump.direct(5) == 5
    api.cuCtxDestroy(other)
    api.cuLibraryUnload(library)
    assert bump.status() == "INVALID_HANDLE"


def test_arguments_with_gaps_arrive(api: Any, function: Any, memory: Any, stream: Any) -> None:
    for turn in range(6):
        wide = Kernel(api, function("wide"), stream, np.int8(-turn), np.float64(0.5), np.int16(3),
                      np.int64(1 << 40), np.uint64(int(memory)))
        wide.run()
        api.cuStreamSynchronize(stream)
        assert read(api, memory, np.float64) == (1 << 40) + 3.5 - turn


@pytest.mark.parametrize("warm", [False, True])
def test_errors_are_the_same_through_both_paths(api: Any, cu: Any, function: Any, memory: Any, warm: bool) -> None:
    stream = api.cuStreamCreate(0)
    gone = api.cuStreamCreate(0)
    kernel = Kernel(api, function("narrow"), stream, np.uint64(int(memory)))
    if warm:
        kernel.run(3)
        Kernel(api, function("narrow"), gone, np.uint64(int(memory))).run(3)
    api.cuStreamDestroy(gone)
    null, full = np.zeros(1, np.uint64), Extra(int(memory).to_bytes(8, "little"))
    most = 48 * 1024
    cases: list[tuple[str, dict[str, Any]]] = [
        ("INVALID_VALUE", {"grid": (0, 1, 1)}), ("INVALID_VALUE", {"grid": (1, 65536, 1)}),
        ("INVALID_VALUE", {"grid": (2**31, 1, 1)}), ("INVALID_VALUE", {"block": (0, 1, 1)}),
        ("INVALID_VALUE", {"block": (1025, 1, 1)}), ("INVALID_VALUE", {"block": (1, 1, 65)}),
        ("INVALID_VALUE", {"block": (2**32 - 1, 2**32 - 1, 2**32 - 1)}),
        ("INVALID_VALUE", {"block": (65, 1, 1)}), ("SUCCESS", {"block": (64, 1, 1), "shared": 256}),
        ("SUCCESS", {"shared": most}), ("INVALID_VALUE", {"shared": most + 1}),
        ("INVALID_VALUE", {"shared": 2**32 - 1}),
        ("INVALID_VALUE", {"parameters": 0}), ("INVALID_VALUE", {"parameters": null.ctypes.data}),
        ("SUCCESS", {"parameters": 0, "extra": full.pointer}), ("INVALID_VALUE", {"extra": full.pointer}),
        ("INVALID_HANDLE", {"function": cu.CUfunction(0)}), ("INVALID_HANDLE", {"function": cu.CUfunction(0x1234)}),
        ("INVALID_HANDLE", {"function": cu.CUfunction(int(stream))}), ("INVALID_HANDLE", {"stream": gone}),
        ("INVALID_HANDLE", {"stream": cu.CUstream(3)}), ("SUCCESS", {"stream": cu.CUstream(1)}),
        ("SUCCESS", {"stream": cu.CUstream(2)}),
        ("INVALID_HANDLE", {"stream": cu.CUstream(int(kernel.function))}),
    ]
    for expected, case in cases:
        assert kernel.status(**{"block": (64, 1, 1), "shared": 256, **case}) == expected, case
        if warm:
            kernel.run()
    api.cuCtxSynchronize()


def test_without_a_context_the_default_stream_is_an_error(api: Any, function: Any, memory: Any) -> None:
    bump = Kernel(api, function("bump"), 0, np.uint64(int(memory)))
    bump.run(3)
    context = api.cuCtxPopCurrent()
    assert bump.status() == "INVALID_CONTEXT"
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(bump.status()))
    thread.start()
    thread.join()
    assert seen == ["INVALID_CONTEXT"]
    other = api.cuCtxCreate(None, 0, 0)
    assert bump.status() == "INVALID_HANDLE"
    api.cuCtxDestroy(other)
    api.cuCtxPushCurrent(context)
    bump.run(3)
    api.cuCtxSynchronize()
    assert read(api, memory) == 6


def test_the_allowance_of_shared_memory_follows_its_attribute(api: Any, cu: Any, function: Any, memory: Any) -> None:
    name = cu.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    narrow = Kernel(api, function("narrow"), api.cuStreamCreate(1), np.uint64(int(memory)))
    for limit in (1000, 90000, 0, 400):
        api.cuFuncSetAttribute(narrow.function, name, limit)
        for _ in range(3):
            assert narrow.status(shared=limit) == "SUCCESS"
            assert narrow.status(shared=limit + 1) == "INVALID_VALUE"
    api.cuCtxSynchronize()


def test_stale_functions_and_streams_are_refused(api: Any, context: Any, memory: Any) -> None:
    for _ in range(3):
        module = api.cuModuleLoadData(build(SOURCE))
        stream = api.cuStreamCreate(1)
        bump = Kernel(api, api.cuModuleGetFunction(module, b"bump"), stream, np.uint64(int(memory)))
        bump.run(20)
        api.cuStreamDestroy(stream)
        assert bump.status() == "INVALID_HANDLE"
        bump.stream = 0
        bump.run(20)
        api.cuModuleUnload(module)
        assert bump.status() == "INVALID_HANDLE"
    assert read(api, memory) == 120


def test_a_destroyed_context_refuses_launches(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    pointer = api.cuMemAlloc(8)
    module = api.cuModuleLoadData(build(SOURCE))
    stream = api.cuStreamCreate(1)
    bumps = [Kernel(api, api.cuModuleGetFunction(module, b"bump"), place, np.uint64(int(pointer)))
             for place in (0, stream)]
    for bump in bumps:
        bump.run(20)
    api.cuCtxDestroy(own)
    assert [bump.status() for bump in bumps] == ["INVALID_HANDLE"] * 2


def test_a_primary_context_that_starts_again_knows_no_old_handle(api: Any) -> None:
    for _ in range(2):
        api.cuCtxSetCurrent(api.cuDevicePrimaryCtxRetain(1))
        pointer = api.cuMemAlloc(8)
        api.cuMemsetD8(pointer, 0, 8)
        module = api.cuModuleLoadData(build(SOURCE))
        bump = Kernel(api, api.cuModuleGetFunction(module, b"bump"), 0, np.uint64(int(pointer)))
        bump.run(10)
        assert read(api, pointer) == 10
        api.cuDevicePrimaryCtxReset(1)
        assert bump.status() == "INVALID_HANDLE"
        api.cuDevicePrimaryCtxRelease(1)
        api.status("cuCtxSetCurrent", 0)


def test_a_fault_is_reported_by_the_next_launch_and_by_no_other_context(api: Any, context: Any, memory: Any,
                                                                       function: Any) -> None:
    good = Kernel(api, function("bump"), 0, np.uint64(int(memory)))
    good.run(3)
    own = api.cuCtxCreate(None, 0, 0)
    module = api.cuModuleLoadData(build(SOURCE))
    bump, fail = (Kernel(api, api.cuModuleGetFunction(module, name), api.cuStreamCreate(1), np.uint64(int(memory)))
                  for name in (b"bump", b"fail"))
    bump.run(3)
    api.cuCtxSynchronize()
    fail.run()
    assert api.status("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    for kernel in (bump, fail, bump):
        assert kernel.status() == "ILLEGAL_ADDRESS"
    api.status("cuCtxDestroy", own)
    good.run(3)
    api.cuCtxSynchronize()
    assert read(api, memory) == 9


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["default first", "default last"])
def test_default_stream_rules_hold_for_launches(api: Any, function: Any, memory: Any, hold: Any, order: tuple) -> None:
    """The stream that is held back sets a flag; the other one, launched after it, must see the flag."""
    for launched in range(3):  # how many launches went before, so that each of them may be in C
        flag, out = int(memory), int(memory) + 8
        streams = [0, api.cuStreamCreate(0)]
        first, second = (streams[place] for place in order)
        api.cuMemsetD8(memory, 0, 64)
        bump = Kernel(api, function("bump"), first, np.uint64(flag))
        later = Kernel(api, function("later"), second, np.uint64(flag), np.uint64(out), np.int32(7))
        other = Kernel(api, function("bump"), second, np.uint64(flag + 32))
        for _ in range(launched):
            bump.run()
            other.run()
            later.run()
        api.cuCtxSynchronize()
        gate = hold(first)
        bump.run(3)
        later.run()
        assert api.status("cuStreamQuery", second) == "NOT_READY"
        gate.open()
        api.cuCtxSynchronize()
        assert read(api, out, np.int32) == (launched + 3) * 100 + 7


@pytest.mark.parametrize("wait", ["cuCtxSynchronize", "cuStreamSynchronize", "cuMemcpyDtoD", "cuModuleUnload"])
@pytest.mark.parametrize("first", ["cuCtxSynchronize", "cuStreamSynchronize"])
def test_waits_see_launches_that_only_c_made(api: Any, cu: Any, context: Any, first: str, wait: str) -> None:
    """Core has waited for all that it launched itself; the launch after that is the only work there is."""
    module = api.cuModuleLoadData(build(SOURCE))
    managed = api.cuMemAllocManaged(64, 1)
    value = ctypes.c_uint64.from_address(int(managed))
    value.value = 0
    bump, slow = (Kernel(api, api.cuModuleGetFunction(module, name), api.cuStreamCreate(0), np.uint64(int(managed)))
                  for name in (b"bump", b"slow"))
    bump.stream = slow.stream
    slow.run()
    bump.run()
    arguments = {"cuStreamSynchronize": (cu.CUstream(1),), "cuMemcpyDtoD": (int(managed) + 8, managed, 8),
                 "cuModuleUnload": (module,)}
    getattr(api, first)(*arguments.get(first, ()))
    slow.run()
    getattr(api, wait)(*arguments.get(wait, ()))
    api.cuStreamSynchronize(cu.CUstream(1))
    assert value.value == 3
    api.cuMemFree(managed)


@direct_only
def test_work_of_the_default_stream_closes_the_doors_that_must_wait(api: Any, function: Any, memory: Any) -> None:
    free, joined, default = (
        Kernel(api, function("bump"), stream, np.uint64(int(memory)))
        for stream in (api.cuStreamCreate(1), api.cuStreamCreate(0), 0))
    for kernel in (free, joined, default, joined):
        kernel.run()
    default.run()
    assert (joined.direct(), default.direct(), free.direct()) == (0, 0, 1)
    assert (joined.direct(2), joined.direct(2)) == (1, 2)
    api.cuMemsetD8Async(int(memory) + 64, 1, 8, joined.stream)
    assert (default.direct(2), default.direct(2)) == (1, 2)
    api.cuCtxSynchronize()


def test_a_full_queue_is_waited_for(api: Any, function: Any, memory: Any, hold: Any) -> None:
    bump = Kernel(api, function("bump"), api.cuStreamCreate(1), np.uint64(int(memory)))
    bump.run(2)
    gate = hold(bump.stream)
    bump.run(4000)
    timer = threading.Timer(0.2, gate.open)
    timer.start()
    bump.run(1000)
    timer.join()
    api.cuStreamSynchronize(bump.stream)
    assert read(api, memory) == 5002


def test_more_streams_than_stay_listed_lose_nothing(api: Any, function: Any, memory: Any) -> None:
    streams = [api.cuStreamCreate(place % 2) for place in range(150)]
    bumps = [Kernel(api, function("bump"), stream, np.uint64(int(memory))) for stream in streams]
    for turn in range(4):
        for bump in bumps:
            bump.run()
            assert handles.find(int(bump.stream)) in current_or_none().busy  # or a wait would not see the launch
        if turn % 2:
            api.cuCtxSynchronize()
            assert read(api, memory) == (turn + 1) * len(bumps)
    for stream in streams:
        api.cuStreamDestroy(stream)


def test_everything_holds_with_python_alone() -> None:
    if os.environ.get("COMPATLAYER_FAST_LAUNCH") == "0":
        pytest.skip("this is that run")
    environment = {**os.environ, "COMPATLAYER_FAST_LAUNCH": "0", "STREAM_PROGRAMS": "20"}
    files = [str(HERE / "test_launch_fast.py"), str(HERE / "test_launch.py"),
             str(HERE.parent / "property" / "test_stream_programs.py")]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files],
                          capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_switch_takes_nothing_but_0_and_1() -> None:
    from compatlayer import config

    assert config.from_environment({"COMPATLAYER_FAST_LAUNCH": "0"}).fast_launch is False
    assert config.from_environment({"COMPATLAYER_FAST_LAUNCH": ""}).fast_launch is True
    with pytest.raises(config.SettingsError, match="neither 0 nor 1"):
        config.from_environment({"COMPATLAYER_FAST_LAUNCH": "no"})
