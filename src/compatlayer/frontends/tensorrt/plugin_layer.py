"""Layers that are plugins."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt import plugin_use
from compatlayer.frontends.tensorrt.data_type import DataType, to_onnx
from compatlayer.frontends.tensorrt.enums import LayerType, TensorRTPhase, layer_kind
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.plugin_fields import from_attributes
from compatlayer.frontends.tensorrt.plugin_interfaces import IPluginCreator
from compatlayer.frontends.tensorrt.writer import Writer

DOMAIN = "compatlayer.plugin"


class _PluginLayer(ILayer):
    """A plugin and its tensors; `use` is what the network asks it through."""

    def __init__(self, network: Any, inputs: list[Any], plugin: Any, outputs: list[Any] | None = None) -> None:
        self.use = plugin_use.of_plugin(plugin)
        self.outputs_wanted = self.use.num_outputs if outputs is None else 0
        super().__init__(network, inputs)
        if outputs is not None:
            self._outputs = outputs
        network.opsets[DOMAIN] = 1
        given = self.input_types()
        types = self.use.output_types(given)
        self._kinds = [*given, *types]
        if len(types) != self.use.num_outputs:
            raise Refusal(MISUSE, f"the plugin {self.use.identity()[0]} has {self.use.num_outputs} outputs and "
                          f"{len(types)} types of them; give one for each")
        for tensor, dtype in zip(self._outputs, types, strict=False):
            tensor._dtype = dtype

    @property
    def plugin(self) -> Any:
        return self.use.plugin

    def input_types(self) -> list[DataType]:
        return [tensor.dtype for tensor in self._inputs if tensor is not None]

    def emit(self, writer: Writer) -> None:
        """A node of a domain of ours. What the plugin saves comes when the network is built."""
        from onnx import helper

        name, version, namespace = self.use.identity()
        outputs = [self.out(writer, place) for place in range(len(self._outputs))]
        writer.nodes.append(helper.make_node(
            name or "Plugin", self.names(writer), outputs, name=self.name, domain=DOMAIN,
            generation=self.use.generation, plugin=[name, version, namespace],
            types=[int(dtype) for dtype in self._kinds]))

    def output_infos(self, shapes: Any) -> list[tuple[str, int, Any]]:
        """Of each output: value, ONNX type, shape; None for a shape while an input's rank is not known."""
        known = [tensor._shape if tensor._is_input else shapes.get(tensor.value)
                 for tensor in self._inputs if tensor is not None]
        found = None if None in known else self.use.output_shapes([shape for shape in known if shape is not None])
        types = self._kinds[len(known):]
        return [(tensor.value, to_onnx(types[place]), None if found is None else found[place])
                for place, tensor in enumerate(self._outputs)]


class IPluginV2Layer(_PluginLayer):
    """A plugin of the second kind."""

    kind = LayerType["PLUGIN_V2"]


class IPluginV3Layer(_PluginLayer):
    """A plugin of the third kind."""

    kind = layer_kind("PLUGIN_V3")

    def __init__(self, network: Any, inputs: list[Any], shape_inputs: list[Any], plugin: Any,
                 outputs: list[Any] | None = None) -> None:
        if shape_inputs:
            raise Refusal(MISUSE, "shape inputs of plugins are not implemented; give the values as fields, or the "
                          "tensors as inputs")
        super().__init__(network, inputs, plugin, outputs)


def from_node(network: Any, creator: Any, node: Any, inputs: Any, outputs: Any) -> Any:
    """The layer of an ONNX node whose operator is a plugin's name."""
    from onnx import helper

    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    fields = from_attributes(creator.field_names, given)
    name = node.name or node.op_type
    if isinstance(creator, IPluginCreator):
        plugin = creator.create_plugin(name, fields)
    else:
        plugin = creator.create_plugin(name, fields, TensorRTPhase["BUILD"])
    if plugin is None:
        raise Refusal(MISUSE, f"the plugin creator of {node.op_type} answered None for the node {name}; return a "
                      "plugin")
    wanted = plugin_use.of_plugin(plugin).num_outputs
    while len(outputs) < wanted:
        outputs.append(network.new_tensor(f"{name}_output_{len(outputs)}"))
    if isinstance(creator, IPluginCreator):
        layer: Any = IPluginV2Layer(network, inputs, plugin, outputs[:wanted])
    else:
        layer = IPluginV3Layer(network, inputs, [], plugin, outputs[:wanted])
    layer.name = name
    return layer
