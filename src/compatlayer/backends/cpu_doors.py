"""Doors of the CPU: launches that C callers make without Python (native/direct.c, native/launch.c)."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi, lib
from compatlayer.backends import base
from compatlayer.backends.cpu import CpuKernel, CpuQueue
from compatlayer.backends.graph import PreparedGraph


class CpuDoors(base.Doors):
    """Native doors, which the C functions of native/launch.c use."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def door(self, queue: base.Queue, role: base.DoorRole, handle: int) -> CpuDoor | None:
        assert isinstance(queue, CpuQueue)
        raw = lib.cpl_door_make(self._raw, queue.raw, role.value, handle)
        return CpuDoor(raw, queue.raw, self._raw) if raw else None

    def changed(self, role: base.DoorRole) -> None:
        lib.cpl_doors_changed(self._raw, role.value)

    def accept(self, handle: int, facts: base.Launchable, needs_domain: bool) -> None:
        kernel = facts.kernel
        assert isinstance(kernel, CpuKernel)
        parameters = kernel.info.parameters
        native = ffi.new("cpl_callable *", (
            kernel.raw, facts.max_grid, facts.max_block, facts.max_threads, facts.max_dynamic_shared_bytes,
            needs_domain, len(parameters)))
        # A kernel that is refused keeps going through core.
        lib.cpl_doors_accept(self._raw, handle, native, [one.offset for one in parameters],
                             [one.size_bytes for one in parameters])

    def forget(self, handle: int) -> tuple[int, int, int] | None:
        block = ffi.new("uint32_t[3]")
        return (block[0], block[1], block[2]) if lib.cpl_doors_forget(self._raw, handle, block) else None

    def take_block(self, handle: int) -> tuple[int, int, int] | None:
        block = ffi.new("uint32_t[3]")
        return (block[0], block[1], block[2]) if lib.cpl_doors_take_block(self._raw, handle, block) else None

    def accept_graph(self, handle: int, graph: PreparedGraph) -> None:
        from compatlayer.backends.cpu_graph import CpuGraph

        assert isinstance(graph, CpuGraph)
        lib.cpl_doors_accept_graph(self._raw, handle, graph.raw)

    def forget_graph(self, handle: int) -> None:
        lib.cpl_doors_forget_graph(self._raw, handle)

    def enter(self) -> None:
        lib.cpl_doors_enter(self._raw)

    def leave(self) -> None:
        lib.cpl_doors_enter(ffi.NULL)

    def end(self) -> None:
        lib.cpl_doors_end(self._raw)


class CpuDoor(base.Door):
    """A native door. It keeps its queue and its doors alive."""

    def __init__(self, raw: Any, queue: Any, doors: Any) -> None:
        close = lib.cpl_door_close
        self._raw = ffi.gc(raw, lambda door, queue=queue, doors=doors: close(door))

    def launches(self) -> int:
        count: int = self._raw.launches
        return count

    def ticket(self) -> int:
        now: int = lib.cpl_door_ticket()
        return now

    def open(self, ticket: int) -> None:
        lib.cpl_door_open(self._raw, ticket)

    def shut(self) -> None:
        lib.cpl_door_shut(self._raw)

    def end(self) -> None:
        lib.cpl_door_end(self._raw)
