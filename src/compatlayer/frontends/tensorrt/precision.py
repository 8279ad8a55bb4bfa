"""What the precision flags do to a network: weights and values are rounded, or quantised, where a layer may be.

FP16 and BF16: float weights, inputs and results of computing layers are rounded to the type, and computed on in float32
in between, as tensor cores accumulate. INT8: see quantisation.py. Layers that the program holds at float32
(OBEY_ or PREFER_PRECISION_CONSTRAINTS) stay as they are. In a strongly typed network the flags mean nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt import quantisation
from compatlayer.frontends.tensorrt.data_type import ONNX_BF16, ONNX_FLOAT, ONNX_HALF, DataType
from compatlayer.frontends.tensorrt.log import Severity
from compatlayer.frontends.tensorrt.shapes import infer

# Move values or choose among them; what they give is rounded already.
_MOVERS = {"Reshape", "Transpose", "Identity", "Slice", "Gather", "GatherElements", "GatherND", "Squeeze", "Unsqueeze",
           "Concat", "Split", "Flatten", "Expand", "Tile", "Pad", "MaxPool", "Constant", "Cast", "QuantizeLinear",
           "DequantizeLinear", "ScatterND", "ScatterElements", "Where", "Max", "Min", "ReduceMax", "ReduceMin", "TopK",
           "DepthToSpace", "SpaceToDepth", "Dropout", "ConstantOfShape", "Loop", "If", "Scan", "GlobalMaxPool"}
_FOLLOWERS = {"Relu", "Clip", "LeakyRelu"}  # fused with what is before them, so that is rounded behind them
_FOLDED = {"BatchNormalization"}
_LARGEST_HALF = 65504.0


def apply(model: Any, network: Any, config: Any, logger: Any) -> dict[str, Any]:
    """Change `model` as the flags ask; answers what the engine's description says of it."""
    names = owners(model, network)
    if network.strongly_typed:
        return {"precisions": {}}
    held = _held(network, config)
    precisions: dict[str, str] = {}
    report: dict[str, Any] = {"precisions": precisions}
    if config.wants("INT8"):
        for layer in quantisation.apply(model, network, config, logger, names, held):
            precisions[layer] = "INT8"
        names = names + [""] * (len(model.graph.node) - len(names))
    onnx_type = ONNX_HALF if config.wants("FP16") else ONNX_BF16 if config.wants("BF16") else 0
    if onnx_type:
        rounded = _round(model, onnx_type, names, held | {name for name in precisions}, logger)
        precisions.update({name: "HALF" if onnx_type == ONNX_HALF else "BF16" for name in rounded})
        report["rounded_to"] = onnx_type
    return report


def owners(model: Any, network: Any) -> list[str]:
    """For each node of the model the name of its layer."""
    names = [""] * len(model.graph.node)
    for layer, start, end in network.owners:
        names[start:end] = [layer] * (end - start)
    return names


def _held(network: Any, config: Any) -> set[str]:
    """Names of the layers that stay at float32."""
    if not (config.wants("OBEY_PRECISION_CONSTRAINTS")
            or config.wants("PREFER_PRECISION_CONSTRAINTS")):
        return set()
    return {layer.name for layer in network._layers if layer._precision is DataType.FLOAT}


def round_array(array: Any, onnx_type: int) -> Any:
    """Float32 values as the narrower type has them; float16 keeps to its range."""
    if onnx_type == ONNX_HALF:
        return np.clip(array, -_LARGEST_HALF, _LARGEST_HALF).astype(np.float16).astype(np.float32)
    words = np.ascontiguousarray(array, np.float32).view(np.uint32)
    rounded = words + 0x7FFF + ((words >> 16) & 1)
    return np.where(np.isnan(array), array, (rounded & 0xFFFF0000).view(np.float32)).astype(np.float32)


def _round(model: Any, onnx_type: int, names: list[str], held: set[str], logger: Any) -> set[str]:
    from onnx import helper, numpy_helper

    graph = model.graph
    types = infer(model).types
    consumers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    outputs = {info.name for info in graph.output}
    kept = {name for node, owner in zip(graph.node, names, strict=True) if owner in held for name in node.input}
    late = 0
    for tensor in graph.initializer:
        if tensor.data_type == ONNX_FLOAT and tensor.name not in kept:
            array = numpy_helper.to_array(tensor)
            late += int(onnx_type == ONNX_HALF and array.size and float(np.abs(array).max()) > _LARGEST_HALF)
            tensor.CopyFrom(numpy_helper.from_array(round_array(array, onnx_type), tensor.name))
    if late:
        logger.log(Severity.WARNING, f"{late} weights are beyond the range of FP16 and were clipped to it")
    nodes: list[Any] = []
    rounded: set[str] = set()

    def add_casts(name: str) -> None:
        inner = f"{name}__float32"
        nodes.append(helper.make_node("Cast", [inner], [f"{name}__narrow"], name=f"{name}__down", to=onnx_type))
        nodes.append(helper.make_node("Cast", [f"{name}__narrow"], [name], name=f"{name}__up", to=ONNX_FLOAT))

    renamed: dict[str, str] = {}
    for info in graph.input:
        if info.type.tensor_type.elem_type == ONNX_FLOAT and info.name not in kept and info.name in consumers:
            renamed[info.name] = f"{info.name}__rounded"
            nodes.append(helper.make_node("Cast", [info.name], [f"{info.name}__narrow"], name=f"{info.name}__down",
                                          to=onnx_type))
            nodes.append(helper.make_node("Cast", [f"{info.name}__narrow"], [renamed[info.name]],
                                          name=f"{info.name}__up", to=ONNX_FLOAT))
    postponed: set[str] = set()
    for node, owner in zip(graph.node, names, strict=True):
        copy = type(node)()
        copy.CopyFrom(node)
        for place, name in enumerate(copy.input):
            copy.input[place] = renamed.get(name, name)
        nodes.append(copy)
        if owner in held or not node.output or types.get(node.output[0]) != ONNX_FLOAT:
            continue
        name = node.output[0]
        users = consumers.get(name, [])
        fused = len(users) == 1 and users[0].op_type in _FOLLOWERS | _FOLDED and name not in outputs
        if node.op_type in _MOVERS or (node.op_type in _FOLLOWERS and node.input[0] not in postponed):
            continue
        rounded.add(owner)
        if fused:
            postponed.add(name)
            continue
        copy.output[0] = f"{name}__float32"
        add_casts(name)
    del graph.node[:]
    graph.node.extend(nodes)
    return rounded
