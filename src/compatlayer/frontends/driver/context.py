"""Context functions of the driver API, own and primary."""

from __future__ import annotations

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import context as core
from compatlayer.core import handles
from compatlayer.core.event import wait
from compatlayer.core.green import GreenView
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import context_and_view, context_of, event_of, number, pointer

STACK, PRINTF, HEAP, SYNC_DEPTH, LAUNCHES = range(5)
_LIMITS = {STACK: "stack", PRINTF: "printf", HEAP: "heap", LAUNCHES: "launches"}
_DEEPEST = 24  # grids, as the programming guide of CUDA 11 has it


_NO_AFFINITY = "a context has the whole device; green contexts have parts of it (cuGreenCtxCreate)"


@entry("cuDevicePrimaryCtxRetain")
def retain_primary(pctx, dev):
    pctx[0] = pointer(core.retain_primary(state.device(dev)).handle)


@entry("cuDevicePrimaryCtxRelease")
@entry("cuDevicePrimaryCtxRelease_v2")
def release_primary(dev):
    core.release_primary(state.device(dev))


@entry("cuDevicePrimaryCtxReset")
@entry("cuDevicePrimaryCtxReset_v2")
def reset_primary(dev):
    core.reset_primary(state.device(dev))


@entry("cuDevicePrimaryCtxSetFlags")
@entry("cuDevicePrimaryCtxSetFlags_v2")
def set_primary_flags(dev, flags):
    core.set_primary_flags(state.device(dev), flags)


@entry("cuDevicePrimaryCtxGetState")
def get_primary_state(dev, flags, active):
    device = state.device(dev)
    context = device.primary_context
    flags[0] = device.primary_flags
    active[0] = int(context is not None and context.alive)


@entry("cuCtxCreate")
@entry("cuCtxCreate_v2")
def create(pctx, flags, dev):
    pctx[0] = pointer(core.create(state.device(dev), flags).handle)


@entry("cuCtxCreate_v3", optional=("paramsArray",))
def create_with_affinity(pctx, paramsArray, numParams, flags, dev):
    if numParams != 0:
        raise CudaError(Status.UNSUPPORTED_EXEC_AFFINITY, _NO_AFFINITY)
    pctx[0] = pointer(core.create(state.device(dev), flags).handle)


@entry("cuCtxCreate_v4", optional=("ctxCreateParams",))
def create_with_parameters(pctx, ctxCreateParams, flags, dev):
    if ctxCreateParams and ctxCreateParams.numExecAffinityParams:
        raise CudaError(Status.UNSUPPORTED_EXEC_AFFINITY, _NO_AFFINITY)
    if ctxCreateParams and ctxCreateParams.cigParams:
        raise CudaError(Status.NOT_SUPPORTED, "CUDA in graphics (CIG) runs inside the queues of a Direct3D or Vulkan "
                                              "driver")
    pctx[0] = pointer(core.create(state.device(dev), flags).handle)


@entry("cuCtxDestroy")
@entry("cuCtxDestroy_v2")
def destroy(ctx):
    context, view = context_and_view(ctx)
    if view is not None:
        raise CudaError(Status.INVALID_CONTEXT, "a green context is ended by cuGreenCtxDestroy")
    core.destroy(context)


@entry("cuCtxAttach")
def attach(pctx, flags):
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"cuCtxAttach flags must be 0, not {flags}")
    pctx[0] = pointer(core.attach().handle)


@entry("cuCtxDetach")
def detach(ctx):
    core.detach(context_of(ctx))


@entry("cuCtxPushCurrent")
@entry("cuCtxPushCurrent_v2")
def push_current(ctx):
    core.push(*context_and_view(ctx))


@entry("cuCtxPopCurrent", optional=("pctx",))
@entry("cuCtxPopCurrent_v2", optional=("pctx",))
def pop_current(pctx):
    handle = core.pop()
    if pctx:
        pctx[0] = pointer(handle)


@entry("cuCtxSetCurrent", optional=("ctx",))
def set_current(ctx):
    core.set_current(*context_and_view(ctx) if ctx else (None, None))


@entry("cuCtxGetCurrent")
def get_current(pctx):
    pctx[0] = pointer(core.current_handle())


@entry("cuCtxGetDevice")
def get_device(device):
    device[0] = core.current().device.ordinal


@entry("cuCtxGetDevice_v2", optional=("ctx",))
def get_device_of(device, ctx):
    device[0] = (context_of(ctx) if ctx else core.current()).device.ordinal


@entry("cuCtxGetFlags")
def get_flags(flags):
    flags[0] = core.current().flags


@entry("cuCtxSetFlags")
def set_flags(flags):
    core.check_flags(flags)
    core.current().flags = flags


@entry("cuCtxGetId", optional=("ctx",))
def get_id(ctx, ctxId):
    context, view = context_and_view(ctx) if ctx else (core.current(), core.current_view())
    ctxId[0] = view.green.id if isinstance(view, GreenView) else context.id


@entry("cuCtxSynchronize")
def synchronize():
    core.current().synchronize()


@entry("cuCtxSynchronize_v2", optional=("ctx",))
def synchronize_of(ctx):
    (context_of(ctx) if ctx else core.current()).synchronize()


@entry("cuCtxSetLimit")
def set_limit(limit, value):
    context = core.current()
    if not _has_limit(context, limit):
        raise CudaError(Status.UNSUPPORTED_LIMIT, f"limit {limit} does not exist on {context.device}")
    if limit != SYNC_DEPTH:
        context.set_limit(_LIMITS[limit], value)
    elif value <= _DEEPEST:
        context.sync_depth = value
    else:
        raise CudaError(Status.INVALID_VALUE, f"grids nest {_DEEPEST} deep, not {value}")


@entry("cuCtxGetLimit")
def get_limit(pvalue, limit):
    context = core.current()
    if not _has_limit(context, limit):
        raise CudaError(Status.UNSUPPORTED_LIMIT, f"limit {limit} does not exist on {context.device}")
    pvalue[0] = context.sync_depth if limit == SYNC_DEPTH else context.live_domain().limit(_LIMITS[limit])


def _has_limit(context, limit):
    """The depth of synchronisation is for devices before compute capability 9.0, as cuCtxSetLimit documents."""
    return limit in _LIMITS or (limit == SYNC_DEPTH and context.device.capability < (9, 0))


@entry("cuCtxGetCacheConfig")
def get_cache_config(pconfig):
    pconfig[0] = core.current().cache_config


@entry("cuCtxSetCacheConfig")
def set_cache_config(config):
    if not 0 <= config <= 3:
        raise CudaError(Status.INVALID_VALUE, f"cache configuration {config} is not known")
    core.current().cache_config = config  # a preference without effect, as on devices with one fixed split


@entry("cuCtxGetSharedMemConfig")
def get_shared_mem_config(pConfig):
    pConfig[0] = core.current().shared_config


@entry("cuCtxSetSharedMemConfig")
def set_shared_mem_config(config):
    if not 0 <= config <= 2:
        raise CudaError(Status.INVALID_VALUE, f"shared memory configuration {config} is not known")
    core.current().shared_config = config  # a preference without effect, as on devices with fixed banks


@entry("cuCtxGetApiVersion", optional=("ctx",))
def get_api_version(ctx, version):
    if ctx:
        if not isinstance(handles.find(number(ctx)), GreenView):
            handles.get(number(ctx), core.Context)
    else:
        core.current()
    version[0] = core.API_VERSION


@entry("cuCtxGetStreamPriorityRange", optional=("leastPriority", "greatestPriority"))
def get_stream_priority_range(leastPriority, greatestPriority):
    core.current()
    if leastPriority != ffi.NULL:
        leastPriority[0] = core.LEAST_PRIORITY
    if greatestPriority != ffi.NULL:
        greatestPriority[0] = core.GREATEST_PRIORITY


@entry("cuCtxRecordEvent", optional=("hCtx",))
def record_event(hCtx, hEvent):
    context = context_of(hCtx) if hCtx else core.current()
    event_of(hEvent).record_context(context)


@entry("cuCtxWaitEvent", optional=("hCtx",))
def wait_event(hCtx, hEvent):
    context = context_of(hCtx) if hCtx else core.current()
    event = event_of(hEvent)
    for stream in context.all_streams():
        wait(stream, event)
    context.gate = event.fence  # streams made later wait too


@entry("cuCtxGetExecAffinity")
def get_exec_affinity(pExecAffinity, type):
    core.current()
    if type != 0:
        raise CudaError(Status.INVALID_VALUE, f"execution affinity type {type} is not known")
    raise CudaError(Status.UNSUPPORTED_EXEC_AFFINITY, _NO_AFFINITY)
