"""What an engine knows about each of its inputs and outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

from compatlayer.frontends.tensorrt.data_type import DataType, from_onnx


class IoTensor(NamedTuple):
    """`shape` has -1 where a dimension is dynamic; `onnx_type` is what the buffer is bound as."""

    name: str
    is_input: bool
    dtype: DataType
    onnx_type: int
    shape: tuple[int, ...]
    decides_shapes: bool = False


def of_model(model: Any) -> list[IoTensor]:
    """Inputs, then outputs, in the network's order."""
    from compatlayer.frontends.tensorrt.shape_input import shape_inputs

    weights = {each.name for each in model.graph.initializer}
    deciding = shape_inputs(model)
    found = []
    for info in model.graph.input:
        if info.name not in weights:
            found.append(_tensor(info, True, info.name in deciding))
    return found + [_tensor(info, False, False) for info in model.graph.output if not is_check(info.name)]


def is_check(name: str) -> bool:
    """Whether an output is an assertion's: it is computed, and nobody sees it."""
    return name.startswith("assertion__")


def _tensor(info: Any, is_input: bool, decides: bool) -> IoTensor:
    kind = info.type.tensor_type
    shape = tuple(int(dim.dim_value) if dim.HasField("dim_value") else -1 for dim in kind.shape.dim)
    if not kind.HasField("shape"):
        shape = (-1,)  # not even the rank is known: found with the values
    return IoTensor(info.name, is_input, from_onnx(kind.elem_type) or DataType.FLOAT, kind.elem_type, shape, decides)
