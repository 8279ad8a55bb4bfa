"""onnx's own node tests through the API of tensorrt: `onnx_nodes.py [STEP [TABLE]]` counts, and lists failures."""

from __future__ import annotations

import collections
import csv
import re
import sys
from typing import Any

import numpy as np
import tensorrt as trt
from onnx import TensorProto, numpy_helper
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


SMALL = {trt.int4: (np.int8, -8), trt.fp4: (np.uint8, 0)}  # two elements share a byte


def array_of(data: Any) -> Any:
    """Test data as an array; types that NumPy lacks are those of ml_dtypes."""
    return numpy_helper.to_array(data) if isinstance(data, TensorProto) else np.asarray(data)


def raw(array: Any, kind: Any) -> Any:
    """The bytes of an input, as an engine's input type has them."""
    if kind in SMALL:
        words = np.ascontiguousarray(array).reshape(-1).view(np.uint8) & 15
        words = np.append(words, np.uint8(0)) if words.size % 2 else words
        return words[::2] | words[1::2] << 4
    if kind not in (trt.bfloat16, trt.fp8):
        array = array.astype(trt.nptype(kind))
    return np.ascontiguousarray(array)


def cooked(data: Any, kind: Any, shape: Any, like: Any) -> Any:
    """An output's bytes as an array; `like` has the type that NumPy lacks."""
    count = int(np.prod(shape))
    if kind in SMALL:
        words = np.stack([data & 15, data >> 4], -1).reshape(-1)[:count]
        if kind == trt.int4:
            words = (words.astype(np.int8) ^ 8) - 8
        return words.view(like.dtype).reshape(shape) if kind == trt.fp4 else words.reshape(shape)
    dtype = like.dtype if kind in (trt.bfloat16, trt.fp8) else np.dtype(trt.nptype(kind))
    return data[:count * dtype.itemsize].view(dtype).reshape(shape)


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
    inputs = [array_of(each) for each in inputs]
    wanted = [array_of(each) for each in wanted]
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
        array = raw(feed[name], kind)
        kept.append(array if array.nbytes else np.zeros(1))
        if -1 in engine.get_tensor_shape(name):
            context.set_input_shape(name, feed[name].shape)
        context.set_tensor_address(name, kept[-1].ctypes.data)
    if not context.execute_async_v3(0):
        return f"run: {log.last}"
    for name, value in wanted.items():
        kind = engine.get_tensor_dtype(name)
        shape = collect.shapes[name]
        found = cooked(collect.buffers[name], kind, shape, value)
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


# What the reasons of failures come down to: words of the reason, of the test's name, and the row of the table.
KINDS = (
    ("strings|data type 8 ", "", "strings are no tensors of an engine"),
    ("is no tensor|: no tensor", "", "sequences and optional values cannot enter or leave an engine"),
    ("data type", "", "a type that TensorRT has not: FP8 E5M2, E4M3FNUZ, E5M2FNUZ and E8M0, INT2, UINT2, UINT4"),
    ("", "bernoulli|training_dropout|random", "random values differ from the test's"),
    ("not a registered|NOT_IMPLEMENTED|Kernel not found|ShapeInferenceError|Type Error|Exception during init", "",
     "onnxruntime lacks the operator, or it for this type"),
    ("wrong: .* differs by 0.00391", "bf16", "one unit in the last place of BF16, which the test's tolerance forbids"),
    ("wrong: .* differs by", "dft|stft|fp16", "rounding beyond the test's tolerance near 0"),
    ("wrong: .* differs by", "", "onnxruntime's operator differs"),
    ("run:", "", "onnxruntime refuses these values or shapes"),
)


def kind_of(name: str, reason: str) -> str:
    return next((row for words, names, row in KINDS if re.search(words, reason) and re.search(names, name)), "other")


def write_table(path: str, failures: dict[str, str]) -> None:
    """Each failing test with its reason, as rows of a CSV file."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["test", "reason"])
        writer.writerows((name, kind_of(name, reason)) for name, reason in sorted(failures.items()))


if __name__ == "__main__":
    count, failures = main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for name, reason in sorted(failures.items()):
        print(f"{name}: {' '.join(reason.split())[:230]}")
    kinds = collections.Counter(kind_of(name, reason) for name, reason in failures.items())
    for kind, number in kinds.most_common():
        print(f"| {number} | {kind} |")
    print(f"{count - len(failures)} of {count} pass")
    if len(sys.argv) > 2:
        write_table(sys.argv[2], failures)
