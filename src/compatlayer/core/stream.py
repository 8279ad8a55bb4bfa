"""Streams: a backend queue with CUDA's default-stream rules.

Work on the legacy stream waits for all earlier work of the context's blocking streams, and they wait for it. That
is done only when there is outstanding work: each stream has a mark that changes with every piece of work, and a
rule applies when the mark differs from the one seen last. Follows "Stream synchronization behavior".

A stream may have a door: C callers then launch on it without core, as long as none of these rules has anything to do
(docs/adr/0005-launches-in-c.md). Such launches are part of the mark, and a stream with an open door counts as busy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from compatlayer.backends.base import BackendError, Box, Door, DoorRole, Doors, Fence, Kernel, Queue, Shape
from compatlayer.core import handles, host_function
from compatlayer.core.work import CopyWork, Fill, FillWork, HostWork
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.backends.graph import PreparedGraph
    from compatlayer.core.capture import Capture
    from compatlayer.core.context import Context
    from compatlayer.core.green import GreenContext

NON_BLOCKING = 1
LEGACY_HANDLE = 1
PER_THREAD_HANDLE = 2
KEPT_BUSY = 64  # up to so many streams keep their doors open when they are idle
SLICE_S = 0.05  # the longest time between two looks for Ctrl-C

Put = Callable[[Queue], None]  # gives one piece of work to a queue

_ids = count(1)
# So far apart that a mark and a count of launches are told from their sum (see Stream.work): two threads may store
# their marks in the other order, and the sum must not come back to what it was.
_marks = count(1 << 48, 1 << 48)


class DoorSide:
    """The doors of the legacy stream, or of all blocking ones: work of the other side (`other`) closes them.

    A door may be open when one was asked for since they were closed last. Each request is a new number, so no two
    threads can take one for another, and the number is taken before the ticket.
    """

    __slots__ = ("_asked", "_closed", "_other")

    def __init__(self, other: DoorRole) -> None:
        self._other = other
        self._asked = self._closed = 0

    def ask(self) -> None:
        """Before a ticket is taken for one of the doors."""
        self._asked = next(_marks)

    def close(self, doors: Doors) -> None:
        """After work of the other side was marked."""
        asked = self._asked
        if asked != self._closed:
            doors.changed(self._other)
            self._closed = asked


class Stream:
    """A CUDA stream. `priority` is CUDA's number (lower is more urgent); times in seconds, sizes in bytes."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE
    green: GreenContext | None = None  # the one that the stream was made in

    def __init__(self, context: Context, queue: Queue, flags: int, priority: int) -> None:
        self.context = context
        self.queue = queue
        self.flags = flags
        self.priority = priority
        self.blocking = not flags & NON_BLOCKING
        self.id = next(_ids)
        self.handle = 0
        self.sync_policy = 1  # CU_SYNC_POLICY_AUTO; how the host waits, remembered only
        self.door: Door | None = None
        self.ended = False
        self.capture: Capture | None = None  # work becomes its nodes instead of being enqueued
        self._mark = 0  # changes with every piece of work of core's
        self._done = 0  # the mark up to which all work is known to be done
        self._joined = 0  # the mark that the legacy stream has waited for
        self._seen = 0  # the legacy stream's mark that this stream has waited for

    def enqueue(self, put: Put) -> None:
        """Give work to the queue. A stream that is captured refuses it: whoever can be captured looks first."""
        self.order()
        try:
            put(self.queue)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()

    def launch(self, kernel: Kernel, shape: Shape, args: bytes) -> None:
        """Enqueue a kernel with its packed argument buffer."""
        self._through_door(lambda queue: queue.launch(kernel, shape, args))

    def start(self, graph: PreparedGraph, fences: Sequence[Fence | None]) -> None:
        """Enqueue a prepared graph."""
        self._through_door(lambda queue: graph.start(queue, fences))

    def _through_door(self, put: Put) -> None:
        door = self.door
        ticket = 0 if door is None else self._ticket(door)
        self.enqueue(put)
        if self.context.device.launch_blocking:
            self.synchronize()
        elif door is not None:
            door.open(ticket)

    def copy(self, box: Box) -> None:
        """Enqueue a copy between addresses that stay valid until it is done."""
        if self.capture is not None:
            self.capture.add(self, CopyWork(self.context, box))
        else:
            self.enqueue(lambda queue: queue.copy(box))

    def fill(self, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
             pitch_bytes: int = 0) -> None:
        """Enqueue a fill of `height` rows of `width` elements."""
        if self.capture is not None:
            self.capture.add(self, FillWork(self.context, Fill(destination, pattern, element_bytes, width, height,
                                                               pitch_bytes)))
        else:
            self.enqueue(lambda queue: queue.fill(destination, pattern, element_bytes, width, height, pitch_bytes))

    def call_pointer(self, function: int, data: int, mode: int = 0) -> None:
        """Enqueue a call of the C function `void (*)(void *)` at address `function`."""
        if self.capture is not None:
            self.capture.add(self, HostWork(self.context, function, data, mode))
            return

        def put(queue: Queue) -> None:
            host_function.learn_thread(queue)
            queue.call_pointer(function, data)

        self.enqueue(put)

    def call(self, function: Callable[[], None]) -> None:
        """Enqueue a call of a Python function on the host-callback thread."""
        self.order()
        try:
            host_function.learn_thread(self.queue)
            self.queue.call(function)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()

    def signal(self) -> Fence:
        """A fence behind all work so far; ordered like work."""
        self.order()
        try:
            fence = self.queue.signal()
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()
        return fence

    def wait_fence(self, fence: Fence) -> None:
        """Later work starts after `fence`; ordered like work."""
        self.order()
        try:
            self.queue.wait(fence)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()

    def order(self) -> None:
        """Apply the default-stream rules before new work, or refuse what cannot be captured."""
        if self.capture is not None:
            self.capture.refuse("this call is not possible")
        context = self.context
        legacy = context.legacy
        if self is legacy:
            if context.captured:
                self._refuse_implicit()
            busy = context.busy
            if len(busy) > 1 or (busy and self not in busy):
                self._join_blocking()
        elif self.blocking and self._seen != legacy.work():
            self._join_legacy(legacy)

    def capture_into(self, capture: Capture | None) -> None:
        """Begin (or, with None, end) to turn work into nodes; launches of C callers come through here meanwhile."""
        self.capture = capture
        context = self.context
        if capture is None:
            context.captured.pop(self, None)
            return
        if self.blocking:
            context.captured[self] = None
        for stream in (self, context.legacy):
            if stream.door is not None:
                stream.door.shut()

    def _refuse_implicit(self) -> None:
        for stream in list(self.context.captured):
            if stream.capture is not None:
                stream.capture.invalidate()
        raise CudaError(Status.STREAM_CAPTURE_IMPLICIT, "the legacy stream would have to wait for a blocking stream "
                                                        "that is being captured; use a non-blocking one")

    def mark(self) -> None:
        """Note that work was enqueued; call it after the enqueue (see core/__init__.py)."""
        self._mark = next(_marks)
        context = self.context
        context.busy[self] = None
        if self.blocking and context.doors is not None:
            (context.joined_doors if self is context.legacy else context.legacy_doors).close(context.doors)

    def _ticket(self, door: Door) -> int:
        if self.blocking:
            context = self.context
            (context.legacy_doors if self is context.legacy else context.joined_doors).ask()
        return door.ticket()

    def work(self) -> int:
        """The stream's mark: it differs after every piece of work, core's or not."""
        door = self.door
        return self._mark if door is None else self._mark + door.launches()

    def _join_legacy(self, legacy: Stream) -> None:
        mark = legacy.work()
        if not legacy.queue.idle():
            self._wait_for(legacy)
        self._seen = mark

    def _join_blocking(self) -> None:
        for other in list(self.context.busy):
            if other is self or not other.blocking or other._joined == (mark := other.work()):
                continue
            if other.queue.idle():
                other._forget(mark)
            else:
                self._wait_for(other)
            other._joined = mark

    def _wait_for(self, other: Stream) -> None:
        try:
            fence = other.queue.signal()
            self.queue.wait(fence)
        except BackendError as error:
            raise self.context.translate(error) from None
        fence.close()

    def _forget(self, mark: int) -> None:
        """All work up to `mark` is known to be done."""
        self._done = mark
        busy = self.context.busy
        if self.door is not None:
            if len(busy) <= KEPT_BUSY and not self.ended:
                return
            self.door.shut()
        if self.work() == mark:
            busy.pop(self, None)
            if self.work() != mark:
                busy[self] = None

    def known_idle(self) -> bool:
        """True when nothing was enqueued since somebody waited for all of it."""
        return self._done == self.work()

    def idle(self) -> bool:
        """True when all work is done; the legacy stream counts what it would wait for."""
        self.order()
        mark = self.work()
        if not self.queue.idle():
            return False
        self._forget(mark)
        return True

    def drain(self) -> None:
        """Wait for all work so far; says nothing about faults. Not on the host-callback thread."""
        self.order()
        self.settle()

    def settle(self) -> None:
        """Wait for what is in the queue, also during a capture; an end of memory or code waits so for every stream."""
        mark = self.work()
        if not self.queue.idle():
            host_function.refuse_to_wait()
            while not self.queue.drain(SLICE_S):
                pass
        self._forget(mark)

    def synchronize(self) -> None:
        """Wait for all work so far, then report a fault."""
        self.drain()
        self.context.check()
        self.context.device.after_wait(self.context)

    def close(self) -> None:
        """End the stream at once; work already enqueued still runs."""
        if self.capture is not None:
            self.capture.lose(self)
        if self.handle:
            handles.remove(self.handle)
        self.ended = True
        if self.door is not None:
            self.door.end()
            mark = self.work()
            if self.queue.idle():
                self._forget(mark)
        self.context.streams.pop(self, None)
        self.queue.close()


class DetachedStream:
    """What is behind the handle of a stream whose green context was destroyed: it can only be destroyed."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def close(self) -> None:
        handles.remove(self.handle)


class PerThreadRule:
    """Says whether the call in progress uses per-thread default streams; the front end sets `asks`."""

    asks = staticmethod(lambda: 0)


class CurrentContext:
    """Finds the calling thread's context; core/context.py sets `find`.

    Importing it in each call would fail for the destructors that run while Python shuts down.
    """

    find: Callable[[], Context]


def resolve(handle: int) -> Stream:
    """The stream behind a handle; 0, 1 and 2 are the default streams of the current context."""
    if handle > PER_THREAD_HANDLE:
        try:
            stream = handles.get(handle, Stream)
        except CudaError:
            if isinstance(handles.find(handle), DetachedStream):
                raise CudaError(Status.STREAM_DETACHED, "the green context of the stream was destroyed; the stream can "
                                                        "only be destroyed too") from None
            raise
        if stream.context.domain is None:
            raise CudaError(Status.CONTEXT_IS_DESTROYED, "the stream's context was destroyed")
        return stream
    context = CurrentContext.find()
    if handle == PER_THREAD_HANDLE or (handle == 0 and PerThreadRule.asks()):
        return context.per_thread()
    return context.legacy
