"""Conditions: the values behind conditional handles, which kernels set and conditional nodes obey.

A handle is a number that kernels get as an argument; each executable graph has a value of its own for it. Follows
"Conditional Graph Nodes" of the CUDA C++ programming guide.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.context import Context
    from compatlayer.core.graph import Graph

ASSIGN_DEFAULT = 1
_numbers = count(0x6C0_0001)
_conditions: WeakValueDictionary[int, Condition] = WeakValueDictionary()


class Condition:
    """A conditional handle. With `assign` every launch begins with `initial`."""

    def __init__(self, graph: Graph, context: Context, initial: int, flags: int) -> None:
        if flags & ~ASSIGN_DEFAULT:
            raise CudaError(Status.INVALID_VALUE, f"conditional handle flags {flags:#x} are not known")
        self.graph = graph
        self.context = context
        self.initial = initial
        self.assign = bool(flags & ASSIGN_DEFAULT)
        self.used = False  # by a conditional node
        self.handle = next(_numbers)
        graph.conditions[self] = None
        _conditions[self.handle] = self


def condition_of(handle: int, graph: Graph) -> Condition:
    """The condition behind a handle; INVALID_VALUE unless it was made for `graph` or one that it is inside of."""
    found = _conditions.get(handle)
    owner: Graph | None = graph
    while owner is not None:
        if found is not None and found in owner.conditions:
            return found
        owner = None if owner.parent is None else owner.parent.graph
    raise CudaError(Status.INVALID_VALUE, f"{handle:#x} is no conditional handle of this graph")
