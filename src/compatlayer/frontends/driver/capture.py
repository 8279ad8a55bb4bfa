"""Stream capture functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import capture as core
from compatlayer.core.capture_mode import GLOBAL
from compatlayer.core.graph import PLAIN
from compatlayer.core.stream import Stream, resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_values import graph_of, read_links, write_edge
from compatlayer.frontends.driver.values import number, pointer

NONE, ACTIVE, INVALIDATED = range(3)  # CUstreamCaptureStatus


@entry("cuStreamBeginCapture", optional=("hStream",))
def begin(hStream):
    core.begin(resolve(number(hStream)), GLOBAL)


@entry("cuStreamBeginCapture_v2", optional=("hStream",))
def begin_in_mode(hStream, mode):
    core.begin(resolve(number(hStream)), int(mode))


@entry("cuStreamBeginCaptureToGraph", optional=("hStream", "dependencies", "dependencyData"))
def begin_to_graph(hStream, hGraph, dependencies, dependencyData, numDependencies, mode):
    links = tuple(read_links(dependencies, dependencyData, numDependencies))
    core.begin(resolve(number(hStream)), int(mode), graph_of(hGraph), links)


@entry("cuStreamUpdateCaptureDependencies", optional=("hStream", "dependencies"))
def update(hStream, dependencies, numDependencies, flags):
    core.update(resolve(number(hStream)), read_links(dependencies, None, numDependencies), flags)


@entry("cuStreamUpdateCaptureDependencies_v2", optional=("hStream", "dependencies", "dependencyData"))
def update_with_data(hStream, dependencies, dependencyData, numDependencies, flags):
    core.update(resolve(number(hStream)), read_links(dependencies, dependencyData, numDependencies), flags)


@entry("cuStreamEndCapture", optional=("hStream",))
def end(hStream, phGraph):
    phGraph[0] = ffi.NULL
    phGraph[0] = pointer(core.end(resolve(number(hStream))).handle)


@entry("cuStreamIsCapturing", optional=("hStream",))
def is_capturing(hStream, captureStatus):
    captureStatus[0] = _status(resolve(number(hStream)))


@entry("cuStreamGetCaptureInfo", optional=("hStream", "id_out"))
def info(hStream, captureStatus_out, id_out):
    _tell(resolve(number(hStream)), captureStatus_out, id_out, None, None, None)


@entry("cuStreamGetCaptureInfo_v2",
       optional=("hStream", "id_out", "graph_out", "dependencies_out", "numDependencies_out"))
def info_2(hStream, captureStatus_out, id_out, graph_out, dependencies_out, numDependencies_out):
    _tell(resolve(number(hStream)), captureStatus_out, id_out, graph_out, dependencies_out, numDependencies_out)


@entry("cuStreamGetCaptureInfo_v3",
       optional=("hStream", "id_out", "graph_out", "dependencies_out", "edgeData_out", "numDependencies_out"))
def info_3(hStream, captureStatus_out, id_out, graph_out, dependencies_out, edgeData_out, numDependencies_out):
    _tell(resolve(number(hStream)), captureStatus_out, id_out, graph_out, dependencies_out, numDependencies_out,
          edgeData_out)


def _status(stream: Stream) -> int:
    if stream.capture is None:
        return NONE
    return INVALIDATED if stream.capture.invalid else ACTIVE


def _tell(stream: Stream, status: Any, id_out: Any, graph_out: Any, dependencies_out: Any, count_out: Any,
          edges_out: Any = None) -> None:
    capture = stream.capture
    if stream is stream.context.legacy and stream.context.captured:
        raise CudaError(Status.STREAM_CAPTURE_IMPLICIT, "a blocking stream of the context is being captured")
    status[0] = _status(stream)
    if capture is None or capture.invalid:
        return
    if id_out:
        id_out[0] = capture.id
    if graph_out:
        graph_out[0] = pointer(capture.graph.handle)
    tails = capture.tails[stream]
    if dependencies_out and not edges_out and any(edge != PLAIN for _, edge in tails):
        raise CudaError(Status.LOSSY_QUERY, "a dependency has edge data; ask with edgeData_out")
    # The arrays stay valid until the next call on the stream: the capture keeps the last ones.
    nodes = ffi.new("CUgraphNode[]", [pointer(node.handle) for node, _ in tails])
    edges = ffi.new("CUgraphEdgeData[]", len(tails))
    for place, (_, edge) in enumerate(tails):
        write_edge(edges[place], edge)
    capture.shown = (nodes, edges)
    if dependencies_out:
        dependencies_out[0] = nodes
    if edges_out:
        edges_out[0] = edges
    if count_out:
        count_out[0] = len(tails)
