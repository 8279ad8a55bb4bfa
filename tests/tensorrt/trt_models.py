"""Small models, and the shortest ways to build and run them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorrt as trt
from onnx import TensorProto, helper, numpy_helper


class Log(trt.ILogger):
    """Keeps what it is told."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.errors: list[str] = []

    def log(self, severity: Any, msg: str) -> None:
        if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
            self.errors.append(msg)


def floats(name: str, shape: Any, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: dict[str, np.ndarray] | None = None,
          opset: int = 17) -> bytes:
    graph = helper.make_graph(nodes, "test", inputs, outputs,
                              [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 10
    return made.SerializeToString()


WEIGHTS = np.random.default_rng(1).standard_normal((8, 8)).astype(np.float32)


def dense(batch: Any = 4) -> bytes:
    """z = max(x @ WEIGHTS, 0)."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="product"),
             helper.make_node("Relu", ["y"], ["z"], name="relu")]
    return model(nodes, [floats("x", [batch, 8])], [floats("z", [batch, 8])], {"w": WEIGHTS})


def parsed(data: bytes, log: Any, flags: int = 1) -> tuple[Any, Any, Any]:
    builder = trt.Builder(log)
    network = builder.create_network(flags)
    parser = trt.OnnxParser(network, log)
    assert parser.parse(data), [str(parser.get_error(place)) for place in range(parser.num_errors)]
    return builder, network, builder.create_builder_config()


def engine_of(data: bytes, log: Any, profiles: Any = (), flags: Any = ()) -> Any:
    builder, network, config = parsed(data, log)
    for shapes in profiles:
        profile = builder.create_optimization_profile()
        for name, limits in shapes.items():
            profile.set_shape(name, *limits)
        config.add_optimization_profile(profile)
    for flag in flags:
        config.set_flag(flag)
    return engine_from(builder, network, config, log)


def engine_from(builder: Any, network: Any, config: Any, log: Any) -> Any:
    serialized = builder.build_serialized_network(network, config)
    assert serialized is not None, getattr(log, "errors", "")
    engine = trt.Runtime(log).deserialize_cuda_engine(serialized)
    assert engine is not None
    return engine


def run(gpu: Any, engine: Any, feed: dict[str, np.ndarray], context: Any = None) -> dict[str, np.ndarray]:
    """Run in the stream; outputs by name."""
    context = context or engine.create_execution_context()
    places = {}
    for name, array in feed.items():
        if -1 in tuple(engine.get_tensor_shape(name)):
            assert context.set_input_shape(name, array.shape)
        context.set_tensor_address(name, gpu.put(array))
    for place in range(engine.num_io_tensors):
        name = engine.get_tensor_name(place)
        if engine.get_tensor_mode(name) == trt.TensorIOMode.OUTPUT:
            shape, dtype = tuple(context.get_tensor_shape(name)), trt.nptype(engine.get_tensor_dtype(name))
            address = gpu.empty(int(np.prod(shape)) * np.dtype(dtype).itemsize)
            context.set_tensor_address(name, address)
            places[name] = (address, shape, dtype)
    assert context.execute_async_v3(int(gpu.stream))
    gpu.wait()
    return {name: gpu.get(*place) for name, place in places.items()}
