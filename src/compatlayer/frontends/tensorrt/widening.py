"""BF16 networks: onnxruntime has few kernels for that type, so operators compute in float32 and round."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.data_type import ONNX_BF16, ONNX_FLOAT
from compatlayer.frontends.tensorrt.plugin_layer import DOMAIN
from compatlayer.frontends.tensorrt.shapes import infer

# They take BF16 as it is, or say their type themselves.
_LEFT = {"Cast", "CastLike", "Identity", "Constant", "ConstantOfShape", "QuantizeLinear", "DequantizeLinear", "Reshape",
         "Shape", "Squeeze", "Unsqueeze", "Flatten", "If", "Loop", "Scan"}


def apply(model: Any) -> None:
    """Put casts around the operators of BF16 values, which go on between them: each result is rounded."""
    if not _uses(model):
        return
    from onnx import helper

    types = infer(model).types
    graph = model.graph
    functions = {(each.domain, each.name) for each in model.functions}
    nodes: list[Any] = []
    for number, node in enumerate(list(graph.node)):
        copy = type(node)()
        copy.CopyFrom(node)
        values = {name for name in (*node.input, *node.output) if types.get(name) == ONNX_BF16}
        if not values or node.op_type in _LEFT or node.domain == DOMAIN or (node.domain, node.op_type) in functions:
            nodes.append(copy)
            continue
        for place, name in enumerate(node.input):
            if name in values:
                wide = copy.input[place] = f"{name}__float32_{number}_{place}"
                nodes.append(helper.make_node("Cast", [name], [wide], name=f"{wide}__up", to=ONNX_FLOAT))
        nodes.append(copy)
        for place, name in enumerate(node.output):
            if name in values:
                wide = copy.output[place] = f"{name}__float32"
                nodes.append(helper.make_node("Cast", [wide], [name], name=f"{wide}__down", to=ONNX_BF16))
    del graph.node[:]
    graph.node.extend(nodes)


def _uses(model: Any) -> bool:
    graph = model.graph
    return any(tensor.data_type == ONNX_BF16 for tensor in graph.initializer) or any(
        info.type.tensor_type.elem_type == ONNX_BF16 for info in (*graph.input, *graph.output)) or any(
        attribute.name in ("to", "dtype") and attribute.i == ONNX_BF16 for node in graph.node
        for attribute in node.attribute)
