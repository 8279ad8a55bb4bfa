"""Device: one of the devices that COMPATLAYER_DEVICES shows, with its primary context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compatlayer.core import context as contexts
from compatlayer.core import device as core_device
from compatlayer.core.runtime import state
from compatlayer.frontends.python import startup
from compatlayer.frontends.python.buffer import Buffer
from compatlayer.frontends.python.event import Event
from compatlayer.frontends.python.lifetime import Owned
from compatlayer.frontends.python.stream import Stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray


class Device(Owned):
    """Device number `ordinal`. Owns one reference to the device's primary context; when the last Device object (and
    every other user of that context in this process) is closed, its memory, streams and programs end with it.

    Raises CudaError: INVALID_DEVICE for a number that is not shown, NO_DEVICE when none is.
    """

    def __init__(self, ordinal: int = 0) -> None:
        startup.begin()
        self.core: core_device.Device = state.device(ordinal)
        self.context = contexts.retain_primary(self.core)
        hardware = self.core
        self.begin(lambda: contexts.release_primary(hardware))

    def __repr__(self) -> str:
        return f"<Device {self.ordinal}: {self.name}>"

    @property
    def ordinal(self) -> int:
        return self.core.ordinal

    @property
    def name(self) -> str:
        return self.core.caps.name

    @property
    def compute_capability(self) -> tuple[int, int]:
        """The capability that programs see, (8, 6) unless configured."""
        return self.core.capability

    @property
    def memory_bytes(self) -> int:
        return self.core.caps.memory_bytes

    @property
    def free_bytes(self) -> int:
        return self.core.free_bytes

    @property
    def compute_units(self) -> int:
        return self.core.caps.compute_units

    @property
    def warp_size(self) -> int:
        return self.core.caps.warp_size

    @property
    def max_block_threads(self) -> int:
        return self.core.caps.max_block_threads

    @property
    def uuid(self) -> bytes:
        """16 bytes, stable on this machine."""
        return self.core.uuid

    @property
    def default_stream(self) -> Stream:
        """The legacy default stream: its work and that of blocking streams wait for each other."""
        self.check_open()
        return Stream(self, core=self.context.legacy)

    def stream(self, *, blocking: bool = False, priority: int = 0) -> Stream:
        """A new stream. `priority` is 0 to -5, lower is more urgent; a `blocking` one obeys the default stream."""
        return Stream(self, blocking=blocking, priority=priority)

    def event(self, *, timing: bool = True) -> Event:
        """A new event; one without `timing` has no elapsed time."""
        return Event(self, timing=timing)

    def allocate(self, size_bytes: int) -> Buffer:
        """Device memory as plain bytes, zero-filled. Raises CudaError OUT_OF_MEMORY."""
        return Buffer(self, size_bytes)

    def array(self, shape: int | Sequence[int], dtype: DTypeLike) -> Buffer:
        """Device memory for an array in C order, zero-filled."""
        return Buffer.of_shape(self, shape, dtype)

    def upload(self, array: NDArray[np.generic]) -> Buffer:
        """Device memory with a copy of `array`, of its shape and type, in C order."""
        buffer = Buffer.of_shape(self, array.shape, array.dtype)
        buffer.copy_from(array)
        return buffer

    def synchronize(self) -> None:
        """Wait for all work of the device's primary context; raises CudaError when some of it failed."""
        self.check_open()
        self.context.synchronize()


def devices() -> list[Device]:
    """Every device that is shown; the caller owns the objects. Raises CudaError NO_DEVICE when there is none."""
    startup.begin()
    return [Device(ordinal) for ordinal in range(len(state.devices))]
