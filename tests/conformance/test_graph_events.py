"""Events in graphs: recorded and waited for at each launch; memory operations as nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphs import COUNT, HostCall, fill_params, run, values


@pytest.fixture
def data(api: Any, context: Any) -> Iterator[Any]:
    pointer = api.cuMemAlloc(COUNT * 4)
    api.cuMemsetD32(pointer, 0, COUNT)
    yield pointer
    api.cuMemFree(pointer)


@pytest.fixture
def graph(api: Any, context: Any) -> Iterator[Any]:
    made = api.cuGraphCreate(0)
    yield made
    api.cuGraphDestroy(made)


def test_each_launch_records_its_events_in_the_middle_of_its_work(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any, hold: Any) -> None:
    import threading

    event, go_on = api.cuEventCreate(0), threading.Event()
    call = HostCall(cu, lambda: go_on.wait(20))
    fill = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 5), context)
    record = api.cuGraphAddEventRecordNode(graph, [fill], 1, event)
    api.cuGraphAddHostNode(graph, [record], 1, call.params(cu))
    executable = api.cuGraphInstantiate(graph, 0)
    assert int(api.cuGraphEventRecordNodeGetEvent(record)) == int(event)
    api.cuGraphLaunch(executable, stream)
    api.cuEventSynchronize(event)  # although the launch is not over
    assert api.status("cuStreamQuery", stream) == "NOT_READY"
    go_on.set()
    api.cuStreamSynchronize(stream)
    other = api.cuEventCreate(0)
    api.cuGraphExecEventRecordNodeSetEvent(executable, record, other)
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert api.status("cuEventElapsedTime", event, other) == "SUCCESS"
    api.cuGraphEventRecordNodeSetEvent(record, other)
    assert int(api.cuGraphEventRecordNodeGetEvent(record)) == int(other)
    api.cuGraphExecDestroy(executable)


def test_each_launch_waits_for_the_last_record(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any, hold: Any) -> None:
    event, other = api.cuEventCreate(0), api.cuStreamCreate(1)
    wait = api.cuGraphAddEventWaitNode(graph, None, 0, event)
    api.cuGraphAddMemsetNode(graph, [wait], 1, fill_params(cu, data, 5), context)
    executable = api.cuGraphInstantiate(graph, 0)
    api.cuGraphLaunch(executable, stream)  # never recorded: there is nothing to wait for
    api.cuStreamSynchronize(stream)
    api.cuMemsetD32(data, 0, COUNT)
    gate = hold(other)
    api.cuEventRecord(event, other)
    api.cuGraphLaunch(executable, stream)
    assert api.status("cuStreamQuery", stream) == "NOT_READY" and not values(api, data).any()
    gate.open()
    api.cuStreamSynchronize(stream)
    assert (values(api, data) == 5).all()
    third = api.cuEventCreate(0)
    api.cuGraphExecEventWaitNodeSetEvent(executable, wait, third)
    api.cuGraphEventWaitNodeSetEvent(wait, third)
    assert int(api.cuGraphEventWaitNodeGetEvent(wait)) == int(third)
    api.cuGraphExecDestroy(executable)
    api.cuStreamDestroy(other)


def test_external_records_and_waits_are_captured_as_nodes(
        api: Any, cu: Any, context: Any, stream: Any, data: Any) -> None:
    event, before = api.cuEventCreate(0), api.cuEventCreate(0)
    api.cuStreamBeginCapture(stream, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)
    api.cuStreamWaitEvent(stream, before, cu.CUevent_wait_flags.CU_EVENT_WAIT_EXTERNAL)
    api.cuMemsetD32Async(data, 9, COUNT, stream)
    api.cuEventRecordWithFlags(event, stream, cu.CUevent_record_flags.CU_EVENT_RECORD_EXTERNAL)
    graph = api.cuStreamEndCapture(stream)
    kinds = [api.cuGraphNodeGetType(node).name.removeprefix("CU_GRAPH_NODE_TYPE_")
             for node in api.cuGraphGetNodes(graph, 3)[0]]
    assert kinds == ["WAIT_EVENT", "MEMSET", "EVENT_RECORD"]
    assert api.status("cuEventQuery", event) == "SUCCESS"
    run(api, graph, stream)
    assert (values(api, data) == 9).all()
    api.cuGraphDestroy(graph)


def operation(cu: Any, kind: str, address: Any, value: int) -> Any:
    params = cu.CUstreamBatchMemOpParams()
    wait = kind == "WAIT"
    member = params.waitValue if wait else params.writeValue
    params.operation = getattr(cu.CUstreamBatchMemOpType, f"CU_STREAM_MEM_OP_{kind}_VALUE_32")
    member.operation = params.operation
    member.address, member.value, member.flags = address, value, 1 if wait else 0
    return params


def test_memory_operations_wait_and_write_in_a_graph(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any) -> None:
    params = cu.CUDA_BATCH_MEM_OP_NODE_PARAMS()
    params.ctx, params.count, params.flags = context, 2, 0
    params.paramArray = [operation(cu, "WAIT", data, 3), operation(cu, "WRITE", int(data) + 4, 8)]
    node = api.cuGraphAddBatchMemOpNode(graph, None, 0, params)
    told = api.cuGraphBatchMemOpNodeGetParams(node)
    assert told.count == 2
    executable = api.cuGraphInstantiate(graph, 0)
    other = api.cuStreamCreate(1)
    api.cuGraphLaunch(executable, stream)
    assert api.status("cuStreamQuery", stream) == "NOT_READY"
    api.cuMemsetD32Async(data, 3, 1, other)
    api.cuStreamSynchronize(stream)
    assert list(values(api, data, 2)) == [3, 8]
    params.paramArray = [operation(cu, "WAIT", data, 3), operation(cu, "WRITE", int(data) + 4, 20)]
    api.cuGraphExecBatchMemOpNodeSetParams(executable, node, params)
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert list(values(api, data, 2)) == [3, 20]
    api.cuGraphBatchMemOpNodeSetParams(node, params)
    api.cuGraphExecDestroy(executable)
    api.cuStreamDestroy(other)


def told_operation(api: Any, node: Any) -> Any:
    """The one operation of a node: cuda-bindings does not wrap the array that is told."""
    from compatlayer._native import ffi

    told = api.cuGraphBatchMemOpNodeGetParams(node)
    raw = ffi.cast("CUDA_BATCH_MEM_OP_NODE_PARAMS *", told.getPtr())
    assert raw.count == 1
    return raw.paramArray[0]


def test_captured_memory_operations_have_parameters(api: Any, cu: Any, stream: Any, data: Any) -> None:
    api.cuStreamBeginCapture(stream, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)
    api.cuStreamWriteValue32(stream, data, 6, 0)
    api.cuStreamWaitValue32(stream, data, 6, 1)
    graph = api.cuStreamEndCapture(stream)
    nodes, count = api.cuGraphGetNodes(graph, 4)
    assert count == 2
    write, wait = (told_operation(api, node) for node in nodes[:2])
    assert (write.operation, write.writeValue.address, write.writeValue.value) == (2, int(data), 6)
    assert (wait.operation, wait.waitValue.value, wait.waitValue.flags) == (1, 6, 1)
    run(api, graph, stream)
    assert values(api, data, 1)[0] == 6
    api.cuGraphDestroy(graph)
