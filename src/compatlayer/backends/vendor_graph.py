"""Graphs of a vendor's device: a start plays the nodes one after another on its queue, in an order that keeps their
dependencies. Choices by a value would need the host in the middle, and are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from compatlayer.backends import base
from compatlayer.backends.base import Box, Change, Comparison, Fence, Kernel, Queue, Shape
from compatlayer.backends.graph import GraphLayout, PreparedGraph

if TYPE_CHECKING:
    from compatlayer.backends.vendor_device import VendorFence, VendorQueue

Step = Callable[["VendorQueue", Sequence[Any]], None]


def _order(layout: GraphLayout) -> list[int]:
    """The nodes, each after those it depends on."""
    waiting = [0] * len(layout.successors)
    for each in layout.successors:
        for node in each:
            waiting[node] += 1
    ready = [node for node, left in enumerate(waiting) if left == 0][::-1]
    found = []
    while ready:
        node = ready.pop()
        found.append(node)
        for after in layout.successors[node]:
            waiting[after] -= 1
            if waiting[after] == 0:
                ready.append(after)
    return found


class VendorGraph(PreparedGraph):
    """Its starts end one after another: each waits for the one before, and those of `before`, on its queue."""

    def __init__(self, layout: GraphLayout, before: PreparedGraph | None) -> None:
        if len(layout.scopes) > 1:
            raise base.Unsupported("conditional nodes: this device's graphs have none")
        self._order = _order(layout)
        self._steps: dict[int, Step] = {}
        self._before = before if isinstance(before, VendorGraph) else None
        self.last: VendorFence | None = None

    def launch(self, index: int, home: Queue, kernel: Kernel, shape: Shape, args: bytes, priority: int) -> None:
        self._steps[index] = lambda queue, fences: queue.launch(kernel, shape, args)

    def copy(self, index: int, home: Queue, box: Box) -> None:
        self._steps[index] = lambda queue, fences: queue.copy(box)

    def fill(self, index: int, home: Queue, destination: int, pattern: int, element_bytes: int, width: int,
             height: int = 1, pitch_bytes: int = 0) -> None:
        self._steps[index] = lambda queue, fences: queue.fill(destination, pattern, element_bytes, width, height,
                                                              pitch_bytes)

    def call_pointer(self, index: int, home: Queue, function: int, data: int) -> None:
        self._steps[index] = lambda queue, fences: queue.call_pointer(function, data)

    def watch(self, index: int, home: Queue, address: int, element_bytes: int, comparison: Comparison,
              value: int) -> None:
        self._steps[index] = lambda queue, fences: queue.watch(address, element_bytes, comparison, value)

    def store(self, index: int, home: Queue, address: int, element_bytes: int, change: Change, value: int) -> None:
        self._steps[index] = lambda queue, fences: queue.store(address, element_bytes, change, value)

    def empty(self, index: int, home: Queue) -> None:
        self._steps.pop(index, None)

    def signal(self, index: int, home: Queue, slot: int) -> None:
        def step(queue: VendorQueue, fences: Sequence[Any]) -> None:
            if fences[slot] is not None:
                fences[slot].record(queue.raw)

        self._steps[index] = step

    def wait(self, index: int, home: Queue, slot: int) -> None:
        def step(queue: VendorQueue, fences: Sequence[Any]) -> None:
            if fences[slot] is not None:
                queue.wait(fences[slot])

        self._steps[index] = step

    def choose(self, index: int, home: Queue, choice: int, value: int, first_scope: int, scopes: int) -> None:
        raise base.Unsupported("conditional nodes: this device's graphs have none")

    def value(self, index: int, handle: int, initial: int, assign: bool) -> None:
        raise base.Unsupported("conditional nodes: this device's graphs have none")

    def busy(self) -> bool:
        return self.last is not None and not self.last.done()

    def start(self, queue: Queue, fences: Sequence[Fence | None]) -> None:
        from compatlayer.backends.vendor_device import VendorQueue

        assert isinstance(queue, VendorQueue)
        for graph in filter(None, (self._before, self)):
            if graph.last is not None:
                queue.wait(graph.last)
        for node in self._order:
            step = self._steps.get(node)
            if step is not None:
                step(queue, fences)
        self.last = queue.signal()
