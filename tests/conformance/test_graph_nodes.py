"""Nodes of graphs: each kind does its work, in the order that dependencies say, as often as the graph is launched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import build
from graphs import COUNT, SOURCE, Arguments, HostCall, add_params, copy_params, fill_params, kernel_params, run, values


@pytest.fixture
def kernels(api: Any, context: Any) -> Iterator[dict[str, Any]]:
    module = api.cuModuleLoadData(build(SOURCE))
    names = ("add", "scale", "empty", "meet", "wide")
    yield {name: api.cuModuleGetFunction(module, name.encode()) for name in names}
    api.cuModuleUnload(module)


@pytest.fixture
def data(api: Any, context: Any) -> Iterator[Any]:
    pointer = api.cuMemAlloc(COUNT * 4)
    api.cuMemsetD32(pointer, 0, COUNT)
    yield pointer
    api.cuMemFree(pointer)


@pytest.fixture
def graph(api: Any, context: Any) -> Iterator[Any]:
    made = api.cuGraphCreate(0)
    yield made
    api.cuGraphDestroy(made)


def test_a_chain_of_all_plain_kinds_runs_in_its_order(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    out, call = np.zeros(COUNT, np.int32), HostCall(cu)
    fill = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 10), context)
    add = api.cuGraphAddKernelNode(graph, [fill], 1, add_params(cu, kernels["add"], data, 5))
    point = api.cuGraphAddEmptyNode(graph, [add], 1)
    scale = api.cuGraphAddKernelNode(graph, [point], 1, add_params(cu, kernels["scale"], data, 3))
    copy = api.cuGraphAddMemcpyNode(graph, [scale], 1, copy_params(cu, out, data), context)
    api.cuGraphAddHostNode(graph, [copy], 1, call.params(cu, 7))
    assert not values(api, data).any()
    run(api, graph, stream, 3)
    assert (out == 45).all() and (values(api, data) == 45).all() and call.calls == [7, 7, 7]


def test_branches_run_at_the_same_time(api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    """Each of two kernels waits for the other's flag."""
    for own in (0, 1):
        arguments = Arguments(np.uint64(int(data)), np.int32(own), np.int32(1 - own))
        api.cuGraphAddKernelNode(graph, None, 0, kernel_params(cu, kernels["meet"], arguments, 1, 1))
    run(api, graph, stream)
    assert (values(api, data)[:2] == 1).all()


def test_an_empty_graph_is_launched(api: Any, stream: Any, graph: Any) -> None:
    run(api, graph, stream, 3)
