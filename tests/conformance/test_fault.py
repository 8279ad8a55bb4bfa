"""After a device fault: every call of the context says so, nothing hangs or leaks, a new context works."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build
from test_process import run


@pytest.fixture
def broken(api: Any, context: Any) -> Iterator[dict[str, Any]]:
    """An own context with things made before a kernel of it stored to address 16."""
    own = api.cuCtxCreate(None, 0, 0)
    made = {"context": own, "memory": api.cuMemAlloc(4096), "host": api.cuMemAllocHost(64),
            "stream": api.cuStreamCreate(1), "event": api.cuEventCreate(0)}
    made["pooled"] = api.cuMemAllocAsync(4096, made["stream"])
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"bad_store")
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, made["stream"], Packed(np.uint64(0x10)).pointer, 0)
    assert api.status("cuStreamSynchronize", made["stream"]) == "ILLEGAL_ADDRESS"
    yield made
    api.status("cuMemFreeAsync", made["pooled"], made["stream"])
    api.status("cuCtxDestroy", own)


@pytest.mark.parametrize(("name", "arguments"), [
    ("cuCtxSynchronize", ()), ("cuStreamSynchronize", ("stream",)), ("cuStreamSynchronize", (0,)),
    ("cuStreamQuery", ("stream",)), ("cuEventQuery", ("event",)), ("cuEventSynchronize", ("event",)),
    ("cuEventRecord", ("event", "stream")), ("cuMemAlloc", (64,)), ("cuMemAllocHost", (64,)),
    ("cuMemsetD8", ("memory", 1, 64)), ("cuMemsetD8Async", ("memory", 1, 64, "stream")),
    ("cuMemcpyDtoD", ("memory", "pooled", 64)), ("cuMemcpyDtoDAsync", ("memory", "pooled", 64, "stream")),
    ("cuMemcpyDtoHAsync", ("host", "memory", 64, "stream")), ("cuMemAllocAsync", (64, "stream")),
    ("cuStreamCreate", (0,)), ("cuEventCreate", (0,)), ("cuMemGetInfo", ()),
])
def test_every_use_of_a_faulted_context_says_so(api: Any, broken: Any, name: str, arguments: tuple[Any, ...]) -> None:
    values = [broken[value] if isinstance(value, str) else value for value in arguments]
    assert api.status(name, *values) == "ILLEGAL_ADDRESS"


def test_a_copy_to_the_host_says_so_and_writes_nothing(api: Any, broken: Any) -> None:
    back = np.full(64, 7, np.uint8)
    assert api.status("cuMemcpyDtoH", back, broken["memory"], 64) == "ILLEGAL_ADDRESS"
    assert (back == 7).all()


def test_ends_of_things_still_work(api: Any, broken: Any) -> None:
    assert api.status("cuMemFree", broken["memory"]) == "ILLEGAL_ADDRESS"
    assert api.status("cuMemFree", broken["memory"]) == "INVALID_VALUE"
    assert api.status("cuMemFreeHost", broken["host"]) == "SUCCESS"
    assert api.status("cuEventDestroy", broken["event"]) == "SUCCESS"
    assert api.status("cuStreamDestroy", broken["stream"]) == "SUCCESS"


def test_other_contexts_do_not_notice(api: Any, context: Any, broken: Any) -> None:
    api.cuCtxPushCurrent(context)
    pointer, back = api.cuMemAlloc(64), np.zeros(64, np.uint8)
    api.cuMemsetD8(pointer, 4, 64)
    api.cuMemcpyDtoH(back, pointer, 64)
    assert (back == 4).all()
    api.cuMemFree(pointer)
    api.cuCtxPopCurrent()


def test_a_destroyed_faulted_context_gives_its_memory_back(api: Any, context: Any) -> None:
    before = api.cuMemGetInfo()[0]
    own = api.cuCtxCreate(None, 0, 0)
    api.cuMemAlloc(1 << 20)
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"bad_store")
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, Packed(np.uint64(0x10)).pointer, 0)
    api.cuCtxDestroy(own)
    assert api.cuMemGetInfo()[0] == before


def test_a_blocking_launch_reports_its_own_fault() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    assert run(f"sys.path.insert(0, {here!r})" + """
from compiled import Packed, build
from test_process import run
import numpy as np
context()
kernel = ok(cu.cuModuleGetFunction(ok(cu.cuModuleLoadData(build())), b"bad_store"))
print(int(cu.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, Packed(np.uint64(0x10)).pointer, 0)[0]))
""", CUDA_LAUNCH_BLOCKING="1") == "700"


def test_a_reset_primary_context_works_again(api: Any, context: Any) -> None:
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"bad_store")
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, Packed(np.uint64(0x10)).pointer, 0)
    assert api.status("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    api.cuDevicePrimaryCtxReset(0)
    api.cuMemFree(api.cuMemAlloc(64))
    api.cuCtxSynchronize()
