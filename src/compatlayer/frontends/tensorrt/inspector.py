"""EngineInspector: what an engine's layers are, as text or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import LayerInformationFormat

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.engine import ICudaEngine


class EngineInspector:
    """Made by ICudaEngine.create_engine_inspector(). How much it knows is the build's profiling verbosity."""

    def __init__(self, engine: ICudaEngine) -> None:
        self.engine = engine
        self.execution_context: Any = None
        self.error_recorder: Any = None

    def _rows(self) -> list[dict[str, Any]]:
        return list(self.engine.description["layers"])

    def get_layer_information(self, layer_index: int, format: Enumerator) -> str:
        rows = self._rows()
        if not 0 <= layer_index < self.engine.num_layers:
            raise IndexError(f"layer {layer_index} is not one of {self.engine.num_layers}")
        if not rows:
            return ""
        return _text(rows[layer_index], format)

    def get_engine_information(self, format: Enumerator) -> str:
        """All layers, and the bindings."""
        rows = self._rows()
        if format is LayerInformationFormat["JSON"]:
            layers = [row if len(row) > 1 else row["Name"] for row in rows]
            return json.dumps({"Layers": layers, "Bindings": self.engine.order}, indent=1)
        lines = ["Layers:"] + [_text(row, format) for row in rows] + ["", "Bindings:", *self.engine.order]
        return "\n".join(lines) + "\n"


def _text(row: dict[str, Any], format: Enumerator) -> str:
    if format is LayerInformationFormat["JSON"]:
        return json.dumps(row if len(row) > 1 else row["Name"])
    return ", ".join(f"{key}: {value}" for key, value in row.items()) if len(row) > 1 else str(row["Name"])


EngineInspector.__module__ = "tensorrt"
