"""What a backend offers for graphs: work with dependencies, prepared once and started often as one piece of work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from compatlayer.backends.base import Box, Change, Comparison, Fence, Kernel, Queue, Shape


class Scope(NamedTuple):
    """Nodes `first` to `end` - 1: the whole graph, or the body of the choice `owner`."""

    first: int
    end: int
    owner: int = 0


class GraphLayout(NamedTuple):
    """Each node's successors, which are of its own scope; the scopes, of which the first is the whole graph; and how
    many values kernels may set."""

    successors: Sequence[Sequence[int]]
    scopes: Sequence[Scope]
    values: int = 0


class PreparedGraph(ABC):
    """Nodes do nothing until they are set. `home` is a queue whose domain the node belongs to; it carries nothing.

    Nodes can be set while busy() is false. Starts run one after the other in the order of their calls.
    """

    @abstractmethod
    def launch(self, index: int, home: Queue, kernel: Kernel, shape: Shape, args: bytes, priority: int) -> None: ...

    @abstractmethod
    def copy(self, index: int, home: Queue, box: Box) -> None: ...

    @abstractmethod
    def fill(self, index: int, home: Queue, destination: int, pattern: int, element_bytes: int, width: int,
             height: int = 1, pitch_bytes: int = 0) -> None: ...

    @abstractmethod
    def call_pointer(self, index: int, home: Queue, function: int, data: int) -> None: ...

    @abstractmethod
    def watch(self, index: int, home: Queue, address: int, element_bytes: int, comparison: Comparison,
              value: int) -> None: ...

    @abstractmethod
    def store(self, index: int, home: Queue, address: int, element_bytes: int, change: Change, value: int) -> None: ...

    @abstractmethod
    def empty(self, index: int, home: Queue) -> None: ...

    @abstractmethod
    def signal(self, index: int, home: Queue, slot: int) -> None:
        """Reach the fence number `slot` of each start."""

    @abstractmethod
    def wait(self, index: int, home: Queue, slot: int) -> None: ...

    @abstractmethod
    def choose(self, index: int, home: Queue, choice: int, value: int, first_scope: int, scopes: int) -> None:
        """Run a body by a value: choice 0 the first when it is not 0, else the second; 1 the first for as long as it
        is not 0; 2 the one of that number."""

    @abstractmethod
    def value(self, index: int, handle: int, initial: int, assign: bool) -> None:
        """What kernels set by `handle`; each start begins with `initial` if `assign`."""

    @abstractmethod
    def busy(self) -> bool:
        """True while a start is not over."""

    @abstractmethod
    def start(self, queue: Queue, fences: Sequence[Fence | None]) -> None:
        """One piece of work of `queue`."""
