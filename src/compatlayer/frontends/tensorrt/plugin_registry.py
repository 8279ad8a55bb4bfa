"""Plugins by name: the registry that programs enter their creators in."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.plugin_interfaces import IPluginCreator, IPluginCreatorInterface


class IPluginRegistry:
    """Creators by name, version and namespace; and resources by key, counted."""

    def __init__(self) -> None:
        self.error_recorder: Any = None
        self.parent_search_enabled = True
        self._creators: dict[tuple[str, str, str], Any] = {}
        self._resources: dict[str, list[Any]] = {}  # the resource, and how many hold it

    @property
    def plugin_creator_list(self) -> list[Any]:
        """Creators of plugins of the second kind."""
        return [each for each in self._creators.values() if isinstance(each, IPluginCreator)]

    @property
    def all_creators(self) -> list[Any]:
        return list(self._creators.values())

    def register_creator(self, creator: Any, plugin_namespace: str = "") -> bool:
        """Enter a creator; False when one of the name, version and namespace is there already."""
        if not isinstance(creator, IPluginCreatorInterface):
            raise TypeError("register_creator(): incompatible function arguments: a tensorrt.IPluginCreator or "
                            f"IPluginCreatorV3One is wanted, not {type(creator).__name__}")
        if not creator.name:
            raise ValueError("the plugin creator has no name; set its name before registering it")
        creator.plugin_namespace = plugin_namespace
        key = (creator.name, str(creator.plugin_version), plugin_namespace)
        if key in self._creators:
            return False
        self._creators[key] = creator
        return True

    def deregister_creator(self, creator: Any) -> bool:
        for key, each in self._creators.items():
            if each is creator:
                del self._creators[key]
                return True
        return False

    def get_creator(self, type: str, version: str, plugin_namespace: str = "") -> Any:
        """The creator, or None."""
        return self._creators.get((type, version, plugin_namespace))

    def get_plugin_creator(self, type: str, version: str, plugin_namespace: str = "") -> Any:
        """The creator of plugins of the second kind, or None."""
        found = self.get_creator(type, version, plugin_namespace)
        return found if isinstance(found, IPluginCreator) else None

    def load_library(self, plugin_path: str) -> Any:
        raise NotImplementedError(f"{plugin_path}: plugin libraries hold compiled code for NVIDIA's library and are "
                                  "not loaded here; write the plugin in Python and register its creator")

    def deregister_library(self, handle: Any) -> None:
        return None

    def acquire_plugin_resource(self, key: str, resource: Any) -> Any:
        """The resource of that key; the first call clones `resource` into the registry."""
        entry = self._resources.get(key)
        if entry is None:
            entry = self._resources[key] = [resource.clone(), 0]
        entry[1] += 1
        return entry[0]

    def release_plugin_resource(self, key: str) -> bool:
        """Give a resource up; the last who does releases it."""
        entry = self._resources.get(key)
        if entry is None:
            return False
        entry[1] -= 1
        if entry[1] == 0:
            del self._resources[key]
            entry[0].release()
        return True


IPluginRegistry.__module__ = "tensorrt"
registry = IPluginRegistry()


def _attribute(node: Any, name: str, default: str) -> str:
    for attribute in node.attribute:
        if attribute.name == name:
            return bytes(attribute.s).decode()
    return default


def creator_for(node: Any) -> Any:
    """The creator of an ONNX node's operator: by its name, `plugin_version` and `plugin_namespace`; or None."""
    if not registry._creators:
        return None
    version = _attribute(node, "plugin_version", "1")
    return registry.get_creator(node.op_type, version, _attribute(node, "plugin_namespace", ""))


def has_creator(node: Any) -> bool:
    return creator_for(node) is not None
