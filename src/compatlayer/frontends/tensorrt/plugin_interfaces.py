"""What plugins, their creators and their resources derive from."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.enums import APILanguage
from compatlayer.frontends.tensorrt.interfaces import _pure
from compatlayer.frontends.tensorrt.plugin_fields import PluginFieldCollection


class InterfaceInfo:
    """Kind and version of an interface."""

    def __init__(self, kind: str = "", major: int = 1, minor: int = 0) -> None:
        self.kind, self.major, self.minor = kind, major, minor


class IVersionedInterface:
    """Anything with a version."""

    def __init__(self) -> None:
        pass

    @property
    def api_language(self) -> Any:
        return APILanguage["PYTHON"]

    @property
    def interface_info(self) -> InterfaceInfo:
        return InterfaceInfo(type(self).__mro__[1].__name__)


class IPluginV2:
    """A plugin of the second kind; programs derive from IPluginV2DynamicExt."""

    def __init__(self) -> None:
        self.num_outputs = 1
        self.plugin_type = ""
        self.plugin_version = ""
        self.plugin_namespace = ""

    def initialize(self) -> Any:
        return 0

    def terminate(self) -> None:
        return None

    def destroy(self) -> None:
        return None

    def serialize(self) -> bytes:
        raise _pure(self, "serialize")

    @property
    def serialization_size(self) -> int:
        return len(self.serialize())

    def clone(self) -> Any:
        raise _pure(self, "clone")


class IPluginV2DynamicExt(IPluginV2):
    """A plugin of the second kind with dynamic shapes."""

    FORMAT_COMBINATION_LIMIT = 100

    def get_output_datatype(self, index: int, input_types: Any) -> Any:
        raise _pure(self, "get_output_datatype")

    def get_output_dimensions(self, output_index: int, inputs: Any, expr_builder: Any) -> Any:
        raise _pure(self, "get_output_dimensions")

    def supports_format_combination(self, pos: int, in_out: Any, num_inputs: int) -> bool:
        raise _pure(self, "supports_format_combination")

    def configure_plugin(self, pos: Any, in_out: Any) -> None:
        raise _pure(self, "configure_plugin")

    def enqueue(self, input_desc: Any, output_desc: Any, inputs: Any, outputs: Any, workspace: int,
                stream: int) -> None:
        raise _pure(self, "enqueue")

    def get_serialization_size(self) -> int:
        return len(self.serialize())

    def get_workspace_size(self, input_desc: Any, output_desc: Any) -> int:
        return 0


class IPluginCapability(IVersionedInterface):
    """One of the three sides of a plugin of the third kind."""


class IPluginV3(IVersionedInterface):
    """A plugin of the third kind."""

    def get_capability_interface(self, type: Any) -> Any:
        raise _pure(self, "get_capability_interface")

    def clone(self) -> Any:
        raise _pure(self, "clone")

    def destroy(self) -> None:
        return None


class IPluginV3OneCore(IPluginCapability):
    """Name and version."""

    plugin_name = ""
    plugin_version = ""
    plugin_namespace = ""


class IPluginV3OneBuild(IPluginCapability):
    """What the builder asks."""

    DEFAULT_FORMAT_COMBINATION_LIMIT = 100
    num_outputs = 1
    format_combination_limit = 100
    metadata_string = ""
    timing_cache_id = ""

    def get_output_data_types(self, input_types: Any) -> Any:
        raise _pure(self, "get_output_data_types")

    def get_output_shapes(self, inputs: Any, shape_inputs: Any, expr_builder: Any) -> Any:
        raise _pure(self, "get_output_shapes")

    def supports_format_combination(self, pos: int, in_out: Any, num_inputs: int) -> bool:
        raise _pure(self, "supports_format_combination")

    def configure_plugin(self, input_desc: Any, output_desc: Any) -> None:
        raise _pure(self, "configure_plugin")

    def get_workspace_size(self, input_desc: Any, output_desc: Any) -> int:
        return 0

    def get_valid_tactics(self) -> Any:
        return []


class IPluginV3OneBuildV2(IPluginV3OneBuild):
    """Also lets an output share its input's memory."""

    def get_aliased_input(self, output_index: int) -> int:
        return -1


class IPluginV3OneRuntime(IPluginCapability):
    """What runs."""

    def on_shape_change(self, inputs: Any, outputs: Any) -> None:
        raise _pure(self, "on_shape_change")

    def set_tactic(self, tactic: int) -> None:
        return None

    def get_fields_to_serialize(self) -> PluginFieldCollection:
        raise _pure(self, "get_fields_to_serialize")

    def attach_to_context(self, resource_context: Any) -> Any:
        raise _pure(self, "attach_to_context")

    def enqueue(self, input_desc: Any, output_desc: Any, inputs: Any, outputs: Any, workspace: int,
                stream: int) -> None:
        raise _pure(self, "enqueue")


class IPluginCreatorInterface(IVersionedInterface):
    """What the registry holds."""

    def __init__(self) -> None:
        self.name = ""
        self.plugin_version = ""
        self.plugin_namespace = ""
        self.field_names: Any = PluginFieldCollection()


class IPluginCreator(IPluginCreatorInterface):
    """Makes plugins of the second kind: create_plugin(name, fields), deserialize_plugin(name, data)."""

    def create_plugin(self, name: str, field_collection: Any) -> Any:
        raise _pure(self, "create_plugin")

    def deserialize_plugin(self, name: str, serialized_plugin: bytes) -> Any:
        raise _pure(self, "deserialize_plugin")


class IPluginCreatorV3One(IPluginCreatorInterface):
    """Makes plugins of the third kind: create_plugin(name, fields, phase)."""

    def create_plugin(self, name: str, field_collection: Any, phase: Any) -> Any:
        raise _pure(self, "create_plugin")


class IPluginResource(IVersionedInterface):
    """Something that plugins share through the registry."""

    def clone(self) -> Any:
        raise _pure(self, "clone")

    def release(self) -> None:
        raise _pure(self, "release")


class IPluginResourceContext:
    """What a plugin may ask when it is attached to a context."""

    def __init__(self, error_recorder: Any = None, gpu_allocator: Any = None) -> None:
        self.error_recorder = error_recorder
        self.gpu_allocator = gpu_allocator


ALL = (InterfaceInfo, IVersionedInterface, IPluginV2, IPluginV2DynamicExt, IPluginCapability, IPluginV3,
       IPluginV3OneCore, IPluginV3OneBuild, IPluginV3OneBuildV2, IPluginV3OneRuntime, IPluginCreatorInterface,
       IPluginCreator, IPluginCreatorV3One, IPluginResource, IPluginResourceContext)
for _kind in ALL:
    _kind.__module__ = "tensorrt"
