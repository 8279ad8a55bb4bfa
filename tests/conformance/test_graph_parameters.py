"""Parameters of nodes: what was given is told, captured work too, and what is set holds for graphs made afterwards."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import build
from graphs import COUNT, SOURCE, Arguments, HostCall, add_params, copy_params, fill_params, kernel_params, run, values


@pytest.fixture
def kernels(api: Any, context: Any) -> Iterator[dict[str, Any]]:
    module = api.cuModuleLoadData(build(SOURCE))
    yield {name: api.cuModuleGetFunction(module, name.encode()) for name in ("add", "scale", "empty", "wide")}
    api.cuModuleUnload(module)


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


def words(address: int, types: list[Any]) -> list[Any]:
    """The values behind a kernelParams array."""
    array = ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p))
    return [ctypes.cast(array[place], ctypes.POINTER(kind))[0] for place, kind in enumerate(types)]


def test_kernel_parameters_are_told_and_set(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    node = api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 5))
    told = api.cuGraphKernelNodeGetParams(node)
    assert (told.gridDimX, told.gridDimY, told.blockDimX, told.sharedMemBytes) == (8, 1, 128, 0)
    assert int(told.func) == int(kernels["add"])
    assert words(int(told.kernelParams), [ctypes.c_uint64, ctypes.c_int32, ctypes.c_int32]) == [int(data), COUNT, 5]
    again = api.cuGraphAddKernelNode(graph, [node], 1, told)  # what was told can be given back
    api.cuGraphKernelNodeSetParams(node, add_params(cu, kernels["add"], data, 7))
    run(api, graph, stream)
    assert (values(api, data) == 12).all()
    api.cuGraphDestroyNode(again)
    assert api.status("cuGraphMemsetNodeGetParams", node) == "INVALID_VALUE"


def test_arguments_with_gaps_arrive(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    arguments = Arguments(np.int64(1 << 40), np.int8(3), np.float64(0.5), np.uint64(int(data)))
    node = api.cuGraphAddKernelNode(graph, None, 0, kernel_params(cu, kernels["wide"], arguments, 1, 1))
    told = api.cuGraphKernelNodeGetParams(node)
    types = [ctypes.c_int64, ctypes.c_int8, ctypes.c_double, ctypes.c_uint64]
    assert words(int(told.kernelParams), types) == [1 << 40, 3, 0.5, int(data)]
    run(api, graph, stream)
    assert values(api, data, 2).view(np.float64)[0] == (1 << 40) + 3.5


def test_kernels_of_libraries_are_nodes(api: Any, cu: Any, stream: Any, graph: Any, data: Any) -> None:
    library = api.cuLibraryLoadData(build(SOURCE), None, None, 0, None, None, 0)
    kernel = api.cuLibraryGetKernel(library, b"add")
    params = add_params(cu, None, data, 9)
    params.func, params.kern = cu.CUfunction(0), kernel
    node = api.cuGraphAddKernelNode(graph, None, 0, params)
    assert int(api.cuGraphKernelNodeGetParams(node).kern) == int(kernel)
    run(api, graph, stream)
    assert (values(api, data) == 9).all()
    api.cuLibraryUnload(library)


def test_bad_launches_are_refused_when_the_node_is_made(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    params = add_params(cu, kernels["add"], data, 5)
    params.gridDimX = 0
    assert api.status("cuGraphAddKernelNode", graph, None, 0, params) == "INVALID_VALUE"
    params = add_params(cu, kernels["add"], data, 5)
    params.kernelParams = 0
    assert api.status("cuGraphAddKernelNode", graph, None, 0, params) == "INVALID_VALUE"
    params = add_params(cu, kernels["add"], data, 5)
    params.func = cu.CUfunction(0)
    assert api.status("cuGraphAddKernelNode", graph, None, 0, params) == "INVALID_VALUE"


def test_fill_parameters_are_told_and_set(api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any) -> None:
    node = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 3), context)
    told = api.cuGraphMemsetNodeGetParams(node)
    assert (int(told.dst), told.value, told.elementSize, told.width, told.height) == (int(data), 3, 4, COUNT, 1)
    api.cuGraphMemsetNodeSetParams(node, fill_params(cu, data, 4, 10))
    run(api, graph, stream)
    assert (values(api, data)[:10] == 4).all() and not values(api, data)[10:].any()
    for wrong in (fill_params(cu, 8, 1), fill_params(cu, data, 1, COUNT + 1), fill_params(cu, int(data) + 1, 1, 4)):
        assert api.status("cuGraphAddMemsetNode", graph, None, 0, wrong, context) == "INVALID_VALUE"


def test_rows_are_filled_at_their_pitch(api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any) -> None:
    params = fill_params(cu, data, 0x101, 3)
    params.elementSize, params.height, params.pitch = 2, 4, 16
    api.cuGraphAddMemsetNode(graph, None, 0, params, context)
    run(api, graph, stream)
    expected = np.zeros((4, 8), np.uint16)
    expected[:, :3] = 0x101
    assert (values(api, data, 16).view(np.uint16).reshape(4, 8) == expected).all()


def test_copy_parameters_are_told_and_set(api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any) -> None:
    source, other = np.arange(COUNT, dtype=np.int32), np.full(COUNT, 6, np.int32)
    node = api.cuGraphAddMemcpyNode(graph, None, 0, copy_params(cu, data, source), context)
    told = api.cuGraphMemcpyNodeGetParams(node)
    assert (int(told.dstDevice), int(told.srcHost), told.WidthInBytes) == (int(data), source.ctypes.data, COUNT * 4)
    run(api, graph, stream)
    assert (values(api, data) == source).all()
    api.cuGraphMemcpyNodeSetParams(node, copy_params(cu, data, other))
    run(api, graph, stream)
    assert (values(api, data) == 6).all()
    assert api.status("cuGraphAddMemcpyNode", graph, None, 0, copy_params(cu, 16, data), context) == "INVALID_VALUE"


def test_boxes_are_copied(api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any) -> None:
    """A corner of 2 x 3 x 4 words of a 5 x 6 x 8 block."""
    source = np.arange(5 * 6 * 8, dtype=np.int32).reshape(5, 6, 8)
    params = copy_params(cu, data, source, 16)
    params.srcPitch, params.srcHeight, params.srcXInBytes, params.srcY, params.srcZ = 32, 6, 8, 1, 2
    params.dstPitch, params.dstHeight = 16, 3
    params.WidthInBytes, params.Height, params.Depth = 16, 3, 2
    api.cuGraphAddMemcpyNode(graph, None, 0, params, context)
    run(api, graph, stream)
    assert (values(api, data, 24).reshape(2, 3, 4) == source[2:4, 1:4, 2:6]).all()


def test_host_parameters_are_told_and_set(api: Any, cu: Any, stream: Any, graph: Any) -> None:
    first, second = HostCall(cu), HostCall(cu)
    node = api.cuGraphAddHostNode(graph, None, 0, first.params(cu, 1))
    assert int(api.cuGraphHostNodeGetParams(node).userData) == 1
    api.cuGraphHostNodeSetParams(node, second.params(cu, 2))
    run(api, graph, stream)
    assert first.calls == [] and second.calls == [2]
    assert api.status("cuGraphAddHostNode", graph, None, 0, cu.CUDA_HOST_NODE_PARAMS()) == "INVALID_VALUE"


def test_one_call_takes_nodes_of_any_kind_and_tells_them(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    kinds = cu.CUgraphNodeType
    params = cu.CUgraphNodeParams()
    params.type = kinds.CU_GRAPH_NODE_TYPE_MEMSET
    fill = params.memset
    fill.dst, fill.value, fill.elementSize, fill.width, fill.height, fill.ctx = data, 3, 4, COUNT, 1, context
    first = api.cuGraphAddNode(graph, None, None, 0, params)
    params = cu.CUgraphNodeParams()
    params.type = kinds.CU_GRAPH_NODE_TYPE_KERNEL
    given = add_params(cu, kernels["scale"], data, 5)
    for name in ("func", "gridDimX", "gridDimY", "gridDimZ", "blockDimX", "blockDimY", "blockDimZ", "kernelParams"):
        setattr(params.kernel, name, getattr(given, name))
    second = api.cuGraphAddNode(graph, [first], None, 1, params)
    run(api, graph, stream)
    assert (values(api, data) == 15).all()
    assert api.cuGraphNodeGetType(second) == kinds.CU_GRAPH_NODE_TYPE_KERNEL
    told = api.cuGraphNodeGetParams(first)
    assert told.type == kinds.CU_GRAPH_NODE_TYPE_MEMSET and told.memset.value == 3
    told.memset.value = 4
    api.cuGraphNodeSetParams(first, told)
    run(api, graph, stream)
    assert (values(api, data) == 20).all()
    assert api.status("cuGraphNodeSetParams", second, told) == "INVALID_VALUE"  # of another kind
    params = cu.CUgraphNodeParams()
    params.type = kinds.CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL
    assert api.status("cuGraphAddNode", graph, None, None, 0, params) == "NOT_SUPPORTED"


def test_captured_work_has_parameters(
        api: Any, cu: Any, stream: Any, kernels: Any, data: Any) -> None:
    source, call = np.zeros(COUNT, np.int32), HostCall(cu)
    api.cuStreamBeginCapture(stream, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)
    api.cuMemsetD32Async(data, 7, COUNT, stream)
    api.cuMemcpyHtoDAsync(data, source, source.nbytes, stream)
    arguments = ((int(data), COUNT, 5), (ctypes.c_void_p, ctypes.c_int, ctypes.c_int))
    api.cuLaunchKernel(kernels["add"], 8, 1, 1, 128, 1, 1, 0, stream, arguments, 0)
    api.cuLaunchHostFunc(stream, call.function, 3)
    graph = api.cuStreamEndCapture(stream)
    nodes, count = api.cuGraphGetNodes(graph, 4)
    assert count == 4
    fill, copy, launch, host = nodes
    assert api.cuGraphMemsetNodeGetParams(fill).value == 7
    told = api.cuGraphMemcpyNodeGetParams(copy)
    assert (int(told.srcHost), int(told.dstDevice), told.WidthInBytes) == (source.ctypes.data, int(data), COUNT * 4)
    told = api.cuGraphKernelNodeGetParams(launch)
    assert words(int(told.kernelParams), [ctypes.c_uint64, ctypes.c_int32, ctypes.c_int32]) == [int(data), COUNT, 5]
    assert int(api.cuGraphHostNodeGetParams(host).userData) == 3
    assert api.cuGraphGetEdges(graph, 10)[-1] == 3
    api.cuGraphDestroy(graph)


def test_attributes_of_kernel_nodes(api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    a, b = (api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 1)) for _ in range(2))
    ids = cu.CUkernelNodeAttrID
    value = cu.CUkernelNodeAttrValue()
    value.priority = -3
    api.cuGraphKernelNodeSetAttribute(a, ids.CU_LAUNCH_ATTRIBUTE_PRIORITY, value)
    assert api.cuGraphKernelNodeGetAttribute(a, ids.CU_LAUNCH_ATTRIBUTE_PRIORITY).priority == -3
    assert api.cuGraphKernelNodeGetAttribute(b, ids.CU_LAUNCH_ATTRIBUTE_PRIORITY).priority == 0
    value = cu.CUkernelNodeAttrValue()
    value.cooperative = 1
    api.cuGraphKernelNodeSetAttribute(a, ids.CU_LAUNCH_ATTRIBUTE_COOPERATIVE, value)
    api.cuGraphKernelNodeCopyAttributes(b, a)
    assert api.cuGraphKernelNodeGetAttribute(b, ids.CU_LAUNCH_ATTRIBUTE_COOPERATIVE).cooperative == 1
    assert api.cuGraphKernelNodeGetAttribute(b, ids.CU_LAUNCH_ATTRIBUTE_PRIORITY).priority == -3
    executable = api.cuGraphInstantiate(graph, 8)  # with node priorities
    assert int(api.cuGraphExecGetFlags(executable)) == 8
    for _ in range(3):
        api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    api.cuGraphExecDestroy(executable)
    wrong = ids.CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT
    assert api.status("cuGraphKernelNodeGetAttribute", a, wrong) == "INVALID_VALUE"
