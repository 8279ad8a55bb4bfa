"""Edges of graphs: who comes after whom, told and changed, with and without edge data; wrong ones are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from compiled import build
from graphs import SOURCE, Arguments, kernel_params


@pytest.fixture
def graph(api: Any, context: Any) -> Iterator[Any]:
    made = api.cuGraphCreate(0)
    yield made
    api.cuGraphDestroy(made)


def numbers(nodes: Any) -> list[int]:
    return [int(node) for node in nodes]


def test_nodes_roots_and_edges_are_told(api: Any, cu: Any, graph: Any) -> None:
    """A diamond."""
    a = api.cuGraphAddEmptyNode(graph, None, 0)
    b, c = (api.cuGraphAddEmptyNode(graph, [a], 1) for _ in range(2))
    d = api.cuGraphAddEmptyNode(graph, [b, c], 2)
    nodes, count = api.cuGraphGetNodes(graph, 10)
    assert count == 4 and numbers(nodes[:4]) == numbers([a, b, c, d])
    roots, count = api.cuGraphGetRootNodes(graph, 10)
    assert count == 1 and numbers(roots[:1]) == [int(a)]
    first, second, _, count = api.cuGraphGetEdges(graph, 10)
    edges = set(zip(numbers(first[:count]), numbers(second[:count]), strict=True))
    assert edges == {(int(x), int(y)) for x, y in ((a, b), (a, c), (b, d), (c, d))}
    before, _, count = api.cuGraphNodeGetDependencies(d, 10)
    assert numbers(before[:count]) == numbers([b, c])
    after, _, count = api.cuGraphNodeGetDependentNodes(a, 10)
    assert numbers(after[:count]) == numbers([b, c])
    assert api.cuGraphGetNodes(graph, 0)[1] == 4


def test_dependencies_come_and_go(api: Any, cu: Any, graph: Any) -> None:
    a, b = (api.cuGraphAddEmptyNode(graph, None, 0) for _ in range(2))
    plain = cu.CUgraphEdgeData()
    api.cuGraphAddDependencies(graph, [a], [b], [plain], 1)
    assert api.cuGraphGetEdges(graph, 4)[-1] == 1
    assert api.status("cuGraphAddDependencies", graph, [a], [b], [plain], 1) == "INVALID_VALUE"  # is there already
    api.cuGraphRemoveDependencies(graph, [a], [b], [plain], 1)
    assert api.cuGraphGetEdges(graph, 4)[-1] == 0
    assert api.status("cuGraphRemoveDependencies", graph, [a], [b], [plain], 1) == "INVALID_VALUE"


def test_of_several_dependencies_all_are_added_or_none(api: Any, cu: Any, graph: Any) -> None:
    a, b = (api.cuGraphAddEmptyNode(graph, None, 0) for _ in range(2))
    assert api.status("cuGraphAddDependencies", graph, [a, a], [b, a], None, 2) == "INVALID_VALUE"
    assert api.cuGraphGetEdges(graph, 4)[-1] == 0


def test_a_cycle_is_found_when_the_graph_is_instantiated(api: Any, cu: Any, graph: Any) -> None:
    a = api.cuGraphAddEmptyNode(graph, None, 0)
    b = api.cuGraphAddEmptyNode(graph, [a], 1)
    assert api.status("cuGraphAddDependencies", graph, [a], [a], None, 1) == "INVALID_VALUE"
    api.cuGraphAddDependencies(graph, [b], [a], None, 1)
    assert api.status("cuGraphInstantiate", graph, 0) == "INVALID_VALUE"
    params = cu.CUDA_GRAPH_INSTANTIATE_PARAMS()
    assert api.status("cuGraphInstantiateWithParams", graph, params) == "INVALID_VALUE"
    assert params.result_out == cu.CUgraphInstantiateResult.CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE
    assert int(params.hErrNode_out) in (int(a), int(b))


def test_nodes_of_other_graphs_are_refused(api: Any, cu: Any, graph: Any) -> None:
    other = api.cuGraphCreate(0)
    a, foreign = api.cuGraphAddEmptyNode(graph, None, 0), api.cuGraphAddEmptyNode(other, None, 0)
    assert api.status("cuGraphAddEmptyNode", graph, [foreign], 1) == "INVALID_VALUE"
    assert api.status("cuGraphAddEmptyNode", graph, [a, a], 2) == "INVALID_VALUE"
    assert api.status("cuGraphAddDependencies", graph, [a], [foreign], None, 1) == "INVALID_VALUE"
    api.cuGraphDestroy(other)
    assert api.status("cuGraphNodeGetType", foreign) == "INVALID_VALUE"
    assert api.cuGraphGetNodes(graph, 0)[1] == 1


def test_destroying_a_node_takes_its_edges_with_it(api: Any, cu: Any, graph: Any) -> None:
    a = api.cuGraphAddEmptyNode(graph, None, 0)
    b = api.cuGraphAddEmptyNode(graph, [a], 1)
    c = api.cuGraphAddEmptyNode(graph, [b], 1)
    api.cuGraphDestroyNode(b)
    assert api.cuGraphGetEdges(graph, 4)[-1] == 0 and api.cuGraphGetNodes(graph, 0)[1] == 2
    assert api.status("cuGraphDestroyNode", b) == "INVALID_VALUE"
    assert numbers(api.cuGraphGetRootNodes(graph, 4)[0][:2]) == numbers([a, c])


def test_edge_data_is_kept_and_never_lost_in_silence(api: Any, cu: Any, context: Any, graph: Any) -> None:
    module = api.cuModuleLoadData(build(SOURCE))
    params = kernel_params(cu, api.cuModuleGetFunction(module, b"empty"), Arguments(), 1, 1)
    a, b = (api.cuGraphAddKernelNode(graph, None, 0, params) for _ in range(2))
    point = api.cuGraphAddEmptyNode(graph, None, 0)
    edge = cu.CUgraphEdgeData()
    edge.from_port, edge.type = 1, 1
    assert api.status("cuGraphAddDependencies", graph, [point], [a], [edge], 1) == "INVALID_VALUE"
    api.cuGraphAddDependencies(graph, [a], [b], [edge], 1)
    first, _, data, count = api.cuGraphGetEdges(graph, 4)
    assert count == 1 and int(first[0]) == int(a) and (data[0].from_port, data[0].type) == (1, 1)
    assert raw_edges(graph) == 402  # LOSSY_QUERY: the first variant has no place for the data
    assert api.status("cuGraphRemoveDependencies", graph, [a], [b], None, 1) == "INVALID_VALUE"
    api.cuGraphRemoveDependencies(graph, [a], [b], [edge], 1)
    edge.from_port = 3
    assert api.status("cuGraphAddDependencies", graph, [a], [b], [edge], 1) == "INVALID_VALUE"
    api.cuModuleUnload(module)


def raw_edges(graph: Any) -> int:
    import ctypes

    size, room = ctypes.c_size_t(4), (ctypes.c_void_p * 4)()
    cuda = ctypes.CDLL("libcuda.so.1")
    return int(cuda.cuGraphGetEdges(ctypes.c_void_p(int(graph)), room, (ctypes.c_void_p * 4)(), ctypes.byref(size)))


def test_ids_and_the_graph_of_a_node(api: Any, cu: Any, graph: Any) -> None:
    a, b = (api.cuGraphAddEmptyNode(graph, None, 0) for _ in range(2))
    assert int(api.cuGraphNodeGetContainingGraph(a)) == int(graph)
    assert api.cuGraphNodeGetLocalId(a) != api.cuGraphNodeGetLocalId(b)
    assert api.cuGraphNodeGetToolsId(a) != api.cuGraphNodeGetToolsId(b)
    other = api.cuGraphCreate(0)
    assert api.cuGraphGetId(graph) != api.cuGraphGetId(other)
    executable = api.cuGraphInstantiate(other, 0)
    assert isinstance(api.cuGraphExecGetId(executable), int)
    api.cuGraphExecDestroy(executable)
    api.cuGraphDestroy(other)
