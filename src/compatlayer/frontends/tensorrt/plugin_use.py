"""One plugin in a network or an engine: the two generations of plugins behind one set of questions."""

from __future__ import annotations

import json
from typing import Any

from compatlayer.frontends.tensorrt.data_type import DataType, to_onnx
from compatlayer.frontends.tensorrt.enums import PluginCapabilityType, TensorRTPhase
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.plugin_fields import PluginField, PluginFieldCollection_
from compatlayer.frontends.tensorrt.plugin_interfaces import IPluginResourceContext, IPluginV2DynamicExt, IPluginV3
from compatlayer.frontends.tensorrt.plugin_registry import registry
from compatlayer.frontends.tensorrt.plugin_shapes import (
    DimsExprs,
    IDimensionExpr,
    IExprBuilder,
    described,
    described_dynamic,
    expressions,
)

Shapes = list[tuple[int, ...]]


class Use:
    """A plugin with its name; `size_outputs` are outputs that tell another's size: (output, place) -> teller."""

    generation = 0

    def __init__(self, plugin: Any) -> None:
        self.plugin = plugin
        self.tellers: dict[tuple[int, int], int] = {}
        self.most: dict[tuple[int, int], int] = {}

    @property
    def num_outputs(self) -> int:
        return int(self.build.num_outputs)

    @property
    def build(self) -> Any:
        return self.plugin

    @property
    def runtime(self) -> Any:
        return self.plugin

    def identity(self) -> tuple[str, str, str]:
        """Name, version, namespace."""
        raise NotImplementedError

    def output_types(self, inputs: list[DataType]) -> list[DataType]:
        raise NotImplementedError

    def _expressions(self, inputs: list[DimsExprs]) -> list[DimsExprs]:
        raise NotImplementedError

    def output_shapes(self, inputs: list[tuple[int, ...]]) -> Shapes:
        """Shapes for shapes; -1 for what is not known, or what an output tells."""
        found: Shapes = []
        for output, dims in enumerate(self._expressions([expressions(shape) for shape in inputs])):
            for place, size in enumerate(dims):
                if size._size_of is not None:
                    self.tellers[output, place] = size._size_of
                    self.most[output, place] = -1 if size._most is None else size._most
            found.append(tuple(-1 if size._value is None else int(size._value) for size in map(_expression, dims)))
        return found

    def check_formats(self, name: str, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> None:
        """Refusal when the plugin does not take the types that the network has, in linear format."""
        make = described if self.generation == 2 else described_dynamic
        descs = [make(shape, dtype) for shape, dtype in zip([*inputs, *outputs], types, strict=True)]
        for place, dtype in enumerate(types):
            if not self.build.supports_format_combination(place, descs, len(inputs)):
                what = f"input {place}" if place < len(inputs) else f"output {place - len(inputs)}"
                raise Refusal(MISUSE, f"{name}: could not find any supported formats consistent with input/output data "
                              f"types: the plugin refuses {dtype.name} in linear format for {what}; cast in the "
                              "network, or let supports_format_combination() accept it")

    def configure(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> None:
        split = len(inputs)
        self.build.configure_plugin(
            [described_dynamic(shape, dtype) for shape, dtype in zip(inputs, types[:split], strict=True)],
            [described_dynamic(shape, dtype) for shape, dtype in zip(outputs, types[split:], strict=True)])

    def saved(self) -> bytes:
        """What an engine keeps of it."""
        raise NotImplementedError

    def for_context(self) -> Use:
        """The plugin of one execution context."""
        raise NotImplementedError

    def new_shapes(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> None:
        """Told before the first run, and when shapes change."""
        raise NotImplementedError

    def workspace_bytes(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> int:
        raise NotImplementedError

    def end(self) -> None:
        """The context is done with it."""


class UseV2(Use):
    """IPluginV2DynamicExt."""

    generation = 2

    def identity(self) -> tuple[str, str, str]:
        return self.plugin.plugin_type, str(self.plugin.plugin_version), self.plugin.plugin_namespace or ""

    def output_types(self, inputs: list[DataType]) -> list[DataType]:
        return [self.plugin.get_output_datatype(place, inputs) for place in range(self.num_outputs)]

    def _expressions(self, inputs: list[DimsExprs]) -> list[DimsExprs]:
        return [self.plugin.get_output_dimensions(place, inputs, IExprBuilder()) for place in range(self.num_outputs)]

    def saved(self) -> bytes:
        data = self.plugin.serialize()
        return data.encode() if isinstance(data, str) else bytes(data)

    def for_context(self) -> Use:
        made = self.plugin.clone()
        if made is None:
            raise Refusal(MISUSE, f"clone() of the plugin {self.plugin.plugin_type} answered None; return a plugin")
        made.initialize()
        return UseV2(made)

    def new_shapes(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> None:
        self.configure(inputs, outputs, types)

    def workspace_bytes(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> int:
        descs = [described(shape, dtype) for shape, dtype in zip([*inputs, *outputs], types, strict=True)]
        return int(self.plugin.get_workspace_size(descs[:len(inputs)], descs[len(inputs):]) or 0)

    def end(self) -> None:
        self.plugin.terminate()
        self.plugin.destroy()


class UseV3(Use):
    """IPluginV3 with its three sides."""

    generation = 3

    def __init__(self, plugin: Any) -> None:
        super().__init__(plugin)
        self._sides: dict[str, Any] = {}

    def _side(self, name: str) -> Any:
        if name not in self._sides:
            self._sides[name] = self.plugin.get_capability_interface(PluginCapabilityType[name])
        return self._sides[name]

    @property
    def build(self) -> Any:
        return self._side("BUILD")

    @property
    def runtime(self) -> Any:
        return self._side("RUNTIME")

    def identity(self) -> tuple[str, str, str]:
        core = self._side("CORE")
        return core.plugin_name, str(core.plugin_version), core.plugin_namespace or ""

    def output_types(self, inputs: list[DataType]) -> list[DataType]:
        return list(self.build.get_output_data_types(inputs))

    def _expressions(self, inputs: list[DimsExprs]) -> list[DimsExprs]:
        return list(self.build.get_output_shapes(inputs, [], IExprBuilder()))

    def saved(self) -> bytes:
        fields = self.runtime.get_fields_to_serialize()
        return json.dumps({"fields": [field.saved() for field in fields], "tactic": self._tactic()}).encode()

    def _tactic(self) -> int | None:
        tactics = list(self.build.get_valid_tactics() or ())
        return int(tactics[0]) if tactics else None

    def for_context(self) -> Use:
        made = self.runtime.attach_to_context(IPluginResourceContext())
        if made is None:
            raise Refusal(MISUSE, f"attach_to_context() of the plugin {self.identity()[0]} answered None; return "
                          "a clone")
        use = UseV3(made)
        tactic = getattr(self, "tactic", None)
        if tactic is not None:
            use.runtime.set_tactic(tactic)
        return use

    def new_shapes(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> None:
        split = len(inputs)
        self.runtime.on_shape_change(
            [described(shape, dtype) for shape, dtype in zip(inputs, types[:split], strict=True)],
            [described(shape, dtype) for shape, dtype in zip(outputs, types[split:], strict=True)])

    def workspace_bytes(self, inputs: Shapes, outputs: Shapes, types: list[DataType]) -> int:
        descs = [described_dynamic(shape, dtype) for shape, dtype in zip([*inputs, *outputs], types, strict=True)]
        return int(self.build.get_workspace_size(descs[:len(inputs)], descs[len(inputs):]) or 0)

    def end(self) -> None:
        self.plugin.destroy()


def _expression(size: Any) -> IDimensionExpr:
    if not isinstance(size, IDimensionExpr):
        raise Refusal(MISUSE, f"a plugin's output dimension is {size!r}; give an expression of the builder that "
                      "it gets")
    return size


def onnx_type(number: int) -> int:
    """The ONNX type of a DataType's number."""
    return to_onnx(DataType(number))


def of_plugin(plugin: Any) -> Use:
    """The use of a plugin that a program made. Refusal for kinds that no Python program can make."""
    if isinstance(plugin, IPluginV3):
        return UseV3(plugin)
    if isinstance(plugin, IPluginV2DynamicExt):
        return UseV2(plugin)
    raise TypeError(f"{type(plugin).__name__} is no plugin; derive it from tensorrt.IPluginV2DynamicExt or IPluginV3")


def restored(name: str, generation: int, identity: tuple[str, str, str], data: bytes) -> Use:
    """The plugin of an engine, from the creator of this process."""
    creator = registry.get_creator(*identity)
    if creator is None:
        raise Refusal(MISUSE, "Serialization assertion creator failed.Cannot deserialize plugin since corresponding "
                      f"IPluginCreator not found in Plugin Registry: {identity[0]}, version {identity[1]}, namespace "
                      f"\"{identity[2]}\"; register its creator before deserialising the engine")
    if generation == 2:
        plugin: Any = creator.deserialize_plugin(name, data)
        if plugin is not None:
            plugin.plugin_namespace = identity[2]
        made: Use = UseV2(plugin)
    else:
        saved = json.loads(data)
        fields = PluginFieldCollection_(PluginField.restored(each) for each in saved["fields"])
        plugin = creator.create_plugin(name, fields, TensorRTPhase["RUNTIME"])
        made = UseV3(plugin)
        made.tactic = saved["tactic"]  # type: ignore[attr-defined]
    if plugin is None:
        raise Refusal(MISUSE, f"the creator of {identity[0]} answered None for a plugin of the engine; return a plugin")
    return made
