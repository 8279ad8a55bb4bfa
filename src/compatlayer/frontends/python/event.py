"""Event: a point in a stream's work, with its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compatlayer.core import event as core_event
from compatlayer.frontends.python.lifetime import Owned

if TYPE_CHECKING:
    from compatlayer.frontends.python.device import Device


class Event(Owned):
    """An event of `device`; Stream.record() sets it. One that was never recorded counts as done."""

    def __init__(self, device: Device, *, timing: bool = True) -> None:
        device.check_open()
        self.device = device
        self.core = core_event.Event(device.context, 0 if timing else core_event.DISABLE_TIMING)
        self.begin(self.core.close)

    @property
    def done(self) -> bool:
        """Whether the recorded point was reached; raises CudaError when work of this context failed."""
        self.check_open()
        return self.core.done()

    def synchronize(self) -> None:
        """Wait for the recorded point; raises CudaError when work of this context failed."""
        self.check_open()
        self.core.synchronize()

    def elapsed_s(self, start: Event) -> float:
        """Seconds of device time from `start` to this event. Raises CudaError NOT_READY before both were reached,
        INVALID_HANDLE when one was never recorded or has no timing."""
        self.check_open()
        start.check_open()
        return self.core.elapsed_ms(start.core) * 1e-3
