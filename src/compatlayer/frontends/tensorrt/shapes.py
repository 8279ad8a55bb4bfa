"""Shape inference: of a network that is being built, and of an engine for given input shapes."""

from __future__ import annotations

from typing import Any, NamedTuple

SMALL = 1024  # elements; larger constants do not decide shapes

# Their output's shape depends on the values of what they are given.
DATA_DEPENDENT = {"NonZero", "NonMaxSuppression", "Unique", "Compress", "StringSplit", "SequenceMap"}


Known = dict[str, tuple[int, "tuple[int, ...] | None"]]  # value: ONNX type, and shape where it is known


class Inferred(NamedTuple):
    """By value name: shapes with -1 where unknown, None for unknown rank; and TensorProto.DataType numbers."""

    shapes: dict[str, tuple[int, ...] | None]
    types: dict[str, int]


def infer(model: Any, sizes: dict[str, tuple[int, ...]] | None = None, known: Known | None = None) -> Inferred:
    """What onnx finds out about a model's values. `sizes` fixes shapes of inputs first. Never raises."""
    from onnx import helper, shape_inference

    light = _light(model)
    for name, (onnx_type, shape) in (known or {}).items():
        dims = None if shape is None else [None if size < 0 else size for size in shape]
        info = helper.make_tensor_value_info(name, onnx_type, dims)
        place = next((each for each in (*light.graph.value_info, *light.graph.output) if each.name == name), None)
        if place is None:
            light.graph.value_info.append(info)
        else:
            place.CopyFrom(info)
    for info in light.graph.input:
        wanted = (sizes or {}).get(info.name)
        if wanted is not None:
            _fix(info, wanted)
    for info in light.graph.output if sizes else ():
        if info.name in (known or {}):
            continue
        info.type.tensor_type.ClearField("shape")
    try:
        done = shape_inference.infer_shapes(light, data_prop=True)
    except Exception:  # of a network half built, or a wrong one: building it tells the reason
        done = light
    shapes: dict[str, tuple[int, ...] | None] = {}
    types: dict[str, int] = {}
    for info in [*done.graph.input, *done.graph.value_info, *done.graph.output]:
        kind = info.type.tensor_type
        if kind.elem_type:
            types[info.name] = kind.elem_type
        shapes[info.name] = tuple(_size(dim) for dim in kind.shape.dim) if kind.HasField("shape") else None
    for tensor in model.graph.initializer:
        shapes[tensor.name], types[tensor.name] = tuple(tensor.dims), tensor.data_type
    return Inferred(shapes, types)


def _size(dim: Any) -> int:
    return int(dim.dim_value) if dim.HasField("dim_value") else -1


def _fix(info: Any, shape: tuple[int, ...]) -> None:
    dims = info.type.tensor_type.shape.dim
    del dims[:]
    for size in shape:
        dims.add().dim_value = size


def _light(model: Any) -> Any:
    """The model without the bytes of its large constants, which become inputs."""
    from onnx import helper

    light = type(model)()
    light.ir_version = model.ir_version
    light.opset_import.extend(model.opset_import)
    light.functions.extend(model.functions)
    graph = light.graph
    graph.name = model.graph.name
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    for tensor in model.graph.initializer:
        count = 1
        for size in tensor.dims:
            count *= size
        if count <= SMALL and not tensor.external_data and _has_data(tensor):
            graph.initializer.append(tensor)
        else:
            graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    return light


def _has_data(tensor: Any) -> bool:
    """False for the weights of a stripped engine."""
    return not tensor.dims or bool(tensor.raw_data or tensor.float_data or tensor.int32_data or tensor.int64_data
                                   or tensor.double_data or tensor.uint64_data)


def depends_on_data(model: Any) -> bool:
    """Whether an operator of the model gives shapes that depend on values."""
    return any(_is_data_dependent(node) for node in model.graph.node)


def _is_data_dependent(node: Any) -> bool:
    if node.op_type in DATA_DEPENDENT:
        return True
    return any(_is_data_dependent(inner) for attribute in node.attribute if attribute.HasField("g")
               for inner in attribute.g.node)
