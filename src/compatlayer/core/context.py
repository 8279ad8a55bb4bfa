"""Contexts: a fault domain, its streams and resources, the per-thread stack, and each device's primary context.

Follows "Context Management" and "Primary Context Management" of the CUDA driver API.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, ClassVar, Protocol

from compatlayer.backends.base import (
    BackendError,
    BadArgument,
    Domain,
    DomainFaulted,
    DoorRole,
    Doors,
    FaultKind,
    Fence,
    OutOfMemory,
    Queue,
    Unsupported,
)
from compatlayer.core import capture_mode, handles
from compatlayer.core.device import Device
from compatlayer.core.stream import KEPT_BUSY, NON_BLOCKING, CurrentContext, DoorSide, Stream
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from compatlayer.core.green import GreenContext

FAULT_STATUS = {
    FaultKind.ADDRESS: Status.ILLEGAL_ADDRESS,
    FaultKind.ASSERT: Status.ASSERT,
    FaultKind.TRAP: Status.LAUNCH_FAILED,
    FaultKind.BARRIER: Status.LAUNCH_FAILED,
    FaultKind.STACK: Status.HARDWARE_STACK_ERROR,
    FaultKind.INSTRUCTION: Status.ILLEGAL_INSTRUCTION,
    FaultKind.MEMORY: Status.LAUNCH_OUT_OF_RESOURCES,
    FaultKind.COPY: Status.ILLEGAL_ADDRESS,
    FaultKind.TIMEOUT: Status.LAUNCH_TIMEOUT,
    FaultKind.WRITER: Status.EXTERNAL_DEVICE,
}

SCHED_MASK = 0x07
MAP_HOST = 0x08
LMEM_RESIZE_TO_MAX = 0x10
COREDUMP_ENABLE = 0x20
USER_COREDUMP_ENABLE = 0x40
SYNC_MEMOPS = 0x80
FLAGS_MASK = 0xFF
GREATEST_PRIORITY = -5
LEAST_PRIORITY = 0
PRUNE_ABOVE = 2 * KEPT_BUSY  # streams destroyed with work are forgotten when this many are busy
API_VERSION = 3020  # what every driver since CUDA 3.2 answers

_ids = count(1)


class ContextView(Protocol):
    """Another handle for a context, through which a part of it is seen (a green context)."""

    handle: int


class Resource(Protocol):
    """Something that dies with its context. close() twice is fine."""

    def close(self) -> None: ...


class Context:
    """A CUDA context. `modules` and `streams` hold what dies with it; allocations are by base address."""

    handle_error: ClassVar[Status] = Status.INVALID_CONTEXT

    def __init__(self, device: Device, flags: int, primary: bool = False) -> None:
        self.device = device
        self.flags = flags
        self.primary = primary
        self.references = 0  # primary: retains; own: attach count
        self.id = next(_ids)
        self.domain: Domain | None = None
        self.doors: Doors | None = None  # for launches without core
        self.streams: dict[Stream, None] = {}
        self.modules: list[Resource] = []
        self.resources: dict[Resource, None] = {}  # events and the like
        self.allocations: dict[int, Callable[[int], None]] = {}  # base address -> what drops its record
        self.peers: dict[Context, None] = {}
        self.captured: dict[Stream, None] = {}  # blocking streams whose work is being captured
        self.busy: dict[Stream, None] = {}  # streams with work that nobody has waited for
        self.gate: Fence | None = None  # streams made from now on wait for it
        self.cache_config = 0
        self.sync_depth = 2  # a number that programs set; kernels wait for their children no more since CUDA 12
        self.shared_config = 0
        self._per_thread = threading.local()
        self.open()
        self.handle = handles.add(self)

    def __repr__(self) -> str:
        return f"context {self.handle:#x} of {self.device}"

    @property
    def alive(self) -> bool:
        return self.domain is not None

    def open(self) -> None:
        """Begin (for a primary context also: begin again) with a fresh fault domain and legacy stream."""
        try:
            self.domain = self.device.hardware.domain()
        except BackendError as error:
            raise CudaError(Status.OUT_OF_MEMORY, f"no context on {self.device}: {error}") from None
        self.legacy = Stream(self, self.new_queue(self.domain, 0), 0, 0)
        self.legacy_doors = DoorSide(DoorRole.JOINED)
        self.joined_doors = DoorSide(DoorRole.BARRIER)
        self.doors = None if self.device.launch_blocking else self.domain.doors()
        if self.doors is not None:
            self.legacy.door = self.doors.door(self.legacy.queue, DoorRole.BARRIER, 0)
        self._per_thread = threading.local()

    def new_queue(self, domain: Domain, priority: int) -> Queue:
        """A queue of `domain`, with the backend's complaint in CUDA's terms."""
        try:
            return domain.queue(priority)
        except DomainFaulted as error:
            fault = domain.fault()
            raise CudaError(FAULT_STATUS[fault.kind] if fault else Status.UNKNOWN,
                            fault.message if fault else str(error)) from None
        except BackendError as error:
            raise self.translate(error) from None

    def live_domain(self) -> Domain:
        """The fault domain; CONTEXT_IS_DESTROYED after the end."""
        domain = self.domain
        if domain is None:
            raise CudaError(Status.CONTEXT_IS_DESTROYED, "the context was destroyed; make another or retain the "
                                                         "primary one")
        return domain

    def confirm(self, domain: Domain, resource: Resource) -> None:
        """After `resource` was entered here: end it again if another thread ended the context, which was `domain`, and
        may not have seen it."""
        if self.domain is not domain:
            resource.close()
            raise CudaError(Status.CONTEXT_IS_DESTROYED, "the context was destroyed while it was in use")

    def check(self) -> None:
        """Raise the sticky fault if there is one."""
        fault = self.live_domain().fault()
        if fault is not None:
            raise CudaError(FAULT_STATUS[fault.kind], fault.message)

    def translate(self, error: BackendError) -> CudaError:
        """What a backend's complaint is in CUDA's terms."""
        if isinstance(error, DomainFaulted):
            domain = self.domain
            fault = domain.fault() if domain is not None else None
            if fault is None:
                return CudaError(Status.CONTEXT_IS_DESTROYED, "the context was destroyed while it was in use")
            return CudaError(FAULT_STATUS[fault.kind], fault.message)
        if isinstance(error, OutOfMemory):
            return CudaError(Status.OUT_OF_MEMORY, str(error))
        if isinstance(error, BadArgument):
            return CudaError(Status.INVALID_VALUE, str(error))
        if isinstance(error, Unsupported):
            return CudaError(Status.NOT_SUPPORTED, str(error))
        return CudaError(Status.UNKNOWN, str(error))

    def per_thread(self) -> Stream:
        """The calling thread's per-thread default stream."""
        stream: Stream | None = getattr(self._per_thread, "stream", None)
        if stream is None:
            stream = Stream(self, self.new_queue(self.live_domain(), 0), 0, 0)
            self._per_thread.stream = stream
        return stream

    def alone(self) -> Stream:
        """The hidden stream on which cooperative launches run one after the other."""
        found: Stream | None = vars(self).get("_alone")
        if found is None:
            made = Stream(self, self.new_queue(self.live_domain(), 0), NON_BLOCKING, 0)
            found = vars(self).setdefault("_alone", made)
        return found

    def home(self) -> Queue:
        """The queue that says of graphs' nodes that they are this context's; it carries nothing."""
        found: Queue | None = vars(self).get("_home")
        if found is None:
            found = vars(self).setdefault("_home", self.new_queue(self.live_domain(), 0))
        return found

    def new_stream(self, flags: int, priority: int, green: GreenContext | None = None) -> Stream:
        """A stream with a handle, of a green context if one is given; CUDA's rule clamps `priority` to the range."""
        priority = min(max(priority, GREATEST_PRIORITY), LEAST_PRIORITY)
        if len(self.busy) > PRUNE_ABOVE:
            for other in list(self.busy):
                if other.capture is None:
                    other.idle()
        domain = self.live_domain()
        stream = Stream(self, self.new_queue(domain, priority), flags, priority)
        if green is not None:
            stream.green = green
            workers = self.device.hardware.caps.compute_units  # a board may be shown with more units
            stream.queue.restrict({unit % workers for unit in green.units})
        stream.handle = handles.add(stream)
        if self.doors is not None:
            role = DoorRole.JOINED if stream.blocking else DoorRole.FREE
            stream.door = self.doors.door(stream.queue, role, stream.handle)
        if self.gate is not None:
            stream.wait_fence(self.gate)
        self.streams[stream] = None
        self.confirm(domain, stream)
        return stream

    def all_streams(self) -> list[Stream]:
        """Every stream that can have work."""
        return list({self.legacy: None, **self.streams, **self.busy})

    def set_limit(self, name: str, size_bytes: int) -> None:
        """Set the stack, printf or heap limit for launches to come."""
        try:
            self.live_domain().set_limit(name, size_bytes)
        except BackendError as error:
            raise self.translate(error) from None

    def wait_idle(self) -> None:
        """Wait for all work of every stream of this context; raises nothing about faults."""
        for stream in list(self.busy):
            if not stream.known_idle():
                stream.settle()

    def synchronize(self) -> None:
        """cuCtxSynchronize: wait, then report a fault."""
        self.live_domain()
        if capture_mode.active:
            capture_mode.refuse_unsafe("waiting for a context")
        for stream in list(self.busy):
            if not stream.known_idle():
                stream.drain()
        self.check()
        self.device.after_wait(self)

    def close(self) -> None:
        """End the context: wait for its work, then end its modules, streams, events and allocations."""
        if self.domain is None:
            return
        if self.doors is not None:
            self.doors.end()  # from here on every launch comes through core
        for stream in [*self.all_streams(), *self.captured]:  # per-thread streams are only among the captured ones
            if stream.capture is not None:
                stream.capture.abandon()
        self.captured.clear()
        domain = self.domain
        if domain is None:  # another thread ended it meanwhile
            return
        domain.end_waits()
        self.wait_idle()
        domain, self.domain = self.domain, None
        if domain is None:  # another thread was first
            return
        for module in list(self.modules):
            module.close()
        self.modules.clear()
        for resource in list(self.resources):
            resource.close()
        self.resources.clear()
        for stream in list(self.streams):
            stream.close()
        self.streams.clear()
        self.legacy.close()
        vars(self).pop("_alone", None)
        vars(self).pop("_home", None)
        self._per_thread = threading.local()
        while self.allocations:
            base, forget = self.allocations.popitem()
            forget(base)
            self.device.hardware.free(base)
        self.peers.clear()
        self.busy.clear()
        domain.close()
        if not self.primary:
            handles.remove(self.handle)
        self.device.after_wait(self)  # its end waited for what used memory of pools


class _Stack(threading.local):
    """Each thread's stack of current contexts; the last is current."""

    def __init__(self) -> None:
        self.contexts: list[Context] = []
        self.views: list[ContextView | None] = []  # how each was made current; what is longer than `contexts` is stale
        self.entered: Doors | None = None  # what direct launches of this thread take for its context


_stack = _Stack()


def current() -> Context:
    """The calling thread's current context; INVALID_CONTEXT when there is none, CONTEXT_IS_DESTROYED when it ended."""
    contexts = _stack.contexts
    if not contexts:
        raise CudaError(Status.INVALID_CONTEXT, "no context is current on this thread; call cuCtxSetCurrent or "
                                                "cuDevicePrimaryCtxRetain and cuCtxPushCurrent first")
    context = contexts[-1]
    if context.domain is None:
        context.live_domain()
    return context


CurrentContext.find = current


def enter_doors() -> None:
    """Have direct launches of the calling thread use its current context."""
    contexts, entered = _stack.contexts, _stack.entered
    doors = contexts[-1].doors if contexts else None
    if doors is not entered:
        _stack.entered = doors
        if doors is not None:
            doors.enter()
        elif entered is not None:
            entered.leave()


def _changed() -> None:
    if _stack.entered is not None:
        enter_doors()


def current_view() -> ContextView | None:
    """What the current context was made current as, when that was not the context itself."""
    depth = len(_stack.contexts)
    return _stack.views[depth - 1] if depth else None


def current_handle() -> int:
    """The CUcontext that is current, dead or alive, or 0."""
    view = current_view()
    if view is not None:
        return view.handle
    context = current_or_none()
    return context.handle if context is not None else 0


def current_or_none() -> Context | None:
    """The current context, dead or alive, or None."""
    contexts = _stack.contexts
    return contexts[-1] if contexts else None


def push(context: Context, view: ContextView | None = None) -> None:
    context.live_domain()
    _append(context, view)
    _changed()


def _append(context: Context, view: ContextView | None) -> None:
    """In an order that Ctrl-C cannot hurt."""
    contexts, views = _stack.contexts, _stack.views
    del views[len(contexts):]
    views.append(view)
    contexts.append(context)


def pop() -> int:
    """Take the current context off and answer its CUcontext; INVALID_CONTEXT when there is none."""
    if not _stack.contexts:
        raise CudaError(Status.INVALID_CONTEXT, "no context is current on this thread; there is nothing to pop")
    handle = current_handle()
    _stack.contexts.pop()
    _changed()
    return handle


def set_current(context: Context | None, view: ContextView | None = None) -> None:
    """Replace the top of the stack; None pops it."""
    contexts = _stack.contexts
    if context is not None:
        context.live_domain()
    if contexts:
        contexts.pop()
    if context is not None:
        _append(context, view)
    _changed()


def check_flags(flags: int) -> None:
    """INVALID_VALUE for flags that are not documented; core dumps are NOT_SUPPORTED."""
    if flags & ~FLAGS_MASK or (flags & SCHED_MASK) not in (0, 1, 2, 4):
        raise CudaError(Status.INVALID_VALUE, f"context flags {flags:#x} are not documented")
    if flags & (COREDUMP_ENABLE | USER_COREDUMP_ENABLE | SYNC_MEMOPS):
        raise CudaError(Status.NOT_SUPPORTED, f"context flags {flags:#x} ask for core dumps or synchronous copies, "
                                              "which are not implemented")


def create(device: Device, flags: int) -> Context:
    """cuCtxCreate: a new context, current on the calling thread."""
    check_flags(flags)
    context = Context(device, flags)
    context.references = 1
    push(context)
    return context


def destroy(context: Context) -> None:
    """cuCtxDestroy: end a context made by create(); if it is current here, it is popped."""
    if context.primary:
        raise CudaError(Status.INVALID_CONTEXT, "a primary context is released by cuDevicePrimaryCtxRelease, "
                                                "not destroyed")
    context.close()
    if _stack.contexts and _stack.contexts[-1] is context:
        pop()


def attach() -> Context:
    """cuCtxAttach (deprecated): one more use of the current context."""
    context = current()
    context.references += 1
    return context


def detach(context: Context) -> None:
    """cuCtxDetach (deprecated): one use less; the last one destroys it. It must be current here."""
    if current_or_none() is not context:
        raise CudaError(Status.INVALID_CONTEXT, "cuCtxDetach needs the context that is current on this thread")
    context.references -= 1
    if context.references <= 0:
        destroy(context)


def retain_primary(device: Device) -> Context:
    """cuDevicePrimaryCtxRetain: the device's primary context, one reference more. Its handle never changes."""
    context = device.primary_context
    if context is None:
        context = Context(device, device.primary_flags, primary=True)
        winner = vars(device).setdefault("_primary", context)
        if winner is not context:  # another thread was first
            context.close()
            handles.remove(context.handle)
        context = device.primary_context = winner
    elif context.domain is None:
        context.flags = device.primary_flags
        context.open()
    context.references += 1
    return context


def release_primary(device: Device) -> None:
    """cuDevicePrimaryCtxRelease: one reference less; the last one ends its work and frees its memory."""
    context = device.primary_context
    if context is None or context.references == 0:
        raise CudaError(Status.INVALID_CONTEXT, f"the primary context of {device} is not retained")
    context.references -= 1
    if context.references == 0:
        context.close()


def set_primary_flags(device: Device, flags: int) -> None:
    """cuDevicePrimaryCtxSetFlags: they hold from now on, also for an active context."""
    check_flags(flags)
    device.primary_flags = flags
    if device.primary_context is not None:
        device.primary_context.flags = flags


def reset_primary(device: Device) -> None:
    """cuDevicePrimaryCtxReset: end everything in it; those who retain it go on with a fresh one."""
    context = device.primary_context
    if context is None or context.domain is None:
        return
    context.close()
    if context.references > 0:
        context.open()
