"""Outputs of unknown size, refitting, profiles of several shapes, and all who watch builds and runs."""

from __future__ import annotations

import ctypes
import json
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from trt_device import Device, driver, value
from trt_models import WEIGHTS, Log, dense, engine_from, engine_of, floats, model, parsed, run

trt = pytest.importorskip("tensorrt")
X = np.random.default_rng(5).standard_normal((4, 8)).astype(np.float32)


class Allocator(trt.IOutputAllocator):
    def __init__(self, gpu: Device) -> None:
        trt.IOutputAllocator.__init__(self)
        self.gpu, self.address, self.shape = gpu, 0, ()

    def reallocate_output(self, tensor_name: str, memory: Any, size: int, alignment: int) -> int:
        self.address = self.gpu.empty(size)
        return self.address

    def notify_shape(self, tensor_name: str, shape: Any) -> None:
        self.shape = tuple(shape)


def nonzero() -> bytes:
    return model([helper.make_node("NonZero", ["x"], ["places"])], [floats("x", [4, 8])],
                 [floats("places", [2, None], TensorProto.INT64)])


def test_data_decides_an_outputs_shape(gpu: Device) -> None:
    log = Log()
    engine = engine_of(nonzero(), log)
    context = engine.create_execution_context()
    assert context.get_tensor_shape("places") == (2, -1) and context.get_max_output_size("places") == -1
    allocator = Allocator(gpu)
    context.set_output_allocator("places", allocator)
    x = X * (X > 0.5)
    context.set_tensor_address("x", gpu.put(x))
    assert context.execute_async_v3(int(gpu.stream))
    found = gpu.get(allocator.address, allocator.shape, np.int64)
    assert np.array_equal(found, np.stack(np.nonzero(x)))
    mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL
    value(driver.cuStreamBeginCapture(gpu.stream, mode))
    assert not context.execute_async_v3(int(gpu.stream)) and "captured" in log.errors[-1]
    driver.cuStreamEndCapture(gpu.stream)


def test_an_output_of_unknown_rank_is_found_by_running(gpu: Device) -> None:
    nodes = [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Reshape", ["v", "s"], ["r"]),
             helper.make_node("NonZero", ["r"], ["i"]), helper.make_node("Shape", ["i"], ["t"]),
             helper.make_node("Reshape", ["v", "t"], ["y"])]
    engine = engine_of(model(nodes, [floats("x", [4, 6]), floats("v", [24])], [floats("y", None)], opset=13), Log())
    context, values = engine.create_execution_context(), np.zeros(24, np.float32)
    values[::2] = np.arange(12) + 1
    for name, array in {"x": np.zeros((4, 6), np.float32), "v": values, "y": np.zeros(24, np.float32)}.items():
        context.set_tensor_address(name, gpu.put(array))
    assert context.execute_async_v3(int(gpu.stream))
    gpu.wait()
    assert tuple(context.get_tensor_shape("y")) == (2, 12)
    assert np.array_equal(gpu.get(context.get_tensor_address("y"), 24), values)


def test_a_scalar_reaches_an_allocator_as_a_scalar(gpu: Device) -> None:
    data = model([helper.make_node("ReduceMax", ["x"], ["z"], keepdims=0)], [floats("x", [4, 8])], [floats("z", [])])
    context = engine_of(data, Log()).create_execution_context()
    allocator = Allocator(gpu)
    allocator.shape = (-1,)
    context.set_output_allocator("z", allocator)
    context.set_tensor_address("x", gpu.put(X))
    assert context.execute_async_v3(int(gpu.stream))
    assert allocator.shape == () and gpu.get(allocator.address, ()) == X.max()


def test_a_shape_input_decides_by_its_value(gpu: Device) -> None:
    data = model([helper.make_node("Reshape", ["x", "shape"], ["z"])],
                 [floats("x", [4, 8]), floats("shape", [2], TensorProto.INT64)], [floats("z", [None, None])])
    engine = engine_of(data, Log())
    assert engine.is_shape_inference_io("shape") and engine.get_tensor_location("shape") == trt.TensorLocation.HOST
    context = engine.create_execution_context()
    wanted = np.array([2, 16], np.int64)
    context.set_tensor_address("shape", wanted.ctypes.data)
    assert context.get_tensor_shape("z") == (2, 16)
    x, z = gpu.put(X), gpu.empty(X.nbytes)
    context.set_tensor_address("x", x)
    context.set_tensor_address("z", z)
    assert context.execute_async_v3(int(gpu.stream))
    gpu.wait()
    assert np.array_equal(gpu.get(z, (2, 16)), X.reshape(2, 16))


def test_weights_are_refitted(gpu: Device) -> None:
    log = Log()
    engine = engine_of(dense(), log, flags=[trt.BuilderFlag.REFIT])
    assert engine.refittable
    context = engine.create_execution_context()
    run(gpu, engine, {"x": X}, context)
    refitter = trt.Refitter(engine, log)
    assert refitter.get_all_weights() == ["w"] and refitter.get_missing_weights() == []
    assert not refitter.set_named_weights("w", np.zeros(3, np.float32)) and "Count mismatch" in log.errors[-1]
    assert refitter.set_named_weights("w", trt.Weights(WEIGHTS * 2)) and refitter.refit_cuda_engine()
    assert np.allclose(run(gpu, engine, {"x": X}, context)["z"], np.maximum(X @ WEIGHTS * 2, 0), atol=1e-4)
    again = trt.Runtime(log).deserialize_cuda_engine(engine.serialize())
    assert np.allclose(run(gpu, again, {"x": X})["z"], np.maximum(X @ WEIGHTS * 2, 0), atol=1e-4)
    with pytest.raises(RuntimeError, match=r"BuilderFlag\.REFIT"):
        trt.Refitter(engine_of(dense(), log), log)


def test_a_stripped_engine_gets_its_weights_from_the_model(gpu: Device) -> None:
    log = Log()
    engine = engine_of(dense(), log, flags=[trt.BuilderFlag.STRIP_PLAN])
    context = engine.create_execution_context()
    place = gpu.put(X)
    assert not context.execute_v2([place, place]) and "without weights" in log.errors[-1]
    refitter = trt.Refitter(engine, log)
    assert refitter.get_missing_weights() == ["w"]
    assert trt.OnnxParserRefitter(refitter, log).refit_from_bytes(dense()) and refitter.refit_cuda_engine()
    assert np.allclose(run(gpu, engine, {"x": X})["z"], np.maximum(X @ WEIGHTS, 0), atol=1e-5)


def test_a_profiler_gets_times(gpu: Device) -> None:
    class Mine(trt.IProfiler):
        def __init__(self) -> None:
            trt.IProfiler.__init__(self)
            self.times: dict[str, float] = {}

        def report_layer_time(self, layer_name: str, ms: float) -> None:
            self.times[layer_name] = ms

    engine = engine_of(dense(), Log())
    context = engine.create_execution_context()
    context.profiler = mine = Mine()
    assert np.allclose(run(gpu, engine, {"x": X}, context)["z"], np.maximum(X @ WEIGHTS, 0), atol=1e-5)
    assert mine.times and all(ms >= 0 for ms in mine.times.values())


def test_a_listener_sees_debug_tensors(gpu: Device) -> None:
    seen: dict[str, np.ndarray] = {}

    class Mine(trt.IDebugListener):
        def process_debug_tensor(self, addr: int, location: Any, type: Any, shape: Any, name: str, stream: int) -> bool:
            count = int(np.prod(tuple(shape)))
            seen[name] = np.ctypeslib.as_array((ctypes.c_float * count).from_address(addr)).reshape(shape).copy()
            return True

    log = Log()
    builder, network, config = parsed(dense(), log)
    assert network.mark_debug(network.get_layer(0).get_output(0))
    engine = engine_from(builder, network, config, log)
    context = engine.create_execution_context()
    context.set_debug_listener(Mine())
    run(gpu, engine, {"x": X}, context)
    assert not seen
    assert context.set_tensor_debug_state("y", True) and not context.set_tensor_debug_state("none", True)
    run(gpu, engine, {"x": X}, context)
    assert np.allclose(seen["y"], X @ WEIGHTS, atol=1e-5)


def test_two_profiles(gpu: Device) -> None:
    log = Log()
    engine = engine_of(dense("N"), log, [{"x": ((1, 8), (1, 8), (2, 8))}, {"x": ((3, 8), (4, 8), (6, 8))}])
    context = engine.create_execution_context()
    assert engine.num_optimization_profiles == 2 and not context.set_input_shape("x", (4, 8))
    assert context.set_optimization_profile_async(1, int(gpu.stream)) and context.set_input_shape("x", (4, 8))
    assert not context.set_optimization_profile_async(2, int(gpu.stream)) and context.active_optimization_profile == 1
    assert np.allclose(run(gpu, engine, {"x": X}, context)["z"], np.maximum(X @ WEIGHTS, 0), atol=1e-5)


def test_the_inspector_and_the_timing_cache() -> None:
    log = Log()
    builder, network, config = parsed(dense(), log)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    cache = config.create_timing_cache(b"")
    assert config.set_timing_cache(cache, False)
    engine = engine_from(builder, network, config, log)
    text = engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)
    assert [row["Name"] for row in json.loads(text)["Layers"]] == ["product", "relu"]
    again = config.create_timing_cache(cache.serialize())
    assert len(again.queryKeys()) == 1
    with pytest.raises(ValueError, match="timing cache"):
        config.create_timing_cache(b"something else")


def test_a_progress_monitor_may_end_a_build() -> None:
    class Monitor(trt.IProgressMonitor):
        def __init__(self, steps: int) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps, self.open = steps, []

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            assert parent_phase is None or parent_phase in self.open
            self.open.append(phase_name)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self.steps -= 1
            return self.steps >= 0

        def phase_finish(self, phase_name: str) -> None:
            self.open.remove(phase_name)

    for steps in (100, 1):
        log = Log()
        builder, network, config = parsed(dense(), log)
        config.progress_monitor = monitor = Monitor(steps)
        assert (builder.build_serialized_network(network, config) is not None) == (steps == 100)
        assert not monitor.open and bool(log.errors) == (steps == 1)


def test_an_error_recorder_is_told() -> None:
    class Recorder(trt.IErrorRecorder):
        def __init__(self) -> None:
            trt.IErrorRecorder.__init__(self)
            self.told: list[tuple[Any, str]] = []

        def report_error(self, val: Any, desc: str) -> bool:
            self.told.append((val, desc))
            return True

    runtime = trt.Runtime(Log())
    runtime.error_recorder = Recorder()
    assert runtime.deserialize_cuda_engine(b"nothing") is None
    assert "magicTag" in runtime.error_recorder.told[0][1]


def test_the_inner_module_has_the_same_names() -> None:
    from tensorrt.tensorrt import DataType

    assert DataType is trt.DataType and trt.tensorrt.Logger is trt.Logger


class _Selector(trt.IAlgorithmSelector):
    def __init__(self, picked: list[int]) -> None:
        trt.IAlgorithmSelector.__init__(self)
        self.picked, self.asked, self.reported = picked, [], []

    def select_algorithms(self, context: Any, choices: Any) -> list[int]:
        info = choices[0].get_algorithm_io_info(context.num_inputs)
        self.asked.append((context.name, len(choices), tuple(context.get_shape(0)[1]), info.dtype, tuple(info.strides)))
        return self.picked

    def report_algorithms(self, contexts: Any, choices: Any) -> None:
        self.reported = [(context.name, choice.algorithm_variant.tactic)
                         for context, choice in zip(contexts, choices, strict=True)]


def test_an_algorithm_selector_is_asked_for_every_layer() -> None:
    for picked, fine in (([0], True), ([], False), ([1], False)):
        log = Log()
        builder, network, config = parsed(dense(), log)
        config.algorithm_selector = selector = _Selector(picked)
        assert (builder.build_serialized_network(network, config) is not None) is fine
        if fine:
            assert selector.asked == [("product", 1, (4, 8), trt.float32, (8, 1)),
                                      ("relu", 1, (4, 8), trt.float32, (8, 1))]
            assert selector.reported == [("product", 0), ("relu", 0)]
        else:
            assert not selector.reported and "product" in log.errors[0]
