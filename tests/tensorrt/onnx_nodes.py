"""onnx's own node tests through the API of tensorrt: `python onnx_nodes.py` counts, and lists each failure's reason."""

from __future__ import annotations

import collections
import sys
from typing import Any

import numpy as np
import tensorrt as trt
from onnx.backend.test.loader import load_model_tests


class Quiet(trt.ILogger):
    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.last = ""

    def log(self, severity: Any, msg: str) -> None:
        if severity == trt.ILogger.ERROR:
            self.last = msg


class Collect(trt.IOutputAllocator):
    """Memory for outputs of unknown shape."""

    def __init__(self) -> None:
        trt.IOutputAllocator.__init__(self)
        self.buffers: dict[str, np.ndarray] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def reallocate_output(self, tensor_name: str, memory: Any, size: int, alignment: int) -> int:
        self.buffers[tensor_name] = np.zeros(max(size, 1), np.uint8)
        return self.buffers[tensor_name].ctypes.data

    def notify_shape(self, tensor_name: str, shape: Any) -> None:
        self.shapes[tensor_name] = tuple(shape)


def run(case: Any) -> str:
    """"" when the results are right, else the reason."""
    model = case.model
    log = Quiet()
    builder = trt.Builder(log)
    network = builder.create_network(1)
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model.SerializeToString()):
        return f"refused: {parser.get_error(0).code().name}: {parser.get_error(0).desc()}"
    if any(not info.type.HasField("tensor_type") for info in [*model.graph.input, *model.graph.output]):
        return "refused: no tensor: sequences and optional values cannot enter or leave an engine"
    inputs, wanted = case.data_sets[0]
    if not all(isinstance(each, (np.ndarray, np.generic)) for each in [*inputs, *wanted]):
        return "not run: the data has types that NumPy lacks"
    feed = dict(zip([info.name for info in model.graph.input], inputs, strict=False))
    config = builder.create_builder_config()
    profile = builder.create_optimization_profile()
    dynamic = False
    for place in range(network.num_inputs):
        tensor = network.get_input(place)
        if -1 in tensor.shape:
            dynamic = True
            profile.set_shape(tensor.name, *[feed[tensor.name].shape] * 3)
    if dynamic:
        config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        return f"build: {log.last}"
    engine = trt.Runtime(log).deserialize_cuda_engine(plan)
    return compare(engine, feed, dict(zip([info.name for info in model.graph.output], wanted, strict=False)), case, log)


def compare(engine: Any, feed: dict[str, Any], wanted: dict[str, Any], case: Any, log: Quiet) -> str:
    context = engine.create_execution_context()
    kept, collect = [], Collect()
    for place in range(engine.num_io_tensors):
        name = engine.get_tensor_name(place)
        if engine.get_tensor_mode(name) == trt.TensorIOMode.OUTPUT:
            context.set_output_allocator(name, collect)
            continue
        kind = engine.get_tensor_dtype(name)
        array = feed[name]
        if kind not in (trt.bfloat16, trt.fp8, trt.int4, trt.fp4):
            array = array.astype(trt.nptype(kind))
        array = np.ascontiguousarray(array)
        kept.append(array if array.nbytes else np.zeros(1))
        if -1 in engine.get_tensor_shape(name):
            context.set_input_shape(name, array.shape)
        context.set_tensor_address(name, kept[-1].ctypes.data)
    if not context.execute_async_v3(0):
        return f"run: {log.last}"
    for name, value in wanted.items():
        kind = engine.get_tensor_dtype(name)
        shape = collect.shapes[name]
        try:
            dtype = trt.nptype(kind)
        except TypeError:
            dtype = value.dtype
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        found = collect.buffers[name][:count].view(dtype).reshape(shape)
        if tuple(found.shape) != tuple(value.shape):
            return f"wrong: shape {found.shape}, and {value.shape} is right"
        a, b = found.astype(np.float64), value.astype(np.float64)
        if not np.allclose(a, b, rtol=max(case.rtol, 1e-3), atol=max(case.atol, 1e-5), equal_nan=True):
            return f"wrong: {name} differs by {np.nanmax(np.abs(a - b)):.3g}"
    return ""


def main(step: int = 1, start: int = 0) -> tuple[int, dict[str, str]]:
    """Every `step`-th test; how many there were, and the failures by name."""
    failed: dict[str, str] = {}
    cases = load_model_tests(kind="node")[start::step]
    for case in cases:
        try:
            reason = run(case)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        if reason:
            failed[case.name] = reason
    return len(cases), failed


if __name__ == "__main__":
    count, failures = main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for name, reason in sorted(failures.items()):
        print(f"{name}: {' '.join(reason.split())[:230]}")
    kinds = collections.Counter(reason.split(":")[0] for reason in failures.values())
    print(f"{count - len(failures)} of {count} pass; {dict(kinds)}")
