"""Streams: a backend queue with CUDA's default-stream rules.

Work on the legacy stream waits for all earlier work of the context's blocking streams, and they wait for it. That
is done only when there is outstanding work: each stream has a mark that changes with every piece of work, and a
rule applies when the mark differs from the one seen last. Follows "Stream synchronization behavior".
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from compatlayer.backends.base import BackendError, Box, Fence, Kernel, Queue, Shape
from compatlayer.core import handles, host_function
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.context import Context

NON_BLOCKING = 1
LEGACY_HANDLE = 1
PER_THREAD_HANDLE = 2
SLICE_S = 0.05  # the longest time between two looks for Ctrl-C

_ids = count(1)
_marks = count(1)


class Stream:
    """A CUDA stream. `priority` is CUDA's number (lower is more urgent); times in seconds, sizes in bytes."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, context: Context, queue: Queue, flags: int, priority: int) -> None:
        self.context = context
        self.queue = queue
        self.flags = flags
        self.priority = priority
        self.blocking = not flags & NON_BLOCKING
        self.id = next(_ids)
        self.handle = 0
        self.sync_policy = 1  # CU_SYNC_POLICY_AUTO; how the host waits, remembered only
        self._mark = 0  # changes with every piece of work
        self._joined = 0  # the mark that the legacy stream has waited for
        self._seen = 0  # the legacy stream's mark that this stream has waited for

    def launch(self, kernel: Kernel, shape: Shape, args: bytes) -> None:
        """Enqueue a kernel with its packed argument buffer."""
        self.order()
        try:
            self.queue.launch(kernel, shape, args)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()
        if self.context.device.launch_blocking:
            self.synchronize()

    def copy(self, box: Box) -> None:
        """Enqueue a copy between addresses that stay valid until it is done."""
        self.order()
        try:
            self.queue.copy(box)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()

    def fill(self, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
             pitch_bytes: int = 0) -> None:
        """Enqueue a fill of `height` rows of `width` elements."""
        self.order()
        try:
            self.queue.fill(destination, pattern, element_bytes, width, height, pitch_bytes)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()

    def call_pointer(self, function: int, data: int) -> None:
        """Enqueue a call of the C function `void (*)(void *)` at address `function`."""
        self.order()
        try:
            host_function.learn_thread(self.queue)
            self.queue.call_pointer(function, data)
        except BackendError as error:
            raise self.context.translate(error) from None
        self.mark()

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
        """Apply the default-stream rules before new work."""
        context = self.context
        legacy = context.legacy
        if self is legacy:
            if context.busy:
                self._join_blocking()
        elif self._seen != legacy._mark and self.blocking:
            self._join_legacy(legacy)

    def mark(self) -> None:
        """Note that work was enqueued; call it after the enqueue (see core/__init__.py)."""
        self._mark = next(_marks)
        self.context.busy[self] = None

    def _join_legacy(self, legacy: Stream) -> None:
        mark = legacy._mark
        if not legacy.queue.idle():
            self._wait_for(legacy)
        self._seen = mark

    def _join_blocking(self) -> None:
        for other in list(self.context.busy):
            if other is self or not other.blocking or other._joined == other._mark:
                continue
            mark = other._mark
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
        if self._mark == mark:
            self.context.busy.pop(self, None)
            if self._mark != mark:
                self.context.busy[self] = None

    def idle(self) -> bool:
        """True when all work is done; the legacy stream counts what it would wait for."""
        self.order()
        mark = self._mark
        if not self.queue.idle():
            return False
        self._forget(mark)
        return True

    def drain(self) -> None:
        """Wait for all work so far; says nothing about faults. Not on the host-callback thread."""
        self.order()
        mark = self._mark
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
        if self.handle:
            handles.remove(self.handle)
        self.context.streams.pop(self, None)
        self.queue.close()


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
        stream = handles.get(handle, Stream)
        if stream.context.domain is None:
            raise CudaError(Status.CONTEXT_IS_DESTROYED, "the stream's context was destroyed")
        return stream
    context = CurrentContext.find()
    if handle == PER_THREAD_HANDLE or (handle == 0 and PerThreadRule.asks()):
        return context.per_thread()
    return context.legacy
