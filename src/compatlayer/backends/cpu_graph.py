"""Graphs of the CPU: a thin binding of native/graph.c."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from compatlayer._native import ffi, lib
from compatlayer.backends import base
from compatlayer.backends.base import Box, Change, Comparison, Shape
from compatlayer.backends.cpu import CpuFence, CpuKernel, CpuQueue, check, native_box
from compatlayer.backends.graph import GraphLayout, PreparedGraph


class CpuGraph(PreparedGraph):
    """A native graph. It keeps the queues of its nodes alive."""

    def __init__(self, layout: GraphLayout, before: CpuGraph | None) -> None:
        after = ffi.new("uint32_t[]", [0, *accumulate(map(len, layout.successors))])
        successors = ffi.new("uint32_t[]", [one for each in layout.successors for one in each] or 1)
        bounds = ffi.new("uint32_t[]", [part for scope in layout.scopes for part in scope])
        plan = ffi.new("cpl_graph_plan *", (len(layout.successors), len(layout.scopes), layout.values, after,
                                            successors, bounds))
        raw = lib.cpl_graph_open(plan, ffi.NULL if before is None else before.raw)
        if raw == ffi.NULL:
            raise base.OutOfMemory(f"no memory for a graph of {len(layout.successors)} nodes")
        self._homes: dict[CpuQueue, None] = {}
        homes, close = self._homes, lib.cpl_graph_close
        self.raw: Any = ffi.gc(raw, lambda graph, homes=homes: close(graph))

    def _home(self, queue: base.Queue) -> Any:
        assert isinstance(queue, CpuQueue)
        self._homes[queue] = None
        return queue.raw

    def launch(self, index: int, home: base.Queue, kernel: base.Kernel, shape: Shape, args: bytes,
               priority: int) -> None:
        assert isinstance(kernel, CpuKernel)
        native = ffi.new("cpl_shape *", (shape.grid, shape.block, shape.dynamic_shared_bytes, shape.cooperative))
        check(lib.cpl_graph_launch(self.raw, index, self._home(home), kernel.raw, native, args, len(args), priority),
              f"launch of {kernel.info.name}")

    def copy(self, index: int, home: base.Queue, box: Box) -> None:
        check(lib.cpl_graph_copy(self.raw, index, self._home(home), native_box(box)), "copy")

    def fill(self, index: int, home: base.Queue, destination: int, pattern: int, element_bytes: int, width: int,
             height: int = 1, pitch_bytes: int = 0) -> None:
        check(lib.cpl_graph_fill(self.raw, index, self._home(home), destination, pitch_bytes, pattern, element_bytes,
                                 width, height), "fill")

    def call_pointer(self, index: int, home: base.Queue, function: int, data: int) -> None:
        native = ffi.cast("void (*)(void *)", function)
        check(lib.cpl_graph_call(self.raw, index, self._home(home), native, ffi.cast("void *", data)), "host function")

    def watch(self, index: int, home: base.Queue, address: int, element_bytes: int, comparison: Comparison,
              value: int) -> None:
        check(lib.cpl_graph_watch(self.raw, index, self._home(home), address, element_bytes, comparison.value, value),
              "wait for a value")

    def store(self, index: int, home: base.Queue, address: int, element_bytes: int, change: Change,
              value: int) -> None:
        check(lib.cpl_graph_store(self.raw, index, self._home(home), address, element_bytes, change.value, value),
              "write of a value")

    def empty(self, index: int, home: base.Queue) -> None:
        check(lib.cpl_graph_empty(self.raw, index, self._home(home)), "empty node")

    def signal(self, index: int, home: base.Queue, slot: int) -> None:
        check(lib.cpl_graph_signal(self.raw, index, self._home(home), slot), "fence")

    def wait(self, index: int, home: base.Queue, slot: int) -> None:
        check(lib.cpl_graph_wait(self.raw, index, self._home(home), slot), "wait for a fence")

    def choose(self, index: int, home: base.Queue, choice: int, value: int, first_scope: int, scopes: int) -> None:
        check(lib.cpl_graph_choose(self.raw, index, self._home(home), choice, value, first_scope, scopes), "choice")

    def value(self, index: int, handle: int, initial: int, assign: bool) -> None:
        check(lib.cpl_graph_value(self.raw, index, handle, initial, assign), "value of a choice")

    def busy(self) -> bool:
        return bool(lib.cpl_graph_pending(self.raw))

    def start(self, queue: base.Queue, fences: Sequence[base.Fence | None]) -> None:
        assert isinstance(queue, CpuQueue)
        raw = [fence.raw if isinstance(fence, CpuFence) else ffi.NULL for fence in fences]
        check(lib.cpl_graph_start(self.raw, queue.raw, raw, len(raw), 1), "start of a graph")


def open_fence() -> CpuFence:
    """A fence that a start of a graph reaches."""
    raw = lib.cpl_fence_new()
    if raw == ffi.NULL:
        raise base.OutOfMemory("no memory for a fence")
    return CpuFence(ffi.gc(raw, lib.cpl_fence_release))
