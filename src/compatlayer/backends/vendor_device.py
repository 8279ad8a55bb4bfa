"""A device behind a vendor's library: memory, queues and fences in the terms of base.py.

All contexts of a device share the library's one context for it, so a fault in one is a fault in all of them; it goes
with the last domain's end, which resets the device.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from itertools import count
from threading import local
from typing import TYPE_CHECKING, Any

from cffi import FFI

from compatlayer.backends import base
from compatlayer.backends.base import Allocation, Box, Fault, MemoryKind, Shape
from compatlayer.backends.vendor import select
from compatlayer.backends.vendor_calls import DRIVER, Calls, MissingCall
from compatlayer.backends.vendor_memory import Ranges
from compatlayer.backends.vendor_status import Meaning, Statuses

if TYPE_CHECKING:
    from compatlayer.backends.graph import GraphLayout, PreparedGraph
    from compatlayer.backends.vendor_program import VendorProgram
    from compatlayer.compiler.image import NativeImage

_LIMITS = {"stack": 1024, "printf": 1 << 20, "heap": 8 << 20, "launches": 1024}  # CUDA's defaults
_PAGE_BYTES = 4096
_REBASE_S = 1.0  # a library tells times as 32-bit differences in milliseconds
_thread = local()
_tables: dict[str, tuple[Ranges, Statuses]] = {}  # by the library's path
_calls: dict[int, Callable[[], None]] = {}  # host functions of Python that have still to run
_keys = count(1)
_ffi = FFI()


class Life:
    """A device from one reset to the next. A fault ends it for all who began in it."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.over = False  # the library has forgotten what was made in it


class VendorDevice(base.Device):
    """One device. The calling thread's device is set before every call that depends on it."""

    def __init__(self, calls: Calls, ordinal: int, caps: base.DeviceCaps) -> None:
        self.calls = calls
        self.ordinal = ordinal
        self.caps = caps
        self.ranges, self.statuses = _tables.setdefault(calls.path, (Ranges(), Statuses(calls)))
        self.life = Life()
        self._dead: set[int] = set()  # memory that a reset took
        self.anchor: tuple[VendorFence, float] | None = None  # a fence and its time
        self._own: VendorQueue | None = None

    def enter(self) -> Calls:
        """Make the device the calling thread's."""
        if getattr(_thread, "selected", None) != (self.calls.path, self.ordinal):
            select(self.calls, self.ordinal)
            _thread.selected = (self.calls.path, self.ordinal)
        return self.calls

    def call(self, operation: str, *arguments: Any, what: str, life: Life | None = None) -> None:
        """A call of the template for something made in `life`; raises what its status means."""
        if (life or self.life).fault is not None:
            raise base.DomainFaulted(what)
        calls = self.enter()
        try:
            status = getattr(calls, operation)(*arguments)
        except MissingCall as error:
            raise base.Unsupported(f"{what}: {error}") from None
        if status:
            self.failed(status, what)

    def failed(self, status: int, what: str) -> None:
        """Raise what a status other than 0 means; a fault is kept."""
        kind = self.statuses.fault(status)
        if kind is None:
            raise self.statuses.error(status, what)
        if self.life.fault is None:
            self.life.fault = Fault(kind, self.statuses.told(status, what))
        raise base.DomainFaulted(what)

    def domain(self) -> VendorDomain:
        return VendorDomain(self)

    def alloc(self, size_bytes: int, kind: MemoryKind, alignment_bytes: int = 512) -> Allocation:
        out = self.calls.ffi.new("void **")
        operation = {MemoryKind.HOST: "alloc_host", MemoryKind.MANAGED: "alloc_managed"}.get(kind, "alloc")
        plain = operation == "alloc" or (operation == "alloc_host" and operation in self.calls.row.parameters)
        extra = () if plain else (1,)  # portable host memory; managed memory that any stream may use
        if size_bytes > 1 << 62:
            raise base.OutOfMemory(f"{size_bytes} bytes asked, more than there are addresses")
        if kind is not MemoryKind.HOST and self.caps.memory_bytes < size_bytes:
            raise base.OutOfMemory(f"{size_bytes} bytes asked and {self.caps.memory_bytes} there on {self.caps.name}")
        what = f"{size_bytes} bytes of {kind.name.lower()} memory on {self.caps.name}"
        self.call(operation, out, size_bytes, *extra, what=what)
        address = int(self.calls.ffi.cast("uintptr_t", out[0]))
        return self.ranges.add(address, size_bytes, self.ordinal, kind)

    def free(self, base: int) -> None:
        found = self.ranges.take(base)
        if found is None:
            from compatlayer.backends.base import BadArgument

            raise BadArgument(f"{base:#x} is not the start of an allocation")
        operation = {MemoryKind.HOST: "free_host", MemoryKind.REGISTERED: "unregister",
                     MemoryKind.MODULE: ""}.get(found.kind, "free")
        dead = base in self._dead and found.kind is not MemoryKind.REGISTERED
        self._dead.discard(base)
        if operation and not dead and self.life.fault is None:
            self.call(operation, base, what=f"freeing {base:#x}")

    def adopt(self, base: int, size_bytes: int, kind: MemoryKind) -> None:
        self.ranges.add(base, size_bytes, self.ordinal, kind)
        if kind is MemoryKind.REGISTERED:
            try:
                self.call("register", base, size_bytes, 1, what=f"registering {size_bytes} bytes at {base:#x}")
            except Exception:
                self.ranges.take(base)
                raise

    def find(self, address: int) -> Allocation | None:
        return self.ranges.find(address)

    def used_bytes(self) -> int:
        return self.ranges.used_bytes(self.ordinal)

    def load(self, image: NativeImage) -> VendorProgram:
        from compatlayer.backends.vendor_program import VendorProgram

        return VendorProgram(self, image)

    def graph(self, layout: GraphLayout, before: PreparedGraph | None) -> PreparedGraph:
        from compatlayer.backends.vendor_graph import VendorGraph

        return VendorGraph(layout, before)

    def fence(self) -> VendorFence:
        return VendorFence(self)

    def own_queue(self) -> VendorQueue:
        """The queue of copies and fills that are waited for."""
        if self._own is None:
            self._own = VendorQueue(self, 0)
        return self._own

    def _on_host(self, address: int) -> bool:
        found = self.find(address)
        return found is None or found.kind in (MemoryKind.HOST, MemoryKind.REGISTERED)

    def copy_now(self, box: Box) -> None:
        if self._on_host(box.destination) and self._on_host(box.source):
            if not copied(box):
                raise base.BadArgument(_left(box))
            return
        for address, pitch, piece in ((box.destination, box.destination_pitch, box.destination_slice),
                                      (box.source, box.source_pitch, box.source_slice)):
            extent = box.width_bytes + (box.height - 1) * pitch + (box.depth - 1) * piece
            if self.find(address) is None and not touched(address, extent):
                raise base.BadArgument(_left(box))
        queue = self.own_queue()
        queue.copy(box)
        queue.finish()

    def fill_now(self, destination: int, pattern: int, element_bytes: int, width: int) -> None:
        queue = self.own_queue()
        queue.fill(destination, pattern, element_bytes, width)
        queue.finish()

    def snapshot(self, address: int, size_bytes: int) -> base.Snapshot:
        owner = self.calls.ffi.new("char[]", size_bytes)
        copy = int(self.calls.ffi.cast("uintptr_t", owner))
        self.copy_now(Box(copy, address, size_bytes))
        return base.Snapshot(copy, owner)

    def reset(self) -> None:
        """After a fault: the library begins anew, and forgets what was made before."""
        self.life.over = True
        self.life, self.anchor, self._own = Life(), None, None
        self._dead.update(self.ranges.bases(self.ordinal))
        try:
            calls = self.enter()
            calls.reset(*((self.ordinal,) if calls.row.form == DRIVER else ()))
        except MissingCall:
            pass
        _thread.selected = None


def _left(box: Box) -> str:
    return (f"copy of {box.width_bytes} bytes x {box.height} x {box.depth} from {box.source:#x} to "
            f"{box.destination:#x} leaves mapped memory")


def copied(box: Box) -> bool:
    """A copy within host memory on the calling thread; False when a side is not mapped."""
    from compatlayer._native import ffi, lib

    return bool(lib.cpl_copy_now(ffi.new("cpl_box *", (
        box.destination, box.destination_pitch, box.destination_slice, box.source, box.source_pitch, box.source_slice,
        box.width_bytes, box.height, box.depth))) >= 0)


def touched(address: int, size_bytes: int) -> bool:
    """Whether every page of host memory can be read."""
    if size_bytes <= 0:
        return True
    first = address & ~(_PAGE_BYTES - 1)
    pages = (address + size_bytes - 1 - first) // _PAGE_BYTES + 1
    sink = _ffi.new("char[]", 1)
    return copied(Box(int(_ffi.cast("uintptr_t", sink)), first, 1, pages, source_pitch=_PAGE_BYTES))


class VendorDomain(base.Domain):
    """A context's queues; the fault is the device's."""

    def __init__(self, device: VendorDevice) -> None:
        self.device = device
        self.life = device.life
        self.ending = False

    def queue(self, priority: int) -> VendorQueue:
        return VendorQueue(self.device, priority, self)

    def fault(self) -> Fault | None:
        return self.life.fault

    def limit(self, name: str) -> int:
        return _LIMITS[name]

    def set_limit(self, name: str, size_bytes: int) -> None:
        if size_bytes > _LIMITS[name]:
            raise base.Unsupported(f"limit {name} of {size_bytes} bytes: {self.device.caps.name} has {_LIMITS[name]}")

    def end_waits(self) -> None:
        self.ending = True  # a library has no call that gives up a wait, so nobody waits for such a queue any more

    def close(self) -> None:
        if self.life.fault is not None and not self.life.over:
            self.device.reset()


class VendorFence(base.Fence):
    """An event of the library; not recorded yet, it is as if it were never reached."""

    def __init__(self, device: VendorDevice, life: Life | None = None) -> None:
        self.device = device
        self.life = life or device.life
        out = device.calls.ffi.new("void **")
        if self.life.fault is None:
            device.call("event", out, 0, what="a fence")
        self.raw = owned(device.calls, self.life, out[0], device.calls.end_event)
        self.recorded = False
        self._time: float | None = None

    def record(self, stream: Any) -> VendorFence:
        self.device.call("record", self.raw, stream, what="a fence", life=self.life)
        self.recorded = True
        return self

    def done(self) -> bool:
        if self.life.fault is not None:
            return True
        if not self.recorded:
            return False
        status = self.device.enter().query_event(self.raw)
        return _settled(self.device, status, "work on a queue")

    def wait(self, timeout_s: float) -> bool:
        return _poll(self.done, timeout_s)

    def time_s(self) -> float:
        if self._time is None:
            self._time = self._measure()
        return self._time

    def _measure(self) -> float:
        anchor = self.device.anchor
        if anchor is None:
            self.device.anchor = self, 0.0
            return 0.0
        out = self.device.calls.ffi.new("float *")
        self.device.call("elapsed", out, anchor[0].raw, self.raw, what="the time of a fence")
        found = anchor[1] + float(out[0]) * 1e-3
        if found - anchor[1] > _REBASE_S:
            self.device.anchor = self, found
        return found

    def close(self) -> None:
        """The event goes with the last reference: another thread may be waiting on it."""


def _settled(device: VendorDevice, status: int, what: str) -> bool:
    """Whether a query says that the work is over; a fault ends it too."""
    if status == 0:
        return True
    if device.statuses.meaning(status) is Meaning.NOT_READY:
        if device.calls.has("clear_error"):
            device.calls.clear_error()
        return False
    try:
        device.failed(status, what)
    except base.DomainFaulted:
        return True
    return True


def _poll(over: Callable[[], bool], timeout_s: float) -> bool:
    """Ask until it is over: at once, then ever less often; the GIL is free meanwhile."""
    if over():
        return True
    end = time.monotonic() + timeout_s
    pause = 10e-6
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        if over():
            return True
        pause = min(pause * 1.5, 1e-3)
    return False


def owned(calls: Calls, life: Life, raw: Any, end: Callable[[Any], object]) -> Any:
    """A handle that ends with its last reference, unless a reset ended it before."""
    return calls.ffi.gc(raw, lambda handle: None if life.over or not handle else end(handle))


class VendorQueue(base.Queue):
    """A stream of the library."""

    def __init__(self, device: VendorDevice, priority: int, domain: VendorDomain | None = None) -> None:
        self.device = device
        self.domain = domain
        self.life = device.life if domain is None else domain.life
        self._watch: VendorFence | None = None  # behind the last wait for a value
        calls = device.enter()
        out = calls.ffi.new("void **")
        if calls.has("stream"):  # flag 1: not ordered with the library's null stream
            device.call("stream", out, 1, priority, what="a queue", life=self.life)
        else:
            device.call("plain_stream", out, 1, what="a queue", life=self.life)
        self.raw = owned(calls, self.life, out[0], calls.end_stream)
        self._kept: deque[tuple[VendorFence, Any]] = deque()  # what pending copies read

    def _call(self, operation: str, *arguments: Any, what: str) -> None:
        self.device.call(operation, *arguments, what=what, life=self.life)

    def copy(self, box: Box) -> None:
        width, rows = box.width_bytes, box.height
        if rows > 1 and box.destination_pitch == box.source_pitch == width:
            width, rows = width * rows, 1
        for piece in range(box.depth):
            for row in range(rows):
                to = box.destination + piece * box.destination_slice + row * box.destination_pitch
                source = box.source + piece * box.source_slice + row * box.source_pitch
                self._move(to, source, width)

    def _move(self, to: int, source: int, size_bytes: int) -> None:
        row = self.device.calls.row
        direction: tuple[Any, ...] = (row.direction, self.raw)
        if row.form == DRIVER:
            direction = (self.raw,)
        elif row.parameters.get("copy_async", "").endswith("kind"):
            direction = (self.raw, row.direction)
        self._call("copy_async", to, source, size_bytes, *direction, what=f"copy of {size_bytes} bytes")

    def fill(self, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
             pitch_bytes: int = 0) -> None:
        name = f"set{element_bytes * 8}"
        data = pattern.to_bytes(element_bytes, "little")
        for row in range(height):
            place = destination + row * pitch_bytes
            if self.device.calls.has(name):
                self._call(name, place, pattern, width, self.raw, what="fill")
            elif len(set(data)) == 1 and self.device.calls.has("set_bytes"):
                self._call("set_bytes", place, data[0], width * element_bytes, self.raw, what="fill")
            else:
                self._fill_by_copy(place, data * width)

    def _fill_by_copy(self, destination: int, data: bytes) -> None:
        kept = self.device.calls.ffi.new("char[]", data)
        self._move(destination, int(self.device.calls.ffi.cast("uintptr_t", kept)), len(data))
        self._kept.append((self.signal(), kept))
        while self._kept and self._kept[0][0].done():
            self._kept.popleft()

    def watch(self, address: int, element_bytes: int, comparison: base.Comparison, value: int) -> None:
        mask = () if self.device.calls.row.form == DRIVER else ((1 << element_bytes * 8) - 1,)
        self._call(f"wait{element_bytes * 8}", self.raw, address, value, comparison.value, *mask,
                   what="wait for a value")
        self._watch = self.signal()

    def store(self, address: int, element_bytes: int, change: base.Change, value: int) -> None:
        if change not in (base.Change.SET, base.Change.REACH):
            raise base.Unsupported(f"{self.device.caps.name} changes a value by no other operation than writing it")
        self._call(f"write{element_bytes * 8}", self.raw, address, value, 0, what="write of a value")

    def launch(self, kernel: base.Kernel, shape: Shape, args: bytes) -> None:
        from compatlayer.backends.vendor_program import VendorKernel

        assert isinstance(kernel, VendorKernel)
        ffi = self.device.calls.ffi
        packed = ffi.new("char[]", args)
        pointers = ffi.new("void *[]", [packed + each.offset for each in kernel.info.parameters] or 1)
        self._call("launch", kernel.raw, *shape.grid, *shape.block, shape.dynamic_shared_bytes, self.raw, pointers,
                         ffi.NULL, what=f"launch of {kernel.info.name}")

    def call(self, function: Callable[[], None]) -> None:
        key = next(_keys)
        _calls[key] = function
        self.call_pointer(int(_ffi.cast("uintptr_t", trampoline())), key)

    def call_pointer(self, function: int, data: int) -> None:
        ffi = self.device.calls.ffi
        self._call("call", self.raw, ffi.cast("void (*)(void *)", function), ffi.cast("void *", data),
                         what="host function")

    def signal(self) -> VendorFence:
        return VendorFence(self.device, self.life).record(self.raw)

    def wait(self, fence: base.Fence) -> None:
        assert isinstance(fence, VendorFence)
        if fence.device.calls is not self.device.calls:
            raise base.Unsupported("a fence of another library's device")
        self._call("wait_event", self.raw, fence.raw, 0, what="wait for a fence")

    def restrict(self, units: Collection[int]) -> None:
        if len(set(units)) < self.device.caps.compute_units:
            raise base.Unsupported(f"{self.device.caps.name} cannot restrict a queue to some compute units")

    def idle(self) -> bool:
        if self.life.fault is not None:
            return True
        if self._watch is not None and self.domain is not None and self.domain.ending and not self._watch.done():
            return True
        return _settled(self.device, self.device.enter().query_stream(self.raw), "work on a queue")

    def drain(self, timeout_s: float) -> bool:
        return _poll(self.idle, timeout_s)

    def finish(self) -> None:
        """Wait for all work; raises DomainFaulted."""
        while not self.drain(0.1):
            pass
        if self.life.fault is not None:
            raise base.DomainFaulted("copy")

    def close(self) -> None:
        """The stream goes with the last reference: another thread may be waiting on it."""


_trampolines: list[Any] = []


def trampoline() -> Any:
    """The C function that runs the Python function of a number."""
    if not _trampolines:
        _trampolines.append(_ffi.callback("void(void*)", _run_call))
    return _trampolines[0]


def _run_call(data: Any) -> None:
    function = _calls.pop(int(_ffi.cast("uintptr_t", data)), None)
    if function is not None:
        try:
            function()
        except BaseException:  # nothing of Python's may pass through C
            sys.excepthook(*sys.exc_info())
