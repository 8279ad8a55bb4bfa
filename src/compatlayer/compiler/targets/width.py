"""How many threads the vector engine runs at once."""

from __future__ import annotations

from collections.abc import Sequence

from ..image import ROW8, ROW16


def width(shape_class: int, cpu: Sequence[str]) -> int:
    """Lanes of a gang for blocks of `shape_class` on the CPU that clang calls `cpu`: 32, 16 or 8.

    A whole warp wherever the class lets a gang fill up: warp operations are code within the gang then. Narrow rows get
    their own width, so that threadIdx.y is the same in all lanes."""
    return {ROW16: 16, ROW8: 8}.get(shape_class, 32)
