"""Stream capture: what is captured does not run, runs as often as its graph is launched, and what cannot be says so."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import build

COUNT = 1000


@pytest.fixture
def kernel(api: Any, context: Any) -> Iterator[Any]:
    module = api.cuModuleLoadData(build())
    yield api.cuModuleGetFunction(module, b"add_one")
    api.cuModuleUnload(module)


@pytest.fixture
def data(api: Any, context: Any) -> Iterator[Any]:
    pointer = api.cuMemAlloc(COUNT * 4)
    api.cuMemsetD32(pointer, 0, COUNT)
    yield pointer
    api.cuMemFree(pointer)


def add_one(api: Any, kernel: Any, stream: Any, data: Any) -> None:
    arguments = ((int(data), COUNT), (ctypes.c_void_p, ctypes.c_int))
    api.cuLaunchKernel(kernel, 8, 1, 1, 128, 1, 1, 0, stream, arguments, 0)


def values(api: Any, data: Any) -> np.ndarray:
    out = np.zeros(COUNT, np.int32)
    api.cuMemcpyDtoH(out, data, out.nbytes)
    return out


def begin(api: Any, cu: Any, stream: Any, mode: str = "GLOBAL") -> None:
    api.cuStreamBeginCapture(stream, getattr(cu.CUstreamCaptureMode, f"CU_STREAM_CAPTURE_MODE_{mode}"))


def status(api: Any, stream: Any) -> str:
    return api.cuStreamIsCapturing(stream).name.removeprefix("CU_STREAM_CAPTURE_STATUS_")


def launched(api: Any, graph: Any, stream: Any, times: int = 1) -> None:
    """Instantiate, launch and wait; both graphs are destroyed."""
    executable = api.cuGraphInstantiate(graph, 0)
    api.cuGraphDestroy(graph)
    for _ in range(times):
        api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    api.cuGraphExecDestroy(executable)


def test_captured_work_runs_when_its_graph_is_launched_and_as_often(
        api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    add_one(api, kernel, stream, data)  # from here on a launch may go through C: capture has to see it all the same
    add_one(api, kernel, stream, data)
    api.cuStreamSynchronize(stream)
    called: list[int] = []
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: called.append(1))
    out, source = np.zeros(COUNT, np.int32), np.full(COUNT, 7, np.int32)
    begin(api, cu, stream)
    assert status(api, stream) == "ACTIVE"
    api.cuMemsetD32Async(data, 10, COUNT, stream)
    add_one(api, kernel, stream, data)
    add_one(api, kernel, stream, data)
    api.cuMemcpyDtoHAsync(out, data, out.nbytes, stream)
    api.cuLaunchHostFunc(stream, cu.CUhostFn(ctypes.cast(function, ctypes.c_void_p).value), 0)
    api.cuMemcpyHtoDAsync(data, source, source.nbytes, stream)
    graph = api.cuStreamEndCapture(stream)
    assert status(api, stream) == "NONE" and not called and not out.any()
    assert (values(api, data) == 2).all()
    source[:] = 8  # read when the graph runs
    launched(api, graph, stream, 3)
    assert called == [1, 1, 1] and (out == 12).all() and (values(api, data) == 8).all()
    add_one(api, kernel, stream, data)  # and the stream is an ordinary one again
    api.cuStreamSynchronize(stream)
    assert (values(api, data) == 9).all()


def test_streams_fork_and_join_by_events(api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    other, fork, join = api.cuStreamCreate(1), api.cuEventCreate(0), api.cuEventCreate(0)
    begin(api, cu, stream)
    add_one(api, kernel, stream, data)
    api.cuEventRecord(fork, stream)
    api.cuStreamWaitEvent(other, fork, 0)
    assert status(api, other) == "ACTIVE"
    add_one(api, kernel, other, data)
    api.cuEventRecord(join, other)
    api.cuStreamWaitEvent(stream, join, 0)
    assert api.cuStreamGetCaptureInfo(stream)[-1] == 2  # comes after its own kernel and the other's
    add_one(api, kernel, stream, data)
    graph = api.cuStreamEndCapture(stream)
    assert status(api, other) == "NONE"
    assert api.status("cuEventQuery", fork) == "CAPTURED_EVENT"
    launched(api, graph, stream, 2)
    assert (values(api, data) == 6).all()
    api.cuEventRecord(fork, stream)
    api.cuEventSynchronize(fork)


def test_a_stream_that_is_not_joined_spoils_the_capture(api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    other, fork = api.cuStreamCreate(1), api.cuEventCreate(0)
    begin(api, cu, stream)
    api.cuEventRecord(fork, stream)
    api.cuStreamWaitEvent(other, fork, 0)
    add_one(api, kernel, other, data)
    assert api.status("cuStreamEndCapture", other) == "STREAM_CAPTURE_UNMATCHED"
    assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
    begin(api, cu, stream)
    api.cuEventRecord(fork, stream)
    api.cuStreamWaitEvent(other, fork, 0)
    add_one(api, kernel, other, data)
    assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_UNJOINED"
    assert status(api, stream) == status(api, other) == "NONE" and not values(api, data).any()


@pytest.mark.parametrize("call", ["cuStreamSynchronize", "cuStreamQuery", "cuMemFreeAsync"])
def test_what_cannot_be_captured_makes_the_capture_invalid(
        api: Any, cu: Any, stream: Any, data: Any, call: str) -> None:
    pooled = api.cuMemAllocAsync(64, stream)
    begin(api, cu, stream)
    if call == "cuMemFreeAsync":  # a graph frees only what a graph allocated
        assert api.status(call, pooled, stream) == "INVALID_VALUE"
    else:
        assert api.status(call, stream) == "STREAM_CAPTURE_UNSUPPORTED"
    assert status(api, stream) == "INVALIDATED"
    assert api.status("cuMemsetD8Async", data, 1, 4, stream) == "STREAM_CAPTURE_INVALIDATED"
    assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
    assert status(api, stream) == "NONE"
    api.cuMemFreeAsync(pooled, stream)
    api.cuStreamSynchronize(stream)


def test_the_legacy_stream_is_not_captured_and_does_not_mix(api: Any, cu: Any, context: Any, data: Any) -> None:
    mode = cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
    assert api.status("cuStreamBeginCapture", 0, mode) == "STREAM_CAPTURE_UNSUPPORTED"
    blocking = api.cuStreamCreate(0)
    begin(api, cu, blocking)
    assert api.status("cuMemsetD8", data, 1, 4) == "STREAM_CAPTURE_IMPLICIT"
    assert api.status("cuStreamEndCapture", blocking) == "STREAM_CAPTURE_INVALIDATED"
    api.cuMemsetD8(data, 1, 4)
    free = api.cuStreamCreate(1)
    begin(api, cu, free)
    api.cuMemsetD8(data, 1, 4)
    api.cuGraphDestroy(api.cuStreamEndCapture(free))


def test_captures_begin_once_and_end_where_they_began(api: Any, cu: Any, stream: Any) -> None:
    mode = cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL
    assert api.status("cuStreamEndCapture", stream) == "ILLEGAL_STATE"
    begin(api, cu, stream)
    assert api.status("cuStreamBeginCapture", stream, mode) == "ILLEGAL_STATE"
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(api.status("cuStreamEndCapture", stream)))
    thread.start()
    thread.join()
    assert seen == ["STREAM_CAPTURE_WRONG_THREAD"]
    launched(api, api.cuStreamEndCapture(stream), stream)  # nothing was captured: nothing runs


def test_events_from_outside_and_other_captures_do_not_mix(api: Any, cu: Any, stream: Any) -> None:
    other, event = api.cuStreamCreate(1), api.cuEventCreate(0)
    api.cuEventRecord(event, other)
    begin(api, cu, stream)
    assert api.status("cuStreamWaitEvent", stream, event, 0) == "STREAM_CAPTURE_ISOLATION"
    assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
    begin(api, cu, stream)
    begin(api, cu, other)
    api.cuEventRecord(event, stream)
    assert api.status("cuStreamWaitEvent", other, event, 0) == "STREAM_CAPTURE_MERGE"
    for each in (stream, other):
        assert api.status("cuStreamEndCapture", each) == "STREAM_CAPTURE_INVALIDATED"


def test_streams_and_contexts_may_end_while_they_are_captured(api: Any, cu: Any, context: Any) -> None:
    doomed = api.cuStreamCreate(0)
    begin(api, cu, doomed)
    api.cuStreamDestroy(doomed)
    api.cuCtxSynchronize()
    own = api.cuCtxCreate(None, 0, 0)
    begin(api, cu, api.cuStreamCreate(0))
    api.cuCtxDestroy(own)
    api.cuCtxSynchronize()


def test_a_stream_may_end_after_it_was_joined_and_not_before(
        api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    for joined, answer in ((True, "SUCCESS"), (False, "STREAM_CAPTURE_INVALIDATED")):
        other, event = api.cuStreamCreate(1), api.cuEventCreate(0)
        begin(api, cu, stream)
        api.cuEventRecord(event, stream)
        api.cuStreamWaitEvent(other, event, 0)
        add_one(api, kernel, other, data)
        if joined:
            api.cuEventRecord(event, other)
            api.cuStreamWaitEvent(stream, event, 0)
        api.cuStreamDestroy(other)
        assert api.status("cuStreamEndCapture", stream) == answer


def test_user_objects_live_as_long_as_the_graphs_that_hold_them(
        api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    ended: list[int] = []
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda value: ended.append(value))
    destroy = cu.CUhostFn(ctypes.cast(function, ctypes.c_void_p).value)
    begin(api, cu, stream)
    add_one(api, kernel, stream, data)
    graph = api.cuStreamEndCapture(stream)
    assert api.status("cuUserObjectCreate", 5, destroy, 1, 0) == "INVALID_VALUE"
    assert api.status("cuUserObjectCreate", 5, destroy, 0, 1) == "INVALID_VALUE"
    thing = api.cuUserObjectCreate(5, destroy, 2, 1)
    api.cuUserObjectRelease(thing, 1)
    assert api.status("cuUserObjectRelease", thing, 2) == "INVALID_VALUE"
    assert api.status("cuGraphReleaseUserObject", graph, thing, 1) == "INVALID_VALUE"
    api.cuGraphRetainUserObject(graph, thing, 1, 1)
    executable = api.cuGraphInstantiate(graph, 0)
    api.cuGraphDestroy(graph)
    api.cuGraphLaunch(executable, stream)
    assert not ended
    api.cuGraphExecDestroy(executable)
    assert ended == [5] and (values(api, data) == 1).all()
    assert api.status("cuUserObjectRetain", thing, 1) == "INVALID_VALUE"


def test_a_capture_may_go_through_streams_of_several_contexts(
        api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    event = api.cuEventCreate(0)
    begin(api, cu, stream)
    add_one(api, kernel, stream, data)
    api.cuEventRecord(event, stream)
    own = api.cuCtxCreate(None, 0, 0)
    elsewhere, back = api.cuStreamCreate(1), api.cuEventCreate(0)
    api.cuStreamWaitEvent(elsewhere, event, 0)
    assert status(api, elsewhere) == "ACTIVE"
    api.cuMemsetD32Async(data, 5, COUNT // 2, elsewhere)
    api.cuEventRecord(back, elsewhere)
    api.cuStreamWaitEvent(stream, back, 0)
    graph = api.cuStreamEndCapture(stream)
    executable = api.cuGraphInstantiate(graph, 0)
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert (values(api, data)[:COUNT // 2] == 5).all() and (values(api, data)[COUNT // 2:] == 1).all()
    api.cuCtxDestroy(own)
    assert api.status("cuGraphLaunch", executable, stream) == "CONTEXT_IS_DESTROYED"
    api.cuGraphExecDestroy(executable)
    api.cuGraphDestroy(graph)


def test_stale_and_foreign_graphs_are_refused(api: Any, cu: Any, stream: Any) -> None:
    begin(api, cu, stream)
    graph = api.cuStreamEndCapture(stream)
    executable = api.cuGraphInstantiate(graph, 0)
    assert api.status("cuGraphLaunch", cu.CUgraphExec(int(graph)), stream) == "INVALID_VALUE"
    assert api.status("cuGraphInstantiate", graph, 1 << 20) == "INVALID_VALUE"
    assert api.status("cuGraphInstantiate", graph, 4) == "NOT_SUPPORTED"
    api.cuGraphDestroy(graph)
    assert api.status("cuGraphDestroy", graph) == "INVALID_VALUE"
    assert api.status("cuGraphInstantiate", graph, 0) == "INVALID_VALUE"
    own = api.cuCtxCreate(None, 0, 0)
    elsewhere = api.cuStreamCreate(0)
    api.cuGraphLaunch(executable, elsewhere)  # any stream will do
    api.cuCtxDestroy(own)
    api.cuGraphExecDestroy(executable)
    assert api.status("cuGraphExecDestroy", executable) == "INVALID_VALUE"
