"""What the module tensorrt adds to onnxruntime: the same models on both, in interleaved pairs, outputs compared.

Latency is one execute_async_v3 and one wait against one run with bound buffers; throughput is a batch of runs with one
wait at its end. Both sides have their own session with the same number of threads, and buffers that are bound before.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from driver_calls import check, start
from measure import seconds

ROUNDS, PAIRS = 5, 21
RANDOM = np.random.default_rng(0)


def convolutions(layers: int, channels: int, side: int) -> tuple[bytes, tuple[int, ...]]:
    """3x3 convolutions with ReLU on one image."""
    from onnx import helper

    nodes, weights, name, given = [], {}, "x", 3
    for place in range(layers):
        weights[f"w{place}"] = RANDOM.standard_normal((channels, given, 3, 3)).astype(np.float32) * 0.1
        nodes.append(helper.make_node("Conv", [name, f"w{place}"], [f"c{place}"], pads=[1, 1, 1, 1]))
        name, given = ("y" if place == layers - 1 else f"r{place}"), channels
        nodes.append(helper.make_node("Relu", [f"c{place}"], [name]))
    return model(nodes, weights, (1, 3, side, side)), (1, 3, side, side)


def dense(layers: int, width: int) -> tuple[bytes, tuple[int, ...]]:
    """Matrix products with ReLU."""
    from onnx import helper

    nodes, weights, name = [], {}, "x"
    for place in range(layers):
        weights[f"w{place}"] = RANDOM.standard_normal((width, width)).astype(np.float32) / np.float32(np.sqrt(width))
        nodes.append(helper.make_node("MatMul", [name, f"w{place}"], [f"m{place}"]))
        name = "y" if place == layers - 1 else f"r{place}"
        nodes.append(helper.make_node("Relu", [f"m{place}"], [name]))
    return model(nodes, weights, (1, width)), (1, width)


def model(nodes: list[Any], weights: dict[str, np.ndarray], shape: tuple[int, ...]) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(nodes, "bench", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(array, name) for name, array in weights.items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made.SerializeToString()


class Plain:
    """onnxruntime alone."""

    def __init__(self, data: bytes, x: np.ndarray) -> None:
        import onnxruntime

        self.session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        (self.y,) = self.session.run(None, {"x": x})
        self.x = x
        self.binding = self.session.io_binding()
        self.binding.bind_input("x", "cpu", 0, np.float32, x.shape, x.ctypes.data)
        self.binding.bind_output("y", "cpu", 0, np.float32, self.y.shape, self.y.ctypes.data)

    def run(self, times: int = 1) -> None:
        for _ in range(times):
            self.session.run_with_iobinding(self.binding)


class Ours:
    """The module tensorrt, on device memory and a stream."""

    def __init__(self, data: bytes, x: np.ndarray) -> None:
        import tensorrt as trt
        from cuda.bindings import driver

        self.driver, self.logger = driver, trt.Logger(trt.Logger.ERROR)
        builder = trt.Builder(self.logger)
        network = builder.create_network(0)
        assert trt.OnnxParser(network, self.logger).parse(data)
        plan = builder.build_serialized_network(network, builder.create_builder_config())
        self.engine = trt.Runtime(self.logger).deserialize_cuda_engine(plan)
        self.context = self.engine.create_execution_context()
        self.shape = tuple(self.context.get_tensor_shape("y"))
        self.stream = check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
        self.handle = int(self.stream)
        self.buffers = [check(driver.cuMemAlloc(x.nbytes)), check(driver.cuMemAlloc(4 * int(np.prod(self.shape))))]
        check(driver.cuMemcpyHtoD(self.buffers[0], x.ctypes.data, x.nbytes))
        for name, buffer in zip("xy", self.buffers, strict=True):
            self.context.set_tensor_address(name, int(buffer))

    def run(self, times: int = 1) -> None:
        for _ in range(times):
            self.context.execute_async_v3(self.handle)
        self.driver.cuStreamSynchronize(self.stream)

    def output(self) -> np.ndarray:
        y = np.empty(self.shape, np.float32)
        check(self.driver.cuMemcpyDtoH(y.ctypes.data, self.buffers[1], y.nbytes))
        return y


def fastest(function: Callable[[], object]) -> float:
    """Seconds of the fastest of a few calls: the side before leaves its threads spinning for a moment."""
    return min(seconds(function) for _ in range(ROUNDS))


def added_seconds(ours: Ours, plain: Plain) -> float:
    """The median of what a pair's latencies differ by."""
    pairs = []
    for place in range(PAIRS):
        sides = [ours.run, plain.run]
        times = [fastest(side) for side in (sides if place % 2 else sides[::-1])]
        pairs.append(times[0] - times[1] if place % 2 else times[1] - times[0])
    return statistics.median(pairs)


def throughput(ours: Ours, plain: Plain, batch: int) -> tuple[float, float, list[float]]:
    """Seconds of a batch of onnxruntime and of ours, and their ratios, sorted."""
    pairs = []
    for place in range(PAIRS):
        sides = [lambda: ours.run(batch), lambda: plain.run(batch)]
        times = [fastest(side) for side in (sides if place % 2 else sides[::-1])]
        pairs.append(times if place % 2 else times[::-1])
    return (statistics.median(other for _, other in pairs), statistics.median(own for own, _ in pairs),
            sorted(other / own for own, other in pairs))


def main() -> int:
    missing = [name for name in ("onnxruntime", "onnx") if find_spec(name) is None]
    if missing:
        print(f"not here: {', '.join(missing)}; pip install compatlayer[jetson]")
        return 0
    start()
    print("| model | onnxruntime | tensorrt | added latency | throughput (10 to 90 %) |")
    print("|-|-|-|-|-|")
    cases = {"3 convolutions of 16 channels, 32 x 32": convolutions(3, 16, 32),
             "3 convolutions of 16 channels, 64 x 64": convolutions(3, 16, 64),
             "4 convolutions of 32 channels, 128 x 128": convolutions(4, 32, 128),
             "6 matrix products of width 512": dense(6, 512)}
    for name, (data, shape) in cases.items():
        x = RANDOM.standard_normal(shape).astype(np.float32)
        plain, ours = Plain(data, x), Ours(data, x)
        plain.run()
        ours.run()
        assert np.allclose(ours.output(), plain.y, rtol=1e-4, atol=1e-4), f"{name}: the outputs differ"
        added = added_seconds(ours, plain)
        batch = max(2, min(20, int(0.01 / max(seconds(plain.run), 1e-5))))
        theirs_s, ours_s, ratios = throughput(ours, plain, batch)
        tenth = len(ratios) // 10
        print(f"| {name} | {theirs_s / batch * 1e6:.0f} us | {ours_s / batch * 1e6:.0f} us | {added * 1e6:+.1f} us | "
              f"{statistics.median(ratios):.3f} ({ratios[tenth]:.3f} to {ratios[-1 - tenth]:.3f}) |")
        assert np.allclose(ours.output(), plain.y, rtol=1e-4, atol=1e-4), f"{name}: the outputs differ after the runs"
    return 0


if __name__ == "__main__":
    sys.exit(main())
