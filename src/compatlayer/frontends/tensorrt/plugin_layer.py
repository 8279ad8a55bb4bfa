"""Layers that are plugins."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.enums import LayerType
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal


class IPluginV2Layer(ILayer):
    """A plugin of the second kind."""

    kind = LayerType["PLUGIN_V2"]


class IPluginV3Layer(ILayer):
    """A plugin of the third kind."""

    kind = LayerType["PLUGIN_V3"]


def from_node(network: Any, creator: Any, node: Any, inputs: Any, outputs: Any) -> Any:
    raise Refusal(MISUSE, "plugins are not implemented yet")
