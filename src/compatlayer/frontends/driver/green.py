"""Green contexts of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core import handles
from compatlayer.core.event import wait
from compatlayer.core.green import GreenContext
from compatlayer.core.resource import Description
from compatlayer.core.runtime import state
from compatlayer.core.stream import NON_BLOCKING
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import current_green, event_of, green_of, number, pointer

DEFAULT_STREAM = 1


@entry("cuGreenCtxCreate")
def create(phCtx, desc, dev, flags):
    description = handles.get(number(desc), Description)
    if flags & ~DEFAULT_STREAM:
        raise CudaError(Status.INVALID_VALUE, f"green context flags {flags:#x} are not documented")
    if state.device(dev) is not description.device:
        raise CudaError(Status.INVALID_VALUE, f"the resources are of {description.device}, not of device {dev}")
    phCtx[0] = pointer(GreenContext(description).handle)


@entry("cuGreenCtxDestroy")
def destroy(hCtx):
    green_of(hCtx).destroy()


@entry("cuCtxFromGreenCtx")
def context_from(pContext, hCtx):
    pContext[0] = pointer(green_of(hCtx).view.handle)


@entry("cuGreenCtxGetId", optional=("greenCtx",))
def get_id(greenCtx, greenCtxId):
    green = green_of(greenCtx) if greenCtx else current_green()
    if green is None:
        raise CudaError(Status.INVALID_CONTEXT, "no green context is current on this thread")
    greenCtxId[0] = green.id


@entry("cuGreenCtxStreamCreate")
def create_stream(phStream, greenCtx, flags, priority):
    if flags != NON_BLOCKING:
        raise CudaError(Status.INVALID_VALUE, f"stream flags {flags:#x}: in a green context they must be "
                                              "CU_STREAM_NON_BLOCKING")
    phStream[0] = pointer(green_of(greenCtx).new_stream(flags, priority).handle)


@entry("cuGreenCtxRecordEvent")
def record_event(hCtx, hEvent):
    green = green_of(hCtx)
    _refuse_captured(green)
    event_of(hEvent).record_context(green.context, green)


@entry("cuGreenCtxWaitEvent")
def wait_event(hCtx, hEvent):
    green = green_of(hCtx)
    event = event_of(hEvent)
    _refuse_captured(green)
    for stream in green.streams():
        wait(stream, event)
    green.gate = event.fence  # streams made later wait too


def _refuse_captured(green: GreenContext) -> None:
    captures = [stream.capture for stream in green.streams() if stream.capture is not None]
    for capture in captures:
        capture.invalidate()
    if captures:
        raise CudaError(Status.STREAM_CAPTURE_UNSUPPORTED, "a stream of the green context is being captured")
