"""Graph functions of the driver API: nodes and the edges between them."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.graph import Edge, Graph, Node
from compatlayer.frontends.driver.graph_values import graph_of, node_of, read_edges, read_nodes, show
from compatlayer.frontends.driver.values import pointer


@entry("cuGraphGetNodes", optional=("nodes",))
def get_nodes(hGraph, nodes, numNodes):
    show([(node,) for node in graph_of(hGraph).nodes], (), (nodes,), None, numNodes)


@entry("cuGraphGetRootNodes", optional=("rootNodes",))
def get_roots(hGraph, rootNodes, numRootNodes):
    show([(node,) for node in graph_of(hGraph).roots()], (), (rootNodes,), None, numRootNodes)


def _get_edges(graph: Graph, before: Any, after: Any, data: Any, count: Any) -> None:
    edges = graph.edges()
    show([edge[:2] for edge in edges], [edge[2] for edge in edges], (before, after), data, count)


@entry("cuGraphGetEdges", optional=("from_", "to"))
def get_edges(hGraph, from_, to, numEdges):
    _get_edges(graph_of(hGraph), from_, to, None, numEdges)


@entry("cuGraphGetEdges_v2", optional=("from_", "to", "edgeData"))
def get_edges_with_data(hGraph, from_, to, edgeData, numEdges):
    _get_edges(graph_of(hGraph), from_, to, edgeData, numEdges)


def _get_links(links: dict[tuple[Node, Edge], None], nodes: Any, data: Any, count: Any) -> None:
    show([(node,) for node, _ in links], [edge for _, edge in links], (nodes,), data, count)


@entry("cuGraphNodeGetDependencies", optional=("dependencies",))
def get_dependencies(hNode, dependencies, numDependencies):
    _get_links(node_of(hNode).before, dependencies, None, numDependencies)


@entry("cuGraphNodeGetDependencies_v2", optional=("dependencies", "edgeData"))
def get_dependencies_with_data(hNode, dependencies, edgeData, numDependencies):
    _get_links(node_of(hNode).before, dependencies, edgeData, numDependencies)


@entry("cuGraphNodeGetDependentNodes", optional=("dependentNodes",))
def get_dependents(hNode, dependentNodes, numDependentNodes):
    _get_links(node_of(hNode).after, dependentNodes, None, numDependentNodes)


@entry("cuGraphNodeGetDependentNodes_v2", optional=("dependentNodes", "edgeData"))
def get_dependents_with_data(hNode, dependentNodes, edgeData, numDependentNodes):
    _get_links(node_of(hNode).after, dependentNodes, edgeData, numDependentNodes)


def _change(graph: Graph, before: Any, after: Any, data: Any, count: int, add: bool) -> None:
    """All edges, or none when one of them cannot be."""
    rows = list(zip(read_nodes(before, count), read_nodes(after, count), read_edges(data, count), strict=True))
    change, undo = (graph.connect, graph.disconnect) if add else (graph.disconnect, graph.connect)
    done: list[tuple[Node, Node, Edge]] = []
    try:
        for row in rows:
            change(*row)
            done.append(row)
    except BaseException:
        for row in reversed(done):
            undo(*row)
        raise


@entry("cuGraphAddDependencies")
def add_dependencies(hGraph, from_, to, numDependencies):
    _change(graph_of(hGraph), from_, to, None, numDependencies, True)


@entry("cuGraphAddDependencies_v2")
def add_dependencies_with_data(hGraph, from_, to, edgeData, numDependencies):
    _change(graph_of(hGraph), from_, to, edgeData, numDependencies, True)


@entry("cuGraphRemoveDependencies")
def remove_dependencies(hGraph, from_, to, numDependencies):
    _change(graph_of(hGraph), from_, to, None, numDependencies, False)


@entry("cuGraphRemoveDependencies_v2")
def remove_dependencies_with_data(hGraph, from_, to, edgeData, numDependencies):
    _change(graph_of(hGraph), from_, to, edgeData, numDependencies, False)


@entry("cuGraphDestroyNode")
def destroy_node(hNode):
    node = node_of(hNode)
    node.graph.remove(node)


@entry("cuGraphNodeGetType")
def get_type(hNode, type):
    type[0] = ffi.cast("CUgraphNodeType", int(node_of(hNode).kind))


@entry("cuGraphNodeGetContainingGraph")
def get_graph(hNode, phGraph):
    phGraph[0] = pointer(node_of(hNode).graph.handle)


@entry("cuGraphNodeGetLocalId")
def get_local_id(hNode, nodeId):
    nodeId[0] = node_of(hNode).id


@entry("cuGraphNodeGetToolsId")
def get_tools_id(hNode, toolsNodeId):
    node = node_of(hNode)
    toolsNodeId[0] = node.graph.id << 32 | node.id
