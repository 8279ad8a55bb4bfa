"""Graph functions of the driver API: whole graphs, made, instantiated, launched and ended."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import graph as core
from compatlayer.core.conditional import Condition
from compatlayer.core.context import enter_doors
from compatlayer.core.graph import Graph
from compatlayer.core.graph_executable import UPLOAD, ExecutableGraph
from compatlayer.core.graph_plan import InvalidStructure
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_parameters import context_or_current
from compatlayer.frontends.driver.graph_values import executable_of, graph_of, node_of
from compatlayer.frontends.driver.launch import put_in_front
from compatlayer.frontends.driver.values import number, pointer

ERROR = 1  # CUDA_GRAPH_INSTANTIATE_ERROR


@entry("cuGraphCreate")
def create(phGraph, flags):
    if flags:
        raise CudaError(Status.INVALID_VALUE, f"graph flags {flags:#x} are not known; they must be 0")
    phGraph[0] = pointer(Graph().handle)


@entry("cuGraphDestroy")
def destroy(hGraph):
    graph = graph_of(hGraph)
    if graph.parent is not None or graph.capture is not None:
        raise CudaError(Status.INVALID_VALUE, "a graph inside of a node, or that a stream is captured into, is not "
                                              "destroyed on its own")
    graph.close()


@entry("cuGraphClone")
def clone(phGraphClone, originalGraph):
    graph = graph_of(originalGraph)
    graph.refuse_with_memory("no clone can be made")
    phGraphClone[0] = pointer(core.clone(graph).handle)


@entry("cuGraphNodeFindInClone")
def find_in_clone(phNode, hOriginalNode, hClonedGraph):
    phNode[0] = pointer(core.find_in_clone(node_of(hOriginalNode), graph_of(hClonedGraph)).handle)


@entry("cuGraphGetId")
def get_id(hGraph, graphId):
    graphId[0] = graph_of(hGraph).id


@entry("cuGraphConditionalHandleCreate", optional=("ctx",))
def create_condition(pHandle_out, hGraph, ctx, defaultLaunchValue, flags):
    condition = Condition(graph_of(hGraph), context_or_current(ctx), defaultLaunchValue, flags)
    pHandle_out[0] = condition.handle


def _instantiate(handle: Any, flags: int) -> ExecutableGraph:
    graph = graph_of(handle)
    if graph.capture is not None:
        raise CudaError(Status.INVALID_VALUE, "work is still being captured into the graph")
    return ExecutableGraph(graph, flags)


@entry("cuGraphInstantiateWithFlags")
def instantiate(phGraphExec, hGraph, flags):
    phGraphExec[0] = pointer(_instantiate(hGraph, flags).handle)


@entry("cuGraphInstantiate", optional=("phErrorNode", "logBuffer"))
@entry("cuGraphInstantiate_v2", optional=("phErrorNode", "logBuffer"))
def instantiate_with_log(phGraphExec, hGraph, phErrorNode, logBuffer, bufferSize):
    if phErrorNode:
        phErrorNode[0] = ffi.NULL
    text = ""
    try:
        phGraphExec[0] = pointer(_instantiate(hGraph, 0).handle)
    except InvalidStructure as error:
        text = error.text
        if phErrorNode and error.node is not None:
            phErrorNode[0] = pointer(error.node.handle)
        raise
    finally:
        if logBuffer and bufferSize:
            data = text.encode()[: bufferSize - 1] + b"\0"  # the rest of the buffer is left alone: it may be huge
            ffi.memmove(logBuffer, data, len(data))


@entry("cuGraphInstantiateWithParams")
def instantiate_with_parameters(phGraphExec, hGraph, instantiateParams):
    instantiateParams.hErrNode_out = ffi.NULL
    instantiateParams.result_out = ERROR
    flags = instantiateParams.flags
    if flags & UPLOAD:
        resolve(number(instantiateParams.hUploadStream)).context.check()
    try:
        executable = _instantiate(hGraph, flags)
    except InvalidStructure as error:
        instantiateParams.result_out = error.result
        if error.node is not None:
            instantiateParams.hErrNode_out = pointer(error.node.handle)
        raise
    phGraphExec[0] = pointer(executable.handle)
    instantiateParams.result_out = 0


@entry("cuGraphUpload", optional=("hStream",))
def upload(hGraphExec, hStream):
    executable = executable_of(hGraphExec)
    stream = resolve(number(hStream))
    if stream.capture is not None:
        stream.capture.refuse("graphs are not uploaded")
    stream.context.check()
    executable.ready()


@entry("cuGraphLaunch", optional=("hStream",))
def launch(hGraphExec, hStream):
    executable_of(hGraphExec).launch(resolve(number(hStream)))
    enter_doors()


put_in_front("cuGraphLaunch")


@entry("cuGraphExecDestroy")
def destroy_executable(hGraphExec):
    executable_of(hGraphExec).close()


@entry("cuGraphExecGetFlags")
def get_flags(hGraphExec, flags):
    flags[0] = executable_of(hGraphExec).flags & ~UPLOAD


@entry("cuGraphExecGetId")
def get_executable_id(hGraphExec, graphId):
    graphId[0] = executable_of(hGraphExec).id


@entry("cuGraphDebugDotPrint", optional=("path",))
def print_dot(hGraph, path, flags):
    from compatlayer.core.graph_dot import FLAGS, draw

    graph = graph_of(hGraph)
    if not path or flags & ~FLAGS:
        raise CudaError(Status.INVALID_VALUE, f"a path is needed, and flags {flags:#x} that are known")
    text = draw(graph, flags)
    try:
        with open(ffi.string(path), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CudaError(Status.OPERATING_SYSTEM, f"the drawing of the graph could not be written: {error}") from None
