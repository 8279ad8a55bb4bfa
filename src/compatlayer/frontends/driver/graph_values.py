"""Handles and arrays of graphs at the C edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compatlayer._native import ffi
from compatlayer.core import handles
from compatlayer.core.graph import PLAIN, Edge, Graph, Link, Node
from compatlayer.core.graph_executable import ExecutableGraph
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import number, pointer


def graph_of(handle: Any) -> Graph:
    """The graph behind a handle."""
    return handles.get(number(handle), Graph)


def node_of(handle: Any) -> Node:
    """The node behind a handle."""
    return handles.get(number(handle), Node)


def executable_of(handle: Any) -> ExecutableGraph:
    """The executable graph behind a handle."""
    return handles.get(number(handle), ExecutableGraph)


def read_nodes(array: Any, count: int) -> list[Node]:
    """`count` nodes; INVALID_VALUE for a null array of some."""
    if count and not array:
        raise CudaError(Status.INVALID_VALUE, f"{count} nodes, and their array is null")
    return [node_of(array[place]) for place in range(count)]


def read_edges(array: Any, count: int) -> list[Edge]:
    """`count` edges; plain ones for a null array."""
    return [read_edge(array[place]) for place in range(count)] if array else [PLAIN] * count


def read_edge(data: Any) -> Edge:
    if any(data.reserved):
        raise CudaError(Status.INVALID_VALUE, "the reserved bytes of edge data must be 0")
    return Edge(data.from_port, data.to_port, data.type)


def read_links(nodes: Any, edges: Any, count: int) -> list[Link]:
    return list(zip(read_nodes(nodes, count), read_edges(edges, count), strict=True))


def show(items: Sequence[tuple[Any, ...]], edges: Sequence[Edge], arrays: Sequence[Any], edge_array: Any,
         count: Any) -> None:
    """The protocol of queries: without arrays their length is told, otherwise they are filled as far as they go.

    `items` has one tuple per row, with an object for each array. LOSSY_QUERY when data of edges would be lost.
    """
    shown = [array for array in arrays if array]
    if not shown and not edge_array:
        count[0] = len(items)
        return
    if not edge_array and any(edge != PLAIN for edge in edges):
        raise CudaError(Status.LOSSY_QUERY, "an edge has data; ask with an array for it (the _v2 call)")
    if len(shown) < len(arrays):
        raise CudaError(Status.INVALID_VALUE, "of the arrays for edges one is null and one is not")
    room = count[0]
    for place in range(room):
        for column, array in enumerate(arrays):
            array[place] = pointer(items[place][column].handle) if place < len(items) else ffi.NULL
        if edge_array and place < len(edges):
            write_edge(edge_array[place], edges[place])
    count[0] = min(room, len(items))


def write_edge(data: Any, edge: Edge) -> None:
    data.from_port, data.to_port, data.type = edge
    for place in range(5):
        data.reserved[place] = 0
