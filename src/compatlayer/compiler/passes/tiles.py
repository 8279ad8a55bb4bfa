"""Small matrices that a warp shares: the functions of include/device/compatlayer/wmma/tile.h, known by their names.

Why by name: their bodies are what the naive engine runs, a shuffle for every product; the vector engine keeps the calls
and makes rows of the matrices its vectors (vector/tiles.py).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MANGLED = re.compile(r"_Z\d+cpl_tile_(load|store|multiply)I\w(?:Li\d+E){2}(?:Li\d+|Lb[01])EE\w*")
_NUMBER = re.compile(r"L[ib](\d+)E")
_SCALAR = "cpl_tile."


class Tile(NamedTuple):
    """What a call does: load or store of (rows, columns, whether columns lie in memory), multiply by (m, n, k)."""

    what: str
    first: int
    second: int
    third: int


def is_tile(name: str) -> bool:
    """Whether it is a function of the header, as clang names it."""
    return "cpl_tile_" in name and _MANGLED.fullmatch(name) is not None


def scalar_name(name: str) -> str:
    """The function in canonical form: the elements one by one as arguments, and as a struct for a result."""
    match = _MANGLED.fullmatch(name)
    assert match is not None
    numbers = [str(int(each)) for each in _NUMBER.findall(name)]
    return ".".join([_SCALAR + match[1], *numbers[:3]])


def tile(name: str) -> Tile | None:
    """What a call in canonical form does; None for other functions."""
    if not name.startswith(_SCALAR):
        return None
    what, first, second, third, *_ = name[len(_SCALAR):].split(".")
    return Tile(what, int(first), int(second), int(third))
