"""Contexts: the per-thread stack, the primary context's references, what stale handles answer."""

from __future__ import annotations

import threading
from typing import Any

import pytest


def test_without_a_context_calls_say_so(api: Any) -> None:
    assert int(api.cuCtxGetCurrent()) == 0
    assert api.status("cuCtxGetDevice") == "INVALID_CONTEXT"
    assert api.status("cuMemAlloc", 64) == "INVALID_CONTEXT"
    assert api.status("cuCtxPopCurrent") == "INVALID_CONTEXT"


def test_the_primary_context_counts_its_references(api: Any) -> None:
    first, second = api.cuDevicePrimaryCtxRetain(0), api.cuDevicePrimaryCtxRetain(0)
    assert int(first) == int(second)
    assert api.cuDevicePrimaryCtxGetState(0)[1] == 1
    api.cuDevicePrimaryCtxRelease(0)
    assert api.cuDevicePrimaryCtxGetState(0)[1] == 1
    api.cuDevicePrimaryCtxRelease(0)
    assert api.cuDevicePrimaryCtxGetState(0)[1] == 0
    assert api.status("cuDevicePrimaryCtxRelease", 0) == "INVALID_CONTEXT"


def test_a_released_primary_context_is_destroyed_and_comes_back_under_its_handle(api: Any) -> None:
    first = api.cuDevicePrimaryCtxRetain(0)
    api.cuCtxSetCurrent(first)
    api.cuDevicePrimaryCtxRelease(0)
    assert api.status("cuMemAlloc", 64) == "CONTEXT_IS_DESTROYED"
    assert int(api.cuDevicePrimaryCtxRetain(0)) == int(first)
    assert int(api.cuMemAlloc(64))
    api.cuCtxPopCurrent()
    api.cuDevicePrimaryCtxRelease(0)


def test_contexts_stack_and_set_replaces_the_top(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    assert int(api.cuCtxGetCurrent()) == int(own)
    api.cuCtxPushCurrent(context)
    api.cuCtxSetCurrent(own)
    assert int(api.cuCtxPopCurrent()) == int(own)
    assert int(api.cuCtxPopCurrent()) == int(own)
    assert int(api.cuCtxGetCurrent()) == int(context)
    api.cuCtxDestroy(own)


def test_a_destroyed_context_is_stale_and_popped(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    api.cuCtxDestroy(own)
    assert int(api.cuCtxGetCurrent()) == int(context)
    assert api.status("cuCtxPushCurrent", own) == "INVALID_CONTEXT"
    assert api.status("cuCtxDestroy", own) == "INVALID_CONTEXT"


def test_a_context_destroyed_by_another_thread_is_named_so(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    other = threading.Thread(target=lambda: api.cuCtxDestroy(own))
    other.start()
    other.join(10)
    assert api.status("cuMemAlloc", 64) == "CONTEXT_IS_DESTROYED"
    api.cuCtxPopCurrent()


def test_a_context_takes_its_memory_with_it(api: Any, context: Any) -> None:
    before = api.cuMemGetInfo()[0]
    own = api.cuCtxCreate(None, 0, 0)
    api.cuMemAlloc(1 << 20)
    assert api.cuMemGetInfo()[0] < before
    api.cuCtxDestroy(own)
    assert api.cuMemGetInfo()[0] == before


def test_nothing_native_is_left_behind(api: Any, context: Any) -> None:
    native = pytest.importorskip("compatlayer._native")
    before = native.lib.cpl_memory_count()
    own = api.cuCtxCreate(None, 0, 0)
    streams = [api.cuStreamCreate(flags) for flags in (0, 1, 1)]
    for stream in streams:
        pooled = api.cuMemAllocAsync(1 << 16, stream)
        api.cuMemsetD8Async(pooled, 1, 1 << 16, stream)
        api.cuMemFreeAsync(pooled, stream)
    for name, *arguments in (("cuMemAlloc", 100), ("cuMemAllocHost", 100), ("cuMemAllocManaged", 100, 1),
                             ("cuMemAllocPitch", 9, 9, 4)):
        getattr(api, name)(*arguments)
    assert native.lib.cpl_memory_count() > before
    api.cuCtxSynchronize()
    api.cuCtxDestroy(own)
    assert native.lib.cpl_memory_count() == before


def test_each_thread_has_its_own_stack(api: Any, context: Any) -> None:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(int(api.cuCtxGetCurrent())))
    thread.start()
    thread.join(10)
    assert seen == [0]


@pytest.mark.parametrize("handle", [1, 0x1000, 0xDEADBEEF0])
def test_a_foreign_context_handle_is_an_error(api: Any, cu: Any, handle: int) -> None:
    assert api.status("cuCtxPushCurrent", cu.CUcontext(handle)) == "INVALID_CONTEXT"


def test_a_stream_is_not_taken_for_a_context(api: Any, cu: Any, stream: Any) -> None:
    assert api.status("cuCtxSetCurrent", cu.CUcontext(int(stream))) == "INVALID_CONTEXT"


def test_a_primary_context_cannot_be_destroyed(api: Any, context: Any) -> None:
    assert api.status("cuCtxDestroy", context) == "INVALID_CONTEXT"


def test_unknown_context_flags_are_refused(api: Any) -> None:
    assert api.status("cuCtxCreate", None, 0x1000, 0) == "INVALID_VALUE"
    assert api.status("cuDevicePrimaryCtxSetFlags", 0, 3) == "INVALID_VALUE"


def test_flags_are_told(api: Any) -> None:
    own = api.cuCtxCreate(None, 4, 0)
    assert api.cuCtxGetFlags() & 7 == 4
    api.cuCtxDestroy(own)


def test_limits_can_be_set_and_read(api: Any, cu: Any, context: Any) -> None:
    for limit in (cu.CUlimit.CU_LIMIT_STACK_SIZE, cu.CUlimit.CU_LIMIT_PRINTF_FIFO_SIZE,
                  cu.CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE):
        size = api.cuCtxGetLimit(limit)
        assert size > 0
        api.cuCtxSetLimit(limit, size * 2)
        assert api.cuCtxGetLimit(limit) >= size * 2
        api.cuCtxSetLimit(limit, size)
    assert api.status("cuCtxGetLimit", cu.CUlimit.CU_LIMIT_PERSISTING_L2_CACHE_SIZE) == "UNSUPPORTED_LIMIT"


def test_the_depth_of_synchronisation_is_a_limit_of_devices_before_9_0(api: Any, cu: Any, context: Any) -> None:
    depth = cu.CUlimit.CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH
    assert api.cuCtxGetLimit(depth) == 2
    api.cuCtxSetLimit(depth, 5)
    assert api.cuCtxGetLimit(depth) == 5
    assert api.status("cuCtxSetLimit", depth, 25) == "INVALID_VALUE"
    api.cuCtxSetLimit(depth, 2)


def test_priorities_run_from_least_to_greatest(api: Any, context: Any) -> None:
    least, greatest = api.cuCtxGetStreamPriorityRange()
    assert least == 0 > greatest


def test_identities_and_versions(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    assert api.cuCtxGetId(own) != api.cuCtxGetId(context)
    assert api.cuCtxGetApiVersion(own) >= 3020
    api.cuCtxDestroy(own)


def test_attach_and_detach_count(api: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    assert int(api.cuCtxAttach(0)) == int(own)
    api.cuCtxDetach(own)
    assert int(api.cuCtxGetCurrent()) == int(own)
    api.cuCtxDetach(own)
    assert int(api.cuCtxGetCurrent()) == int(context)


def test_a_reset_primary_context_starts_afresh(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(1 << 16)
    api.cuDevicePrimaryCtxReset(0)
    assert api.status("cuMemFree", pointer) == "INVALID_VALUE"
    assert int(api.cuMemAlloc(64))


def test_peer_access_is_enabled_once(api: Any, context: Any) -> None:
    if api.cuDeviceGetCount() < 2:
        pytest.skip("needs two devices")
    other = api.cuDevicePrimaryCtxRetain(1)
    assert api.status("cuCtxDisablePeerAccess", other) == "PEER_ACCESS_NOT_ENABLED"
    api.cuCtxEnablePeerAccess(other, 0)
    assert api.status("cuCtxEnablePeerAccess", other, 0) == "PEER_ACCESS_ALREADY_ENABLED"
    api.cuCtxDisablePeerAccess(other)
    assert api.status("cuCtxEnablePeerAccess", context, 0) == "INVALID_CONTEXT"
    assert api.status("cuCtxEnablePeerAccess", other, 1) == "INVALID_VALUE"
    api.cuDevicePrimaryCtxRelease(1)
