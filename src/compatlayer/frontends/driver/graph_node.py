"""Graph functions of the driver API: adding nodes."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import graph_memory
from compatlayer.core.conditional import condition_of
from compatlayer.core.context import current
from compatlayer.core.graph import Graph, Link, Node, clone
from compatlayer.core.graph_memory import Access, GraphMemory
from compatlayer.core.memory import MemoryKind
from compatlayer.core.runtime import state
from compatlayer.core.work import AllocateWork, ChildWork, ConditionalWork, EmptyWork, FreeWork, NodeKind, Work
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_parameters import (
    READERS,
    context_or_current,
    read_copy,
    read_fill,
    read_host,
    read_kernel,
    read_operations,
    read_record,
    read_wait,
)
from compatlayer.frontends.driver.graph_values import graph_of, read_links
from compatlayer.frontends.driver.pool import place_of
from compatlayer.frontends.driver.values import context_of, needed, pointer

IF, WHILE, SWITCH = range(3)  # CUgraphConditionalNodeType
OWNERSHIP_CLONE, OWNERSHIP_MOVE = 0, 1
MOST_BODIES = 1 << 16


def _add(out: Any, graph: Graph, nodes: Any, count: int, work: Work) -> None:
    out[0] = pointer(graph.add(work, read_links(nodes, None, count)).handle)


@entry("cuGraphAddKernelNode")
def add_kernel_first(phGraphNode, hGraph, dependencies, numDependencies, nodeParams):
    needed(nodeParams, "nodeParams")
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, read_kernel(nodeParams, first=True))


@entry("cuGraphAddKernelNode_v2")
def add_kernel(phGraphNode, hGraph, dependencies, numDependencies, nodeParams):
    needed(nodeParams, "nodeParams")
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, read_kernel(nodeParams))


@entry("cuGraphAddMemcpyNode", optional=("ctx",))
def add_copy(phGraphNode, hGraph, dependencies, numDependencies, copyParams, ctx):
    needed(copyParams, "copyParams")
    work = read_copy(copyParams, context_or_current(ctx))
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, work)


@entry("cuGraphAddMemsetNode", optional=("ctx",))
def add_fill(phGraphNode, hGraph, dependencies, numDependencies, memsetParams, ctx):
    needed(memsetParams, "memsetParams")
    work = read_fill(memsetParams, context_or_current(ctx))
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, work)


@entry("cuGraphAddHostNode")
def add_host(phGraphNode, hGraph, dependencies, numDependencies, nodeParams):
    needed(nodeParams, "nodeParams")
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, read_host(nodeParams, current()))


@entry("cuGraphAddEmptyNode")
def add_empty(phGraphNode, hGraph, dependencies, numDependencies):
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, EmptyWork(current()))


@entry("cuGraphAddEventRecordNode")
def add_record(phGraphNode, hGraph, dependencies, numDependencies, event):
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, read_record(event))


@entry("cuGraphAddEventWaitNode")
def add_wait(phGraphNode, hGraph, dependencies, numDependencies, event):
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, read_wait(event))


@entry("cuGraphAddBatchMemOpNode")
def add_operations(phGraphNode, hGraph, dependencies, numDependencies, nodeParams):
    needed(nodeParams, "nodeParams")
    _add(phGraphNode, graph_of(hGraph), dependencies, numDependencies, read_operations(nodeParams))


def child_of(graph: Graph, ownership: int = OWNERSHIP_CLONE) -> ChildWork:
    """The work of a child graph node: a clone of `graph`, or the graph itself, which the program gives away."""
    if ownership not in (OWNERSHIP_CLONE, OWNERSHIP_MOVE):
        raise CudaError(Status.INVALID_VALUE, f"child graph ownership {ownership} is not known")
    context = next((node.work.context for node in graph.nodes), None) or current()
    if ownership == OWNERSHIP_CLONE:
        graph.refuse_with_memory("no clone can be made")
        return ChildWork(context, clone(graph))
    if graph.parent is not None or graph.capture is not None or graph.executables:
        raise CudaError(Status.INVALID_VALUE, "a graph that is part of a node, is being captured into, or was "
                                              "instantiated cannot be given away")
    return ChildWork(context, graph)


def _add_child(graph: Graph, child: Graph, links: list[Link], ownership: int) -> Node:
    inside: Graph | None = graph
    while ownership == OWNERSHIP_MOVE and inside is not None:
        if inside is child:
            raise CudaError(Status.INVALID_VALUE, "a graph cannot be given to a node inside of itself")
        inside = None if inside.parent is None else inside.parent.graph
    work = child_of(child, ownership)
    try:
        return graph.add(work, links)
    except CudaError:
        if work.graph is not child:
            work.graph.close()
        raise


@entry("cuGraphAddChildGraphNode")
def add_child(phGraphNode, hGraph, dependencies, numDependencies, childGraph):
    node = _add_child(graph_of(hGraph), graph_of(childGraph), read_links(dependencies, None, numDependencies),
                      OWNERSHIP_CLONE)
    phGraphNode[0] = pointer(node.handle)


def _allocate(graph: Graph, params: Any, links: list[Link]) -> Node:
    properties = params.poolProps
    if properties.handleTypes:
        raise CudaError(Status.INVALID_VALUE, "memory that a graph allocates has no handles to share it by")
    device, kind, place = place_of(properties.location, properties.allocType, 0)
    context = current()
    if kind is MemoryKind.DEVICE and context.device is not device:
        raise CudaError(Status.NOT_SUPPORTED, f"memory of {device} in a graph made in a context of {context.device}; "
                                              "make a context of that device current")
    if params.accessDescCount and not params.accessDescs:
        raise CudaError(Status.INVALID_VALUE, f"{params.accessDescCount} access descriptions, and their array is null")
    access = []
    for number in range(params.accessDescCount):
        one = params.accessDescs[number]
        state.device(one.location.id)
        access.append(Access(int(one.location.type), one.location.id, int(one.flags)))
    memory = GraphMemory(context, params.bytesize, kind, place[:3], tuple(access))
    try:
        node = graph.add(AllocateWork(context, memory), links)
    except CudaError:
        memory.drop()
        raise
    params.dptr = memory.record.base
    return node


@entry("cuGraphAddMemAllocNode")
def add_allocation(phGraphNode, hGraph, dependencies, numDependencies, nodeParams):
    node = _allocate(graph_of(hGraph), nodeParams, read_links(dependencies, None, numDependencies))
    phGraphNode[0] = pointer(node.handle)


def _free(graph: Graph, address: int, links: list[Link]) -> Node:
    memory = graph_memory.memory_at(address)
    if any(isinstance(work, FreeWork) and work.memory is memory for work in graph.memory_works()):
        raise CudaError(Status.INVALID_VALUE, f"a node of the graph frees {address:#x} already")
    return graph.add(FreeWork(memory.context, memory), links)


@entry("cuGraphAddMemFreeNode")
def add_free(phGraphNode, hGraph, dependencies, numDependencies, dptr):
    node = _free(graph_of(hGraph), dptr, read_links(dependencies, None, numDependencies))
    phGraphNode[0] = pointer(node.handle)


def _choose(graph: Graph, params: Any, links: list[Link]) -> Node:
    condition = condition_of(params.handle, graph)
    kind, size = int(params.type), params.size
    if kind not in (IF, WHILE, SWITCH) or not 0 < size <= (2 if kind == IF else 1 if kind == WHILE else MOST_BODIES):
        raise CudaError(Status.INVALID_VALUE, f"a conditional node of type {kind} with {size} bodies: IF has 1 or 2, "
                                              f"WHILE 1, SWITCH up to {MOST_BODIES}")
    if condition.used:
        raise CudaError(Status.INVALID_VALUE, "the conditional handle belongs to another node already")
    context = context_of(params.ctx) if params.ctx else condition.context
    bodies = [Graph() for _ in range(size)]
    try:
        node = graph.add(ConditionalWork(context, condition, kind, bodies), links)
    except CudaError:
        for body in bodies:
            body.close()
        raise
    condition.used = True
    params.phGraph_out = shown_bodies(node)
    return node


def shown_bodies(node: Node) -> Any:
    """The handles of a conditional node's bodies, in memory that the node keeps."""
    assert isinstance(node.work, ConditionalWork)
    if node.shown is None:
        node.shown = ffi.new("CUgraph[]", [pointer(body.handle) for body in node.work.bodies])
    return node.shown


def _add_any(graph: Graph, params: Any, links: list[Link]) -> Node:
    if any(params.reserved0) or params.reserved2:
        raise CudaError(Status.INVALID_VALUE, "the reserved parts of node parameters must be 0")
    kind = int(params.type)
    if kind == NodeKind.GRAPH:
        return _add_child(graph, graph_of(params.graph.graph), links, int(params.graph.ownership))
    if kind == NodeKind.MEM_ALLOC:
        return _allocate(graph, params.alloc, links)
    if kind == NodeKind.MEM_FREE:
        return _free(graph, params.free.dptr, links)
    if kind == NodeKind.CONDITIONAL:
        return _choose(graph, params.conditional, links)
    return graph.add(read_any(params, None), links)


def read_any(params: Any, before: Work | None) -> Work:
    """Work by a CUgraphNodeParams of a kind whose parameters are plain values."""
    kind = int(params.type)
    if kind not in READERS:
        raise _refusal(kind)
    return READERS[kind](params, before)


def _refusal(kind: int) -> CudaError:
    """NOT_SUPPORTED for kinds of nodes that are missing; INVALID_VALUE for those that nobody knows."""
    if kind in (NodeKind.EXT_SEMAS_SIGNAL, NodeKind.EXT_SEMAS_WAIT, 16, 17, 18):
        return CudaError(Status.NOT_SUPPORTED, f"graph nodes of type {kind} (external semaphores, fabrics, engines) "
                                               "are not implemented")
    return CudaError(Status.INVALID_VALUE, f"graph node type {kind} is not known, or its parameters cannot be set")


@entry("cuGraphAddNode")
def add_any(phGraphNode, hGraph, dependencies, numDependencies, nodeParams):
    links = read_links(dependencies, None, numDependencies)
    phGraphNode[0] = pointer(_add_any(graph_of(hGraph), nodeParams, links).handle)


@entry("cuGraphAddNode_v2")
@entry("cuGraphAddNode_v3")
def add_any_with_data(phGraphNode, hGraph, dependencies, dependencyData, numDependencies, nodeParams):
    links = read_links(dependencies, dependencyData, numDependencies)
    phGraphNode[0] = pointer(_add_any(graph_of(hGraph), nodeParams, links).handle)
