"""Plugins written in Python: in networks, through the parser, in engines that are read again."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cuda.bindings import driver, nvrtc
from onnx import TensorProto, helper
from trt_device import Device, value
from trt_models import Log, engine_from, floats, model, parsed, run

trt = pytest.importorskip("tensorrt")

CODE = rb"""extern "C" __global__ void scale(const float *x, float *y, float factor, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = factor * x[i];
}
extern "C" __global__ void keep_positive(const float *x, float *y, int *count, int n) {
    for (int i = 0; i < n; ++i) if (x[i] > 0) y[(*count)++] = x[i];
}"""
_kernels: dict[tuple[int, bytes], Any] = {}


def kernel(name: bytes) -> Any:
    """Compiled for the current context."""
    key = (int(value(driver.cuCtxGetCurrent())), name)
    if key not in _kernels:
        program = value(nvrtc.nvrtcCreateProgram(CODE, b"k.cu", 0, [], []))
        value(nvrtc.nvrtcCompileProgram(program, 0, []))
        image = bytes(value(nvrtc.nvrtcGetPTXSize(program)))
        value(nvrtc.nvrtcGetPTX(program, image))
        _kernels[key] = value(driver.cuModuleGetFunction(value(driver.cuModuleLoadData(image)), name))
    return _kernels[key]


def launch(name: bytes, stream: int, *arguments: Any) -> None:
    holders = [ctypes.c_float(each) if isinstance(each, float) else ctypes.c_int(each.n) if isinstance(each, Count)
               else ctypes.c_void_p(each) for each in arguments]
    places = (ctypes.c_void_p * len(holders))(*[ctypes.addressof(each) for each in holders])
    value(driver.cuLaunchKernel(kernel(name), 64, 1, 1, 64, 1, 1, 0, stream, ctypes.addressof(places), 0))


class Count:
    def __init__(self, n: int) -> None:
        self.n = n


CALLS: list[str] = []


class ScaleV2(trt.IPluginV2DynamicExt):
    """y = factor * x, with the factor in what is saved."""

    def __init__(self, factor: float = 0.0) -> None:
        trt.IPluginV2DynamicExt.__init__(self)
        self.num_outputs = 1
        self.plugin_namespace, self.plugin_type, self.plugin_version = "", "ScaleV2", "1"
        self.factor = float(factor)

    def initialize(self) -> None:
        CALLS.append("initialize")

    def terminate(self) -> None:
        CALLS.append("terminate")

    def get_output_datatype(self, index: int, input_types: Any) -> Any:
        return input_types[0]

    def get_output_dimensions(self, output_index: int, inputs: Any, expr_builder: Any) -> Any:
        return trt.DimsExprs(inputs[0])

    def serialize(self) -> bytes:
        return np.float32(self.factor).tobytes()

    def configure_plugin(self, inp: Any, out: Any) -> None:
        self.count = int(np.prod(inp[0].desc.dims))

    def supports_format_combination(self, pos: int, in_out: Any, num_inputs: int) -> bool:
        return bool(in_out[pos].format == trt.TensorFormat.LINEAR and in_out[pos].type == trt.float32)

    def enqueue(self, input_desc: Any, output_desc: Any, inputs: Any, outputs: Any, workspace: int,
                stream: int) -> None:
        assert tuple(input_desc[0].dims) == tuple(output_desc[0].dims)
        launch(b"scale", stream, inputs[0], outputs[0], self.factor, Count(self.count))

    def clone(self) -> Any:
        made = ScaleV2()
        made.__dict__.update(self.__dict__)
        return made


class ScaleV2Creator(trt.IPluginCreator):
    def __init__(self) -> None:
        trt.IPluginCreator.__init__(self)
        self.name, self.plugin_namespace, self.plugin_version = "ScaleV2", "", "1"
        self.field_names = trt.PluginFieldCollection([
            trt.PluginField("factor", np.array([]), trt.PluginFieldType.FLOAT32)])

    def create_plugin(self, name: str, fc: Any) -> Any:
        return ScaleV2(next(float(field.data) for field in fc if field.name == "factor"))

    def deserialize_plugin(self, name: str, data: bytes) -> Any:
        return ScaleV2(np.frombuffer(data, np.float32)[0])


class _V3(trt.IPluginV3, trt.IPluginV3OneCore, trt.IPluginV3OneBuild, trt.IPluginV3OneRuntime):
    kind = ""
    num_outputs = 1

    def __init__(self, fields: Any = ()) -> None:
        for base in (trt.IPluginV3, trt.IPluginV3OneCore, trt.IPluginV3OneBuild, trt.IPluginV3OneRuntime):
            base.__init__(self)
        self.plugin_namespace, self.plugin_name, self.plugin_version = "", self.kind, "1"
        self.factors = next((field.data for field in fields if field.name == "factors"), np.ones(2, np.float32))
        self.tactic = -1

    def get_capability_interface(self, type: Any) -> Any:
        return self

    def get_fields_to_serialize(self) -> Any:
        return trt.PluginFieldCollection([trt.PluginField("factors", self.factors, trt.PluginFieldType.FLOAT32)])

    def configure_plugin(self, inp: Any, out: Any) -> None:
        assert inp[0].desc.type == trt.float32

    def supports_format_combination(self, pos: int, in_out: Any, num_inputs: int) -> bool:
        return bool(in_out[pos].desc.format == trt.TensorFormat.LINEAR)

    def on_shape_change(self, inp: Any, out: Any) -> None:
        CALLS.append(f"shape {tuple(inp[0].dims)}")

    def get_valid_tactics(self) -> list[int]:
        return [7, 9]

    def set_tactic(self, tactic: int) -> None:
        self.tactic = tactic

    def attach_to_context(self, context: Any) -> Any:
        return self.clone()

    def clone(self) -> Any:
        made = type(self)()
        made.__dict__.update(self.__dict__)
        return made


class TwoScales(_V3):
    """Two outputs: the input times each factor, the second behind itself once more along the first axis."""

    kind = "TwoScales"
    num_outputs = 2

    def get_output_data_types(self, input_types: Any) -> Any:
        return [input_types[0]] * 2

    def get_output_shapes(self, inputs: Any, shape_inputs: Any, expr_builder: Any) -> Any:
        longer = trt.DimsExprs(inputs[0])
        longer[0] = expr_builder.operation(trt.DimensionOperation.PROD, inputs[0][0], expr_builder.constant(2))
        return [trt.DimsExprs(inputs[0]), longer]

    def enqueue(self, input_desc: Any, output_desc: Any, inputs: Any, outputs: Any, workspace: int,
                stream: int) -> None:
        assert self.tactic == 7
        count = int(np.prod(input_desc[0].dims))
        launch(b"scale", stream, inputs[0], outputs[0], float(self.factors[0]), Count(count))
        for half in range(2):
            launch(b"scale", stream, inputs[0], outputs[1] + 4 * count * half, float(self.factors[1]), Count(count))


class KeepPositive(_V3):
    """The positive elements: how many is told by the second output."""

    kind = "KeepPositive"
    num_outputs = 2

    def get_output_data_types(self, input_types: Any) -> Any:
        return [input_types[0], trt.int32]

    def get_output_shapes(self, inputs: Any, shape_inputs: Any, expr_builder: Any) -> Any:
        dims = [trt.DimsExprs(1), trt.DimsExprs(0)]
        dims[0][0] = expr_builder.declare_size_tensor(1, inputs[0][0], inputs[0][0])
        return dims

    def enqueue(self, input_desc: Any, output_desc: Any, inputs: Any, outputs: Any, workspace: int,
                stream: int) -> None:
        value(driver.cuMemsetD32Async(outputs[1], 0, 1, stream))
        value(driver.cuLaunchKernel(kernel(b"keep_positive"), 1, 1, 1, 1, 1, 1, 0, stream, *_packed(
            inputs[0], outputs[0], outputs[1], Count(input_desc[0].dims[0]))))


def _packed(*arguments: Any) -> tuple[Any, int]:
    values = tuple(each.n if isinstance(each, Count) else each for each in arguments)
    types = tuple(ctypes.c_int if isinstance(each, Count) else ctypes.c_void_p for each in arguments)
    return (values, types), 0


def creator(kind: type) -> Any:
    class Creator(trt.IPluginCreatorV3One):
        def __init__(self) -> None:
            trt.IPluginCreatorV3One.__init__(self)
            self.name, self.plugin_namespace, self.plugin_version = kind.kind, "", "1"  # type: ignore[attr-defined]
            self.field_names = trt.PluginFieldCollection([
                trt.PluginField("factors", np.array([]), trt.PluginFieldType.FLOAT32)])

        def create_plugin(self, name: str, fc: Any, phase: Any) -> Any:
            CALLS.append(phase.name)
            return kind(fc)

    return Creator()


@pytest.fixture(autouse=True)
def creators() -> Iterator[list[Any]]:
    registry = trt.get_plugin_registry()
    made = [ScaleV2Creator(), creator(TwoScales), creator(KeepPositive)]
    for each in made:
        assert registry.register_creator(each, "")
    CALLS.clear()
    yield made
    for each in made:
        registry.deregister_creator(each)
    _kernels.clear()


X = np.random.default_rng(3).standard_normal((4, 8)).astype(np.float32)


def v2_model(batch: Any = 4) -> bytes:
    nodes = [helper.make_node("Relu", ["x"], ["r"], name="relu"),
             helper.make_node("ScaleV2", ["r"], ["s"], name="scaled", factor=2.5),
             helper.make_node("Neg", ["s"], ["y"], name="negated")]
    return model(nodes, [floats("x", [batch, 8])], [floats("y", [batch, 8])])


def test_a_parsed_node_becomes_a_plugin_that_runs_in_the_stream(gpu: Device) -> None:
    log = Log()
    builder, network, config = parsed(v2_model(), log)
    assert [network.get_layer(place).type for place in range(3)] == [
        trt.LayerType.ACTIVATION, trt.LayerType.PLUGIN_V2, trt.LayerType.UNARY]
    assert tuple(network.get_layer(1).get_output(0).shape) == (4, 8)
    engine = engine_from(builder, network, config, log)
    context = engine.create_execution_context()
    for factor in (1, 3):
        found = run(gpu, engine, {"x": X * factor}, context)
        assert np.allclose(found["y"], -2.5 * np.maximum(X * factor, 0), rtol=1e-6)
    assert CALLS == ["initialize"]
    del context
    assert CALLS == ["initialize", "terminate"]


def test_a_plugin_follows_new_shapes(gpu: Device) -> None:
    log = Log()
    builder, network, config = parsed(v2_model("n"), log)
    profile = builder.create_optimization_profile()
    profile.set_shape("x", (1, 8), (4, 8), (16, 8))
    config.add_optimization_profile(profile)
    engine = engine_from(builder, network, config, log)
    context = engine.create_execution_context()
    for size in (4, 16, 2):
        x = np.resize(X, (size, 8))
        assert np.allclose(run(gpu, engine, {"x": x}, context)["y"], -2.5 * np.maximum(x, 0), rtol=1e-6)


def test_an_added_plugin_of_the_third_kind(gpu: Device) -> None:
    log = Log()
    builder = trt.Builder(log)
    network = builder.create_network(0)
    x = network.add_input("x", trt.float32, (4, 8))
    fields = trt.PluginFieldCollection([
        trt.PluginField("factors", np.array([2, -3], np.float32), trt.PluginFieldType.FLOAT32)])
    plugin = trt.get_plugin_registry().get_creator("TwoScales", "1", "").create_plugin(
        "two", fields, trt.TensorRTPhase.BUILD)
    layer = network.add_plugin_v3([network.add_activation(x, trt.ActivationType.RELU).get_output(0)], [], plugin)
    assert layer.type == trt.LayerType.PLUGIN_V3 and layer.num_outputs == 2
    assert tuple(layer.get_output(1).shape) == (8, 8)
    for place in range(2):
        layer.get_output(place).name = f"y{place}"
        network.mark_output(layer.get_output(place))
    engine = engine_from(builder, network, builder.create_builder_config(), log)
    found = run(gpu, engine, {"x": X})
    positive = np.maximum(X, 0)
    assert np.allclose(found["y0"], 2 * positive) and np.allclose(found["y1"], np.concatenate([-3 * positive] * 2))
    assert CALLS == ["BUILD", "RUNTIME", "shape (4, 8)"]


def test_an_added_plugin_of_the_second_kind(gpu: Device) -> None:
    log = Log()
    builder = trt.Builder(log)
    network = builder.create_network(0)
    x = network.add_input("x", trt.float32, (4, 8))
    layer = network.add_plugin_v2([x], ScaleV2(4.0))
    assert layer.type == trt.LayerType.PLUGIN_V2 and layer.plugin.factor == 4
    layer.get_output(0).name = "y"
    network.mark_output(layer.get_output(0))
    engine = engine_from(builder, network, builder.create_builder_config(), log)
    assert np.array_equal(run(gpu, engine, {"x": X})["y"], 4 * X)


class Collect(trt.IOutputAllocator):
    def __init__(self, gpu: Device) -> None:
        trt.IOutputAllocator.__init__(self)
        self.gpu, self.address, self.shape = gpu, 0, ()

    def reallocate_output(self, tensor_name: str, memory: Any, size: int, alignment: int) -> int:
        self.address = self.gpu.empty(size)
        return self.address

    def notify_shape(self, tensor_name: str, shape: Any) -> None:
        self.shape = tuple(shape)


def test_an_output_tells_the_size_of_another(gpu: Device) -> None:
    log = Log()
    node = helper.make_node("KeepPositive", ["x"], ["y", "n"], name="kept")
    double = helper.make_node("Add", ["y", "y"], ["z"], name="doubled")
    builder, network, config = parsed(model([node, double], [floats("x", [32])], [floats("z", ["k"])]), log)
    engine = engine_from(builder, network, config, log)
    context = engine.create_execution_context()
    collect = Collect(gpu)
    context.set_output_allocator("z", collect)
    for x in (X.reshape(-1), -X.reshape(-1)):
        context.set_tensor_address("x", gpu.put(x))
        assert context.execute_async_v3(int(gpu.stream))
        assert collect.shape == (int((x > 0).sum()),)
        assert np.array_equal(gpu.get(collect.address, collect.shape), 2 * x[x > 0])


def test_a_run_with_plugins_is_captured(gpu: Device) -> None:
    log = Log()
    builder, network, config = parsed(v2_model(), log)
    engine = engine_from(builder, network, config, log)
    context = engine.create_execution_context()
    source, target = gpu.put(X), gpu.empty(X.nbytes)
    context.set_tensor_address("x", source)
    context.set_tensor_address("y", target)
    assert context.execute_async_v3(int(gpu.stream))  # memory between the steps is there from now on
    gpu.wait()
    value(driver.cuStreamBeginCapture(gpu.stream, driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED))
    assert context.execute_async_v3(int(gpu.stream))
    graph = value(driver.cuStreamEndCapture(gpu.stream))
    ready = value(driver.cuGraphInstantiate(graph, 0))
    gpu.write(source, 2 * X)
    value(driver.cuGraphLaunch(ready, gpu.stream))
    gpu.wait()
    assert np.allclose(gpu.get(target, X.shape), -5 * np.maximum(X, 0), rtol=1e-6)
    value(driver.cuGraphExecDestroy(ready))
    value(driver.cuGraphDestroy(graph))


def test_the_engine_needs_the_creator(creators: list[Any]) -> None:
    log = Log()
    builder, network, config = parsed(v2_model(), log)
    plan = builder.build_serialized_network(network, config)
    trt.get_plugin_registry().deregister_creator(creators[0])
    assert trt.Runtime(log).deserialize_cuda_engine(plan) is None
    assert "IPluginCreator not found in Plugin Registry: ScaleV2" in log.errors[-1]
    assert "register its creator" in log.errors[-1]


def test_an_unknown_operator_names_what_is_missing(creators: list[Any]) -> None:
    trt.get_plugin_registry().deregister_creator(creators[0])
    log = Log()
    builder = trt.Builder(log)
    parser = trt.OnnxParser(builder.create_network(0), log)
    node = helper.make_node("ScaleV2", ["x"], ["y"], name="scaled", domain="my.plugins", factor=2.5)
    assert not parser.parse(model([node], [floats("x", [4, 8])], [floats("y", [4, 8])]))
    assert "Plugin not found" in parser.get_error(0).desc() and "ScaleV2" in parser.get_error(0).desc()


def test_a_plugin_that_fails_fails_the_run(gpu: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    builder, network, config = parsed(v2_model(), log)
    engine = engine_from(builder, network, config, log)
    context = engine.create_execution_context()
    context.set_tensor_address("x", gpu.put(X))
    context.set_tensor_address("y", gpu.empty(X.nbytes))

    def fails(*arguments: Any) -> None:
        raise RuntimeError("out of ideas")

    monkeypatch.setattr(ScaleV2, "enqueue", fails)
    assert not context.execute_async_v3(int(gpu.stream))
    assert "the plugin scaled failed in enqueue(): RuntimeError: out of ideas" in log.errors[-1]


def test_a_type_that_the_plugin_refuses() -> None:
    log = Log()
    nodes = [helper.make_node("ScaleV2", ["x"], ["y"], name="scaled", factor=2.5)]
    kind = TensorProto.FLOAT16
    builder, network, config = parsed(model(nodes, [floats("x", [4], kind)], [floats("y", [4], kind)]), log)
    assert builder.build_serialized_network(network, config) is None
    assert "could not find any supported formats" in log.errors[-1] and "HALF" in log.errors[-1]


def test_a_creator_is_registered_once(creators: list[Any]) -> None:
    registry = trt.get_plugin_registry()
    assert not registry.register_creator(creators[0], "")
    assert registry.get_plugin_creator("ScaleV2", "1", "") is creators[0]
    assert registry.get_plugin_creator("TwoScales", "1", "") is None
    assert registry.get_creator("TwoScales", "1", "") is creators[1]
    assert registry.get_creator("ScaleV2", "2", "") is None
    with pytest.raises(TypeError, match="IPluginCreator"):
        registry.register_creator(object(), "")


def test_resources_are_shared_and_counted() -> None:
    class Resource(trt.IPluginResource):
        def __init__(self) -> None:
            trt.IPluginResource.__init__(self)
            self.log: list[str] = CALLS

        def clone(self) -> Any:
            self.log.append("clone")
            return self

        def release(self) -> None:
            self.log.append("release")

    registry = trt.get_plugin_registry()
    assert registry.acquire_plugin_resource("key", Resource()) is registry.acquire_plugin_resource("key", Resource())
    assert registry.release_plugin_resource("key") and CALLS == ["clone"]
    assert registry.release_plugin_resource("key") and CALLS == ["clone", "release"]
    assert not registry.release_plugin_resource("key")
