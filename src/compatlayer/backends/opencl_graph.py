"""Graphs on OpenCL devices: the nodes in an order that their dependencies allow, given to the queue at each start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compatlayer.backends import base
from compatlayer.backends.base import Box, Change, Comparison, Shape
from compatlayer.backends.graph import GraphLayout, PreparedGraph
from compatlayer.backends.opencl_queue import OpenClFence, OpenClQueue

_Fences = Sequence[base.Fence | None]
_Node = Callable[[OpenClQueue, _Fences], None]


class OpenClGraph(PreparedGraph):
    """A list of nodes. Branches run one after the other."""

    def __init__(self, layout: GraphLayout) -> None:
        if len(layout.scopes) > 1 or layout.values:
            raise base.Unsupported("conditional nodes of graphs are not possible on OpenCL devices")
        self._order = _ordered(layout.successors)
        self._nodes: dict[int, _Node] = {}
        self._last: OpenClFence | None = None

    def launch(self, index: int, home: base.Queue, kernel: base.Kernel, shape: Shape, args: bytes,
               priority: int) -> None:
        self._nodes[index] = lambda queue, _: queue.launch(kernel, shape, args)

    def copy(self, index: int, home: base.Queue, box: Box) -> None:
        self._nodes[index] = lambda queue, _: queue.copy(box)

    def fill(self, index: int, home: base.Queue, destination: int, pattern: int, element_bytes: int, width: int,
             height: int = 1, pitch_bytes: int = 0) -> None:
        self._nodes[index] = lambda queue, _: queue.fill(destination, pattern, element_bytes, width, height,
                                                         pitch_bytes)

    def call_pointer(self, index: int, home: base.Queue, function: int, data: int) -> None:
        self._nodes[index] = lambda queue, _: queue.call_pointer(function, data)

    def watch(self, index: int, home: base.Queue, address: int, element_bytes: int, comparison: Comparison,
              value: int) -> None:
        self._nodes[index] = lambda queue, _: queue.watch(address, element_bytes, comparison, value)

    def store(self, index: int, home: base.Queue, address: int, element_bytes: int, change: Change,
              value: int) -> None:
        self._nodes[index] = lambda queue, _: queue.store(address, element_bytes, change, value)

    def empty(self, index: int, home: base.Queue) -> None:
        self._nodes.pop(index, None)

    def signal(self, index: int, home: base.Queue, slot: int) -> None:
        def node(queue: OpenClQueue, fences: _Fences) -> None:
            fence = fences[slot]
            if isinstance(fence, OpenClFence):
                fence.take(queue.signal())

        self._nodes[index] = node

    def wait(self, index: int, home: base.Queue, slot: int) -> None:
        def node(queue: OpenClQueue, fences: _Fences) -> None:
            fence = fences[slot]
            if fence is not None:
                queue.wait(fence)

        self._nodes[index] = node

    def choose(self, index: int, home: base.Queue, choice: int, value: int, first_scope: int, scopes: int) -> None:
        raise base.Unsupported("conditional nodes of graphs are not possible on OpenCL devices")

    def value(self, index: int, handle: int, initial: int, assign: bool) -> None:
        raise base.Unsupported("conditional nodes of graphs are not possible on OpenCL devices")

    def busy(self) -> bool:
        return self._last is not None and not self._last.done()

    def start(self, queue: base.Queue, fences: _Fences) -> None:
        assert isinstance(queue, OpenClQueue)
        for index in self._order:
            node = self._nodes.get(index)
            if node is not None:
                node(queue, fences)
        self._last = queue.signal()


def _ordered(successors: Sequence[Sequence[int]]) -> list[int]:
    """Every node behind those that it depends on."""
    left = [0] * len(successors)
    for each in successors:
        for after in each:
            left[after] += 1
    ready = [index for index, count in enumerate(left) if not count]
    order = []
    while ready:
        index = ready.pop(0)
        order.append(index)
        for after in successors[index]:
            left[after] -= 1
            if not left[after]:
                ready.append(after)
    return order
