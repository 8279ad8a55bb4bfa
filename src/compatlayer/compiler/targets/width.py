"""How many threads the vector engine runs at once."""

from __future__ import annotations

from collections.abc import Set

from ..image import ROW8, ROW16

_WARP = 32


def width(shape_class: int, features: Set[str], warp: bool) -> int:
    """Lanes of a gang for blocks of `shape_class` on a CPU with clang's `features`: 32, 16 or 8.

    A whole warp where warp operations are used (`warp`): they are code within the gang then. Narrow rows get their own
    width, so that threadIdx.y is the same in all lanes. docs/adr/0008-vector-widths.md has what was measured."""
    row = {ROW16: 16, ROW8: 8}.get(shape_class, _WARP)
    # In registers of 16 bytes a mask of 32 lanes is not one register of bytes: from block to block LLVM carries it lane
    # by lane.
    return row if warp or "avx2" in features else min(row, 16)
