"""What the precision flags do to a network."""

from __future__ import annotations

from typing import Any


def apply(model: Any, network: Any, config: Any, logger: Any) -> dict[str, Any]:
    """Change `model` as the flags ask; answers what the engine's description says of it."""
    return {}
