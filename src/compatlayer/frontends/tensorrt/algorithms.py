"""What an algorithm selector is shown and asked: one algorithm for each layer, because onnxruntime chooses its own."""

from __future__ import annotations

from math import prod
from typing import Any
from zlib import crc32

from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.log import INTERNAL, Refusal


class IAlgorithmIOInfo:
    """How an algorithm takes or gives one tensor: linear, of the tensor's type. Strides are 0 of an open shape."""

    def __init__(self, shape: tuple[int, ...], dtype: DataType) -> None:
        known = -1 not in shape
        self.dtype = dtype
        self.strides = Dims(prod(shape[place + 1:]) if known else 0 for place in range(len(shape)))
        self.vectorized_dim = -1
        self.components_per_element = 1

    @property
    def tensor_format(self) -> Any:
        from compatlayer.frontends.tensorrt.enums import TensorFormat

        return TensorFormat["LINEAR"]


class IAlgorithmVariant:
    """The number of an implementation, which follows from the layer's kind, and of its tactic: there is one."""

    def __init__(self, kind: str) -> None:
        self.implementation = crc32(kind.encode())
        self.tactic = 0


class IAlgorithm:
    """The one algorithm of a layer. `timing_msec` is 0: nothing is timed where nothing can be chosen."""

    def __init__(self, kind: str, tensors: list[IAlgorithmIOInfo]) -> None:
        self.algorithm_variant = IAlgorithmVariant(kind)
        self.timing_msec = 0.0
        self.workspace_size = 0
        self._tensors = tensors

    def get_algorithm_io_info(self, index: int) -> IAlgorithmIOInfo:
        return self._tensors[index]


class IAlgorithmContext:
    """A layer as a selector sees it; shapes of inputs, then outputs: least, usual and most."""

    def __init__(self, layer: Any, shapes: list[tuple[int, ...]], inputs: int) -> None:
        self.name = layer.name
        self.num_inputs = inputs
        self.num_outputs = len(shapes) - inputs
        self._shapes = shapes

    def get_shape(self, index: int) -> list[Dims]:
        return [Dims(self._shapes[index])] * 3


def choose(selector: Any, network: Any) -> None:
    """Ask for every layer, then report what was chosen. Raises Refusal when a layer is left without an algorithm."""
    contexts, chosen = [], []
    for layer in network._layers:
        inputs = [tensor for tensor in layer._inputs if tensor is not None]
        tensors = [*inputs, *layer._outputs]
        shapes = [tuple(network.shape_of(tensor) or ()) for tensor in tensors]
        context = IAlgorithmContext(layer, shapes, len(inputs))
        algorithm = IAlgorithm(layer.type.name, [IAlgorithmIOInfo(shape, tensor.dtype)
                                                 for shape, tensor in zip(shapes, tensors, strict=True)])
        picked = selector.select_algorithms(context, [algorithm])
        if not picked:
            raise Refusal(INTERNAL, f"Could not find any implementation for node {layer.name}: the algorithm selector "
                                    "chose none of the one that there is")
        if any(index != 0 for index in picked):
            raise Refusal(INTERNAL, f"the algorithm selector chose {list(picked)} for {layer.name}, where only 0 is")
        contexts.append(context)
        chosen.append(algorithm)
    selector.report_algorithms(contexts, chosen)


ALL = (IAlgorithm, IAlgorithmContext, IAlgorithmIOInfo, IAlgorithmVariant)
for _kind in ALL:
    _kind.__module__ = "tensorrt"
