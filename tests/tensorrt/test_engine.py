"""From ONNX to a run: building, the container, shapes, runs in stream order, and what is refused."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from trt_device import Device, driver, value
from trt_models import WEIGHTS, Log, dense, engine_of, parsed, run

trt = pytest.importorskip("tensorrt")

X = np.random.default_rng(2).standard_normal((4, 8)).astype(np.float32)
RANGE = {"x": ((1, 8), (4, 8), (8, 8))}


def expected(x: np.ndarray) -> np.ndarray:
    return np.maximum(x @ WEIGHTS, 0)


def test_an_engine_names_its_tensors_and_computes(gpu: Device) -> None:
    engine = engine_of(dense(), Log())
    assert isinstance(engine, trt.ICudaEngine)
    assert [engine.get_tensor_name(place) for place in range(engine.num_io_tensors)] == ["x", "z"]
    assert engine.get_tensor_mode("x") == trt.TensorIOMode.INPUT and engine.get_tensor_shape("z") == (4, 8)
    assert engine.get_tensor_dtype("x") == trt.float32 and trt.nptype(trt.float32) is np.float32
    assert np.allclose(run(gpu, engine, {"x": X})["z"], expected(X), atol=1e-5)


def test_a_logger_is_a_context_manager_and_an_engine_a_buffer(tmp_path: Any) -> None:
    with trt.Logger(trt.Logger.ERROR) as log, trt.Builder(log) as builder, builder.create_network(1) as network:
        assert trt.OnnxParser(network, log).parse(dense())
        plan = builder.build_serialized_network(network, builder.create_builder_config())
    (tmp_path / "engine").write_bytes(plan)
    with open(tmp_path / "engine", "rb") as file, trt.Runtime(trt.Logger()) as runtime:
        assert runtime.deserialize_cuda_engine(file.read()).num_io_tensors == 2
    assert plan.nbytes == len(bytes(plan)) and memoryview(plan).nbytes == plan.nbytes


def test_a_run_waits_for_the_stream_and_the_stream_for_it(gpu: Device) -> None:
    engine = engine_of(dense(), Log())
    context = engine.create_execution_context()
    x, z, out = gpu.empty(X.nbytes), gpu.empty(X.nbytes), np.empty_like(X)
    context.set_tensor_address("x", x)
    context.set_tensor_address("z", z)
    for scale in range(1, 60):
        source = X * scale
        value(driver.cuMemcpyHtoDAsync(x, source.ctypes.data, source.nbytes, gpu.stream))
        assert context.execute_async_v3(int(gpu.stream))
        value(driver.cuMemcpyDtoHAsync(out.ctypes.data, z, out.nbytes, gpu.stream))
        gpu.wait()
        assert np.allclose(out, expected(source), atol=1e-4)


def test_a_run_is_captured_into_a_graph(gpu: Device) -> None:
    engine = engine_of(dense(), Log())
    context = engine.create_execution_context()
    x, z = gpu.put(X), gpu.empty(X.nbytes)
    context.set_tensor_address("x", x)
    context.set_tensor_address("z", z)
    mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL
    value(driver.cuStreamBeginCapture(gpu.stream, mode))
    assert context.execute_async_v3(int(gpu.stream))
    graph = value(driver.cuStreamEndCapture(gpu.stream))
    executable = value(driver.cuGraphInstantiate(graph, 0))
    for scale in (1, -2, 3):
        gpu.write(x, X * scale)
        value(driver.cuGraphLaunch(executable, gpu.stream))
        gpu.wait()
        assert np.allclose(gpu.get(z, X.shape), expected(X * scale), atol=1e-4)
    driver.cuGraphExecDestroy(executable)
    driver.cuGraphDestroy(graph)


def test_numpy_memory_is_used_in_place() -> None:
    engine = engine_of(dense(), Log())
    out = np.zeros_like(X)
    assert engine.create_execution_context().execute_v2([X.ctypes.data, out.ctypes.data])
    assert np.allclose(out, expected(X), atol=1e-5)


def test_dynamic_shapes_need_a_profile_and_keep_to_it(gpu: Device) -> None:
    log = Log()
    builder, network, config = parsed(dense("N"), log)
    assert builder.build_serialized_network(network, config) is None
    assert "no optimization profile has been defined" in log.errors[-1]
    engine = engine_of(dense("N"), log, [RANGE])
    context = engine.create_execution_context()
    assert engine.get_tensor_shape("x") == (-1, 8) and context.get_tensor_shape("z") == (-1, 8)
    assert context.infer_shapes() == ["x"]
    for shape in ((9, 8), (0, 8), (4, 7), (4,)):
        count = len(log.errors)
        assert not context.set_input_shape("x", shape) and len(log.errors) == count + 1
    assert "[9,8] for tensor x does not satisfy any optimization profiles. Valid range for profile 0: [1,8]..[8,8]" \
        in "".join(log.errors)
    for batch in (1, 8, 3):
        x = np.resize(X, (batch, 8))
        assert np.allclose(run(gpu, engine, {"x": x}, context)["z"], expected(x), atol=1e-5)
    assert [tuple(shape) for shape in engine.get_tensor_profile_shape("x", 0)] == [(1, 8), (4, 8), (8, 8)]


@pytest.mark.parametrize("what", ["cut", "changed", "foreign", "newer", "other"])
def test_a_damaged_or_foreign_engine_is_refused(what: str) -> None:
    log = Log()
    builder, network, config = parsed(dense(), log)
    plan = bytearray(builder.build_serialized_network(network, config))
    if what == "changed":
        plan[len(plan) // 2] ^= 1
    elif what == "newer":
        struct.pack_into("<H", plan, 13, 99)
    elif what == "other":
        import hashlib

        struct.pack_into("<H", plan, 15, 8)
        plan[-32:] = hashlib.sha256(plan[:-32]).digest()
    data = {"cut": bytes(plan[:-9]), "foreign": b"ftrt" + bytes(400)}.get(what, bytes(plan))
    assert trt.Runtime(log).deserialize_cuda_engine(data) is None
    words = {"cut": "cut short", "changed": "checksum", "foreign": "magicTag", "newer": "newer compatlayer",
             "other": "COMPATLAYER_TENSORRT=8"}
    assert "Error Code 1: Serialization" in log.errors[-1] and words[what] in log.errors[-1]


def test_a_buffer_that_is_too_small_or_none_is_refused(gpu: Device) -> None:
    log = Log()
    context = engine_of(dense(), log).create_execution_context()
    assert not context.execute_async_v3(int(gpu.stream)) and "Neither address or allocator is set" in log.errors[-1]
    small = gpu.empty(64)
    assert not context.execute_v2([small, small])
    assert "needs 128" in log.errors[-1]
    assert not context.execute_v2([4096, 8192]) and "no memory" in log.errors[-1]
    assert not context.execute_v2([small]) and "bindings" in log.errors[-1]


def test_a_context_of_another_thread_and_a_freed_buffer(gpu: Device) -> None:
    import threading

    log = Log()
    context = engine_of(dense(), log).create_execution_context()
    x, z = gpu.put(X), value(driver.cuMemAlloc(X.nbytes))
    answers = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: answers.append(context.execute_v2([x, int(z)])))
        thread.start()
        thread.join()
    assert answers == [True, True]
    value(driver.cuMemFree(z))
    assert not context.execute_v2([x, int(z)]) and log.errors


def test_the_other_generation_is_another_module() -> None:
    code = """
import tensorrt as trt
assert trt.__version__.startswith("8.6"), trt.__version__
assert hasattr(trt.ICudaEngine, "num_bindings") and hasattr(trt.IExecutionContext, "execute_async_v2")
assert not hasattr(trt.IExecutionContext, "set_debug_listener") and not hasattr(trt, "int64")
"""
    import os

    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", code], capture_output=True, text=True,
                          env=os.environ | {"COMPATLAYER_TENSORRT": "8"}, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not hasattr(trt.ICudaEngine, "num_bindings") and not hasattr(trt.IExecutionContext, "execute_async_v2")
    assert trt.__version__.startswith("10.")


UNFINISHED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import tensorrt as trt
from onnx import helper
from trt_device import Device
from trt_models import Log, engine_of, floats, model
size = 1024
nodes = [helper.make_node("MatMul", ["x", "x"], ["y"]), helper.make_node("MatMul", ["y", "x"], ["z"])]
engine = engine_of(model(nodes, [floats("x", [size, size])], [floats("z", [size, size])]), Log())
gpu = Device()
context = engine.create_execution_context()
context.set_tensor_address("x", gpu.put(np.zeros((size, size), np.float32)))
context.set_tensor_address("z", gpu.empty(4 * size * size))
for _ in range(20):
    assert context.execute_async_v3(int(gpu.stream))
raise ValueError("the program ends while its runs go on")
"""


def test_a_program_may_end_while_runs_go_on() -> None:
    folder = os.path.dirname(__file__)
    done = subprocess.run([sys.executable, "-c", UNFINISHED, folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert done.stderr.strip().endswith("ValueError: the program ends while its runs go on")
