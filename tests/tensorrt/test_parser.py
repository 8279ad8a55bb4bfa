"""What the parser refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from trt_device import Device
from trt_models import Log, dense, engine_from, engine_of, floats, model, parsed, run

trt = pytest.importorskip("tensorrt")


def refused(data: bytes) -> Any:
    log = Log()
    network = trt.Builder(log).create_network(1)
    parser = trt.OnnxParser(network, log)
    assert parser.parse(data) is False and parser.num_errors >= 1 and log.errors
    return parser.get_error(0)


def test_damaged_models() -> None:
    assert refused(dense()[:-50]).code() == trt.ErrorCode.MODEL_DESERIALIZE_FAILED
    assert refused(b"no model at all").code() == trt.ErrorCode.MODEL_DESERIALIZE_FAILED
    assert refused(b"").code() == trt.ErrorCode.MODEL_DESERIALIZE_FAILED


def test_an_operator_that_nobody_knows() -> None:
    error = refused(model([helper.make_node("Relu", ["x"], ["y"], name="a"),
                           helper.make_node("Frobnicate", ["y"], ["z"], name="mine", domain="my.ops")],
                          [floats("x", [2])], [floats("z", [2])]))
    assert error.node() == 1 and error.node_name() == "mine" and error.node_operator() == "Frobnicate"
    assert error.code() == trt.ErrorCode.UNSUPPORTED_NODE and "Plugin not found" in error.desc()
    assert "my.ops::Frobnicate" in str(error)


def test_types_that_tensors_cannot_have() -> None:
    error = refused(model([helper.make_node("Identity", ["x"], ["z"])], [floats("x", [2], TensorProto.STRING)],
                          [floats("z", [2], TensorProto.STRING)]))
    assert "data type" in error.desc()


def test_bf16_networks_round_each_result() -> None:
    kind, log = TensorProto.BFLOAT16, Log()
    nodes = [helper.make_node("Add", ["x", "x"], ["d"]), helper.make_node("Sin", ["d"], ["y"])]
    engine = engine_of(model(nodes, [floats("x", [64], kind)], [floats("y", [64], kind)], opset=23), log)
    assert engine.get_tensor_dtype("y") == trt.bfloat16
    x = np.linspace(-3, 3, 64, dtype=np.float32).view(np.uint32) >> 16
    source, target = x.astype(np.uint16), np.zeros(64, np.uint16)
    assert engine.create_execution_context().execute_v2([source.ctypes.data, target.ctypes.data])
    found = (target.astype(np.uint32) << 16).view(np.float32)
    right = np.sin(2 * (x << 16).view(np.float32))
    assert np.all(np.abs(found - right) <= 2.0**-8 * np.abs(right) + 1e-6) and not np.array_equal(found, right)


@pytest.mark.parametrize(("kind", "dtype", "entered"), [
    (TensorProto.INT16, np.int16, np.int32), (TensorProto.UINT16, np.uint16, np.int32),
    (TensorProto.UINT32, np.uint32, np.int64), (TensorProto.UINT64, np.uint64, np.int64),
])  # fmt: skip
def test_integers_of_other_widths_enter_as_wider_ones(kind: int, dtype: type, entered: type) -> None:
    log = Log()
    node = helper.make_node("Add", ["x", "x"], ["y"])
    engine = engine_of(model([node], [floats("x", [3], kind)], [floats("y", [3], kind)]), log)
    assert trt.nptype(engine.get_tensor_dtype("x")) is trt.nptype(engine.get_tensor_dtype("y")) is entered
    values = np.array([1, 2, np.iinfo(dtype).max], dtype)
    source, target = values.astype(entered), np.zeros(3, entered)
    assert engine.create_execution_context().execute_v2([source.ctypes.data, target.ctypes.data])
    assert np.array_equal(target.astype(dtype), values + values)


def test_operators_of_a_version_that_onnxruntime_lacks_are_converted() -> None:
    newest = onnx.defs.onnx_opset_version()
    weights = {"scale": np.float32(0.5), "zero": np.uint8(3)}
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"])]
    engine = engine_of(model(nodes, [floats("x", [4])], [floats("y", [4])],
                             {name: np.asarray(value) for name, value in weights.items()}, newest), Log())
    x, y = np.array([0.2, 0.3, -1, 400], np.float32), np.zeros(4, np.float32)
    assert engine.create_execution_context().execute_v2([x.ctypes.data, y.ctypes.data])
    assert np.array_equal(y, np.array([0, 0.5, -1, 126], np.float32))


def test_a_file_that_is_not_there(tmp_path: Any) -> None:
    log = Log()
    parser = trt.OnnxParser(trt.Builder(log).create_network(1), log)
    assert not parser.parse_from_file(str(tmp_path / "none.onnx"))
    assert "Failed to open file" in parser.get_error(0).desc()


def test_external_weights_are_found_beside_the_file(tmp_path: Any, gpu: Device) -> None:
    import onnx

    proto = onnx.load_model_from_string(dense())
    onnx.save_model(proto, str(tmp_path / "m.onnx"), save_as_external_data=True, location="m.bin", size_threshold=0)
    log = Log()
    builder = trt.Builder(log)
    network = builder.create_network(1)
    assert trt.OnnxParser(network, log).parse_from_file(str(tmp_path / "m.onnx"))
    engine = engine_from(builder, network, builder.create_builder_config(), log)
    x = np.ones((4, 8), np.float32)
    again = engine_from(*parsed(dense(), log), log)
    assert np.array_equal(run(gpu, engine, {"x": x})["z"], run(gpu, again, {"x": x})["z"])


def test_a_parsed_network_can_be_changed(gpu: Device) -> None:
    log = Log()
    builder, network, config = parsed(dense("N"), log)
    assert [network.get_layer(place).name for place in range(network.num_layers)] == ["product", "relu"]
    assert network.get_layer(0).type == trt.LayerType.MATRIX_MULTIPLY
    network.get_input(0).shape = (2, 8)
    network.get_input(0).name = "pixels"
    network.get_output(0).name = "answer"
    network.mark_output(network.get_layer(0).get_output(0))
    engine = engine_from(builder, network, config, log)
    x = np.arange(16, dtype=np.float32).reshape(2, 8)
    out = run(gpu, engine, {"pixels": x})
    assert set(out) == {"answer", "y"} and np.array_equal(out["answer"], np.maximum(out["y"], 0))


def test_double_inputs_and_outputs_are_float(gpu: Device) -> None:
    log = Log()
    data = model([helper.make_node("Sqrt", ["x"], ["z"])], [floats("x", [3], TensorProto.DOUBLE)],
                 [floats("z", [3], TensorProto.DOUBLE)])
    engine = engine_from(*parsed(data, log), log)
    assert engine.get_tensor_dtype("x") == trt.float32
    assert np.allclose(run(gpu, engine, {"x": np.float32([1, 4, 9])})["z"], [1, 2, 3])


def test_outputs_without_a_type_or_a_shape_get_them_from_the_nodes() -> None:
    import onnx

    made = onnx.load_model_from_string(dense("n"))
    for bare in (lambda output: output.type.tensor_type.ClearField("shape"), lambda output: output.ClearField("type")):
        bare(made.graph.output[0])
        _, network, _ = parsed(made.SerializeToString(), Log())
        assert tuple(network.get_output(0).shape) == (-1, 8) and network.get_output(0).dtype == trt.float32


def test_of_a_model_with_unknown_operators_the_rest_is_supported() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"], name="first"),
             helper.make_node("Fake", ["a"], ["b"], name="second"),
             helper.make_node("Relu", ["b"], ["y"], name="third")]
    data, log = model(nodes, [floats("x", [4])], [floats("y", [4])]), Log()
    parser = trt.OnnxParser(trt.Builder(log).create_network(1), log)
    assert not parser.supports_model_v2(data)
    assert [(parser.get_subgraph_nodes(place), parser.is_subgraph_supported(place))
            for place in range(parser.num_subgraphs)] == [([0], True), ([2], True)]
    assert parser.num_errors == 1
    parser.clear_errors()
    assert not parser.parse(data) and parser.num_errors == 1
    assert parser.get_error(0).node() == 1 and parser.get_error(0).node_operator() == "Fake"
    assert "Plugin not found" in parser.get_error(0).desc()
