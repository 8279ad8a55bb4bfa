"""Engines with plugins, before they run: parts of the model that onnxruntime computes, and plugins between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from compatlayer.frontends.tensorrt import plugin_use, session
from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.plugin_layer import DOMAIN
from compatlayer.frontends.tensorrt.shapes import Inferred, Known, infer


@dataclass
class PluginStep:
    """One plugin; `types` of its inputs, then of its outputs."""

    name: str
    use: plugin_use.Use
    inputs: list[str]
    outputs: list[str]
    types: list[DataType]


@dataclass
class ModelStep:
    """A part that onnxruntime runs; ONNX types by value."""

    session: Any
    inputs: list[str]
    outputs: list[str]
    types: dict[str, int]


@dataclass
class Steps:
    """All of an engine, in order; `constants` are weights that plugins read."""

    steps: list[PluginStep | ModelStep]
    constants: dict[str, Any] = field(default_factory=dict)

    @property
    def plugins(self) -> list[PluginStep]:
        return [step for step in self.steps if isinstance(step, PluginStep)]


def count(model: Any) -> int:
    """Plugins in a model. Refusal for one in a loop or a conditional."""
    if any(_has_plugin(attribute.g) for node in model.graph.node for attribute in node.attribute
           if attribute.HasField("g")):
        raise Refusal(MISUSE, "plugins inside of loops and conditionals are not implemented; move the plugin out")
    return sum(node.domain == DOMAIN for node in model.graph.node)


def _has_plugin(graph: Any) -> bool:
    return any(node.domain == DOMAIN or any(_has_plugin(each.g) for each in node.attribute if each.HasField("g"))
               for node in graph.node)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def inferred(model: Any, uses: list[plugin_use.Use], sizes: dict[str, tuple[int, ...]] | None = None) -> Inferred:
    """Shapes and types of all values, through the plugins; `uses` in the order of the plugins' nodes."""
    known: Known = {}
    nodes = [node for node in model.graph.node if node.domain == DOMAIN]
    for node, use in zip(nodes, uses, strict=True):
        found = infer(model, sizes, known)
        shapes = [found.shapes.get(name) for name in node.input]
        given = [shape for shape in shapes if shape is not None]
        made = use.output_shapes(given) if len(given) == len(shapes) else None
        types = _attributes(node)["types"][len(shapes):]
        for place, name in enumerate(node.output):
            known[name] = (plugin_use.onnx_type(types[place]), None if made is None else made[place])
    return infer(model, sizes, known)


def finish(model: Any, layers: list[Any], sizes: dict[str, tuple[int, ...]]) -> None:
    """At the end of a build: ask each plugin whether it takes the types, configure it, and keep what it saves."""
    from onnx import helper

    found = inferred(model, [layer.use for layer in layers], sizes).shapes
    for node, layer in zip((node for node in model.graph.node if node.domain == DOMAIN), layers, strict=True):
        inputs = [found.get(name) or () for name in node.input]
        outputs = [found.get(name) or () for name in node.output]
        types = [DataType(number) for number in _attributes(node)["types"]]
        layer.use.check_formats(layer.name, inputs, outputs, types)
        layer.use.configure(inputs, outputs, types)
        node.attribute.append(helper.make_attribute("data", layer.use.saved()))


def split(model: Any) -> Steps:
    """The steps of an engine's model."""
    from onnx import numpy_helper

    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    groups: list[list[Any]] = [[]]
    for node in model.graph.node:
        if node.domain == DOMAIN:
            groups += [[node], []]
        else:
            groups[-1].append(node)
    groups = [group for group in groups if group]
    made = Steps([])
    for place, group in enumerate(groups):
        if group[0].domain == DOMAIN:
            step = _plugin_step(group[0])
            made.steps.append(step)
            made.constants |= {name: numpy_helper.to_array(weights[name]) for name in step.inputs if name in weights}
        else:
            later = {name for other in groups[place + 1:] for node in other for name in _reads(node)}
            made.steps.append(_model_step(model, group, later, weights))
    return made


def _plugin_step(node: Any) -> PluginStep:
    given = _attributes(node)
    name, version, namespace = (text.decode() for text in given["plugin"])
    use = plugin_use.restored(node.name, given["generation"], (name, version, namespace), given["data"])
    return PluginStep(node.name, use, list(node.input), list(node.output),
                      [DataType(number) for number in given["types"]])


def _reads(node: Any) -> set[str]:
    """Values that a node and its subgraphs take from outside."""
    found = {name for name in node.input if name}
    for attribute in node.attribute:
        if attribute.HasField("g"):
            graph = attribute.g
            own = {each.name for each in (*graph.input, *graph.initializer)}
            own |= {name for inner in graph.node for name in inner.output}
            found |= {name for inner in graph.node for name in _reads(inner)} - own
            found |= {each.name for each in graph.output} - own
    return found


def _model_step(model: Any, nodes: list[Any], later: set[str], weights: dict[str, Any]) -> ModelStep:
    from onnx import helper

    types = infer(model).types
    made = {name for node in nodes for name in node.output if name}
    read = {name for node in nodes for name in _reads(node)}
    inputs = sorted(read - made - weights.keys())
    wanted = later | {info.name for info in model.graph.output}
    outputs = [name for node in nodes for name in node.output if name in wanted]
    missing = [name for name in (*inputs, *outputs) if name not in types]
    if missing:
        raise Refusal(MISUSE, f"the type of {missing[0]} between plugins cannot be found; cast it where it is made")
    graph = helper.make_graph(
        nodes, model.graph.name, [helper.make_tensor_value_info(name, types[name], None) for name in inputs],
        [helper.make_tensor_value_info(name, types[name], None) for name in outputs],
        [weights[name] for name in sorted(read & weights.keys())])
    part = helper.make_model(graph, opset_imports=[each for each in model.opset_import if each.domain != DOMAIN],
                             functions=list(model.functions))
    part.ir_version = model.ir_version
    return ModelStep(session.make(part.SerializeToString()), inputs, outputs,
                     {name: types[name] for name in (*inputs, *outputs)})
