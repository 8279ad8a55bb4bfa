"""Engines with plugins: parts that onnxruntime runs, and plugins between them."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.log import MISUSE, Refusal


def count(model: Any) -> int:
    """Plugins in a model."""
    return sum(node.domain == DOMAIN for node in model.graph.node)


DOMAIN = "compatlayer.plugin"


def split(model: Any, description: dict[str, Any], logger: Any) -> list[Any]:
    raise Refusal(MISUSE, "engines with plugins are not implemented yet")


def run(context: Any, stream: Any, handle: int) -> bool:
    raise Refusal(MISUSE, "engines with plugins are not implemented yet")
