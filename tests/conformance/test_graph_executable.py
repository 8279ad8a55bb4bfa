"""Executable graphs: changed, updated, disabled and launched while they run; changes hold for launches to come only."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from compiled import build
from graphs import COUNT, SOURCE, HostCall, add_params, copy_params, fill_params, run, values


@pytest.fixture
def kernels(api: Any, context: Any) -> Iterator[dict[str, Any]]:
    module = api.cuModuleLoadData(build(SOURCE))
    yield {name: api.cuModuleGetFunction(module, name.encode()) for name in ("add", "scale", "bad")}
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


@pytest.fixture
def instantiate(api: Any, stream: Any) -> Iterator[Callable[[Any], Any]]:
    made: list[Any] = []

    def make(graph: Any) -> Any:
        made.append(api.cuGraphInstantiate(graph, 0))
        return made[-1]

    yield make
    for executable in made:
        api.cuGraphExecDestroy(executable)


def launch(api: Any, executable: Any, stream: Any) -> None:
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)


def test_changes_of_an_executable_graph_leave_its_source_alone(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    out, other, first, second = np.zeros(COUNT, np.int32), np.zeros(COUNT, np.int32), HostCall(cu), HostCall(cu)
    fill = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 1), context)
    add = api.cuGraphAddKernelNode(graph, [fill], 1, add_params(cu, kernels["add"], data, 2))
    copy = api.cuGraphAddMemcpyNode(graph, [add], 1, copy_params(cu, out, data), context)
    host = api.cuGraphAddHostNode(graph, [copy], 1, first.params(cu, 1))
    executable = instantiate(graph)
    api.cuGraphExecMemsetNodeSetParams(executable, fill, fill_params(cu, data, 10), context)
    api.cuGraphExecKernelNodeSetParams(executable, add, add_params(cu, kernels["scale"], data, 4))
    api.cuGraphExecMemcpyNodeSetParams(executable, copy, copy_params(cu, other, data), context)
    api.cuGraphExecHostNodeSetParams(executable, host, second.params(cu, 2))
    launch(api, executable, stream)
    assert not out.any() and (other == 40).all() and first.calls == [] and second.calls == [2]
    run(api, graph, stream)
    assert (out == 3).all() and first.calls == [1]
    assert api.status("cuGraphExecKernelNodeSetParams", executable, fill, add_params(cu, kernels["add"], data, 1)) \
        == "INVALID_VALUE"


def test_a_launch_under_way_is_not_changed(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any,
        hold: Any) -> None:
    add = api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 1))
    executable = instantiate(graph)
    gate = hold(stream)
    api.cuGraphLaunch(executable, stream)
    api.cuGraphExecKernelNodeSetParams(executable, add, add_params(cu, kernels["add"], data, 100))
    other = api.cuStreamCreate(1)
    api.cuGraphLaunch(executable, other)  # waits for the first launch, although its stream has nothing to do
    assert api.status("cuStreamQuery", other) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(other)
    assert (values(api, data) == 101).all()


def test_launches_of_one_graph_in_many_streams_follow_each_other(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    one = api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 1))
    api.cuGraphAddKernelNode(graph, [one], 1, add_params(cu, kernels["scale"], data, 2))
    executable = instantiate(graph)
    streams = [api.cuStreamCreate(1) for _ in range(4)]
    for turn in range(12):
        api.cuGraphLaunch(executable, streams[turn % 4])
    api.cuCtxSynchronize()
    expected = 0
    for _ in range(12):
        expected = (expected + 1) * 2
    assert (values(api, data) == expected).all()
    for each in streams:
        api.cuStreamDestroy(each)


def test_disabled_nodes_do_nothing_until_they_are_enabled(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    fill = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 1), context)
    add = api.cuGraphAddKernelNode(graph, [fill], 1, add_params(cu, kernels["add"], data, 2))
    point = api.cuGraphAddEmptyNode(graph, [add], 1)
    executable = instantiate(graph)
    api.cuGraphNodeSetEnabled(executable, add, 0)
    launch(api, executable, stream)
    assert (values(api, data) == 1).all() and api.cuGraphNodeGetEnabled(executable, add) == 0
    api.cuGraphExecKernelNodeSetParams(executable, add, add_params(cu, kernels["add"], data, 9))  # stays disabled
    launch(api, executable, stream)
    assert (values(api, data) == 1).all()
    api.cuGraphNodeSetEnabled(executable, add, 1)
    launch(api, executable, stream)
    assert (values(api, data) == 10).all() and api.cuGraphNodeGetEnabled(executable, add) == 1
    assert api.status("cuGraphNodeSetEnabled", executable, point, 0) == "INVALID_VALUE"
    stranger = api.cuGraphAddEmptyNode(graph, None, 0)
    assert api.status("cuGraphNodeGetEnabled", executable, stranger) == "INVALID_VALUE"


def build_pair(api: Any, cu: Any, context: Any, kernels: Any, data: Any, value: int, what: int) -> Any:
    graph = api.cuGraphCreate(0)
    fill = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, value), context)
    api.cuGraphAddKernelNode(graph, [fill], 1, add_params(cu, kernels["add"], data, what))
    return graph


def test_an_update_takes_all_parameters_of_a_graph_of_the_same_shape(
        api: Any, cu: Any, context: Any, stream: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    first, second = (build_pair(api, cu, context, kernels, data, *pair) for pair in ((1, 2), (30, 40)))
    executable = instantiate(first)
    launch(api, executable, stream)
    info = api.cuGraphExecUpdate(executable, second)
    assert info.result == cu.CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_SUCCESS
    launch(api, executable, stream)
    assert (values(api, data) == 70).all()
    for each in (first, second):
        api.cuGraphDestroy(each)


class Info(ctypes.Structure):
    """CUgraphExecUpdateResultInfo, which cuda-bindings tells only of updates that went well."""

    _fields_ = (("result", ctypes.c_int), ("errorNode", ctypes.c_void_p), ("errorFromNode", ctypes.c_void_p))


def test_an_update_by_another_shape_says_what_does_not_fit(
        api: Any, cu: Any, context: Any, stream: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    results = cu.CUgraphExecUpdateResult
    first, second = (build_pair(api, cu, context, kernels, data, 1, 2) for _ in range(2))
    executable = instantiate(first)

    def update(graph: Any) -> Info:
        info = Info()
        answer = ctypes.CDLL("libcuda.so.1").cuGraphExecUpdate_v2(
            ctypes.c_void_p(int(executable)), ctypes.c_void_p(int(graph)), ctypes.byref(info))
        assert answer == cu.CUresult.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE
        return info

    odd = api.cuGraphAddEmptyNode(second, None, 0)
    info = update(second)
    assert info.result == results.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED and info.errorNode == int(odd)
    third = api.cuGraphCreate(0)
    api.cuGraphAddMemsetNode(third, None, 0, fill_params(cu, data, 1), context)
    api.cuGraphAddEmptyNode(third, list(api.cuGraphGetNodes(third, 1)[0]), 1)
    assert update(third).result == results.CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED
    fourth = api.cuGraphCreate(0)
    api.cuGraphAddMemsetNode(fourth, None, 0, fill_params(cu, data, 1), context)
    api.cuGraphAddKernelNode(fourth, None, 0, add_params(cu, kernels["add"], data, 1))
    assert update(fourth).result == results.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED
    launch(api, executable, stream)  # and the executable graph is as it was
    assert (values(api, data) == 3).all()
    for each in (first, second, third, fourth):
        api.cuGraphDestroy(each)


def test_child_graphs_run_between_what_is_before_and_after(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    inside = api.cuGraphCreate(0)
    one = api.cuGraphAddKernelNode(inside, None, 0, add_params(cu, kernels["add"], data, 3))
    api.cuGraphAddKernelNode(inside, [one], 1, add_params(cu, kernels["scale"], data, 10))
    fill = api.cuGraphAddMemsetNode(graph, None, 0, fill_params(cu, data, 1), context)
    child = api.cuGraphAddChildGraphNode(graph, [fill], 1, inside)
    api.cuGraphAddKernelNode(graph, [child], 1, add_params(cu, kernels["add"], data, 2))
    empty = api.cuGraphCreate(0)
    api.cuGraphAddChildGraphNode(graph, [child], 1, empty)
    api.cuGraphDestroy(inside)  # the node has a clone
    executable = instantiate(graph)
    launch(api, executable, stream)
    assert (values(api, data) == 42).all()
    own = api.cuGraphChildGraphNodeGetGraph(child)
    assert api.status("cuGraphDestroy", own) == "INVALID_VALUE"
    nodes, count = api.cuGraphGetNodes(own, 4)
    assert count == 2
    api.cuGraphExecKernelNodeSetParams(executable, nodes[0], add_params(cu, kernels["add"], data, 4))
    launch(api, executable, stream)
    assert (values(api, data) == 52).all()
    replacement = api.cuGraphCreate(0)
    one = api.cuGraphAddKernelNode(replacement, None, 0, add_params(cu, kernels["add"], data, 0))
    api.cuGraphAddKernelNode(replacement, [one], 1, add_params(cu, kernels["scale"], data, 1))
    api.cuGraphExecChildGraphNodeSetParams(executable, child, replacement)
    launch(api, executable, stream)
    assert (values(api, data) == 3).all()
    assert api.status("cuGraphExecChildGraphNodeSetParams", executable, child, empty) == "INVALID_VALUE"
    for each in (replacement, empty):
        api.cuGraphDestroy(each)


def test_a_clone_is_a_graph_of_its_own(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, kernels: Any, data: Any) -> None:
    node = api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 3))
    clone = api.cuGraphClone(graph)
    twin = api.cuGraphNodeFindInClone(node, clone)
    assert int(twin) != int(node)
    api.cuGraphKernelNodeSetParams(twin, add_params(cu, kernels["add"], data, 5))
    run(api, clone, stream)
    assert (values(api, data) == 5).all()
    assert api.status("cuGraphNodeFindInClone", node, graph) == "INVALID_VALUE"
    api.cuGraphDestroy(clone)


def test_a_launch_in_a_captured_stream_becomes_a_child_graph(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 3))
    executable = instantiate(graph)
    api.cuStreamBeginCapture(stream, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)
    api.cuGraphLaunch(executable, stream)
    api.cuGraphLaunch(executable, stream)
    outer = api.cuStreamEndCapture(stream)
    nodes, count = api.cuGraphGetNodes(outer, 4)
    assert count == 2 and api.cuGraphNodeGetType(nodes[0]) == cu.CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH
    run(api, outer, stream)
    assert (values(api, data) == 6).all()
    api.cuGraphDestroy(outer)


def test_a_graph_destroyed_while_it_runs_still_runs(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any, hold: Any) -> None:
    api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 3))
    executable = api.cuGraphInstantiate(graph, 0)
    gate = hold(stream)
    for _ in range(3):
        api.cuGraphLaunch(executable, stream)
    api.cuGraphExecDestroy(executable)
    assert api.status("cuGraphLaunch", executable, stream) == "INVALID_VALUE"
    gate.open()
    api.cuStreamSynchronize(stream)
    assert (values(api, data) == 9).all()


def test_a_kernel_that_faults_in_a_graph_faults_the_context_and_nothing_hangs(api: Any) -> None:
    import subprocess
    import sys
    from pathlib import Path

    done = subprocess.run([sys.executable, str(Path(__file__).parent / "graph_fault.py")], capture_output=True,
                          text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["SUCCESS", "ILLEGAL_ADDRESS", "ILLEGAL_ADDRESS", "SUCCESS", "7"], done.stdout


def test_direct_launches_go_on_after_changes(
        api: Any, cu: Any, stream: Any, graph: Any, kernels: Any, data: Any, instantiate: Any) -> None:
    """Launches in C, changes in between, launches in C again."""
    cuda = ctypes.CDLL("libcuda.so.1")
    add = api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernels["add"], data, 1))
    executable = instantiate(graph)
    expected = 0
    for what in (1, 10, 100):
        api.cuGraphExecKernelNodeSetParams(executable, add, add_params(cu, kernels["add"], data, what))
        for _ in range(20):
            assert cuda.cuGraphLaunch(ctypes.c_void_p(int(executable)), ctypes.c_void_p(int(stream))) == 0
        expected += 20 * what
    api.cuStreamSynchronize(stream)
    assert (values(api, data) == expected).all()
