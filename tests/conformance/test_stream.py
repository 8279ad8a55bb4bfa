"""Streams: order, the default streams' rules, host functions, stale handles."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import numpy as np
import pytest


def test_a_new_stream_is_idle(api: Any, stream: Any) -> None:
    assert api.status("cuStreamQuery", stream) == "SUCCESS"
    api.cuStreamSynchronize(stream)


def test_a_held_stream_is_not_ready(api: Any, stream: Any, hold: Any) -> None:
    gate = hold(stream)
    assert api.status("cuStreamQuery", stream) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(stream)
    assert api.status("cuStreamQuery", stream) == "SUCCESS"


def test_streams_say_what_they_were_made_with(api: Any, cu: Any, context: Any) -> None:
    made = api.cuStreamCreateWithPriority(1, -2)
    assert api.cuStreamGetFlags(made) == 1
    assert api.cuStreamGetPriority(made) == -2
    assert int(api.cuStreamGetCtx(made)) == int(context)
    assert api.cuStreamGetId(made) != api.cuStreamGetId(api.cuStreamCreate(0))
    far = api.cuStreamCreateWithPriority(0, -100)
    assert api.cuStreamGetPriority(far) == api.cuCtxGetStreamPriorityRange()[1]
    assert api.status("cuStreamCreate", 8) == "INVALID_VALUE"


def test_a_destroyed_stream_is_stale_and_its_work_is_done(api: Any, context: Any, hold: Any) -> None:
    made, device = api.cuStreamCreate(1), api.cuMemAlloc(64)
    gate = hold(made)
    api.cuMemsetD8Async(device, 3, 64, made)
    api.cuStreamDestroy(made)
    for name in ("cuStreamQuery", "cuStreamSynchronize", "cuStreamDestroy"):
        assert api.status(name, made) == "INVALID_HANDLE"
    gate.open()
    api.cuCtxSynchronize()
    back = np.zeros(64, np.uint8)
    api.cuMemcpyDtoH(back, device, 64)
    assert (back == 3).all()


@pytest.mark.parametrize("handle", [3, 0x7000, 0xC0DE0000])
def test_a_foreign_stream_handle_is_an_error(api: Any, cu: Any, context: Any, handle: int) -> None:
    assert api.status("cuStreamSynchronize", cu.CUstream(handle)) == "INVALID_HANDLE"


def test_default_streams_cannot_be_destroyed(api: Any, cu: Any, context: Any) -> None:
    for handle in (0, 1, 2):
        assert api.status("cuStreamDestroy", cu.CUstream(handle)) != "SUCCESS"


def test_the_legacy_stream_waits_for_blocking_streams(api: Any, context: Any, hold: Any) -> None:
    blocking = api.cuStreamCreate(0)
    gate = hold(blocking)
    device = api.cuMemAlloc(64)
    api.cuMemsetD8Async(device, 1, 64, 0)
    assert api.status("cuStreamQuery", 0) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(0)
    assert api.status("cuStreamQuery", blocking) == "SUCCESS"


def test_blocking_streams_wait_for_the_legacy_stream(api: Any, context: Any, hold: Any) -> None:
    blocking, device = api.cuStreamCreate(0), api.cuMemAlloc(64)
    gate = hold(0)
    api.cuMemsetD8Async(device, 1, 64, blocking)
    assert api.status("cuStreamQuery", blocking) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(blocking)


def test_non_blocking_streams_wait_for_nobody(api: Any, stream: Any, hold: Any) -> None:
    device = api.cuMemAlloc(64)
    hold(0)
    api.cuMemsetD8Async(device, 1, 64, stream)
    api.cuStreamSynchronize(stream)
    assert api.status("cuStreamQuery", 0) == "NOT_READY"


def test_blocking_streams_do_not_wait_for_each_other(api: Any, context: Any, hold: Any) -> None:
    first, second, device = api.cuStreamCreate(0), api.cuStreamCreate(0), api.cuMemAlloc(64)
    hold(first)
    api.cuMemsetD8Async(device, 1, 64, second)
    api.cuStreamSynchronize(second)
    assert api.status("cuStreamQuery", first) == "NOT_READY"


def test_work_travels_through_the_legacy_stream(api: Any, context: Any, hold: Any) -> None:
    first, second, device = api.cuStreamCreate(0), api.cuStreamCreate(0), api.cuMemAlloc(64)
    gate = hold(first)
    api.cuMemsetD8Async(device, 1, 64, 0)
    api.cuMemsetD8Async(device, 2, 64, second)
    assert api.status("cuStreamQuery", second) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(second)
    back = np.zeros(64, np.uint8)
    api.cuMemcpyDtoH(back, device, 64)
    assert (back == 2).all()


def test_per_thread_streams_differ_between_threads_and_obey_the_legacy_stream(api: Any, cu: Any, context: Any,
                                                                              hold: Any) -> None:
    mine = api.cuStreamGetId(cu.CUstream(2))
    assert mine == api.cuStreamGetId(cu.CUstream(2)) != api.cuStreamGetId(cu.CUstream(1))
    seen: list[int] = []

    def ask() -> None:
        api.cuCtxPushCurrent(context)
        seen.append(api.cuStreamGetId(cu.CUstream(2)))
        api.cuCtxPopCurrent()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)
    assert seen and seen[0] != mine
    device = api.cuMemAlloc(64)
    gate = hold(0)
    api.cuMemsetD8Async(device, 1, 64, cu.CUstream(2))
    assert api.status("cuStreamQuery", cu.CUstream(2)) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(cu.CUstream(2))


def test_a_waiting_copy_waits_for_blocking_streams(api: Any, context: Any, hold: Any) -> None:
    blocking, device, back = api.cuStreamCreate(0), api.cuMemAlloc(64), np.zeros(64, np.uint8)
    gate = hold(blocking)
    api.cuMemsetD8Async(device, 9, 64, blocking)
    threading.Timer(0.1, gate.open).start()
    api.cuMemcpyDtoH(back, device, 64)
    assert (back == 9).all()


def test_host_functions_run_in_order_with_their_data(api: Any, cu: Any, stream: Any) -> None:
    seen: list[int] = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    function = kind(lambda data: seen.append(data or 0))
    address = ctypes.cast(function, ctypes.c_void_p).value
    for number in range(1, 6):
        api.cuLaunchHostFunc(stream, cu.CUhostFn(address), number)
    api.cuStreamSynchronize(stream)
    assert seen == [1, 2, 3, 4, 5]
    assert api.status("cuLaunchHostFunc", stream, cu.CUhostFn(0), 0) == "INVALID_VALUE"


def test_callbacks_are_told_stream_and_status(api: Any, cu: Any, stream: Any) -> None:
    seen: list[tuple[int, int, int]] = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    function = kind(lambda stream, status, data: seen.append((stream, status, data)))
    address = ctypes.cast(function, ctypes.c_void_p).value
    api.cuStreamAddCallback(stream, cu.CUstreamCallback(address), 77, 0)
    api.cuStreamSynchronize(stream)
    assert seen == [(int(stream), 0, 77)]
    assert api.status("cuStreamAddCallback", stream, cu.CUstreamCallback(address), 0, 1) == "INVALID_VALUE"


def test_a_host_function_must_not_wait_for_its_own_stream(api: Any, cu: Any, stream: Any) -> None:
    seen: list[str] = []

    def call(data: Any) -> None:
        seen.append(api.status("cuStreamSynchronize", stream))

    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    function = kind(call)
    api.cuLaunchHostFunc(stream, cu.CUhostFn(ctypes.cast(function, ctypes.c_void_p).value), 0)
    api.cuStreamSynchronize(stream)
    assert seen == ["NOT_PERMITTED"]


def test_memory_freed_by_a_host_function_is_freed_later(api: Any, cu: Any, stream: Any) -> None:
    before = api.cuMemGetInfo()[0]
    device, seen = api.cuMemAlloc(1 << 20), []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    function = kind(lambda data: seen.append(api.status("cuMemFree", device)))
    api.cuLaunchHostFunc(stream, cu.CUhostFn(ctypes.cast(function, ctypes.c_void_p).value), 0)
    api.cuStreamSynchronize(stream)
    assert seen == ["SUCCESS"]
    api.cuMemFree(api.cuMemAlloc(64))
    assert api.cuMemGetInfo()[0] == before


def test_nothing_is_being_captured(api: Any, cu: Any, stream: Any) -> None:
    none = cu.CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE
    assert api.cuStreamIsCapturing(stream) == none
    assert api.cuStreamGetCaptureInfo(stream)[0] == none


def test_many_threads_use_many_streams(api: Any, context: Any) -> None:
    failures: list[str] = []

    def work(seed: int) -> None:
        api.cuCtxPushCurrent(context)
        mine, device = api.cuStreamCreate(seed % 2), api.cuMemAlloc(4096)
        back = np.zeros(1024, np.uint32)
        for turn in range(40):
            api.cuMemsetD32Async(device, seed * 1000 + turn, 1024, mine)
            api.cuMemcpyDtoHAsync(back, device, 4096, mine)
            api.cuStreamSynchronize(mine)
            if not (back == seed * 1000 + turn).all():
                failures.append(f"{seed}.{turn}")
        api.cuStreamDestroy(mine)
        api.cuMemFree(device)
        api.cuCtxPopCurrent()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and not any(thread.is_alive() for thread in threads)
