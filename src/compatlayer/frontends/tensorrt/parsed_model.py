"""What a model may contain: reading it, and the reasons for which nodes are refused."""

from __future__ import annotations

import os
from typing import Any

from compatlayer.frontends.tensorrt import efficient_nms
from compatlayer.frontends.tensorrt.data_type import from_onnx
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import ErrorCode
from compatlayer.frontends.tensorrt.profile import PROFILE

# Domains besides ONNX's own whose operators onnxruntime has.
_MORE_DOMAINS = {"ai.onnx.ml", "com.microsoft", "ai.onnx.preview.training"}


def error_code(name: str) -> Enumerator:
    """A parser's code by name; 8.6 has one for all that is wrong with a node."""
    return ErrorCode[name if name in ErrorCode.__members__ else "UNSUPPORTED_NODE"]


class Unsupported(Exception):
    """A model or a node is refused; `code` is the parser's."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = error_code(code)


def load(data: bytes, folder: str) -> Any:
    """Read a ModelProto, with its external weights from `folder`."""
    import onnx
    from onnx.external_data_helper import load_external_data_for_model

    try:
        model = onnx.load_model_from_string(data)
    except Exception:
        raise Unsupported("MODEL_DESERIALIZE_FAILED", f"Failed to parse the ONNX model: {len(data)} bytes that are no "
                          "ModelProto; check that the file is complete") from None
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise Unsupported("MODEL_DESERIALIZE_FAILED", "Failed to parse the ONNX model: it holds no graph; check that "
                          "the file is complete")
    try:
        load_external_data_for_model(model, folder or os.getcwd())
    except Exception as error:
        raise Unsupported("MODEL_DESERIALIZE_FAILED", f"Failed to load external weights: {error}; parse with the "
                          "model's path") from None
    efficient_nms.expand(model)
    _set_plugins_apart(model)
    declared = {each.domain for each in model.opset_import} | {"", "ai.onnx"}
    for domain in sorted({node.domain for node in model.graph.node} - declared):  # exporters forget those of plugins
        model.opset_import.add(domain=domain, version=1)
    _complete_outputs(model)
    _check(model)
    return model


def _check(model: Any) -> None:
    """Refuse a model that is not valid; nodes of which only the operator is unknown are refused later, one by one."""
    import onnx

    unknown = [node for node in model.graph.node if node.domain in ("", "ai.onnx")
               and not known_operator("", node.op_type)]
    domains = [node.domain for node in unknown]
    for node in unknown:
        node.domain = "plugin"
    if unknown and "plugin" not in {each.domain for each in model.opset_import}:
        model.opset_import.add(domain="plugin", version=1)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        if "Field 'shape'" not in str(error):  # an output whose rank nobody knows is found when it runs
            raise Unsupported("INVALID_NODE", f"The model is not valid: {str(error).splitlines()[0]}") from None
    except ValueError:  # more than 2 GiB: the checker cannot take it
        pass
    finally:
        for node, domain in zip(unknown, domains, strict=True):
            node.domain = domain


def _complete_outputs(model: Any) -> None:
    """Types and shapes of outputs that the model leaves out, which some exporters do: they follow from the nodes."""
    open_ones = [each for each in model.graph.output if each.type.HasField("tensor_type") or not each.HasField("type")]
    open_ones = [each for each in open_ones if not each.type.tensor_type.HasField("shape")
                 or not each.type.tensor_type.elem_type]
    if not open_ones:
        return
    from onnx import shape_inference

    bare = type(model)()
    bare.CopyFrom(model)
    for each in bare.graph.output:
        each.ClearField("type")
    try:
        found = {each.name: each.type for each in shape_inference.infer_shapes(bare).graph.output}
    except (ValueError, RuntimeError):  # more than 2 GiB, or a fault that the checker names
        return
    for each in open_ones:
        if found[each.name].tensor_type.HasField("shape"):
            each.type.CopyFrom(found[each.name])


def _set_plugins_apart(model: Any) -> None:
    """Give plugins' nodes of ONNX's own domain a domain of theirs: no checker knows such operators there."""
    from compatlayer.frontends.tensorrt.plugin_registry import has_creator

    for node in model.graph.node:
        if node.domain in ("", "ai.onnx") and not known_operator("", node.op_type) and has_creator(node):
            node.domain = "plugin"


def known_operator(domain: str, name: str) -> bool:
    """Whether an operator has an importer."""
    import onnx

    return domain in _MORE_DOMAINS or onnx.defs.has(name, "" if domain == "ai.onnx" else domain)


def missing_importers(node: Any, model: Any) -> list[Any]:
    """The node, and nodes of its subgraphs, whose operators nobody knows."""
    functions = {(each.domain, each.name) for each in model.functions}
    found = []
    if not known_operator(node.domain, node.op_type) and (node.domain, node.op_type) not in functions:
        found.append(node)
    for attribute in node.attribute:
        for inner in attribute.g.node if attribute.HasField("g") else ():
            found += missing_importers(inner, model)
    return found


def check_node(node: Any, model: Any) -> None:
    """Raise Unsupported for a node that no engine can have."""
    if node.op_type.startswith("String") or node.op_type in ("RegexFullMatch", "TfIdfVectorizer", "ImageDecoder"):
        raise Unsupported("UNSUPPORTED_NODE_DATATYPE", "strings are no tensors of an engine; do this step before it")


# ONNX types of inputs and outputs that the API has no counterpart of, and the type they enter and leave as: it holds
# all of their values (uint64's by their bits). TensorRT 8 has no INT64 either.
_ENTER_AS = {8: {7: 6, 5: 6, 4: 6}, 10: {5: 6, 4: 6, 12: 7, 13: 7}}[PROFILE]


def convert_integers(model: Any) -> Any:
    """Let integers of other widths enter and leave as INT32 or INT64, with a cast inside."""
    from onnx import helper

    graph = model.graph
    weights = {each.name for each in graph.initializer}
    front, back = [], []
    for info in graph.input:
        own = info.type.tensor_type.elem_type
        if own in _ENTER_AS and info.name not in weights:
            inner = f"{info.name}__inner"
            _rename(graph.node, info.name, inner)
            info.type.tensor_type.elem_type = _ENTER_AS[own]
            front.append(helper.make_node("Cast", [info.name], [inner], to=own))
    for info in graph.output:
        own = info.type.tensor_type.elem_type
        if own in _ENTER_AS:
            inner = f"{info.name}__inner"
            _rename(graph.node, info.name, inner)
            info.type.tensor_type.elem_type = _ENTER_AS[own]
            back.append(helper.make_node("Cast", [inner], [info.name], to=_ENTER_AS[own]))
    if front or back:
        _set_nodes(graph, [*front, *graph.node, *back])
    return model


def enters(onnx_type: int) -> bool:
    """Whether a value of that type can enter or leave an engine."""
    return onnx_type in _ENTER_AS or from_onnx(onnx_type) is not None


def _set_nodes(graph: Any, nodes: list[Any]) -> None:
    copies = [type(node)() for node in nodes]
    for copy, node in zip(copies, nodes, strict=True):
        copy.CopyFrom(node)
    del graph.node[:]
    graph.node.extend(copies)


def _rename(nodes: Any, old: str, new: str) -> None:
    for node in nodes:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g.node, old, new)
