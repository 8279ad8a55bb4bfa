"""Nodes of several copies: added, run, read, changed, refused, drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import COUNT, run, values

MANY = 3
KEPT: list[np.ndarray] = []  # what the last parameters point to: the bindings keep neither sizes nor indices


@pytest.fixture
def arrays(api: Any, context: Any) -> Iterator[list[Any]]:
    made = [api.cuMemAlloc(COUNT * 4) for _ in range(2 * MANY)]
    for number, pointer in enumerate(made):
        api.cuMemsetD32(pointer, number, COUNT)
    yield made
    for pointer in made:
        api.cuMemFree(pointer)


@pytest.fixture
def graph(api: Any, context: Any) -> Iterator[Any]:
    made = api.cuGraphCreate(0)
    yield made
    api.cuGraphDestroy(made)


def attributes(cu: Any, order: int) -> Any:
    made = cu.CUmemcpyAttributes()
    made.srcAccessOrder = cu.CUmemcpySrcAccessOrder(order)
    return made


def copies(cu: Any, context: Any, to: list[Any], origin: list[Any], *, order: int = 1, starts: Any = (0,),
           size: int = COUNT * 4) -> Any:
    """Node parameters: array `origin[i]` to array `to[i]`."""
    params = cu.CUgraphNodeParams()
    params.type = cu.CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY_BATCH
    batch = params.memcpyBatch
    batch.count, batch.ctx = len(to), context
    batch.set_dsts_srcs(to, origin)
    KEPT[:] = np.array([size] * len(to), np.uintp), np.array(starts, np.uintp)
    batch.sizes, batch.attrsIdxs = KEPT
    batch.attrs, batch.numAttrs = [attributes(cu, order) for _ in starts], len(starts)
    return params


def contents(api: Any, arrays: list[Any]) -> list[set[int]]:
    return [set(values(api, pointer).tolist()) for pointer in arrays]


def test_a_node_makes_all_of_its_copies(api: Any, cu: Any, context: Any, stream: Any, graph: Any,
                                        arrays: list[Any]) -> None:
    node = api.cuGraphAddNode(graph, None, None, 0, copies(cu, context, arrays[MANY:], arrays[:MANY], starts=(0, 2)))
    assert api.cuGraphNodeGetType(node).name == "CU_GRAPH_NODE_TYPE_MEMCPY_BATCH"
    run(api, graph, stream)
    assert contents(api, arrays) == [{0}, {1}, {2}] * 2


def test_its_parameters_can_be_read_and_changed(api: Any, cu: Any, context: Any, stream: Any, graph: Any,
                                                arrays: list[Any]) -> None:
    node = api.cuGraphAddNode(graph, None, None, 0, copies(cu, context, arrays[MANY:], arrays[:MANY], order=3))
    told = api.cuGraphNodeGetParams(node).memcpyBatch
    assert (told.count, told.numAttrs) == (MANY, MANY)
    executable = api.cuGraphInstantiate(graph, 0)
    api.cuGraphExecNodeSetParams(executable, node, copies(cu, context, arrays[MANY:], [arrays[1]] * MANY))
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert contents(api, arrays) == [{0}, {1}, {2}, {1}, {1}, {1}]
    api.cuGraphExecNodeSetParams(executable, node, copies(cu, context, arrays[MANY:5], [arrays[0]] * 2))
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert contents(api, arrays) == [{0}, {1}, {2}, {0}, {0}, {1}]
    api.cuGraphExecNodeSetParams(executable, node, copies(cu, context, arrays[MANY:], [arrays[1]] * MANY))
    api.cuGraphNodeSetParams(node, copies(cu, context, arrays[MANY:], [arrays[2]] * MANY))
    api.cuGraphExecUpdate(executable, graph)
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert contents(api, arrays) == [{0}, {1}, {2}, {2}, {2}, {2}]
    api.cuGraphExecDestroy(executable)


def test_clones_make_the_same_copies(api: Any, cu: Any, context: Any, stream: Any, graph: Any,
                                     arrays: list[Any]) -> None:
    api.cuGraphAddNode(graph, None, None, 0, copies(cu, context, arrays[MANY:], arrays[:MANY]))
    twin = api.cuGraphClone(graph)
    run(api, twin, stream)
    assert contents(api, arrays) == [{0}, {1}, {2}] * 2
    api.cuGraphDestroy(twin)


def test_what_a_node_cannot_do_is_refused(api: Any, cu: Any, context: Any, graph: Any, arrays: list[Any]) -> None:
    def status(params: Any) -> str:
        return api.status("cuGraphAddNode", graph, None, None, 0, params)

    to, origin = arrays[MANY:], arrays[:MANY]
    assert status(copies(cu, context, to, origin, order=2)) == "INVALID_VALUE"  # sources are read when it runs
    assert status(copies(cu, context, to, origin, starts=(1,))) == "INVALID_VALUE"
    assert status(copies(cu, context, to, origin, starts=(0, 3))) == "INVALID_VALUE"
    empty = copies(cu, context, to, origin)
    empty.memcpyBatch.count = 0
    assert status(empty) == "INVALID_VALUE"
    assert status(copies(cu, context, to, origin, size=1 << 40)) == "INVALID_VALUE"
    assert api.cuGraphGetNodes(graph, 0)[1] == 0


def test_it_is_drawn(api: Any, cu: Any, context: Any, graph: Any, arrays: list[Any], tmp_path: Path) -> None:
    api.cuGraphAddNode(graph, None, None, 0, copies(cu, context, arrays[MANY:], arrays[:MANY]))
    flag = cu.CUgraphDebugDot_flags.CU_GRAPH_DEBUG_DOT_FLAGS_MEMCPY_BATCH_NODE_PARAMS
    api.cuGraphDebugDotPrint(graph, str(tmp_path / "graph.dot").encode(), int(flag))
    assert f"MEMCPY_BATCH|{MANY} copies|{MANY * COUNT * 4} bytes" in (tmp_path / "graph.dot").read_text()
