"""Graph functions of the driver API: changing executable graphs."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.graph import Node
from compatlayer.core.graph_executable import ExecutableGraph
from compatlayer.core.graph_update import UpdateFailure, replace_child, update
from compatlayer.core.work import HostWork, NodeKind, Work
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_parameters import (
    context_or_current,
    read_copy,
    read_fill,
    read_host,
    read_kernel,
    read_operations,
    read_record,
    read_wait,
)
from compatlayer.frontends.driver.graph_set import node_of_kind, read_for
from compatlayer.frontends.driver.graph_values import executable_of, graph_of, node_of
from compatlayer.frontends.driver.values import needed, pointer


def _own(executable: Any, node: Any, kind: NodeKind) -> tuple[ExecutableGraph, Node]:
    found = executable_of(executable)
    return found, found.own(node_of_kind(node, kind))


def _change(executable: ExecutableGraph, own: Node, work: Work) -> None:
    if work.context is not own.work.context:
        raise CudaError(Status.INVALID_VALUE, "a node of an executable graph stays in its context")
    executable.change(own, work)


@entry("cuGraphExecKernelNodeSetParams")
def set_kernel_first(hGraphExec, hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    executable, own = _own(hGraphExec, hNode, NodeKind.KERNEL)
    _change(executable, own, read_kernel(nodeParams, True, own.work))


@entry("cuGraphExecKernelNodeSetParams_v2")
def set_kernel(hGraphExec, hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    executable, own = _own(hGraphExec, hNode, NodeKind.KERNEL)
    _change(executable, own, read_kernel(nodeParams, False, own.work))


@entry("cuGraphExecMemcpyNodeSetParams", optional=("ctx",))
def set_copy(hGraphExec, hNode, copyParams, ctx):
    needed(copyParams, "copyParams")
    executable, own = _own(hGraphExec, hNode, NodeKind.MEMCPY)
    _change(executable, own, read_copy(copyParams, context_or_current(ctx)))


@entry("cuGraphExecMemsetNodeSetParams", optional=("ctx",))
def set_fill(hGraphExec, hNode, memsetParams, ctx):
    needed(memsetParams, "memsetParams")
    executable, own = _own(hGraphExec, hNode, NodeKind.MEMSET)
    _change(executable, own, read_fill(memsetParams, context_or_current(ctx)))


@entry("cuGraphExecHostNodeSetParams")
def set_host(hGraphExec, hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    executable, own = _own(hGraphExec, hNode, NodeKind.HOST)
    assert isinstance(own.work, HostWork)
    _change(executable, own, read_host(nodeParams, own.work.context, own.work.mode))


@entry("cuGraphExecBatchMemOpNodeSetParams")
def set_operations(hGraphExec, hNode, nodeParams):
    needed(nodeParams, "nodeParams")
    executable, own = _own(hGraphExec, hNode, NodeKind.BATCH_MEM_OP)
    _change(executable, own, read_operations(nodeParams))


@entry("cuGraphExecEventRecordNodeSetEvent")
def set_recorded(hGraphExec, hNode, event):
    executable, own = _own(hGraphExec, hNode, NodeKind.EVENT_RECORD)
    executable.change(own, read_record(event))
    executable.refresh_events()


@entry("cuGraphExecEventWaitNodeSetEvent")
def set_awaited(hGraphExec, hNode, event):
    executable, own = _own(hGraphExec, hNode, NodeKind.WAIT_EVENT)
    executable.change(own, read_wait(event))
    executable.refresh_events()


@entry("cuGraphExecChildGraphNodeSetParams")
def set_child(hGraphExec, hNode, childGraph):
    executable, own = _own(hGraphExec, hNode, NodeKind.GRAPH)
    replace_child(executable, own, graph_of(childGraph))


@entry("cuGraphExecNodeSetParams")
def set_any(hGraphExec, hNode, nodeParams):
    executable = executable_of(hGraphExec)
    own = executable.own(node_of(hNode))
    if int(nodeParams.type) == own.kind is NodeKind.GRAPH:
        replace_child(executable, own, graph_of(nodeParams.graph.graph))
        return
    if own.kind in (NodeKind.MEM_ALLOC, NodeKind.MEM_FREE, NodeKind.CONDITIONAL, NodeKind.EMPTY):
        raise CudaError(Status.NOT_SUPPORTED, f"{own.kind.name} nodes of an executable graph cannot be changed")
    work = read_for(own, nodeParams)
    if own.kind in (NodeKind.EVENT_RECORD, NodeKind.WAIT_EVENT):
        executable.change(own, work)
        executable.refresh_events()
    else:
        _change(executable, own, work)


@entry("cuGraphNodeSetEnabled")
def set_enabled(hGraphExec, hNode, isEnabled):
    executable = executable_of(hGraphExec)
    executable.enable(executable.own(node_of(hNode)), bool(isEnabled))


@entry("cuGraphNodeGetEnabled")
def get_enabled(hGraphExec, hNode, isEnabled):
    executable = executable_of(hGraphExec)
    isEnabled[0] = executable.enabled(executable.own(node_of(hNode)))


@entry("cuGraphExecUpdate")
def update_first(hGraphExec, hGraph, hErrorNode_out, updateResult_out):
    hErrorNode_out[0] = ffi.NULL
    updateResult_out[0] = 1
    try:
        update(executable_of(hGraphExec), graph_of(hGraph))
    except UpdateFailure as failure:
        updateResult_out[0] = int(failure.result)
        hErrorNode_out[0] = _handle(failure.node)
        raise
    updateResult_out[0] = 0


@entry("cuGraphExecUpdate_v2")
def update_with_info(hGraphExec, hGraph, resultInfo):
    resultInfo.result = 1
    resultInfo.errorNode = resultInfo.errorFromNode = ffi.NULL
    try:
        update(executable_of(hGraphExec), graph_of(hGraph))
    except UpdateFailure as failure:
        resultInfo.result = int(failure.result)
        resultInfo.errorNode = _handle(failure.node)
        resultInfo.errorFromNode = _handle(failure.before)
        raise
    resultInfo.result = 0


def _handle(node: Node | None) -> Any:
    return ffi.NULL if node is None else pointer(node.handle)
