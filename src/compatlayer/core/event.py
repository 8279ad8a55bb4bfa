"""Events: the fence of their last record. Follows "Event Management" of the CUDA driver API."""

from __future__ import annotations

from typing import ClassVar

from compatlayer.backends.base import Fence
from compatlayer.core import handles, host_function
from compatlayer.core.context import Context
from compatlayer.core.stream import NON_BLOCKING, SLICE_S, Stream
from compatlayer.errors import CudaError, Status

BLOCKING_SYNC = 1
DISABLE_TIMING = 2
INTERPROCESS = 4


class Event:
    """A CUDA event. Never recorded counts as done."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, context: Context, flags: int) -> None:
        if flags & ~7 or (flags & INTERPROCESS and not flags & DISABLE_TIMING):
            raise CudaError(Status.INVALID_VALUE, f"event flags {flags:#x} are not documented")
        if flags & INTERPROCESS:
            raise CudaError(Status.NOT_SUPPORTED, "events shared between processes are not implemented")
        context.check()
        self.context = context
        self.flags = flags
        self.fence: Fence | None = None
        self.handle = handles.add(self)
        context.resources[self] = None

    def record(self, stream: Stream) -> None:
        """Mark the end of the work that `stream` has so far."""
        if stream.context is not self.context:
            raise CudaError(Status.INVALID_HANDLE, "the event and the stream belong to different contexts")
        self.context.check()
        self.fence = stream.signal()

    def record_context(self, context: Context) -> None:
        """Mark the end of the work that every stream of `context` has so far."""
        if context is not self.context:
            raise CudaError(Status.INVALID_HANDLE, "the event belongs to another context")
        collector = Stream(context, context.live_domain().queue(0), NON_BLOCKING, 0)
        for stream in list(context.busy):
            collector.wait_fence(stream.signal())
        self.fence = collector.signal()

    def done(self) -> bool:
        """True when the last recorded point was reached; raises a sticky fault."""
        fence = self.fence
        reached = fence is None or fence.done()
        self.context.check()
        return reached

    def synchronize(self) -> None:
        """Wait for the last recorded point, then report a fault."""
        fence = self.fence
        if fence is not None and not fence.done():
            host_function.refuse_to_wait()
            while not fence.wait(SLICE_S):
                pass
        self.context.check()
        self.context.device.after_wait(self.context)

    def elapsed_ms(self, start: Event) -> float:
        """Milliseconds from `start` to this event; NOT_READY until both were reached."""
        if (self.flags | start.flags) & DISABLE_TIMING:
            raise CudaError(Status.INVALID_HANDLE, "an event made with CU_EVENT_DISABLE_TIMING has no time")
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


def wait(stream: Stream, event: Event) -> None:
    """cuStreamWaitEvent: later work of `stream` starts after the event's last record; nothing if there is none."""
    stream.context.live_domain()
    fence = event.fence
    if fence is not None and not fence.done():
        stream.wait_fence(fence)
