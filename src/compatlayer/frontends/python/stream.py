"""Stream: in-order work beside the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compatlayer.core import event as core_event
from compatlayer.core import stream as core_stream
from compatlayer.frontends.python.event import Event
from compatlayer.frontends.python.lifetime import Owned, hold_until

if TYPE_CHECKING:
    from compatlayer.frontends.python.device import Device


class Stream(Owned):
    """A stream of `device`. Work in it runs in order; the calls that enqueue work do not wait for it."""

    def __init__(self, device: Device, *, blocking: bool = False, priority: int = 0,
                 core: core_stream.Stream | None = None) -> None:
        device.check_open()
        self.device = device
        if core is None:
            made = device.context.new_stream(0 if blocking else core_stream.NON_BLOCKING, priority)
            self.core = made
            self.begin(made.close)
        else:  # a default stream belongs to its context
            self.core = core
            self.begin(None)

    @property
    def handle(self) -> int:
        """The CUstream value of this stream; 1 is the legacy default stream."""
        return self.core.handle or core_stream.LEGACY_HANDLE

    @property
    def done(self) -> bool:
        """Whether all work so far is done; raises nothing about failures."""
        self.check_open()
        return self.core.idle()

    def synchronize(self) -> None:
        """Wait for all work so far; Ctrl-C ends the wait. Raises CudaError when a kernel of this context failed."""
        self.check_open()
        self.core.synchronize()

    def record(self, event: Event | None = None) -> Event:
        """Mark the end of the work so far with `event`, or with a new one that the caller owns."""
        self.check_open()
        marked = Event(self.device) if event is None else event
        marked.check_open()
        marked.core.record(self.core)
        return marked

    def wait(self, event: Event) -> None:
        """Work enqueued from now on starts after the point that `event` marks; the host does not wait."""
        self.check_open()
        event.check_open()
        core_event.wait(self.core, event.core)

    def keep(self, owner: object) -> None:
        """Hold a reference to what the device uses until the work so far is done."""
        hold_until(self.core.signal(), owner)

    def __cuda_stream__(self) -> tuple[int, int]:
        """The stream protocol of cuda.core: version and handle."""
        return 0, self.handle
