"""Stream functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.core import handles
from compatlayer.core.capture_mode import exchange
from compatlayer.core.context import current
from compatlayer.core.event import wait
from compatlayer.core.green import GreenContext
from compatlayer.core.stream import NON_BLOCKING, PER_THREAD_HANDLE, DetachedStream, Stream, resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import current_green, event_of, needed, number, pointer

WAIT_EXTERNAL = 1
SYNC_POLICY, PRIORITY, MEM_SYNC_DOMAIN = 3, 8, 10  # CUstreamAttrID


@entry("cuStreamCreate")
def create(phStream, Flags):
    phStream[0] = pointer(_new(Flags, 0))


@entry("cuStreamCreateWithPriority")
def create_with_priority(phStream, flags, priority):
    phStream[0] = pointer(_new(flags, priority))


def _new(flags: int, priority: int) -> int:
    if flags & ~NON_BLOCKING:
        raise CudaError(Status.INVALID_VALUE, f"stream flags {flags:#x} are not documented")
    context = current()
    context.check()
    green = current_green()
    return (context if green is None else green).new_stream(flags, priority).handle


@entry("cuStreamDestroy")
@entry("cuStreamDestroy_v2")
def destroy(hStream):
    found = handles.find(number(hStream))
    (found if isinstance(found, DetachedStream) else handles.get(number(hStream), Stream)).close()


@entry("cuStreamGetPriority", optional=("hStream",))
def get_priority(hStream, priority):
    priority[0] = resolve(number(hStream)).priority


@entry("cuStreamGetFlags", optional=("hStream",))
def get_flags(hStream, flags):
    flags[0] = resolve(number(hStream)).flags


@entry("cuStreamGetId", optional=("hStream",))
def get_id(hStream, streamId):
    streamId[0] = resolve(number(hStream)).id


@entry("cuStreamGetDevice", optional=("hStream",))
def get_device(hStream, device):
    device[0] = resolve(number(hStream)).context.device.ordinal


@entry("cuStreamGetCtx", optional=("hStream",))
def get_context(hStream, pctx):
    green = _green(hStream)
    pctx[0] = pointer(green.view.handle if green is not None else resolve(number(hStream)).context.handle)


@entry("cuStreamGetCtx_v2", optional=("hStream", "pCtx", "pGreenCtx"))
def get_context_or_green(hStream, pCtx, pGreenCtx):
    green = _green(hStream)
    if green is not None and number(hStream) == PER_THREAD_HANDLE:
        raise CudaError(Status.INVALID_HANDLE, "the per-thread default stream is of no green context")
    context = resolve(number(hStream)).context
    if pCtx:
        pCtx[0] = pointer(context.handle)
    if pGreenCtx:
        pGreenCtx[0] = pointer(green.handle if green is not None else 0)


@entry("cuStreamGetGreenCtx", optional=("hStream",))
def get_green_context(hStream, phCtx):
    green = _green(hStream)
    phCtx[0] = pointer(green.handle if green is not None else 0)


def _green(handle: Any) -> GreenContext | None:
    """The green context of a stream; of a default stream the current one."""
    stream = resolve(number(handle))
    return current_green() if number(handle) <= PER_THREAD_HANDLE else stream.green


@entry("cuStreamWaitEvent", optional=("hStream",))
def wait_event(hStream, hEvent, Flags):
    if Flags & ~WAIT_EXTERNAL:
        raise CudaError(Status.INVALID_VALUE, f"event wait flags {Flags:#x} are not documented")
    wait(resolve(number(hStream)), event_of(hEvent), bool(Flags & WAIT_EXTERNAL))


@entry("cuStreamQuery", optional=("hStream",))
def query(hStream):
    stream = resolve(number(hStream))
    idle = stream.idle()
    stream.context.check()
    return None if idle else Status.NOT_READY


@entry("cuStreamSynchronize", optional=("hStream",))
def synchronize(hStream):
    resolve(number(hStream)).synchronize()


@entry("cuLaunchHostFunc", optional=("hStream", "userData"))
def launch_host_function(hStream, fn, userData):
    _host_function(hStream, fn, userData)


@entry("cuLaunchHostFunc_v2", optional=("hStream", "userData"))
def launch_host_function_with_mode(hStream, fn, userData, syncMode):
    if syncMode not in (0, 1):
        raise CudaError(Status.INVALID_VALUE, f"host function synchronisation mode {syncMode} is not known")
    _host_function(hStream, fn, userData, int(syncMode))  # it says how the device waits, which has no meaning here


def _host_function(stream: Any, function: Any, data: Any, mode: int = 0) -> None:
    address = number(function)
    if address == 0:
        raise CudaError(Status.INVALID_VALUE, "the host function is null")
    resolve(number(stream)).call_pointer(address, number(data), mode)


@entry("cuStreamAddCallback", optional=("hStream", "userData"))
def add_callback(hStream, callback, userData, flags):
    if flags != 0 or number(callback) == 0:
        raise CudaError(Status.INVALID_VALUE, f"a callback must not be null, and its flags 0, not {flags}")
    stream = resolve(number(hStream))

    def run() -> None:
        callback(hStream, _status(stream), userData)

    stream.call(run)


def _status(stream: Stream) -> int:
    """What a callback is told: success, or the sticky fault of its context."""
    try:
        stream.context.check()
    except CudaError as error:
        return int(error.status)
    return 0


@entry("cuThreadExchangeStreamCaptureMode")
def exchange_capture_mode(mode):
    mode[0] = exchange(int(mode[0]))


@entry("cuStreamGetAttribute", optional=("hStream",))
def get_attribute(hStream, attr, value_out):
    stream = resolve(number(hStream))
    if attr == SYNC_POLICY:
        value_out.syncPolicy = stream.sync_policy
    elif attr == PRIORITY:
        value_out.priority = stream.priority
    elif attr == MEM_SYNC_DOMAIN:
        value_out.memSyncDomain = 0
    else:
        raise CudaError(Status.NOT_SUPPORTED, f"stream attribute {attr} is not implemented")


@entry("cuStreamSetAttribute", optional=("hStream",))
def set_attribute(hStream, attr, value):
    stream = resolve(number(hStream))
    if attr != SYNC_POLICY:
        raise CudaError(Status.NOT_SUPPORTED, f"stream attribute {attr} cannot be set here")
    needed(value, "value")
    if not 1 <= value.syncPolicy <= 4:
        raise CudaError(Status.INVALID_VALUE, f"synchronisation policy {value.syncPolicy} is not known")
    stream.sync_policy = value.syncPolicy


@entry("cuStreamCopyAttributes", optional=("dst", "src"))
def copy_attributes(dst, src):
    resolve(number(dst)).sync_policy = resolve(number(src)).sync_policy
