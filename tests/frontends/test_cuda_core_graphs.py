"""Graphs through cuda-core: builders that capture, definitions that are explicit, memory and conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

core = pytest.importorskip("cuda.core")
graphs = pytest.importorskip("cuda.core.graph")

SOURCE = r"""
extern "C" __global__ void add(int *data, int what) { data[threadIdx.x] += what; }
extern "C" __global__ void scale(int *data, int what) { data[threadIdx.x] *= what; }
"""
N = 64


@pytest.fixture(scope="module")
def device() -> Any:
    found = core.Device()
    found.set_current()
    return found


@pytest.fixture(scope="module")
def kernels(device: Any) -> dict[str, Any]:
    options = core.ProgramOptions(std="c++17", arch=f"sm_{device.arch}")
    module = core.Program(SOURCE, "c++", options=options).compile("cubin", name_expressions=("add", "scale"))
    return {name: module.get_kernel(name) for name in ("add", "scale")}


@pytest.fixture
def buffer(device: Any) -> Any:
    memory = core.LegacyPinnedMemoryResource().allocate(N * 4)
    view = np.from_dlpack(memory).view(np.int32)
    view[:] = 1
    yield memory, view
    memory.close()


def test_a_builder_captures_forks_and_joins(device: Any, kernels: dict[str, Any], buffer: Any) -> None:
    memory, view = buffer
    config = core.LaunchConfig(grid=1, block=N)
    builder = device.create_graph_builder().begin_building()
    core.launch(builder, config, kernels["add"], memory, np.int32(4))
    left, right = builder.split(2)
    core.launch(left, config, kernels["scale"], memory, np.int32(3))
    builder = graphs.GraphBuilder.join(left, right)
    core.launch(builder, config, kernels["add"], memory, np.int32(1))
    graph = builder.end_building().complete()
    stream = device.create_stream()
    assert (view == 1).all()
    graph.upload(stream)
    graph.launch(stream)
    stream.sync()
    assert (view == 16).all()
    graph.launch(stream)
    stream.sync()
    assert (view == 61).all()
    graph.close()


def test_a_definition_is_built_node_by_node(device: Any, kernels: dict[str, Any], buffer: Any) -> None:
    memory, view = buffer
    config = core.LaunchConfig(grid=1, block=N)
    definition = graphs.GraphDefinition()
    first = definition.launch(config, kernels["add"], memory, np.int32(1))
    first.launch(config, kernels["scale"], memory, np.int32(10))
    assert len(definition.nodes()) == 2 and len(definition.edges()) == 1
    graph = definition.instantiate()
    stream = device.create_stream()
    graph.launch(stream)
    stream.sync()
    assert (view == 20).all()
