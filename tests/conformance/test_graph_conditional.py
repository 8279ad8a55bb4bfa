"""Conditional nodes: bodies run by what kernels set, natively, for each launch anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import build
from graphs import Arguments, kernel_params, run, values

SOURCE = """
extern "C" __global__ void set(cudaGraphConditionalHandle handle, unsigned value)
{
    cudaGraphSetConditional(handle, value);
}
extern "C" __global__ void add(int *data, int place, int what) { data[place] += what; }
extern "C" __global__ void down(int *data, int place, cudaGraphConditionalHandle handle)
{
    cudaGraphSetConditional(handle, --data[place] > 0);
}
extern "C" __global__ void set_wide(cudaGraphConditionalHandle handle, int *data)
{
    if (data[threadIdx.x] == 7)
        cudaGraphSetConditional(handle, threadIdx.x);
}
"""
IF, WHILE, SWITCH = "IF", "WHILE", "SWITCH"


@pytest.fixture
def kernels(api: Any, context: Any) -> Iterator[dict[str, Any]]:
    module = api.cuModuleLoadData(build(SOURCE))
    yield {name: api.cuModuleGetFunction(module, name.encode()) for name in ("set", "add", "down", "set_wide")}
    api.cuModuleUnload(module)


@pytest.fixture
def data(api: Any, context: Any) -> Iterator[Any]:
    pointer = api.cuMemAlloc(64 * 4)
    api.cuMemsetD32(pointer, 0, 64)
    yield pointer
    api.cuMemFree(pointer)


@pytest.fixture
def graph(api: Any, context: Any) -> Iterator[Any]:
    made = api.cuGraphCreate(0)
    yield made
    api.cuGraphDestroy(made)


class Maker:
    """Makes nodes of the kernels above; keeps their arguments."""

    def __init__(self, api: Any, cu: Any, kernels: dict[str, Any]) -> None:
        self.api, self.cu, self.kernels = api, cu, kernels

    def kernel(self, graph: Any, name: str, *arguments: Any, after: Any = None, block: int = 1) -> Any:
        packed = Arguments(*arguments)
        params = kernel_params(self.cu, self.kernels[name], packed, 1, block)
        return self.api.cuGraphAddKernelNode(graph, [after] if after else None, int(after is not None), params)

    def add(self, graph: Any, data: Any, place: int, what: int, after: Any = None) -> Any:
        return self.kernel(graph, "add", np.uint64(int(data)), np.int32(place), np.int32(what), after=after)

    def choose(self, graph: Any, handle: Any, kind: str, size: int = 1, after: Any = None) -> tuple[Any, list[Any]]:
        params = self.cu.CUgraphNodeParams()
        params.type = self.cu.CUgraphNodeType.CU_GRAPH_NODE_TYPE_CONDITIONAL
        params.conditional.handle = handle
        params.conditional.type = getattr(self.cu.CUgraphConditionalNodeType, f"CU_GRAPH_COND_TYPE_{kind}")
        params.conditional.size = size
        node = self.api.cuGraphAddNode(graph, [after] if after else None, None, int(after is not None), params)
        return node, list(params.conditional.phGraph_out)


@pytest.fixture
def make(api: Any, cu: Any, kernels: dict[str, Any]) -> Maker:
    return Maker(api, cu, kernels)


def handle_of(api: Any, graph: Any, context: Any, initial: int = 0, assign: bool = True) -> Any:
    return api.cuGraphConditionalHandleCreate(graph, context, initial, int(assign))


@pytest.mark.parametrize(("value", "outcome"), [(0, [0, 5]), (1, [3, 0]), (9, [3, 0])])
def test_an_if_runs_one_body_or_the_other(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker, value: int,
        outcome: list[int]) -> None:
    handle = handle_of(api, graph, context)
    first = make.kernel(graph, "set", np.uint64(int(handle)), np.uint32(value))
    node, bodies = make.choose(graph, handle, IF, 2, first)
    make.add(bodies[0], data, 0, 3)
    make.add(bodies[1], data, 1, 5)
    make.add(graph, data, 2, 1, after=node)
    run(api, graph, stream, 2)
    assert list(values(api, data, 3)) == [2 * outcome[0], 2 * outcome[1], 2]


def test_a_while_goes_round_until_its_value_is_0(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker) -> None:
    handle = handle_of(api, graph, context, 1)
    _, (body,) = make.choose(graph, handle, WHILE)
    one = make.add(body, data, 1, 2)
    make.kernel(body, "down", np.uint64(int(data)), np.int32(0), np.uint64(int(handle)), after=one)
    api.cuMemsetD32(data, 1000, 1)
    run(api, graph, stream)
    assert list(values(api, data, 2)) == [0, 2000]
    api.cuMemsetD32(data, 0, 1)
    run(api, graph, stream)  # each launch begins with the default, so the body runs at least once
    assert list(values(api, data, 2)) == [-1, 2002]


def test_an_endless_loop_without_work_occupies_nobody_for_ever(
        api: Any, context: Any, graph: Any, data: Any, make: Maker) -> None:
    """Its context can still be used: another stream's work goes on."""
    import subprocess
    import sys

    code = """
import cuda.bindings.driver as cu
ok = lambda answer: answer[1] if len(answer) > 1 else answer[0]
cu.cuInit(0); context = ok(cu.cuDevicePrimaryCtxRetain(0)); cu.cuCtxSetCurrent(context)
graph = ok(cu.cuGraphCreate(0)); handle = ok(cu.cuGraphConditionalHandleCreate(graph, context, 1, 1))
params = cu.CUgraphNodeParams(); params.type = cu.CUgraphNodeType.CU_GRAPH_NODE_TYPE_CONDITIONAL
params.conditional.handle = handle; params.conditional.size = 1
params.conditional.type = cu.CUgraphConditionalNodeType.CU_GRAPH_COND_TYPE_WHILE
ok(cu.cuGraphAddNode(graph, None, None, 0, params))
executable = ok(cu.cuGraphInstantiate(graph, 0)); endless, other = ok(cu.cuStreamCreate(1)), ok(cu.cuStreamCreate(1))
print(cu.cuGraphLaunch(executable, endless)[0].name)
memory = ok(cu.cuMemAlloc(64)); cu.cuMemsetD8Async(memory, 1, 64, other); print(cu.cuStreamSynchronize(other)[0].name)
print(cu.cuStreamQuery(endless)[0].name, flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert done.stdout.split() == ["CUDA_SUCCESS", "CUDA_SUCCESS", "CUDA_ERROR_NOT_READY"], done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("value", [0, 1, 2, 3])
def test_a_switch_runs_the_body_of_that_number(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker, value: int) -> None:
    handle = handle_of(api, graph, context)
    first = make.kernel(graph, "set", np.uint64(int(handle)), np.uint32(value))
    _, bodies = make.choose(graph, handle, SWITCH, 3, first)
    for place, body in enumerate(bodies):
        make.add(body, data, place, 1)
    run(api, graph, stream)
    assert list(values(api, data, 3)) == [int(place == value) for place in range(3)]


def test_conditions_lie_inside_of_each_other(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker) -> None:
    """A loop of 5 rounds with a loop of 4 inside."""
    outer, inner = handle_of(api, graph, context, 1), handle_of(api, graph, context, 1)
    _, (body,) = make.choose(graph, outer, WHILE)
    refill = make.add(body, data, 1, 4)
    again = make.kernel(body, "set", np.uint64(int(inner)), np.uint32(1), after=refill)
    node, (inside,) = make.choose(body, inner, WHILE, 1, again)
    one = make.add(inside, data, 2, 1)
    make.kernel(inside, "down", np.uint64(int(data)), np.int32(1), np.uint64(int(inner)), after=one)
    make.kernel(body, "down", np.uint64(int(data)), np.int32(0), np.uint64(int(outer)), after=node)
    api.cuMemsetD32(data, 5, 1)
    run(api, graph, stream)
    assert list(values(api, data, 3)) == [0, 0, 20]


def test_a_value_without_default_stays_from_launch_to_launch(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker) -> None:
    handle = handle_of(api, graph, context, 0, assign=False)
    node, (body,) = make.choose(graph, handle, IF)
    make.add(body, data, 0, 1)
    make.kernel(graph, "set", np.uint64(int(handle)), np.uint32(1), after=node)
    run(api, graph, stream, 3)
    assert values(api, data, 1)[0] == 2


def test_each_executable_graph_has_values_of_its_own(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker) -> None:
    handle = handle_of(api, graph, context, 0, assign=False)
    node, (body,) = make.choose(graph, handle, IF)
    make.add(body, data, 0, 1)
    make.kernel(graph, "set", np.uint64(int(handle)), np.uint32(1), after=node)
    first, second = api.cuGraphInstantiate(graph, 0), api.cuGraphInstantiate(graph, 0)
    for executable in (first, second, first):
        api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert values(api, data, 1)[0] == 1
    for executable in (first, second):
        api.cuGraphExecDestroy(executable)


def test_any_thread_of_a_wide_block_sets_the_value(
        api: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker) -> None:
    handle = handle_of(api, graph, context)
    first = make.kernel(graph, "set_wide", np.uint64(int(handle)), np.uint64(int(data)), block=64)
    _, bodies = make.choose(graph, handle, SWITCH, 64, first)
    for place, body in enumerate(bodies):
        make.add(body, data, 0, place)
    api.cuMemsetD32(int(data) + 4 * 37, 7, 1)
    run(api, graph, stream)
    assert values(api, data, 1)[0] == 37


def test_wrong_handles_and_bodies_are_refused(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, data: Any, make: Maker) -> None:
    other = api.cuGraphCreate(0)
    foreign, own = handle_of(api, other, context), handle_of(api, graph, context)
    assert api.status("cuGraphConditionalHandleCreate", graph, context, 0, 2) == "INVALID_VALUE"

    def choose(handle: Any, kind: str, size: int) -> str:
        params = cu.CUgraphNodeParams()
        params.type = cu.CUgraphNodeType.CU_GRAPH_NODE_TYPE_CONDITIONAL
        params.conditional.handle = handle
        params.conditional.type = getattr(cu.CUgraphConditionalNodeType, f"CU_GRAPH_COND_TYPE_{kind}")
        params.conditional.size = size
        return api.status("cuGraphAddNode", graph, None, None, 0, params)

    assert choose(foreign, IF, 1) == choose(own, IF, 3) == choose(own, WHILE, 2) == choose(own, SWITCH, 0) \
        == "INVALID_VALUE"
    assert api.status("cuGraphInstantiate", graph, 0) == "INVALID_VALUE"  # the handle belongs to no node
    assert choose(own, WHILE, 1) == "SUCCESS"
    assert choose(own, IF, 1) == "INVALID_VALUE"
    api.cuGraphDestroy(other)


def test_bodies_hold_only_some_kinds_of_nodes(
        api: Any, cu: Any, context: Any, stream: Any, graph: Any, make: Maker) -> None:
    handle = handle_of(api, graph, context)
    _, (body,) = make.choose(graph, handle, IF)
    api.cuGraphAddEventRecordNode(body, None, 0, api.cuEventCreate(0))
    assert api.status("cuGraphInstantiate", graph, 0) == "NOT_SUPPORTED"
