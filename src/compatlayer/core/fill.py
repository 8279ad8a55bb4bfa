"""Fills (cuMemset*): validated ranges of device memory, ordered in a stream."""

from __future__ import annotations

from compatlayer.backends.base import BackendError, MemoryKind
from compatlayer.core import memory
from compatlayer.core.context import Context
from compatlayer.core.memory import Record
from compatlayer.core.stream import Stream
from compatlayer.core.work import Fill
from compatlayer.errors import CudaError, Status

DIRECT_BYTES = 64 << 10  # fills up to this are done on the calling thread when the stream is idle


def check(context: Context, fill: Fill) -> Record:
    """The memory that is filled; INVALID_VALUE when it is not all live device memory, or not aligned."""
    destination, element_bytes, pitch_bytes = fill.destination, fill.element_bytes, fill.pitch_bytes
    row_bytes = fill.width * element_bytes
    if fill.height > 1 and pitch_bytes < row_bytes:
        raise CudaError(Status.INVALID_VALUE, f"a pitch of {pitch_bytes} bytes is less than a row of {row_bytes}")
    if destination % element_bytes or (fill.height > 1 and pitch_bytes % element_bytes):
        raise CudaError(Status.INVALID_VALUE, f"{destination:#x} or its pitch {pitch_bytes} is not aligned to "
                                              f"{element_bytes} bytes")
    return memory.covering(context.device, destination, (fill.height - 1) * pitch_bytes + row_bytes, "destination")


def fill(stream: Stream, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
         pitch_bytes: int = 0, wait: bool = False) -> None:
    """Fill `height` rows of `width` elements.

    With `wait` (the calls without Async), pinned and managed memory is done on return, as documented; and so is
    device memory in an idle stream: on a real device such a fill is over before the next launch, and programs that
    go on in another stream have come to rely on it.
    """
    stream.context.live_domain()
    if width == 0 or height == 0:
        stream.context.check()
        return
    row_bytes = width * element_bytes
    record = check(stream.context, Fill(destination, pattern, element_bytes, width, height, pitch_bytes))
    if wait and height == 1 and row_bytes <= DIRECT_BYTES and stream.idle():
        stream.context.check()
        try:
            stream.context.device.hardware.fill_now(destination, pattern, element_bytes, width)
        except BackendError as error:
            raise stream.context.translate(error) from None
        return
    finish = record.sync_memops or (wait and (record.kind is not MemoryKind.DEVICE or stream.idle()))
    stream.fill(destination, pattern, element_bytes, width, height, pitch_bytes)
    if finish:
        stream.synchronize()
