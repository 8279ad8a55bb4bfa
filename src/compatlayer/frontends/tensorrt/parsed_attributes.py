"""What a parsed layer answers once a program gave it the class of its kind: `layer.__class__ = trt.IPoolingLayer`."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.enums import (
    ActivationType,
    ElementWiseOperation,
    GatherMode,
    MatrixOperation,
    PaddingMode,
    PoolingType,
    ReduceOperation,
    TopKOperation,
    UnaryOperation,
)

_ACTIVATION = {"Relu": "RELU", "Sigmoid": "SIGMOID", "Tanh": "TANH", "LeakyRelu": "LEAKY_RELU", "Elu": "ELU",
               "Selu": "SELU", "Softsign": "SOFTSIGN", "Softplus": "SOFTPLUS", "Clip": "CLIP",
               "HardSigmoid": "HARD_SIGMOID", "ThresholdedRelu": "THRESHOLDED_RELU", "Gelu": "GELU_ERF"}
_ELEMENTWISE = {"Add": "SUM", "Mul": "PROD", "Max": "MAX", "Min": "MIN", "Sub": "SUB", "Div": "DIV", "Pow": "POW",
                "And": "AND", "Or": "OR", "Xor": "XOR", "Equal": "EQUAL", "Greater": "GREATER", "Less": "LESS"}
_REDUCE = {"ReduceSum": "SUM", "ReduceProd": "PROD", "ReduceMax": "MAX", "ReduceMin": "MIN", "ReduceMean": "AVG",
           "GlobalAveragePool": "AVG", "GlobalMaxPool": "MAX"}
_UNARY = {"Exp": "EXP", "Log": "LOG", "Sqrt": "SQRT", "Reciprocal": "RECIP", "Abs": "ABS", "Neg": "NEG", "Not": "NOT"}


def of_node(node: Any, weights: dict[str, Any]) -> dict[str, Any]:
    """Attributes by the names that the class of the layer's kind stores them under."""
    from onnx import helper

    given = {each.name: helper.get_attribute_value(each) for each in node.attribute if not each.HasField("g")}
    operator = node.op_type
    if operator in _ACTIVATION:
        return {"function": ActivationType.__members__.get(_ACTIVATION[operator]), "alpha": given.get("alpha", 0.0),
                "beta": given.get("beta", 0.0)}
    if operator in ("Conv", "ConvTranspose", "MaxPool", "AveragePool"):
        return _windowed(node, given, weights)
    if operator in _REDUCE:
        axes = given.get("axes") or _values(node, weights)
        return {"op": ReduceOperation[_REDUCE[operator]], "axes": sum(1 << axis for axis in axes if axis >= 0),
                "keep_dims": bool(given.get("keepdims", 1))}
    if operator in ("MatMul", "Gemm"):
        op = [MatrixOperation["TRANSPOSE" if given.get(name) else "NONE"] for name in ("transA", "transB")]
        return {"op0": op[0], "op1": op[1]}
    if operator == "TopK":
        return {"op": TopKOperation["MAX" if given.get("largest", 1) else "MIN"],
                "k": (_values(node, weights) or [0])[0], "axes": 1 << max(given.get("axis", -1), 0)}
    if operator.startswith("Gather"):
        mode = {"Gather": "DEFAULT", "GatherElements": "ELEMENT", "GatherND": "ND"}[operator]
        return {"axis": given.get("axis", 0), "mode": GatherMode[mode],
                "num_elementwise_dims": given.get("batch_dims", 0)}
    if operator in ("Softmax", "LogSoftmax"):
        return {"axes": 1 << max(given.get("axis", 1), 0)}
    if operator == "Concat":
        return {"axis": given.get("axis", 0)}
    if operator == "LRN":
        return {"window_size": given.get("size", 1), "alpha": given.get("alpha", 1e-4),
                "beta": given.get("beta", 0.75), "k": given.get("bias", 1.0)}
    if operator in ("Reshape", "Transpose", "Flatten"):
        return {"first_transpose": given.get("perm"), "second_transpose": None, "zero_is_placeholder": True,
                "_reshape": tuple(_values(node, weights)) or None}
    if operator in _UNARY:
        return {"op": UnaryOperation[_UNARY[operator]]}
    return {"op": ElementWiseOperation[_ELEMENTWISE.get(operator, "SUM")]} if operator in _ELEMENTWISE else {}


def _values(node: Any, weights: dict[str, Any]) -> list[int]:
    """The second input's values, when they are constant."""
    from onnx import numpy_helper

    tensor = weights.get(node.input[1]) if len(node.input) > 1 else None
    return [] if tensor is None else [int(value) for value in numpy_helper.to_array(tensor).reshape(-1)]


def _windowed(node: Any, given: dict[str, Any], weights: dict[str, Any]) -> dict[str, Any]:
    from onnx import numpy_helper

    kernel = weights.get(node.input[1]) if len(node.input) > 1 else None
    window = tuple(given.get("kernel_shape") or (kernel.dims[2:] if kernel is not None else ()))
    ones = (1,) * len(window)
    pads = given.get("pads") or [0] * 2 * len(window)
    way = given.get("auto_pad", b"NOTSET").decode()
    found: dict[str, Any] = {
        "_window": window, "_stride": tuple(given.get("strides") or ones), "_pre": tuple(pads[:len(window)]),
        "_post": tuple(pads[len(window):]), "_dilation": tuple(given.get("dilations") or ones),
        "padding_mode": PaddingMode[way if way.startswith("SAME") else "EXPLICIT_ROUND_DOWN"]}
    if node.op_type.endswith("Pool"):
        return found | {"function": PoolingType["MAX" if node.op_type == "MaxPool" else "AVERAGE"], "blend_factor": 0.0,
                        "average_count_excludes_padding": not given.get("count_include_pad", 0)}
    bias = weights.get(node.input[2]) if len(node.input) > 2 else None
    maps = 0 if kernel is None else kernel.dims[0 if node.op_type == "Conv" else 1]
    return found | {"num_output_maps": maps, "num_groups": given.get("group", 1),
                    "kernel": None if kernel is None else numpy_helper.to_array(kernel),
                    "bias": None if bias is None else numpy_helper.to_array(bias), "_given": {}}
