"""Memory that graphs allocate: one address for the node's life, in use from a launch until it is freed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphs import COUNT, fill_params, run, values

BYTES = COUNT * 4


@pytest.fixture
def graph(api: Any, context: Any) -> Iterator[Any]:
    made = api.cuGraphCreate(0)
    yield made
    api.cuGraphDestroy(made)


def allocate(api: Any, cu: Any, graph: Any, after: Any = None, size: int = BYTES) -> tuple[Any, Any]:
    """A node of memory on device 0, and its address."""
    params = cu.CUDA_MEM_ALLOC_NODE_PARAMS()
    params.poolProps.allocType = cu.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
    params.poolProps.location.type = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE
    params.poolProps.location.id = 0
    params.bytesize = size
    node = api.cuGraphAddMemAllocNode(graph, [after] if after else None, int(after is not None), params)
    told = api.cuGraphMemAllocNodeGetParams(node)
    assert told.bytesize == size and int(told.dptr)
    return node, cu.CUdeviceptr(int(told.dptr))  # a copy: the structure goes


def test_memory_is_allocated_used_and_freed_by_every_launch(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any) -> None:
    out = api.cuMemAlloc(BYTES)
    node, pointer = allocate(api, cu, graph)
    fill = api.cuGraphAddMemsetNode(graph, [node], 1, fill_params(cu, pointer, 7), context)
    from graphs import copy_params

    copy = api.cuGraphAddMemcpyNode(graph, [fill], 1, copy_params(cu, out, pointer), context)
    free = api.cuGraphAddMemFreeNode(graph, [copy], 1, pointer)
    assert int(api.cuGraphMemFreeNodeGetParams(free)) == int(pointer)
    run(api, graph, stream, 3)
    assert (values(api, out) == 7).all()
    assert api.status("cuMemFree", pointer) == "INVALID_VALUE"  # it was freed in the graph
    assert api.status("cuGraphAddMemFreeNode", graph, None, 0, pointer) == "INVALID_VALUE"
    api.cuMemFree(out)


def test_memory_that_no_node_frees_is_the_programs_until_it_does(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any) -> None:
    node, pointer = allocate(api, cu, graph)
    api.cuGraphAddMemsetNode(graph, [node], 1, fill_params(cu, pointer, 4), context)
    executable = api.cuGraphInstantiate(graph, 0)
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert (values(api, pointer) == 4).all()
    assert api.status("cuGraphLaunch", executable, stream) == "INVALID_VALUE"  # it is still allocated
    api.cuMemFreeAsync(pointer, stream)
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    api.cuMemFree(pointer)
    assert api.status("cuMemFree", pointer) == "INVALID_VALUE"
    api.cuGraphExecDestroy(executable)


def test_a_graph_may_free_what_it_allocated_before(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any) -> None:
    allocate(api, cu, graph)
    flags = cu.CUgraphInstantiate_flags
    executable = api.cuGraphInstantiate(graph, flags.CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)
    for _ in range(3):
        api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    api.cuGraphExecDestroy(executable)


def test_another_graph_may_free_it(api: Any, cu: Any, context: Any, stream: Any, graph: Any) -> None:
    _, pointer = allocate(api, cu, graph)
    other = api.cuGraphCreate(0)
    api.cuGraphAddMemFreeNode(other, None, 0, pointer)
    first, second = api.cuGraphInstantiate(graph, 0), api.cuGraphInstantiate(other, 0)
    assert api.status("cuGraphLaunch", second, stream) == "INVALID_VALUE"  # not allocated yet
    for _ in range(3):
        api.cuGraphLaunch(first, stream)
        api.cuGraphLaunch(second, stream)
    api.cuStreamSynchronize(stream)
    for each in (first, second):
        api.cuGraphExecDestroy(each)
    api.cuGraphDestroy(other)


def test_memory_outlives_its_graph_until_it_is_freed(api: Any, cu: Any, context: Any, stream: Any) -> None:
    graph = api.cuGraphCreate(0)
    _, pointer = allocate(api, cu, graph)
    run(api, graph, stream)
    api.cuGraphDestroy(graph)
    api.cuMemsetD32(pointer, 3, COUNT)
    assert (values(api, pointer) == 3).all()
    api.cuMemFree(pointer)
    assert api.status("cuMemsetD32", pointer, 3, COUNT) == "INVALID_VALUE"


def test_what_a_graph_with_memory_cannot(api: Any, cu: Any, context: Any, stream: Any, graph: Any) -> None:
    node, _ = allocate(api, cu, graph)
    other = api.cuGraphCreate(0)
    point = api.cuGraphAddEmptyNode(graph, [node], 1)
    executable = api.cuGraphInstantiate(graph, 0)
    assert api.status("cuGraphInstantiate", graph, 0) == "INVALID_VALUE"  # one at a time
    api.cuGraphExecDestroy(executable)
    assert api.status("cuGraphClone", graph) == "NOT_SUPPORTED"
    assert api.status("cuGraphAddChildGraphNode", other, None, 0, graph) == "NOT_SUPPORTED"
    assert api.status("cuGraphDestroyNode", point) == "NOT_SUPPORTED"
    assert api.status("cuGraphRemoveDependencies", graph, [node], [point], None, 1) == "NOT_SUPPORTED"
    params = cu.CUDA_MEM_ALLOC_NODE_PARAMS()
    assert api.status("cuGraphAddMemAllocNode", graph, None, 0, params) == "INVALID_VALUE"
    assert api.status("cuGraphAddMemFreeNode", graph, None, 0, 1 << 20) == "INVALID_VALUE"
    api.cuGraphDestroy(other)


def test_allocations_of_a_captured_stream_are_nodes(api: Any, cu: Any, context: Any, stream: Any) -> None:
    out = api.cuMemAlloc(BYTES)
    api.cuStreamBeginCapture(stream, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL)
    pointer = api.cuMemAllocAsync(BYTES, stream)
    api.cuMemsetD32Async(pointer, 8, COUNT, stream)
    api.cuMemcpyDtoDAsync(out, pointer, BYTES, stream)
    api.cuMemFreeAsync(pointer, stream)
    graph = api.cuStreamEndCapture(stream)
    kinds = [api.cuGraphNodeGetType(node).name.removeprefix("CU_GRAPH_NODE_TYPE_")
             for node in api.cuGraphGetNodes(graph, 4)[0]]
    assert kinds == ["MEM_ALLOC", "MEMSET", "MEMCPY", "MEM_FREE"]
    run(api, graph, stream, 2)
    assert (values(api, out) == 8).all()
    api.cuGraphDestroy(graph)
    api.cuMemFree(out)


def test_the_device_tells_what_graphs_hold(api: Any, cu: Any, context: Any, stream: Any) -> None:
    kinds = cu.CUgraphMem_attribute
    reserved, high = kinds.CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT, kinds.CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH
    api.cuDeviceGraphMemTrim(0)
    before = int(api.cuDeviceGetGraphMemAttribute(0, reserved))
    graph = api.cuGraphCreate(0)
    allocate(api, cu, graph, size=1 << 20)
    assert int(api.cuDeviceGetGraphMemAttribute(0, reserved)) == before + (1 << 20)
    api.cuGraphDestroy(graph)
    api.cuDeviceGraphMemTrim(0)
    assert int(api.cuDeviceGetGraphMemAttribute(0, reserved)) == before
    assert int(api.cuDeviceGetGraphMemAttribute(0, high)) >= before + (1 << 20)
    api.cuDeviceSetGraphMemAttribute(0, high, cu.cuuint64_t(0))
    assert int(api.cuDeviceGetGraphMemAttribute(0, high)) == before
    assert api.status("cuDeviceSetGraphMemAttribute", 0, reserved, cu.cuuint64_t(0)) == "INVALID_VALUE"
    assert api.status("cuDeviceGraphMemTrim", 99) == "INVALID_DEVICE"
