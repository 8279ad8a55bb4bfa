"""Kinds of work that a graph's node can be: what each does, prepared for a backend's graph.

Work is a value: changing a node gives it new work. `context` says whose device does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from compatlayer.backends.base import Box, Queue, Shape
from compatlayer.backends.graph import PreparedGraph

if TYPE_CHECKING:
    from compatlayer.core.conditional import Condition
    from compatlayer.core.context import Context
    from compatlayer.core.event import Event
    from compatlayer.core.function import Function
    from compatlayer.core.graph import Graph
    from compatlayer.core.graph_memory import GraphMemory
    from compatlayer.core.memory_operation import Operation


class NodeKind(IntEnum):
    """CUgraphNodeType values."""

    KERNEL = 0
    MEMCPY = 1
    MEMSET = 2
    HOST = 3
    GRAPH = 4
    EMPTY = 5
    WAIT_EVENT = 6
    EVENT_RECORD = 7
    EXT_SEMAS_SIGNAL = 8
    EXT_SEMAS_WAIT = 9
    MEM_ALLOC = 10
    MEM_FREE = 11
    BATCH_MEM_OP = 12
    CONDITIONAL = 13
    MEMCPY_BATCH = 14


class Fill(NamedTuple):
    """`height` rows of `width` elements; bytes and elements."""

    destination: int
    pattern: int
    element_bytes: int
    width: int
    height: int = 1
    pitch_bytes: int = 0


class Work:
    """What a node does. `steps` is how many nodes of the backend's graph it takes, one after the other."""

    __slots__ = ("context",)
    kind: NodeKind
    steps = 1

    def __init__(self, context: Context) -> None:
        self.context = context

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        """Set nodes `index` to `index` + steps - 1."""
        raise NotImplementedError


class KernelWork(Work):
    """A launch. `settings` are launch attributes by number, as bytes; `handle` is how the caller named the kernel."""

    __slots__ = ("args", "function", "handle", "settings", "shape")
    kind = NodeKind.KERNEL

    def __init__(self, function: Function, shape: Shape, args: bytes, settings: dict[int, bytes] | None = None,
                 handle: int = 0) -> None:
        super().__init__(function.module.context)
        self.function = function
        self.shape = shape
        self.args = args
        self.settings = settings or {}
        self.handle = handle or function.handle

    @property
    def priority(self) -> int:
        return int.from_bytes(self.settings.get(8, b"\0\0\0\0")[:4], "little", signed=True)

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.launch(index, home, self.function.kernel, self.shape, self.args, self.priority)

    def with_settings(self, settings: dict[int, bytes], cooperative: bool) -> KernelWork:
        """The same launch with other attributes."""
        return KernelWork(self.function, self.shape._replace(cooperative=cooperative), self.args, settings,
                          self.handle)


class CopyWork(Work):
    """A copy between addresses. `given` is the caller's description of it, None when it was captured."""

    __slots__ = ("box", "given")
    kind = NodeKind.MEMCPY

    def __init__(self, context: Context, box: Box, given: bytes | None = None) -> None:
        super().__init__(context)
        self.box = box
        self.given = given

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.copy(index, home, self.box)


class CopyBatchWork(Work):
    """Copies that do not depend on each other. `given` are the access order and flags of each, as the caller gave
    them."""

    __slots__ = ("boxes", "given", "steps")
    kind = NodeKind.MEMCPY_BATCH

    def __init__(self, context: Context, boxes: Sequence[Box], given: Sequence[bytes]) -> None:
        super().__init__(context)
        self.boxes = tuple(boxes)
        self.given = tuple(given)
        self.steps = len(self.boxes)

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        for place, box in enumerate(self.boxes):
            graph.copy(index + place, home, box)


class FillWork(Work):
    """A fill."""

    __slots__ = ("fill",)
    kind = NodeKind.MEMSET

    def __init__(self, context: Context, fill: Fill) -> None:
        super().__init__(context)
        self.fill = fill

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.fill(index, home, *self.fill)


class HostWork(Work):
    """A call of the C function `void (*)(void *)` at address `function`."""

    __slots__ = ("data", "function", "mode")
    kind = NodeKind.HOST

    def __init__(self, context: Context, function: int, data: int, mode: int = 0) -> None:
        super().__init__(context)
        self.function = function
        self.data = data
        self.mode = mode

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.call_pointer(index, home, self.function, self.data)


class EmptyWork(Work):
    """Nothing: a point that others come after."""

    __slots__ = ()
    kind = NodeKind.EMPTY

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.empty(index, home)


class ChildWork(Work):
    """A graph of the node's own."""

    __slots__ = ("graph",)
    kind = NodeKind.GRAPH
    steps = 2  # its beginning and its end

    def __init__(self, context: Context, graph: Graph) -> None:
        super().__init__(context)
        self.graph = graph

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.empty(index, home)


class EventWork(Work):
    """Something about an event. Its fence is chosen at each start, by the node's slot."""

    __slots__ = ("event",)

    def __init__(self, context: Context, event: Event) -> None:
        super().__init__(context)
        self.event = event


class RecordWork(EventWork):
    """A record of an event."""

    __slots__ = ()
    kind = NodeKind.EVENT_RECORD


class WaitWork(EventWork):
    """A wait for an event's last record at the time of the start."""

    __slots__ = ()
    kind = NodeKind.WAIT_EVENT


class MemoryOperationWork(Work):
    """Waits for, and writes of, values in memory."""

    __slots__ = ("given", "operations", "steps")
    kind = NodeKind.BATCH_MEM_OP

    def __init__(self, context: Context, operations: Sequence[Operation], given: Any = None) -> None:
        super().__init__(context)
        self.operations = tuple(operations)
        self.steps = max(1, len(self.operations))
        self.given = given

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        from compatlayer.core.memory_operation import Wait, Write

        graph.empty(index, home)
        for place, operation in enumerate(self.operations):
            if isinstance(operation, Wait):
                graph.watch(index + place, home, *operation)
            elif isinstance(operation, Write):
                graph.store(index + place, home, *operation)
            else:
                graph.empty(index + place, home)


class AllocateWork(Work):
    """The node's memory is in use from here on. It has its address for the graph's life."""

    __slots__ = ("memory",)
    kind = NodeKind.MEM_ALLOC

    def __init__(self, context: Context, memory: GraphMemory) -> None:
        super().__init__(context)
        self.memory = memory

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.empty(index, home)


class FreeWork(Work):
    """Memory of a graph's is no longer in use."""

    __slots__ = ("memory",)
    kind = NodeKind.MEM_FREE

    def __init__(self, context: Context, memory: GraphMemory) -> None:
        super().__init__(context)
        self.memory = memory

    def prepare(self, graph: PreparedGraph, index: int, home: Queue) -> None:
        graph.empty(index, home)


class ConditionalWork(Work):
    """Runs one of its bodies by a value that kernels set."""

    __slots__ = ("bodies", "choice", "condition")
    kind = NodeKind.CONDITIONAL

    def __init__(self, context: Context, condition: Condition, choice: int, bodies: Sequence[Graph]) -> None:
        super().__init__(context)
        self.condition = condition
        self.choice = choice
        self.bodies = tuple(bodies)
