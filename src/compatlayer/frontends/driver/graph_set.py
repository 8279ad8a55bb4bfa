"""Graph functions of the driver API: the parameters of nodes, got and set."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.graph import Node
from compatlayer.core.work import (
    AllocateWork,
    ChildWork,
    ConditionalWork,
    EventWork,
    FreeWork,
    HostWork,
    NodeKind,
    Work,
)
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_node import child_of, read_any, shown_bodies
from compatlayer.frontends.driver.graph_parameters import (
    WRITERS,
    read_copy,
    read_fill,
    read_host,
    read_kernel,
    read_operations,
    read_record,
    read_wait,
    write_copy,
    write_fill,
    write_host,
    write_kernel,
    write_operations,
)
from compatlayer.frontends.driver.graph_values import graph_of, node_of
from compatlayer.frontends.driver.values import needed, pointer


def node_of_kind(handle: Any, kind: NodeKind) -> Node:
    """The node behind a handle; INVALID_VALUE when it is of another kind."""
    node = node_of(handle)
    if node.kind is not kind:
        raise CudaError(Status.INVALID_VALUE, f"the node is a {node.kind.name} node, not a {kind.name} node")
    return node


def _set(node: Node, work: Work) -> None:
    node.work = work
    node.shown = None


@entry("cuGraphKernelNodeGetParams")
def get_kernel_first(hNode, nodeParams):
    write_kernel(nodeParams, node_of_kind(hNode, NodeKind.KERNEL), first=True)


@entry("cuGraphKernelNodeGetParams_v2")
def get_kernel(hNode, nodeParams):
    write_kernel(nodeParams, node_of_kind(hNode, NodeKind.KERNEL))


@entry("cuGraphKernelNodeSetParams")
def set_kernel_first(hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    node = node_of_kind(hNode, NodeKind.KERNEL)
    _set(node, read_kernel(nodeParams, True, node.work))


@entry("cuGraphKernelNodeSetParams_v2")
def set_kernel(hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    node = node_of_kind(hNode, NodeKind.KERNEL)
    _set(node, read_kernel(nodeParams, False, node.work))


@entry("cuGraphMemcpyNodeGetParams")
def get_copy(hNode, nodeParams):
    write_copy(nodeParams, node_of_kind(hNode, NodeKind.MEMCPY))


@entry("cuGraphMemcpyNodeSetParams")
def set_copy(hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    node = node_of_kind(hNode, NodeKind.MEMCPY)
    _set(node, read_copy(nodeParams, node.work.context))


@entry("cuGraphMemsetNodeGetParams")
def get_fill(hNode, nodeParams):
    write_fill(nodeParams, node_of_kind(hNode, NodeKind.MEMSET))


@entry("cuGraphMemsetNodeSetParams")
def set_fill(hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    node = node_of_kind(hNode, NodeKind.MEMSET)
    _set(node, read_fill(nodeParams, node.work.context))


@entry("cuGraphHostNodeGetParams")
def get_host(hNode, nodeParams):
    write_host(nodeParams, node_of_kind(hNode, NodeKind.HOST))


@entry("cuGraphHostNodeSetParams")
def set_host(hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    node = node_of_kind(hNode, NodeKind.HOST)
    assert isinstance(node.work, HostWork)
    _set(node, read_host(nodeParams, node.work.context, node.work.mode))


@entry("cuGraphBatchMemOpNodeGetParams")
def get_operations(hNode, nodeParams_out):
    write_operations(nodeParams_out, node_of_kind(hNode, NodeKind.BATCH_MEM_OP))


@entry("cuGraphBatchMemOpNodeSetParams")
def set_operations(hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    _set(node_of_kind(hNode, NodeKind.BATCH_MEM_OP), read_operations(nodeParams))


@entry("cuGraphChildGraphNodeGetGraph")
def get_child(hNode, phGraph):
    work = node_of_kind(hNode, NodeKind.GRAPH).work
    assert isinstance(work, ChildWork)
    phGraph[0] = pointer(work.graph.handle)


def _event(handle: Any, kind: NodeKind) -> Any:
    work = node_of_kind(handle, kind).work
    assert isinstance(work, EventWork)
    return pointer(work.event.handle)


@entry("cuGraphEventRecordNodeGetEvent")
def get_recorded(hNode, event_out):
    event_out[0] = _event(hNode, NodeKind.EVENT_RECORD)


@entry("cuGraphEventRecordNodeSetEvent")
def set_recorded(hNode, event):
    _set(node_of_kind(hNode, NodeKind.EVENT_RECORD), read_record(event))


@entry("cuGraphEventWaitNodeGetEvent")
def get_awaited(hNode, event_out):
    event_out[0] = _event(hNode, NodeKind.WAIT_EVENT)


@entry("cuGraphEventWaitNodeSetEvent")
def set_awaited(hNode, event):
    _set(node_of_kind(hNode, NodeKind.WAIT_EVENT), read_wait(event))


def _write_allocation(params: Any, node: Node) -> None:
    work = node.work
    assert isinstance(work, AllocateWork)
    memory = work.memory
    ffi.memmove(params, bytes(ffi.sizeof("CUDA_MEM_ALLOC_NODE_PARAMS")), ffi.sizeof("CUDA_MEM_ALLOC_NODE_PARAMS"))
    params.poolProps.location.type, params.poolProps.location.id, params.poolProps.allocType = memory.place
    if node.shown is None and memory.access:
        shown = node.shown = ffi.new("CUmemAccessDesc[]", len(memory.access))
        for place, one in enumerate(memory.access):
            shown[place].location.type, shown[place].location.id, shown[place].flags = one
    params.accessDescs = node.shown or ffi.NULL
    params.accessDescCount = len(memory.access)
    params.bytesize = memory.record.size_bytes
    params.dptr = memory.record.base


@entry("cuGraphMemAllocNodeGetParams")
def get_allocation(hNode, params_out):
    _write_allocation(params_out, node_of_kind(hNode, NodeKind.MEM_ALLOC))


@entry("cuGraphMemFreeNodeGetParams")
def get_freed(hNode, dptr_out):
    work = node_of_kind(hNode, NodeKind.MEM_FREE).work
    assert isinstance(work, FreeWork)
    dptr_out[0] = work.memory.record.base


@entry("cuGraphNodeGetParams")
def get_any(hNode, nodeParams):
    node = node_of(hNode)
    work = node.work
    size_bytes = ffi.sizeof("CUgraphNodeParams")
    ffi.memmove(nodeParams, bytes(size_bytes), size_bytes)
    nodeParams.type = int(node.kind)
    if isinstance(work, ChildWork):
        nodeParams.graph.graph = pointer(work.graph.handle)
    elif isinstance(work, AllocateWork):
        _write_allocation(ffi.addressof(nodeParams.alloc), node)
    elif isinstance(work, FreeWork):
        nodeParams.free.dptr = work.memory.record.base
    elif isinstance(work, ConditionalWork):
        target = nodeParams.conditional
        target.handle, target.type, target.size = work.condition.handle, work.choice, len(work.bodies)
        target.phGraph_out = shown_bodies(node)
        target.ctx = pointer(work.context.handle)
    else:
        WRITERS[node.kind](nodeParams, node)


def read_for(node: Node, params: Any) -> Work:
    """New work for a node by a CUgraphNodeParams of its own kind."""
    if int(params.type) != node.kind:
        raise CudaError(Status.INVALID_VALUE, f"parameters of kind {int(params.type)} for a {node.kind.name} node")
    if any(params.reserved0) or params.reserved2:
        raise CudaError(Status.INVALID_VALUE, "the reserved parts of node parameters must be 0")
    if node.kind is NodeKind.GRAPH:
        return child_of(graph_of(params.graph.graph))
    return read_any(params, node.work)


@entry("cuGraphNodeSetParams")
@entry("cuGraphNodeSetParams_v2")
def set_any(hNode, nodeParams):
    node = node_of(hNode)
    if node.kind is NodeKind.GRAPH:
        raise CudaError(Status.NOT_SUPPORTED, "the graph of a child graph node cannot be replaced; change its nodes")
    _set(node, read_for(node, nodeParams))
