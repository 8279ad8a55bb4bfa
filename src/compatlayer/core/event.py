"""Events: the fence of their last record. Follows "Event Management" of the CUDA driver API."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from compatlayer.backends.base import Fence
from compatlayer.core import capture, capture_mode, handles, host_function
from compatlayer.core.capture import Capture
from compatlayer.core.context import Context
from compatlayer.core.graph import Link
from compatlayer.core.stream import NON_BLOCKING, SLICE_S, Stream
from compatlayer.core.work import RecordWork, WaitWork
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.green import GreenContext
    from compatlayer.core.ipc_event import SharedEvent

BLOCKING_SYNC = 1
DISABLE_TIMING = 2
INTERPROCESS = 4


class Event:
    """A CUDA event. Never recorded counts as done."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, context: Context, flags: int, shared: SharedEvent | None = None) -> None:
        if flags & ~7 or (flags & INTERPROCESS and not flags & DISABLE_TIMING):
            raise CudaError(Status.INVALID_VALUE, f"event flags {flags:#x} are not documented")
        context.check()
        if flags & INTERPROCESS and shared is None:
            from compatlayer.core import ipc_event

            shared = ipc_event.create(context.device)
        self.shared = shared  # its records are those of all processes that have it
        self.context = context
        self.flags = flags
        self.fence: Fence | None = None
        self.captured: tuple[Capture, tuple[Link, ...]] | None = None  # recorded in a capture, behind these nodes
        self.handle = handles.add(self)
        context.resources[self] = None

    def record(self, stream: Stream, external: bool = False) -> None:
        """Mark the end of the work that `stream` has so far; in a capture each launch does, if `external`."""
        if stream.context is not self.context:
            raise CudaError(Status.INVALID_HANDLE, "the event and the stream belong to different contexts")
        self.context.check()
        if stream.capture is not None:
            stream.capture.check()
            if external:
                self._refuse_shared()
                stream.capture.add(stream, RecordWork(stream.context, self))
                return
            self.captured = (stream.capture, stream.capture.tails[stream])
            return
        self._recorded(stream)

    def _recorded(self, stream: Stream) -> None:
        fence = stream.signal()
        if self.shared is not None:
            self.shared.record(stream, fence)
        self.fence = fence
        self.captured = None

    def _refuse_shared(self) -> None:
        if self.shared is not None:
            raise CudaError(Status.NOT_SUPPORTED, "a graph cannot record or wait for an event of several processes")

    def begin_record(self) -> Fence:
        """A new fence, which the start of a graph is about to reach."""
        self._refuse_shared()
        fence = self.context.device.hardware.fence()
        self.fence = fence
        self.captured = None
        return fence

    def record_context(self, context: Context, green: GreenContext | None = None) -> None:
        """Mark the end of the work that every stream of `context` (or those made in `green`) has so far."""
        if context is not self.context:
            raise CudaError(Status.INVALID_HANDLE, "the event belongs to another context")
        collector = Stream(context, context.new_queue(context.live_domain(), 0), NON_BLOCKING, 0)
        for stream in list(context.busy):
            if green is None or stream.green is green:
                collector.wait_fence(stream.signal())
        self._recorded(collector)

    def _refuse_captured(self) -> None:
        if self.captured is not None:
            raise CudaError(Status.CAPTURED_EVENT, "the event was recorded in a captured stream, so it has no time and "
                                                   "nothing to wait for")

    def done(self) -> bool:
        """True when the last recorded point was reached; raises a sticky fault."""
        if capture_mode.active:
            capture_mode.refuse_unsafe("asking for an event")
        self._refuse_captured()
        fence = self.fence
        reached = self.shared.done() if self.shared is not None else fence is None or fence.done()
        self.context.check()
        return reached

    def synchronize(self) -> None:
        """Wait for the last recorded point, then report a fault."""
        if capture_mode.active:
            capture_mode.refuse_unsafe("waiting for an event")
        self._refuse_captured()
        fence = self.fence
        if self.shared is not None:
            self.shared.synchronize()
        elif fence is not None and not fence.done():
            host_function.refuse_to_wait()
            while not fence.wait(SLICE_S):
                pass
        self.context.check()
        self.context.device.after_wait(self.context)

    def elapsed_ms(self, start: Event) -> float:
        """Milliseconds from `start` to this event; NOT_READY until both were reached."""
        if (self.flags | start.flags) & DISABLE_TIMING:
            raise CudaError(Status.INVALID_HANDLE, "an event made with CU_EVENT_DISABLE_TIMING has no time")
        self._refuse_captured()
        start._refuse_captured()
        first, last = start.fence, self.fence
        if first is None or last is None:
            raise CudaError(Status.INVALID_HANDLE, "an event was never recorded; there is no time between them")
        self.context.check()
        if not (first.done() and last.done()):
            raise CudaError(Status.NOT_READY, "an event was not reached yet; synchronize first")
        return (last.time_s() - first.time_s()) * 1e3

    def close(self) -> None:
        """End the event at once; work that waits for it still waits."""
        handles.remove(self.handle)
        self.context.resources.pop(self, None)
        if self.shared is not None:
            self.shared.close()


def wait(stream: Stream, event: Event, external: bool = False) -> None:
    """cuStreamWaitEvent: later work of `stream` starts after the event's last record; nothing if there is none. In a
    capture each launch waits, if `external`."""
    stream.context.live_domain()
    if external and stream.capture is not None:
        event._refuse_shared()
        stream.capture.add(stream, WaitWork(stream.context, event))
        return
    if event.captured is not None:
        return capture.wait(stream, *event.captured)
    if stream.capture is not None:
        stream.capture.invalidate()
        raise CudaError(Status.STREAM_CAPTURE_ISOLATION, "a captured stream cannot wait for an event from outside "
                                                         "of the capture")
    if event.shared is not None:
        event.shared.wait(stream)
        return
    fence = event.fence
    if fence is not None and not fence.done():
        stream.wait_fence(fence)
