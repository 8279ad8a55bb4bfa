"""INT8: ranges of values from a calibrator or from the program, and layers that compute on quantised values."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt import calibration
from compatlayer.frontends.tensorrt.data_type import ONNX_FLOAT
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal, Severity
from compatlayer.frontends.tensorrt.shapes import infer

# operator -> axis of the output channels in its weights
_LAYERS = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1, "Gemm": -1}


def apply(model: Any, network: Any, config: Any, logger: Any, names: list[str], held: set[str]) -> set[str]:
    """Quantise what can be; answers the names of the layers."""
    graph = model.graph
    if any(node.op_type == "QuantizeLinear" for node in graph.node):
        if config.int8_calibrator is not None:
            logger.log(Severity.WARNING, "The network has quantize and dequantize layers; the calibrator is ignored")
        return set()
    weights = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == ONNX_FLOAT}
    types = infer(model).types
    chosen = [place for place, node in enumerate(graph.node)
              if node.op_type in _LAYERS and names[place] not in held and node.input[1] in weights
              and types.get(node.input[0]) == ONNX_FLOAT]
    scales = _scales(model, network, config, logger, {graph.node[place].input[0] for place in chosen})
    return _insert(graph, chosen, names, weights, scales)


def _scales(model: Any, network: Any, config: Any, logger: Any, wanted: set[str]) -> dict[str, float]:
    """The value of one step, by value name."""
    scales: dict[str, float] = {}
    if config.int8_calibrator is not None:
        scales = calibration.run(model, config, sorted(wanted), logger)
    everything = [tensor for layer in network._layers for tensor in layer._outputs] + network._inputs
    for tensor in everything:
        if tensor._range is not None:
            scales[tensor.value] = max(abs(tensor._range[0]), abs(tensor._range[1])) / 127
    if wanted and not scales:
        raise Refusal(MISUSE, "Calibration failure occurred with no scaling factors detected. This could be due to no "
                      "int8 calibrator or insufficient custom scales for network layers. Set config.int8_calibrator, "
                      "or the dynamic range of the tensors, or use a model with QuantizeLinear nodes")
    for name in sorted(wanted - scales.keys()):
        logger.log(Severity.WARNING, f"Missing scale and zero-point for tensor {name}, expect fall back to non-int8 "
                   "implementation for any layer consuming or producing given tensor")
    return {name: scale for name, scale in scales.items() if scale > 0}


def _insert(graph: Any, chosen: list[int], names: list[str], weights: dict[str, Any],
            scales: dict[str, float]) -> set[str]:
    """Put pairs of QuantizeLinear and DequantizeLinear before the layers."""
    from onnx import helper, numpy_helper

    quantised: dict[str, str] = {}
    nodes: list[Any] = []
    owners: list[str] = []
    layers: set[str] = set()
    places = set(chosen)
    for place, node in enumerate(graph.node):
        if place in places and node.input[0] in scales:
            value, weight = node.input[0], node.input[1]
            if value not in quantised:
                made = _pair(graph, value, scales[value])
                nodes += made
                owners += [""] * len(made)
                quantised[value] = made[-1].output[0]
            if weight not in quantised:
                axis = _axis(node, len(weights[weight].dims))
                nodes.append(_weight(graph, weights[weight], axis, helper, numpy_helper))
                owners.append("")
                quantised[weight] = nodes[-1].output[0]
            copy = type(node)()
            copy.CopyFrom(node)
            copy.input[0], copy.input[1] = quantised[value], quantised[weight]
            node = copy
            layers.add(names[place])
        nodes.append(node)
        owners.append(names[place])
    copies = [type(node)() for node in nodes]
    for copy, node in zip(copies, nodes, strict=True):
        copy.CopyFrom(node)
    del graph.node[:]
    graph.node.extend(copies)
    names[:] = owners
    return layers


def _axis(node: Any, rank: int) -> int:
    if node.op_type == "Gemm":
        return 0 if any(each.name == "transB" and each.i for each in node.attribute) else 1
    return _LAYERS[node.op_type] % rank


def _pair(graph: Any, value: str, scale: float) -> list[Any]:
    from onnx import helper, numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.array(scale, np.float32), f"{value}__scale"))
    graph.initializer.append(numpy_helper.from_array(np.array(0, np.int8), f"{value}__zero"))
    rest = [f"{value}__scale", f"{value}__zero"]
    return [helper.make_node("QuantizeLinear", [value, *rest], [f"{value}__int8"], name=f"{value}__quantise"),
            helper.make_node("DequantizeLinear", [f"{value}__int8", *rest], [f"{value}__back"],
                             name=f"{value}__dequantise")]


def _weight(graph: Any, tensor: Any, axis: int, helper: Any, numpy_helper: Any) -> Any:
    """The weights in int8, a scale for each output channel."""
    array = numpy_helper.to_array(tensor)
    others = tuple(place for place in range(array.ndim) if place != axis)
    scale = np.maximum(np.abs(array).max(axis=others, keepdims=True), 1e-12) / 127
    whole = np.clip(np.rint(array / scale), -127, 127).astype(np.int8)
    name = tensor.name
    graph.initializer.append(numpy_helper.from_array(whole, f"{name}__int8"))
    graph.initializer.append(numpy_helper.from_array(scale.reshape(-1).astype(np.float32), f"{name}__scale"))
    return helper.make_node("DequantizeLinear", [f"{name}__int8", f"{name}__scale"], [f"{name}__back"],
                            name=f"{name}__dequantise", axis=axis)
