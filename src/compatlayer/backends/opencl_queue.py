"""Queues, fences and fault domains of OpenCL devices: in-order command queues, their events, and one host thread."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from compatlayer.backends import base
from compatlayer.backends.base import Box, Change, Comparison, Fault, FaultKind, Shape
from compatlayer.backends.opencl_library import check, ffi, told
from compatlayer.backends.opencl_report import Report

if TYPE_CHECKING:
    from compatlayer.backends.opencl import OpenClDevice

_STATUS, _TIME_END = 0x11D3, 0x1283
_LIMITS = {"stack": 1024, "printf": 1 << 20, "heap": 8 << 20, "launches": 2048}
_SPIN_S, _LEAST_S, _MOST_S = 50e-6, 20e-6, 500e-6


class OpenClFence(base.Fence):
    """An event of OpenCL's; without one (a graph has not started) it is not done."""

    def __init__(self, device: OpenClDevice, event: Any = None, domain: OpenClDomain | None = None) -> None:
        self._device, self._domain = device, domain
        self.event = event
        self._done = False
        self._status = ffi().new("int *")

    def take(self, fence: OpenClFence) -> None:
        """Become what `fence` is."""
        self._domain, self.event = fence._domain, fence.event

    def done(self) -> bool:
        if self._done or self.event is None:
            return self._done
        lib = self._device.lib
        if lib.clGetEventInfo(self.event, _STATUS, 4, self._status, ffi().NULL) < 0:
            return False
        status = self._status[0]
        if status < 0 and self._domain is not None:
            self._domain.fail(FaultKind.ADDRESS if status == -14 else FaultKind.MEMORY,
                              f"work on {self._device.caps.name} ended with OpenCL's error {told(status)}")
        self._done = status <= 0
        return self._done

    def wait(self, timeout_s: float) -> bool:
        begin = time.perf_counter()
        pause = _LEAST_S
        while not self.done():
            passed = time.perf_counter() - begin
            if passed > timeout_s:
                return False
            if passed > _SPIN_S:
                time.sleep(pause)
                pause = min(pause * 1.5, _MOST_S)
        return True

    def time_s(self) -> float:
        if self.event is None:
            return 0.0
        value = ffi().new("uint64_t *")
        self._device.lib.clGetEventProfilingInfo(self.event, _TIME_END, 8, value, ffi().NULL)
        return int(value[0]) * 1e-9

    def close(self) -> None:
        """The event goes with the last reference."""


class OpenClDomain(base.Domain):
    """Queues that share a fault."""

    def __init__(self, device: OpenClDevice) -> None:
        self.device = device
        self.ended = False
        self._fault: Fault | None = None
        self._limits = dict(_LIMITS)
        self._queues: list[OpenClQueue] = []

    def queue(self, priority: int) -> OpenClQueue:
        made = OpenClQueue(self)
        self._queues.append(made)
        return made

    def forget(self, queue: OpenClQueue) -> None:
        if queue in self._queues:
            self._queues.remove(queue)

    def fail(self, kind: FaultKind, message: str) -> None:
        """Note a fault; the first one stays."""
        if self._fault is None:
            self._fault = Fault(kind, message)

    def fault(self) -> Fault | None:
        return self._fault

    def limit(self, name: str) -> int:
        return self._limits[name]

    def set_limit(self, name: str, size_bytes: int) -> None:
        self._limits[name] = size_bytes

    def end_waits(self) -> None:
        self.ended = True

    def close(self) -> None:
        for queue in list(self._queues):
            queue.end()


class OpenClQueue(base.Queue):
    """An in-order queue. `_work` counts what was enqueued, `_marker` is behind `_marked` of it."""

    def __init__(self, domain: OpenClDomain) -> None:
        self.domain, self.device = domain, domain.device
        self.raw = self.device.queue()
        self._lib, self._space = self.device.lib, self.device.space
        self._work = self._marked = self._settled = 0
        self._marker: OpenClFence | None = None
        self._report: Report | None = None
        self._reported = 0
        self._kernel = ""
        self._lock = Lock()

    def _begin(self) -> None:
        if self.domain.fault() is not None:
            raise base.DomainFaulted("work after a fault")

    def _enqueued(self, status: int, what: str) -> None:
        check(status, what)
        self._work += 1

    def copy(self, box: Box) -> None:
        from compatlayer.backends.opencl import rows

        self._begin()
        for destination, source in rows(_merged(box)):
            size = box.width_bytes if _merged(box) is box else _merged(box).width_bytes
            self._enqueued(self._space.memcpy(self.raw, 0, ffi().cast("void *", destination),
                                              ffi().cast("void *", source), size, 0, ffi().NULL, ffi().NULL), "copy")
        self._lib.clFlush(self.raw)

    def fill(self, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
             pitch_bytes: int = 0) -> None:
        self._begin()
        data = (pattern & ((1 << 8 * element_bytes) - 1)).to_bytes(element_bytes, sys.byteorder)
        for row in range(height):
            to = ffi().cast("void *", destination + row * pitch_bytes)
            self._enqueued(self._space.memfill(self.raw, to, data, element_bytes, width * element_bytes, 0, ffi().NULL,
                                               ffi().NULL), "fill")
        self._lib.clFlush(self.raw)

    def launch(self, kernel: base.Kernel, shape: Shape, args: bytes) -> None:
        from compatlayer.backends.opencl_program import OpenClKernel

        assert isinstance(kernel, OpenClKernel)
        self._begin()
        if self._report is None:
            self._report = Report(self.device, self.domain.limit("printf"))
        self._kernel = kernel.info.name
        self._reported += 1
        kernel.enqueue(self.raw, shape, args, self._report.address)
        self._work += 1
        self._lib.clFlush(self.raw)

    def call(self, function: Callable[[], None]) -> None:
        self._on_host(function)

    def call_pointer(self, function: int, data: int) -> None:
        native = ffi().cast("void (*)(void *)", function)
        self._on_host(lambda: native(ffi().cast("void *", data)))

    def _on_host(self, function: Callable[[], None], thread: Callable[[], HostThread] | None = None) -> None:
        """Run `function` on a host thread behind all work so far; later work waits for it."""
        before = self.signal()
        status = ffi().new("int *")
        gate = self._lib.clCreateUserEvent(self.device.context, status)
        check(status[0], "a host function")
        gate = ffi().gc(gate, self._lib.clReleaseEvent)
        self._wait_event(gate)
        (thread or _host_thread)().put(self._lib, before, function, gate)

    def watch(self, address: int, element_bytes: int, comparison: Comparison, value: int) -> None:
        self._begin()

        def poll() -> None:
            pause = 1e-5
            while not self.domain.ended and not _as_wanted(self._peek(address, element_bytes), value, element_bytes,
                                                           comparison):
                time.sleep(pause)
                pause = min(pause * 1.2, 2e-3)

        self._on_host(poll, HostThread)

    def store(self, address: int, element_bytes: int, change: Change, value: int) -> None:
        if change is not Change.REACH:
            self._begin()
        if change in (Change.SET, Change.REACH):
            data = (value & ((1 << 8 * element_bytes) - 1)).to_bytes(element_bytes, sys.byteorder)
            self._enqueued(self._space.memfill(self.raw, ffi().cast("void *", address), data, element_bytes,
                                               element_bytes, 0, ffi().NULL, ffi().NULL), "write of a value")
            self._lib.clFlush(self.raw)
            return

        def combine() -> None:
            old = self._peek(address, element_bytes)
            new = {Change.ADD: old + value, Change.AND: old & value, Change.OR: old | value}[change]
            self.device.fill_now(address, new & ((1 << 8 * element_bytes) - 1), element_bytes, 1)

        self._on_host(combine)

    def _peek(self, address: int, element_bytes: int) -> int:
        from compatlayer._native import ffi as native

        data = native.new("char[]", element_bytes)
        self.device.copy_now(Box(int(native.cast("uintptr_t", data)), address, element_bytes))
        return int.from_bytes(bytes(native.buffer(data)), sys.byteorder)

    def signal(self) -> OpenClFence:
        with self._lock:
            out = ffi().new("cl_event *")
            work = self._work
            check(self._lib.clEnqueueMarkerWithWaitList(self.raw, 0, ffi().NULL, out), "a fence")
            self._lib.clFlush(self.raw)
            fence = OpenClFence(self.device, ffi().gc(out[0], self._lib.clReleaseEvent), self.domain)
            self._marker, self._marked = fence, work
            return fence

    def wait(self, fence: base.Fence) -> None:
        if isinstance(fence, OpenClFence) and fence.event is not None and fence._device is self.device:
            if not fence.done():
                self._wait_event(fence.event)
            return
        self._on_host(lambda: base.wait_for(fence))

    def _wait_event(self, event: Any) -> None:
        self._enqueued(self._lib.clEnqueueBarrierWithWaitList(self.raw, 1, ffi().new("cl_event *", event), ffi().NULL),
                       "wait for a fence")
        self._lib.clFlush(self.raw)

    def idle(self) -> bool:
        return self._settled == self._work or (self._behind().done() and self._settle())

    def drain(self, timeout_s: float) -> bool:
        return self._settled == self._work or (self._behind().wait(timeout_s) and self._settle())

    def _behind(self) -> OpenClFence:
        if self._marker is None or self._marked != self._work:
            return self.signal()
        return self._marker

    def _settle(self) -> bool:
        """All work up to the marker is done: hear what its kernels have to tell."""
        self._settled = self._marked
        if self._report is not None and self._reported:
            self._reported = 0
            fault = self._report.take(self._kernel)
            if fault is not None:
                self.domain.fail(fault.kind, fault.message)
        return self._settled == self._work

    def restrict(self, units: Collection[int]) -> None:
        raise base.Unsupported("OpenCL devices are used as a whole; no part of one can be set apart for a queue")

    def close(self) -> None:
        """Work already enqueued still runs."""
        if self.idle():
            self.end()

    def end(self) -> None:
        """Give the report back, when nothing runs any more."""
        if self._work != self._settled:
            self._lib.clFinish(self.raw)
            self._marked = self._work
            self._settle()
        report, self._report = self._report, None
        if report is not None:
            report.close()
        self.domain.forget(self)


def _merged(box: Box) -> Box:
    """Rows and slices without gaps between them as one row."""
    height, depth, width = box.height, box.depth, box.width_bytes
    if height > 1 and (box.destination_pitch != width or box.source_pitch != width):
        return box
    if depth > 1 and (box.destination_slice != width * height or box.source_slice != width * height):
        return box
    return box if height == depth == 1 else Box(box.destination, box.source, width * height * depth)


def _as_wanted(seen: int, wanted: int, element_bytes: int, comparison: Comparison) -> bool:
    mask = (1 << 8 * element_bytes) - 1
    wanted &= mask
    if comparison is Comparison.GEQ:
        return (seen - wanted) & mask < 1 << (8 * element_bytes - 1)
    if comparison is Comparison.EQ:
        return seen == wanted
    if comparison is Comparison.AND:
        return bool(seen & wanted)
    return (~(seen | wanted)) & mask != 0


class HostThread:
    """Runs functions, each behind an event, and opens a gate after each. The order of its work is the order in which
    it was enqueued, so what it waits for never waits for what comes later."""

    def __init__(self, name: str = "compatlayer OpenCL watch", keep: bool = False) -> None:
        self._items: SimpleQueue[tuple[Any, OpenClFence, Callable[[], None], Any]] = SimpleQueue()
        self._keep = keep
        Thread(target=self._run, name=name, daemon=True).start()

    def put(self, lib: Any, before: OpenClFence, function: Callable[[], None], gate: Any) -> None:
        self._items.put((lib, before, function, gate))

    def _run(self) -> None:
        while True:
            lib, before, function, gate = self._items.get()
            try:
                base.wait_for(before)
                function()
            except BaseException:  # it is the program's; nobody waits for its answer
                sys.excepthook(*sys.exc_info())
            lib.clSetUserEventStatus(gate, 0)
            if not self._keep:
                return


_threads: list[HostThread] = []
_threads_lock = Lock()


def _host_thread() -> HostThread:
    """The one thread of host functions."""
    with _threads_lock:
        if not _threads:
            _threads.append(HostThread("compatlayer OpenCL host functions", keep=True))
        return _threads[0]
