"""The first variants of functions, which C programs made for older versions call; drawings and uploads of graphs."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compiled import build
from graphs import COUNT, SOURCE, Arguments, add_params, values


@pytest.fixture
def data(api: Any, context: Any) -> Iterator[Any]:
    pointer = api.cuMemAlloc(COUNT * 4)
    api.cuMemsetD32(pointer, 0, COUNT)
    yield pointer
    api.cuMemFree(pointer)


@pytest.fixture
def kernel(api: Any, context: Any) -> Iterator[Any]:
    module = api.cuModuleLoadData(build(SOURCE))
    yield api.cuModuleGetFunction(module, b"add")
    api.cuModuleUnload(module)


class Params(ctypes.Structure):
    """CUDA_KERNEL_NODE_PARAMS_v1."""

    _fields_ = (("func", ctypes.c_void_p), ("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3),
                ("shared", ctypes.c_uint), ("kernelParams", ctypes.c_void_p), ("extra", ctypes.c_void_p))


def test_old_c_programs_build_change_and_run_graphs(
        api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    import numpy as np

    cuda = ctypes.CDLL("libcuda.so.1")

    def call(name: str, *arguments: Any) -> None:
        assert getattr(cuda, name)(*arguments) == 0, name

    def params(what: int) -> Params:
        kept.append(Arguments(np.uint64(int(data)), np.int32(COUNT), np.int32(what)))
        return Params(int(kernel), (8, 1, 1), (128, 1, 1), 0, kept[-1].pointer, None)

    kept: list[Arguments] = []
    pointer = ctypes.c_void_p
    graph, a, b = pointer(), pointer(), pointer()
    call("cuGraphCreate", ctypes.byref(graph), 0)
    call("cuGraphAddKernelNode", ctypes.byref(a), graph, None, ctypes.c_size_t(0), ctypes.byref(params(1)))
    call("cuGraphAddKernelNode", ctypes.byref(b), graph, None, ctypes.c_size_t(0), ctypes.byref(params(2)))
    call("cuGraphAddDependencies", graph, ctypes.byref(a), ctypes.byref(b), ctypes.c_size_t(1))
    first, second, count = (pointer * 2)(), (pointer * 2)(), ctypes.c_size_t(2)
    call("cuGraphGetEdges", graph, first, second, ctypes.byref(count))
    assert (count.value, first[0], second[0], first[1]) == (1, a.value, b.value, None)
    count.value = 2
    call("cuGraphNodeGetDependencies", b, first, ctypes.byref(count))
    assert count.value == 1 and first[0] == a.value
    call("cuGraphNodeGetDependentNodes", a, first, ctypes.byref(count))
    assert count.value == 1 and first[0] == b.value
    call("cuGraphKernelNodeSetParams", b, ctypes.byref(params(4)))
    told = Params()
    call("cuGraphKernelNodeGetParams", b, ctypes.byref(told))
    assert (told.func, tuple(told.grid), tuple(told.block)) == (int(kernel), (8, 1, 1), (128, 1, 1))
    executable, log = pointer(), ctypes.create_string_buffer(b"x" * 30, 32)
    wrong = pointer(5)
    call("cuGraphInstantiate_v2", ctypes.byref(executable), graph, ctypes.byref(wrong), log, ctypes.c_size_t(32))
    assert log.value == b"" and wrong.value is None
    call("cuGraphExecKernelNodeSetParams", executable, a, ctypes.byref(params(10)))
    call("cuGraphUpload", executable, pointer(int(stream)))
    call("cuGraphLaunch", executable, pointer(int(stream)))
    api.cuStreamSynchronize(stream)
    assert (values(api, data) == 14).all()
    result = ctypes.c_int(7)
    call("cuGraphExecUpdate", executable, graph, ctypes.byref(wrong), ctypes.byref(result))
    call("cuGraphLaunch", executable, pointer(int(stream)))
    api.cuStreamSynchronize(stream)
    assert result.value == 0 and (values(api, data) == 19).all()
    call("cuGraphRemoveDependencies", graph, ctypes.byref(a), ctypes.byref(b), ctypes.c_size_t(1))
    call("cuGraphAddDependencies", graph, ctypes.byref(b), ctypes.byref(a), ctypes.c_size_t(1))
    assert cuda.cuGraphExecUpdate(executable, graph, ctypes.byref(wrong), ctypes.byref(result)) == 910
    assert result.value == 2 and wrong.value in (a.value, b.value)
    call("cuGraphExecDestroy", executable)
    call("cuGraphDestroy", graph)


def test_a_graph_is_drawn(api: Any, cu: Any, kernel: Any, data: Any, tmp_path: Path) -> None:
    graph = api.cuGraphCreate(0)
    first = api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernel, data, 1))
    api.cuGraphAddEmptyNode(graph, [first], 1)
    path = tmp_path / "graph.dot"
    api.cuGraphDebugDotPrint(graph, str(path).encode(), 1)
    text = path.read_text()
    assert text.startswith("digraph dot {") and text.rstrip().endswith("}") and text.count("{") == text.count("}")
    assert "KERNEL" in text and "add" in text and "EMPTY" in text and " -> " in text
    assert api.status("cuGraphDebugDotPrint", graph, str(path).encode(), 1 << 30) == "INVALID_VALUE"
    assert api.status("cuGraphDebugDotPrint", graph, str(tmp_path / "no" / "where").encode(), 0) == "OPERATING_SYSTEM"
    api.cuGraphDestroy(graph)


def test_a_graph_is_uploaded_when_it_is_instantiated(api: Any, cu: Any, stream: Any, kernel: Any, data: Any) -> None:
    graph = api.cuGraphCreate(0)
    api.cuGraphAddKernelNode(graph, None, 0, add_params(cu, kernel, data, 6))
    params = cu.CUDA_GRAPH_INSTANTIATE_PARAMS()
    params.flags, params.hUploadStream = 2, stream
    executable = api.cuGraphInstantiateWithParams(graph, params)
    assert params.result_out == 0 and int(api.cuGraphExecGetFlags(executable)) == 0
    api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    assert (values(api, data) == 6).all()
    params.flags = 4  # kernels cannot launch graphs
    assert api.status("cuGraphInstantiateWithParams", graph, params) == "NOT_SUPPORTED"
    assert params.result_out == cu.CUgraphInstantiateResult.CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED
    api.cuGraphExecDestroy(executable)
    api.cuGraphDestroy(graph)
