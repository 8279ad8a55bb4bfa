"""Layers that are plugins."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.log import MISUSE, Refusal


def from_node(network: Any, creator: Any, node: Any, inputs: Any, outputs: Any) -> Any:
    raise Refusal(MISUSE, "plugins are not implemented yet")
