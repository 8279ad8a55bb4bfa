"""ILayer: a step of a network, and the layers that come from parsed nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from compatlayer.frontends.tensorrt import parsed_attributes
from compatlayer.frontends.tensorrt.data_type import DataType, to_onnx
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import LayerType

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.network import INetworkDefinition
    from compatlayer.frontends.tensorrt.tensor import ITensor
    from compatlayer.frontends.tensorrt.writer import Writer


class ILayer:
    """A layer. Derived kinds lower themselves to ONNX nodes in `emit`."""

    kind: ClassVar[Enumerator]
    outputs_wanted = 1

    def __init__(self, network: INetworkDefinition, inputs: list[ITensor | None]) -> None:
        self._network = network
        self._inputs: list[ITensor | None] = list(inputs)
        self._type = self.kind
        self._precision: DataType | None = None
        self._output_types: dict[int, DataType] = {}
        self.name = network.unnamed(self._type)
        self.metadata = ""
        self._outputs = [network.new_tensor(f"{self.name}_output" + (f"_{place}" if place else ""))
                         for place in range(self.outputs_wanted)]

    @property
    def type(self) -> Enumerator:
        return self._type

    @property
    def num_inputs(self) -> int:
        return len(self._inputs)

    @property
    def num_outputs(self) -> int:
        return len(self._outputs)

    def get_input(self, index: int) -> ITensor | None:
        return self._inputs[index] if 0 <= index < len(self._inputs) else None

    def set_input(self, index: int, tensor: ITensor) -> None:
        while len(self._inputs) <= index:
            self._inputs.append(None)
        self._inputs[index] = tensor
        self._network.changed()

    def get_output(self, index: int) -> ITensor | None:
        return self._outputs[index] if 0 <= index < len(self._outputs) else None

    @property
    def precision(self) -> DataType:
        return self._precision if self._precision is not None else DataType.FLOAT

    @precision.setter
    def precision(self, dtype: DataType) -> None:
        self._precision = dtype

    @property
    def precision_is_set(self) -> bool:
        return self._precision is not None

    def reset_precision(self) -> None:
        self._precision = None

    def set_output_type(self, index: int, dtype: DataType) -> None:
        self._output_types[index] = dtype

    def get_output_type(self, index: int) -> DataType:
        return self._output_types.get(index) or self._outputs[index].dtype

    def output_type_is_set(self, index: int) -> bool:
        return index in self._output_types

    def reset_output_type(self, index: int) -> None:
        self._output_types.pop(index, None)

    def emit(self, writer: Writer) -> None:
        """Add this layer's nodes."""
        raise NotImplementedError(type(self).__name__)

    def names(self, writer: Writer) -> list[str]:
        """The values of the inputs; an empty name for one that is not there."""
        return ["" if tensor is None else writer.value(tensor) for tensor in self._inputs]

    def out(self, writer: Writer, place: int = 0) -> str:
        """The value that an output gets."""
        return writer.define(self._outputs[place])

    def scalar(self, writer: Writer, value: float) -> str:
        """A constant of the first input's type."""
        assert self._inputs[0] is not None
        number = writer.constant(np.array(value, np.float32))
        dtype = self._inputs[0].dtype
        return number if dtype is DataType.FLOAT else writer.cast(number, to_onnx(dtype))


ILayer.__module__ = "tensorrt"

# Which kind of layer TensorRT's parser makes of an ONNX operator; what is not here becomes an elementwise-like layer.
OF_OPERATOR = {
    "Conv": "CONVOLUTION", "ConvTranspose": "DECONVOLUTION", "MatMul": "MATRIX_MULTIPLY", "Gemm": "MATRIX_MULTIPLY",
    "MaxPool": "POOLING", "AveragePool": "POOLING", "GlobalAveragePool": "REDUCE", "GlobalMaxPool": "REDUCE",
    "LRN": "LRN", "Softmax": "SOFTMAX", "LogSoftmax": "SOFTMAX", "Concat": "CONCATENATION",
    "BatchNormalization": "SCALE",
    "LayerNormalization": "NORMALIZATION", "InstanceNormalization": "NORMALIZATION",
    "GroupNormalization": "NORMALIZATION", "Cast": "CAST", "Reshape": "SHUFFLE", "Transpose": "SHUFFLE",
    "Flatten": "SHUFFLE", "Squeeze": "SQUEEZE", "Unsqueeze": "UNSQUEEZE", "Slice": "SLICE", "Split": "SLICE",
    "Pad": "SLICE", "Gather": "GATHER", "GatherElements": "GATHER", "GatherND": "GATHER", "Shape": "SHAPE",
    "PRelu": "PARAMETRIC_RELU", "Resize": "RESIZE", "Upsample": "RESIZE", "Where": "SELECT", "Range": "FILL",
    "ConstantOfShape": "FILL", "QuantizeLinear": "QUANTIZE", "DequantizeLinear": "DEQUANTIZE", "Einsum": "EINSUM",
    "ScatterElements": "SCATTER", "ScatterND": "SCATTER", "OneHot": "ONE_HOT", "NonZero": "NON_ZERO",
    "GridSample": "GRID_SAMPLE", "NonMaxSuppression": "NMS", "ReverseSequence": "REVERSE_SEQUENCE", "TopK": "TOPK",
    "ArgMax": "TOPK", "ArgMin": "TOPK", "CumSum": "CUMULATIVE", "Constant": "CONSTANT", "Identity": "IDENTITY",
    "Dropout": "IDENTITY", "If": "CONDITION", "Loop": "RECURRENCE", "Scan": "RECURRENCE",
}  # fmt: skip
_EARLIER = {"SQUEEZE": "SHUFFLE", "UNSQUEEZE": "SHUFFLE", "CUMULATIVE": "ELEMENTWISE"}  # in TensorRT 8.6
_ACTIVATIONS = {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Selu", "Softsign", "Softplus", "Clip", "HardSigmoid",
                "ThresholdedRelu", "Gelu"}
_UNARY = {"Exp", "Log", "Sqrt", "Reciprocal", "Abs", "Neg", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Asin", "Acos", "Atan",
          "Asinh", "Acosh", "Atanh", "Ceil", "Floor", "Erf", "Not", "Sign", "Round", "IsInf", "IsNaN"}


def kind_of(operator: str) -> Enumerator:
    """The layer kind of an ONNX operator."""
    if operator in _ACTIVATIONS:
        return LayerType["ACTIVATION"]
    if operator in _UNARY:
        return LayerType["UNARY"]
    if operator.startswith("Reduce"):
        return LayerType["REDUCE"]
    name = OF_OPERATOR.get(operator, "ELEMENTWISE")
    return LayerType[name if name in LayerType.__members__ else _EARLIER[name]]


class ParsedLayer(ILayer):
    """A node of a parsed model, kept as it is."""

    kind = LayerType["IDENTITY"]
    outputs_wanted = 0

    def __init__(self, network: INetworkDefinition, node: Any, inputs: list[ITensor | None],
                 outputs: list[ITensor]) -> None:
        super().__init__(network, inputs)
        self._type = kind_of(node.op_type)
        self._outputs = outputs
        self.node = node
        vars(self).update(parsed_attributes.of_node(node, network.initializers))
        self.name = node.name or (f"node_of_{outputs[0].name}" if outputs else node.op_type)

    def emit(self, writer: Writer) -> None:
        copy = type(self.node)()
        copy.CopyFrom(self.node)
        copy.name = self.name
        del copy.input[:]
        copy.input.extend(self.names(writer))
        writer.nodes.append(copy)


ParsedLayer.__name__ = ParsedLayer.__qualname__ = "ILayer"
ParsedLayer.__module__ = "tensorrt"
