"""The runtime library: graphs, built node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import Packed, build
from runtime_calls import TO_DEVICE, TO_HOST, WITHIN, driver, extent, host_function, pitched, runtime

TYPE = runtime.cudaGraphNodeType


@pytest.fixture
def graph(rt: Any) -> Any:
    return rt.cudaGraphCreate(0)


def run(rt: Any, graph: Any) -> None:
    executable = rt.cudaGraphInstantiate(graph, 0)
    rt.cudaGraphLaunch(executable, 0)
    rt.cudaDeviceSynchronize()
    rt.cudaGraphExecDestroy(executable)


def kernel_parameters(rt: Any, name: str, packed: Packed, threads: int = 32) -> Any:
    library = rt.cudaLibraryLoadData(build(), [], [], 0, [], [], 0)
    found = runtime.cudaKernelNodeParams()
    found.func = int(rt.cudaLibraryGetKernel(library, name.encode()))
    found.gridDim.x = found.gridDim.y = found.gridDim.z = found.blockDim.y = found.blockDim.z = 1
    found.blockDim.x, found.kernelParams = threads, packed.pointer
    return found


def test_kernel_nodes(rt: Any, graph: Any) -> None:
    values = np.arange(32, dtype=np.int32)
    address = rt.put(values)
    packed = Packed(np.uint64(address), np.int32(32))
    parameters = kernel_parameters(rt, "add_one", packed)
    first = rt.cudaGraphAddKernelNode(graph, [], 0, parameters)
    second = rt.cudaGraphAddKernelNode(graph, [first], 1, parameters)
    again = rt.cudaGraphKernelNodeGetParams(second)
    assert int(again.func) == int(parameters.func) and again.blockDim.x == 32
    run(rt, graph)
    assert (rt.get(address, values) == values + 2).all()
    half = Packed(np.uint64(address), np.int32(16))
    parameters.kernelParams = half.pointer
    rt.cudaGraphKernelNodeSetParams(second, parameters)
    executable = rt.cudaGraphInstantiate(graph, 0)
    parameters.kernelParams = packed.pointer
    parameters.blockDim.x = 8
    rt.cudaGraphExecKernelNodeSetParams(executable, first, parameters)
    rt.cudaGraphLaunch(executable, 0)
    rt.cudaDeviceSynchronize()
    assert list(rt.get(address, values) - values - 2) == [2] * 8 + [1] * 8 + [0] * 16
    parameters.blockDim.x = 5000
    assert rt.status("cudaGraphAddKernelNode", graph, [], 0, parameters) == "InvalidConfiguration"
    parameters.func = 12345
    parameters.blockDim.x = 1
    assert rt.status("cudaGraphAddKernelNode", graph, [], 0, parameters) == "InvalidDeviceFunction"


def test_attributes_of_kernel_nodes(rt: Any, graph: Any) -> None:
    packed = Packed()
    nodes = [rt.cudaGraphAddKernelNode(graph, [], 0, kernel_parameters(rt, "count", packed)) for _ in range(2)]
    name, value = runtime.cudaLaunchAttributeID.cudaLaunchAttributePriority, runtime.cudaKernelNodeAttrValue()
    value.priority = rt.cudaDeviceGetStreamPriorityRange()[1]
    rt.cudaGraphKernelNodeSetAttribute(nodes[0], name, value)
    rt.cudaGraphKernelNodeCopyAttributes(nodes[1], nodes[0])
    assert rt.cudaGraphKernelNodeGetAttribute(nodes[1], name).priority == value.priority


def copy_of(source: int, target: int, count: int, kind: Any) -> Any:
    parameters = runtime.cudaMemcpy3DParms()
    parameters.srcPtr, parameters.dstPtr = pitched(source, count, count, 1), pitched(target, count, count, 1)
    parameters.extent, parameters.kind = extent(count, 1, 1), kind
    return parameters


def test_copy_and_fill_nodes(rt: Any, graph: Any) -> None:
    values, back = np.arange(64, dtype=np.uint8), np.zeros(64, np.uint8)
    address, fill = rt.cudaMalloc(64), runtime.cudaMemsetParams()
    fill.dst, fill.elementSize, fill.width, fill.height, fill.value = address + 32, 1, 32, 1, 7
    first = rt.cudaGraphAddMemcpyNode(graph, [], 0, copy_of(values.ctypes.data, address, 64, TO_DEVICE))
    second = rt.cudaGraphAddMemsetNode(graph, [first], 1, fill)
    third = rt.cudaGraphAddMemcpyNode1D(graph, [second], 1, back.ctypes.data, address, 64, TO_HOST)
    run(rt, graph)
    assert (back[:32] == values[:32]).all() and (back[32:] == 7).all()
    again = rt.cudaGraphMemcpyNodeGetParams(first)
    assert int(again.srcPtr.ptr) == values.ctypes.data and again.extent.width == 64 and again.kind == TO_DEVICE
    assert rt.cudaGraphMemsetNodeGetParams(second).value == 7
    fill.value = 8
    rt.cudaGraphMemsetNodeSetParams(second, fill)
    other = values[::-1].copy()
    rt.cudaGraphMemcpyNodeSetParams(first, copy_of(other.ctypes.data, address, 64, TO_DEVICE))
    rt.cudaGraphMemcpyNodeSetParams1D(third, back.ctypes.data, address, 48, TO_HOST)
    run(rt, graph)
    assert (back[:32] == other[:32]).all() and (back[32:48] == 8).all() and (back[48:] == 7).all()
    executable = rt.cudaGraphInstantiateWithFlags(graph, 0)
    fill.value = 9
    rt.cudaGraphExecMemsetNodeSetParams(executable, second, fill)
    rt.cudaGraphExecMemcpyNodeSetParams(executable, first, copy_of(values.ctypes.data, address, 64, TO_DEVICE))
    rt.cudaGraphExecMemcpyNodeSetParams1D(executable, third, back.ctypes.data, address, 64, TO_HOST)
    rt.cudaGraphLaunch(executable, 0)
    rt.cudaDeviceSynchronize()
    assert (back[:32] == values[:32]).all() and (back[32:] == 9).all()
    assert rt.status("cudaGraphAddMemcpyNode", graph, [], 0, runtime.cudaMemcpy3DParms()) == "InvalidValue"


def test_host_child_empty_and_event_nodes(rt: Any, graph: Any) -> None:
    seen: list[int] = []
    function, address = host_function(lambda: seen.append(1))
    second_function, second_address = host_function(lambda: seen.append(2))
    parameters, events = runtime.cudaHostNodeParams(), [rt.cudaEventCreate() for _ in range(2)]
    parameters.fn = runtime.cudaHostFn_t(address)
    host = rt.cudaGraphAddHostNode(graph, [], 0, parameters)
    parent = rt.cudaGraphCreate(0)
    empty = rt.cudaGraphAddEmptyNode(parent, [], 0)
    child = rt.cudaGraphAddChildGraphNode(parent, [empty], 1, graph)
    record = rt.cudaGraphAddEventRecordNode(parent, [child], 1, events[0])
    wait = rt.cudaGraphAddEventWaitNode(parent, [record], 1, events[0])
    types = [rt.cudaGraphNodeGetType(node) for node in (host, empty, child, record, wait)]
    assert types == [TYPE.cudaGraphNodeTypeHost, TYPE.cudaGraphNodeTypeEmpty, TYPE.cudaGraphNodeTypeGraph,
                     TYPE.cudaGraphNodeTypeEventRecord, TYPE.cudaGraphNodeTypeWaitEvent]
    assert int(rt.cudaGraphEventRecordNodeGetEvent(record)) == int(events[0])
    rt.cudaGraphEventRecordNodeSetEvent(record, events[1])
    rt.cudaGraphEventWaitNodeSetEvent(wait, events[1])
    assert int(rt.cudaGraphEventWaitNodeGetEvent(wait)) == int(events[1])
    run(rt, parent)
    assert seen == [1] and function
    inner = rt.cudaGraphChildGraphNodeGetGraph(child)
    assert rt.cudaGraphGetNodes(inner, 4)[1] == 1
    parameters.fn = runtime.cudaHostFn_t(second_address)
    rt.cudaGraphHostNodeSetParams(host, parameters)
    assert int(rt.cudaGraphHostNodeGetParams(host).fn) == second_address and second_function
    executable = rt.cudaGraphInstantiate(parent, 0)
    rt.cudaGraphExecChildGraphNodeSetParams(executable, child, graph)
    rt.cudaGraphExecEventRecordNodeSetEvent(executable, record, events[0])
    rt.cudaGraphExecEventWaitNodeSetEvent(executable, wait, events[0])
    rt.cudaGraphLaunch(executable, 0)
    rt.cudaDeviceSynchronize()
    assert seen == [1, 2]
    alone = rt.cudaGraphInstantiate(graph, 0)
    parameters.fn = runtime.cudaHostFn_t(address)
    rt.cudaGraphExecHostNodeSetParams(alone, host, parameters)
    rt.cudaGraphLaunch(alone, 0)
    rt.cudaDeviceSynchronize()
    assert seen == [1, 2, 1]


def test_edges(rt: Any, graph: Any) -> None:
    first, second, third = (rt.cudaGraphAddEmptyNode(graph, [], 0) for _ in range(3))
    rt.cudaGraphAddDependencies(graph, [first, second], [second, third], [runtime.cudaGraphEdgeData()] * 2, 2)
    sources, targets, _, count = rt.cudaGraphGetEdges(graph, 2)
    assert count == 2 and [int(node) for node in sources] == [int(first), int(second)]
    assert [int(node) for node in targets] == [int(second), int(third)]
    assert int(rt.cudaGraphNodeGetDependencies(third, 4)[0][0]) == int(second)
    assert int(rt.cudaGraphNodeGetDependentNodes(first, 4)[0][0]) == int(second)
    assert rt.cudaGraphGetRootNodes(graph, 4)[1] == 1
    rt.cudaGraphRemoveDependencies(graph, [first], [second], [runtime.cudaGraphEdgeData()], 1)
    assert rt.cudaGraphGetRootNodes(graph, 4)[1] == 2
    rt.cudaGraphDestroyNode(first)
    assert rt.cudaGraphGetNodes(graph, 4)[1] == 2


def test_clones_and_identities(rt: Any, graph: Any, tmp_path: Any) -> None:
    node = rt.cudaGraphAddEmptyNode(graph, [], 0)
    clone = rt.cudaGraphClone(graph)
    assert int(rt.cudaGraphNodeFindInClone(node, clone)) != int(node)
    assert int(rt.cudaGraphNodeGetContainingGraph(node)) == int(graph)
    executable = rt.cudaGraphInstantiate(clone, 0)
    assert rt.cudaGraphGetId(graph) != rt.cudaGraphGetId(clone)
    assert rt.cudaGraphExecGetId(executable) >= 0 and rt.cudaGraphExecGetFlags(executable) == 0
    assert rt.cudaGraphNodeGetLocalId(node) == rt.cudaGraphNodeGetLocalId(rt.cudaGraphNodeFindInClone(node, clone))
    assert rt.cudaGraphNodeGetToolsId(node) > 0
    rt.cudaGraphDebugDotPrint(graph, str(tmp_path / "g.dot").encode(), 0)
    assert "digraph" in (tmp_path / "g.dot").read_text()
    rt.cudaGraphDestroy(clone)
    assert rt.status("cudaGraphClone", clone) != "Success"


def test_memory_nodes(rt: Any, graph: Any) -> None:
    parameters = runtime.cudaMemAllocNodeParams()
    parameters.poolProps.allocType = runtime.cudaMemAllocationType.cudaMemAllocationTypePinned
    parameters.poolProps.location.type = runtime.cudaMemLocationType.cudaMemLocationTypeDevice
    parameters.bytesize = 1024
    made = rt.cudaGraphAddMemAllocNode(graph, [], 0, parameters)
    address = int(rt.cudaGraphMemAllocNodeGetParams(made).dptr)
    free = rt.cudaGraphAddMemFreeNode(graph, [made], 1, address)
    assert int(rt.cudaGraphMemFreeNodeGetParams(free)) == address
    run(rt, graph)
    attribute = runtime.cudaGraphMemAttributeType
    assert int(rt.cudaDeviceGetGraphMemAttribute(0, attribute.cudaGraphMemAttrUsedMemHigh)) >= 1024
    rt.cudaDeviceSetGraphMemAttribute(0, attribute.cudaGraphMemAttrUsedMemHigh, driver.cuuint64_t(0))
    rt.cudaDeviceGraphMemTrim(0)
    assert rt.status("cudaDeviceGraphMemTrim", 99) == "InvalidDevice"


def test_an_executable_is_changed(rt: Any, graph: Any) -> None:
    address, fill = rt.cudaMalloc(64), runtime.cudaMemsetParams()
    fill.dst, fill.elementSize, fill.width, fill.height, fill.value = address, 1, 64, 1, 1
    node, stream = rt.cudaGraphAddMemsetNode(graph, [], 0, fill), rt.cudaStreamCreate()
    wanted = runtime.cudaGraphInstantiateParams()
    executable = rt.cudaGraphInstantiateWithParams(graph, wanted)
    assert wanted.result_out == runtime.cudaGraphInstantiateResult.cudaGraphInstantiateSuccess
    rt.cudaGraphNodeSetEnabled(executable, node, 0)
    assert rt.cudaGraphNodeGetEnabled(executable, node) == 0
    rt.cudaMemset(address, 5, 64)
    rt.cudaGraphUpload(executable, stream)
    rt.cudaGraphLaunch(executable, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(address, np.zeros(64, np.uint8)) == 5).all()
    fill.value = 2
    rt.cudaGraphMemsetNodeSetParams(node, fill)
    rt.cudaGraphNodeSetEnabled(executable, node, 1)
    outcome = rt.cudaGraphExecUpdate(executable, graph).result
    assert outcome == runtime.cudaGraphExecUpdateResult.cudaGraphExecUpdateSuccess
    rt.cudaGraphLaunch(executable, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(address, np.zeros(64, np.uint8)) == 2).all()
    rt.cudaGraphAddEmptyNode(graph, [], 0)
    assert rt.status("cudaGraphExecUpdate", executable, graph) == "GraphExecUpdateFailure"
    rt.cudaGraphExecDestroy(executable)
    assert rt.status("cudaGraphExecDestroy", executable) != "Success"


def test_user_objects(rt: Any, graph: Any) -> None:
    seen: list[int] = []
    function, address = host_function(lambda: seen.append(1))
    flag = runtime.cudaUserObjectFlags.cudaUserObjectNoDestructorSync
    thing = rt.cudaUserObjectCreate(0, runtime.cudaHostFn_t(address), 1, flag)
    rt.cudaUserObjectRetain(thing, 1)
    rt.cudaGraphRetainUserObject(graph, thing, 1, 0)
    rt.cudaUserObjectRelease(thing, 2)
    rt.cudaGraphReleaseUserObject(graph, thing, 1)
    assert rt.status("cudaUserObjectRetain", thing, 1) != "Success" and function


def test_nodes_of_any_type(rt: Any, graph: Any) -> None:
    values = np.arange(32, dtype=np.int32)
    address, parameters = rt.cudaMalloc(128), runtime.cudaGraphNodeParams()
    parameters.type = TYPE.cudaGraphNodeTypeMemcpy
    parameters.memcpy.copyParams = copy_of(values.ctypes.data, address, 128, TO_DEVICE)
    first = rt.cudaGraphAddNode(graph, [], None, 0, parameters)
    packed = Packed(np.uint64(address), np.int32(32))
    single, parameters = kernel_parameters(rt, "add_one", packed), runtime.cudaGraphNodeParams()
    parameters.type = TYPE.cudaGraphNodeTypeKernel
    kernel = parameters.kernel
    kernel.func, kernel.gridDim, kernel.blockDim = int(single.func), single.gridDim, single.blockDim
    kernel.kernelParams = packed.pointer
    second = rt.cudaGraphAddNode(graph, [first], None, 1, parameters)
    run(rt, graph)
    assert (rt.get(address, values) == values + 1).all()
    other = values * 3
    parameters = runtime.cudaGraphNodeParams()
    parameters.type = TYPE.cudaGraphNodeTypeMemcpy
    parameters.memcpy.copyParams = copy_of(other.ctypes.data, address, 128, TO_DEVICE)
    rt.cudaGraphNodeSetParams(first, parameters)
    executable = rt.cudaGraphInstantiate(graph, 0)
    rt.cudaGraphExecNodeSetParams(executable, first, parameters)
    rt.cudaGraphLaunch(executable, 0)
    rt.cudaDeviceSynchronize()
    assert (rt.get(address, values) == other + 1).all()
    assert int(rt.cudaGraphNodeGetParams(second).kernel.func) == int(single.func)
    again = rt.cudaGraphNodeGetParams(first).memcpy.copyParams
    assert int(again.srcPtr.ptr) == other.ctypes.data and again.kind == TO_DEVICE
    assert rt.status("cudaGraphNodeSetParams", second, parameters) == "InvalidValue"


def test_memory_and_fill_by_any_type(rt: Any, graph: Any) -> None:
    parameters = runtime.cudaGraphNodeParams()
    parameters.type = TYPE.cudaGraphNodeTypeMemAlloc
    parameters.alloc.poolProps.allocType = runtime.cudaMemAllocationType.cudaMemAllocationTypePinned
    parameters.alloc.poolProps.location.type = runtime.cudaMemLocationType.cudaMemLocationTypeDevice
    parameters.alloc.bytesize = 256
    made = rt.cudaGraphAddNode(graph, [], None, 0, parameters)
    address, parameters = int(parameters.alloc.dptr), runtime.cudaGraphNodeParams()
    assert address
    parameters.type = TYPE.cudaGraphNodeTypeMemset
    fill = parameters.memset
    fill.dst, fill.elementSize, fill.width, fill.height, fill.value = address, 1, 256, 1, 4
    filled, target = rt.cudaGraphAddNode(graph, [made], None, 1, parameters), rt.cudaMalloc(256)
    copied = rt.cudaGraphAddMemcpyNode1D(graph, [filled], 1, target, address, 256, WITHIN)
    rt.cudaGraphAddMemFreeNode(graph, [copied], 1, address)
    run(rt, graph)
    assert (rt.get(target, np.zeros(256, np.uint8)) == 4).all()


def test_conditional_nodes(rt: Any, graph: Any) -> None:
    other = rt.cudaGraphCreate(0)
    one, two = (rt.cudaGraphConditionalHandleCreate(other, 1, 1) for _ in range(2))
    assert int(one) != int(two)
    handle, parameters = rt.cudaGraphConditionalHandleCreate_v2(graph, None, 1, 1), runtime.cudaGraphNodeParams()
    parameters.type = TYPE.cudaGraphNodeTypeConditional
    parameters.conditional.handle, parameters.conditional.size = handle, 1
    parameters.conditional.type = runtime.cudaGraphConditionalNodeType.cudaGraphCondTypeIf
    rt.cudaGraphAddNode(graph, [], None, 0, parameters)
    body = parameters.conditional.phGraph_out[0]
    address = rt.put(np.zeros(64, np.uint8))
    fill = runtime.cudaMemsetParams()
    fill.dst, fill.elementSize, fill.width, fill.height, fill.value = address, 1, 64, 1, 6
    rt.cudaGraphAddMemsetNode(body, [], 0, fill)
    run(rt, graph)
    assert (rt.get(address, np.zeros(64, np.uint8)) == 6).all()
    assert rt.status("cudaGraphConditionalHandleCreate", graph, 1, 77) == "InvalidValue"
