"""Layers that compute element by element, reduce, multiply, convert, or make values."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.data_type import DataType, is_floating, to_onnx
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.enums import FillOperation, LayerType, MatrixOperation, layer_kind
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.layers_neural import axes_of
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.weights import array_of
from compatlayer.frontends.tensorrt.writer import Writer

_ELEMENTWISE = {"SUM": "Add", "PROD": "Mul", "MAX": "Max", "MIN": "Min", "SUB": "Sub", "DIV": "Div", "POW": "Pow",
                "AND": "And", "OR": "Or", "XOR": "Xor", "EQUAL": "Equal", "GREATER": "Greater", "LESS": "Less"}
_UNARY = {"EXP": "Exp", "LOG": "Log", "SQRT": "Sqrt", "RECIP": "Reciprocal", "ABS": "Abs", "NEG": "Neg", "SIN": "Sin",
          "COS": "Cos", "TAN": "Tan", "SINH": "Sinh", "COSH": "Cosh", "ASIN": "Asin", "ACOS": "Acos", "ATAN": "Atan",
          "ASINH": "Asinh", "ACOSH": "Acosh", "ATANH": "Atanh", "CEIL": "Ceil", "FLOOR": "Floor", "ERF": "Erf",
          "NOT": "Not", "SIGN": "Sign", "ROUND": "Round", "ISINF": "IsInf", "ISNAN": "IsNaN"}
_REDUCE = {"SUM": "ReduceSum", "PROD": "ReduceProd", "MAX": "ReduceMax", "MIN": "ReduceMin", "AVG": "ReduceMean"}


class IElementWiseLayer(ILayer):
    """An operation on two tensors of one rank; sizes of 1 are repeated."""

    kind = LayerType["ELEMENTWISE"]

    def __init__(self, network: Any, input1: Any, input2: Any, op: Any) -> None:
        super().__init__(network, [input1, input2])
        self.op = op

    def emit(self, writer: Writer) -> None:
        a, b = self.names(writer)
        if self.op.name != "FLOOR_DIV":
            writer.op(_ELEMENTWISE[self.op.name], [a, b], self.out(writer))
        elif self._inputs[0] is not None and is_floating(self._inputs[0].dtype):
            writer.op("Floor", [writer.op("Div", [a, b])], self.out(writer))
        else:  # the remainder has the divisor's sign, so what is left divides exactly
            writer.op("Div", [writer.op("Sub", [a, writer.op("Mod", [a, b])]), b], self.out(writer))


class IUnaryLayer(ILayer):
    """An operation on one tensor."""

    kind = LayerType["UNARY"]

    def __init__(self, network: Any, input: Any, op: Any) -> None:
        super().__init__(network, [input])
        self.op = op

    def emit(self, writer: Writer) -> None:
        writer.op(_UNARY[self.op.name], self.names(writer), self.out(writer))


class IReduceLayer(ILayer):
    """A reduction over the axes whose bits `axes` has."""

    kind = LayerType["REDUCE"]

    def __init__(self, network: Any, input: Any, op: Any, axes: int, keep_dims: bool) -> None:
        super().__init__(network, [input])
        self.op, self.axes, self.keep_dims = op, axes, keep_dims

    def emit(self, writer: Writer) -> None:
        if self.op.name not in _REDUCE:
            raise Refusal(MISUSE, f"{self.name}: the reduction {self.op.name} is not implemented; use SUM, PROD, MAX, "
                          "MIN or AVG")
        writer.op(_REDUCE[self.op.name], [*self.names(writer), writer.ints(*axes_of(self.axes))], self.out(writer),
                  keepdims=int(self.keep_dims))


class ITopKLayer(ILayer):
    """The largest or smallest `k` along one axis: values, and their places as INT32."""

    kind = LayerType["TOPK"]
    outputs_wanted = 2

    def __init__(self, network: Any, input: Any, op: Any, k: int, axes: int) -> None:
        super().__init__(network, [input])
        self.op, self.k, self.axes = op, k, axes

    def emit(self, writer: Writer) -> None:
        inputs = self.names(writer)
        count = writer.ints(self.k) if len(inputs) < 2 else writer.op(
            "Reshape", [writer.cast(inputs[1], 7), writer.ints(1)])
        places = writer.fresh("places")
        writer.op("TopK", [inputs[0], count], [self.out(writer), places], axis=axes_of(self.axes)[0],
                  largest=int(self.op.name == "MAX"))
        writer.cast(places, 6, self.out(writer, 1))


class IMatrixMultiplyLayer(ILayer):
    """A product of matrices or vectors, over the last two dimensions."""

    kind = LayerType["MATRIX_MULTIPLY"]

    def __init__(self, network: Any, input0: Any, op0: Any, input1: Any, op1: Any) -> None:
        super().__init__(network, [input0, input1])
        self.op0, self.op1 = op0, op1

    def emit(self, writer: Writer) -> None:
        names = self.names(writer)
        vector = MatrixOperation["VECTOR"]
        for place, op in enumerate((self.op0, self.op1)):
            tensor = self._inputs[place]
            assert tensor is not None
            if op is MatrixOperation["TRANSPOSE"]:
                order = list(range(len(tensor.shape)))
                order[-1], order[-2] = order[-2], order[-1]
                names[place] = writer.op("Transpose", [names[place]], perm=order)
            elif op is vector:
                names[place] = writer.op("Unsqueeze", [names[place], writer.ints(-1 if place else -2)])
        gone = [axis for axis, op in ((-2, self.op0), (-1, self.op1)) if op is vector]
        if not gone:
            writer.op("MatMul", names, self.out(writer))
        else:
            writer.op("Squeeze", [writer.op("MatMul", names), writer.ints(*gone)], self.out(writer))


class IEinsumLayer(ILayer):
    """A sum of products by Einstein's notation."""

    kind = LayerType["EINSUM"]

    def __init__(self, network: Any, inputs: Any, equation: str) -> None:
        super().__init__(network, list(inputs))
        self.equation = equation

    def emit(self, writer: Writer) -> None:
        writer.op("Einsum", self.names(writer), self.out(writer), equation=self.equation)


class ICumulativeLayer(ILayer):
    """Sums along an axis, which is a tensor of no dimension."""

    kind = layer_kind("CUMULATIVE")

    def __init__(self, network: Any, input: Any, axis: Any, op: Any, exclusive: bool, reverse: bool) -> None:
        super().__init__(network, [input, axis])
        self.op, self.exclusive, self.reverse = op, exclusive, reverse

    def emit(self, writer: Writer) -> None:
        writer.op("CumSum", self.names(writer), self.out(writer), exclusive=int(self.exclusive),
                  reverse=int(self.reverse))


class IConstantLayer(ILayer):
    """Weights as a tensor."""

    kind = LayerType["CONSTANT"]

    def __init__(self, network: Any, shape: Any, weights: Any) -> None:
        super().__init__(network, [])
        self._given = weights
        self.weights = array_of(weights)
        if self.weights is None:
            self.weights = np.empty(0, np.float32)
        self.shape = Dims(shape)
        if self.weights.size != self.shape.volume:
            raise Refusal(MISUSE, f"constant weights have {self.weights.size} values, and the shape {self.shape} needs "
                          f"{self.shape.volume}")

    def weight_names(self) -> dict[str, str]:
        return {"CONSTANT": self._network.weights_name(self._given, self._outputs[0].value)}

    def emit(self, writer: Writer) -> None:
        array = np.asarray(self.weights).reshape(tuple(self.shape))
        name, out = self.weight_names()["CONSTANT"], self.out(writer)
        if name == self._outputs[0].value:
            writer.constant(array, out)
        else:
            writer.op("Identity", [writer.constant(array, name)], out)


class ICastLayer(ILayer):
    """A conversion to `to_type`."""

    kind = LayerType["CAST"]

    def __init__(self, network: Any, input: Any, to_type: DataType) -> None:
        super().__init__(network, [input])
        self.to_type = to_type

    def emit(self, writer: Writer) -> None:
        writer.cast(self.names(writer)[0], to_onnx(self.to_type), self.out(writer))


class IIdentityLayer(ILayer):
    """The same values, in the type that the program set for the output."""

    kind = LayerType["IDENTITY"]

    def emit(self, writer: Writer) -> None:
        wanted = self._output_types.get(0) or self._outputs[0]._wanted
        if wanted is None:
            writer.op("Identity", self.names(writer), self.out(writer))
        else:
            writer.cast(self.names(writer)[0], to_onnx(wanted), self.out(writer))


class IQuantizeLayer(ILayer):
    """Floats to INT8, by a scale for all or for each slice along `axis`."""

    kind = LayerType["QUANTIZE"]

    def __init__(self, network: Any, input: Any, scale: Any, output_type: Any = None) -> None:
        super().__init__(network, [input, scale])
        self.axis = -1
        self.to_type = output_type or DataType.INT8

    def emit(self, writer: Writer) -> None:
        names = self.names(writer)
        axis: dict[str, Any] = {"axis": self.axis} if self.axis >= 0 else {}
        if len(names) < 3:
            writer.op("QuantizeLinear", names, self.out(writer), output_dtype=to_onnx(self.to_type), **axis)
        else:
            writer.op("QuantizeLinear", names, self.out(writer), **axis)


class IDequantizeLayer(ILayer):
    """INT8 to floats."""

    kind = LayerType["DEQUANTIZE"]

    def __init__(self, network: Any, input: Any, scale: Any, output_type: Any = None) -> None:
        super().__init__(network, [input, scale])
        self.axis = -1
        self.to_type = output_type or DataType.FLOAT

    def emit(self, writer: Writer) -> None:
        axis: dict[str, Any] = {"axis": self.axis} if self.axis >= 0 else {}
        writer.op("DequantizeLinear", self.names(writer), self.out(writer), **axis)


class ISelectLayer(ILayer):
    """Values of one tensor or of another."""

    kind = LayerType["SELECT"]

    def emit(self, writer: Writer) -> None:
        writer.op("Where", self.names(writer), self.out(writer))


class IFillLayer(ILayer):
    """Evenly spaced or random numbers, of a fixed shape or one from input 0."""

    kind = LayerType["FILL"]

    def __init__(self, network: Any, shape: Any, op: Any, output_type: DataType = DataType.FLOAT) -> None:
        super().__init__(network, [])
        self.shape, self.operation, self.to_type = Dims(shape), op, output_type
        self.alpha: Any = 0.0
        self.beta: Any = 1.0

    def set_alpha(self, alpha: float) -> None:
        self.alpha = alpha

    def set_beta(self, beta: float) -> None:
        self.beta = beta

    def is_alpha_beta_int64(self) -> bool:
        return isinstance(self.alpha, int) and isinstance(self.beta, int)

    def emit(self, writer: Writer) -> None:
        names = self.names(writer) + ["", "", ""]
        shape = writer.cast(names[0], 7) if names[0] else writer.ints(*self.shape)
        onnx_type = to_onnx(self.to_type)
        if self.operation is FillOperation["LINSPACE"]:
            self._spaced(writer, names, shape, onnx_type)
            return
        zeros = writer.op("ConstantOfShape", [shape])
        alpha, beta = float(self.alpha), float(self.beta)
        if self.operation is FillOperation["RANDOM_UNIFORM"]:
            values = writer.op("RandomUniformLike", [zeros], low=0.0, high=1.0)
            low = names[1] or writer.constant(np.float32(alpha))
            high = names[2] or writer.constant(np.float32(beta))
            values = writer.op("Add", [writer.op("Mul", [values, writer.op("Sub", [high, low])]), low])
        else:
            values = writer.op("RandomNormalLike", [zeros], mean=0.0, scale=1.0)
            deviation = names[2] or writer.constant(np.float32(beta))
            values = writer.op("Add", [writer.op("Mul", [values, deviation]),
                                       names[1] or writer.constant(np.float32(alpha))])
        writer.cast(values, onnx_type, self.out(writer))

    def _spaced(self, writer: Writer, names: list[str], shape: str, onnx_type: int) -> None:
        """alpha + sum over axes of beta[axis] * place along it."""
        start = writer.cast(names[1] or writer.constant(np.array(self.alpha)), onnx_type)
        step = writer.cast(names[2] or writer.constant(np.array(self.beta)), onnx_type)
        rank = len(self.shape)
        if names[0] and self._inputs[0] is not None:
            rank = max(self._inputs[0].shape[0], 1)
        total = start
        zero, one = writer.constant(np.int64(0)), writer.constant(np.int64(1))
        for axis in range(rank):
            places = writer.op("Range", [zero, writer.op("Gather", [shape, writer.constant(np.int64(axis))]), one])
            places = writer.op("Reshape", [writer.cast(places, onnx_type),
                                           writer.ints(-1, *[1] * (rank - axis - 1))])
            each = step if rank == 1 else writer.op("Gather", [step, writer.constant(np.int64(axis))])
            each = writer.op("Reshape", [each, writer.constant(np.empty(0, np.int64))])
            total = writer.op("Add", [total, writer.op("Mul", [places, each])])
        writer.op("Identity", [total], self.out(writer))
