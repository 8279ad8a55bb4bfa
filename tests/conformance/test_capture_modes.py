"""Modes of captures and threads: which potentially unsafe calls they forbid; captures into graphs that are there."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from compiled import build
from graphs import COUNT, SOURCE, run, values


@pytest.fixture
def data(api: Any, context: Any) -> Iterator[Any]:
    pointer = api.cuMemAlloc(COUNT * 4)
    api.cuMemsetD32(pointer, 0, COUNT)
    yield pointer
    api.cuMemFree(pointer)


def mode(cu: Any, name: str) -> Any:
    return getattr(cu.CUstreamCaptureMode, f"CU_STREAM_CAPTURE_MODE_{name}")


def in_a_thread(api: Any, context: Any, call: Callable[[], str]) -> str:
    answers: list[str] = []

    def work() -> None:
        api.cuCtxSetCurrent(context)
        answers.append(call())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return answers[0]


@pytest.mark.parametrize(("captured", "own", "other"), [
    ("GLOBAL", "STREAM_CAPTURE_UNSUPPORTED", "STREAM_CAPTURE_UNSUPPORTED"),
    ("THREAD_LOCAL", "STREAM_CAPTURE_UNSUPPORTED", "SUCCESS"),
    ("RELAXED", "SUCCESS", "SUCCESS")])
def test_unsafe_calls_are_refused_by_the_captures_mode(
        api: Any, cu: Any, context: Any, stream: Any, captured: str, own: str, other: str) -> None:
    def allocate() -> str:
        status, pointer = cu.cuMemAlloc(64)
        if int(status) == 0:
            kept.append(pointer)
        return status.name.removeprefix("CUDA_").removeprefix("ERROR_")

    kept: list[Any] = []
    for caller, answer in ((allocate, own), (lambda: in_a_thread(api, context, allocate), other)):
        api.cuStreamBeginCapture(stream, mode(cu, captured))
        assert caller() == answer
        ended = "SUCCESS" if answer == "SUCCESS" else "STREAM_CAPTURE_INVALIDATED"
        assert api.status("cuStreamEndCapture", stream) == ended
    for pointer in kept:
        api.cuMemFree(pointer)


def test_a_relaxed_thread_may_do_what_it_likes(api: Any, cu: Any, context: Any, stream: Any) -> None:
    assert api.cuThreadExchangeStreamCaptureMode(mode(cu, "RELAXED")) == mode(cu, "GLOBAL")
    try:
        api.cuStreamBeginCapture(stream, mode(cu, "GLOBAL"))
        api.cuMemFree(api.cuMemAlloc(64))
        api.cuCtxSynchronize()
        api.cuGraphDestroy(api.cuStreamEndCapture(stream))
    finally:
        assert api.cuThreadExchangeStreamCaptureMode(mode(cu, "GLOBAL")) == mode(cu, "RELAXED")


@pytest.mark.parametrize("call", ["cuCtxSynchronize", "cuMemFree", "cuEventQuery", "cuEventSynchronize"])
def test_calls_that_may_wait_are_unsafe(api: Any, cu: Any, stream: Any, call: str) -> None:
    pointer, event = api.cuMemAlloc(64), api.cuEventCreate(0)
    argument = {"cuMemFree": (pointer,), "cuEventQuery": (event,), "cuEventSynchronize": (event,)}.get(call, ())
    api.cuStreamBeginCapture(stream, mode(cu, "GLOBAL"))
    assert api.status(call, *argument) == "STREAM_CAPTURE_UNSUPPORTED"
    assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
    api.cuMemFree(pointer)


def test_work_is_captured_into_a_graph_that_is_there(
        api: Any, cu: Any, context: Any, stream: Any, data: Any) -> None:
    from graphs import fill_params

    graph = api.cuGraphCreate(0)
    first = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 5), context)
    api.cuStreamBeginCaptureToGraph(stream, graph, [first], None, 1, mode(cu, "RELAXED"))
    api.cuMemsetD32Async(data, 6, 10, stream)
    assert api.status("cuGraphDestroy", graph) == "INVALID_VALUE"
    assert api.status("cuGraphInstantiate", graph, 0) == "INVALID_VALUE"
    other = api.cuStreamCreate(1)
    assert api.status("cuStreamBeginCaptureToGraph", other, graph, None, None, 0, mode(cu, "RELAXED")) \
        == "INVALID_VALUE"
    assert int(api.cuStreamEndCapture(stream)) == int(graph)
    assert api.cuGraphGetEdges(graph, 4)[-1] == 1
    run(api, graph, stream)
    assert (values(api, data)[:10] == 6).all() and (values(api, data)[10:] == 5).all()
    api.cuGraphDestroy(graph)
    api.cuStreamDestroy(other)


def test_dependencies_of_the_next_node_are_changed_while_capturing(
        api: Any, cu: Any, context: Any, stream: Any, data: Any) -> None:
    flags = cu.CUstreamUpdateCaptureDependencies_flags
    assert api.status("cuStreamUpdateCaptureDependencies", stream, None, None, 0, 0) == "ILLEGAL_STATE"
    api.cuStreamBeginCapture(stream, mode(cu, "RELAXED"))
    api.cuMemsetD32Async(data, 1, 10, stream)
    _, ident, graph, _, _, count = api.cuStreamGetCaptureInfo(stream)
    assert count == 1 and int(ident) > 0
    extra = api.cuGraphAddEmptyNode(graph, None, 0)
    add, put = (int(getattr(flags, f"CU_STREAM_{name}_CAPTURE_DEPENDENCIES")) for name in ("ADD", "SET"))
    api.cuStreamUpdateCaptureDependencies(stream, [extra], None, 1, add)
    assert api.cuStreamGetCaptureInfo(stream)[-1] == 2
    api.cuStreamUpdateCaptureDependencies(stream, [extra], None, 1, put)
    assert api.cuStreamGetCaptureInfo(stream)[-1] == 1
    api.cuMemsetD32Async(data, 2, 10, stream)
    assert api.status("cuStreamUpdateCaptureDependencies", stream, None, None, 0, 7) == "INVALID_VALUE"
    ended = api.cuStreamEndCapture(stream)
    assert api.cuGraphGetRootNodes(ended, 4)[1] == 2 and api.cuGraphGetEdges(ended, 4)[-1] == 1
    api.cuGraphDestroy(ended)


def test_cooperative_launches_are_captured_as_such(api: Any, cu: Any, context: Any, stream: Any, data: Any) -> None:
    module = api.cuModuleLoadData(build(SOURCE))
    kernel = api.cuModuleGetFunction(module, b"add")
    packed = [np.array(value) for value in (np.uint64(int(data)), np.int32(COUNT), np.int32(3))]
    addresses = np.array([each.ctypes.data for each in packed], np.uint64)
    api.cuStreamBeginCapture(stream, mode(cu, "RELAXED"))
    for _ in range(3):
        api.cuLaunchCooperativeKernel(kernel, 8, 1, 1, 128, 1, 1, 0, stream, addresses.ctypes.data)
    graph = api.cuStreamEndCapture(stream)
    node = api.cuGraphGetNodes(graph, 3)[0][0]
    attribute = cu.CUkernelNodeAttrID.CU_LAUNCH_ATTRIBUTE_COOPERATIVE
    assert api.cuGraphKernelNodeGetAttribute(node, attribute).cooperative == 1
    run(api, graph, stream)
    assert (values(api, data) == 9).all()
    api.cuGraphDestroy(graph)
    api.cuModuleUnload(module)


def test_callbacks_with_a_status_cannot_be_captured(api: Any, cu: Any, stream: Any) -> None:
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(lambda *_: None)
    address = cu.CUstreamCallback(ctypes.cast(function, ctypes.c_void_p).value)
    api.cuStreamBeginCapture(stream, mode(cu, "RELAXED"))
    assert api.status("cuStreamAddCallback", stream, address, 0, 0) == "STREAM_CAPTURE_UNSUPPORTED"
    assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
