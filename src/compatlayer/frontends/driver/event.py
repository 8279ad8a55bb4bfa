"""Event functions of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core.context import current
from compatlayer.core.event import Event
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import event_of, number, pointer

RECORD_EXTERNAL = 1


@entry("cuEventCreate")
def create(phEvent, Flags):
    phEvent[0] = pointer(Event(current(), Flags).handle)


@entry("cuEventDestroy")
@entry("cuEventDestroy_v2")
def destroy(hEvent):
    event_of(hEvent).close()


@entry("cuEventRecord", optional=("hStream",))
def record(hEvent, hStream):
    event_of(hEvent).record(resolve(number(hStream)))


@entry("cuEventRecordWithFlags", optional=("hStream",))
def record_with_flags(hEvent, hStream, flags):
    if flags & ~RECORD_EXTERNAL:
        raise CudaError(Status.INVALID_VALUE, f"event record flags {flags:#x} are not documented")
    event_of(hEvent).record(resolve(number(hStream)), bool(flags & RECORD_EXTERNAL))


@entry("cuEventQuery")
def query(hEvent):
    return None if event_of(hEvent).done() else Status.NOT_READY


@entry("cuEventSynchronize")
def synchronize(hEvent):
    event_of(hEvent).synchronize()


@entry("cuEventElapsedTime")
@entry("cuEventElapsedTime_v2")
def elapsed_time(pMilliseconds, hStart, hEnd):
    pMilliseconds[0] = event_of(hEnd).elapsed_ms(event_of(hStart))
