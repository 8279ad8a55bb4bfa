"""Contexts: the stack of a thread, the primary context's references, stale handles."""

from __future__ import annotations

from _common import WRONG, alloc, event, i32, stream, u64

from compatlayer.oracle.calls import Cuda, program, program_without_context


@program_without_context
def nothing_is_current(cuda: Cuda) -> None:
    handle, number = u64(), i32()
    cuda.cuCtxGetCurrent(handle)
    cuda.note("current", handle.value)
    cuda.cuCtxGetDevice(number)
    cuda.cuMemAlloc_v2(handle, 64)
    cuda.cuCtxPopCurrent_v2(handle)
    cuda.cuCtxSynchronize()
    cuda.cuStreamCreate(handle, 0)
    cuda.cuEventCreate(handle, 0)
    cuda.cuModuleLoadData(handle, cuda.kernels)
    cuda.cuMemAllocHost_v2(handle, 64)
    cuda.cuCtxGetLimit(handle, 0)


@program_without_context
def primary_references(cuda: Cuda) -> None:
    first, second, flags, active = u64(), u64(), i32(), i32()
    cuda.cuDevicePrimaryCtxGetState(0, flags, active)
    cuda.note("active", active.value)
    cuda.cuDevicePrimaryCtxRetain(first, 0)
    cuda.cuDevicePrimaryCtxRetain(second, 0)
    cuda.note("same", first.value == second.value)
    cuda.cuDevicePrimaryCtxRelease_v2(0)
    cuda.cuDevicePrimaryCtxGetState(0, flags, active)
    cuda.note("active", active.value)
    cuda.cuDevicePrimaryCtxRelease_v2(0)
    cuda.cuDevicePrimaryCtxGetState(0, flags, active)
    cuda.note("active", active.value)
    cuda.cuDevicePrimaryCtxRelease_v2(0)


@program_without_context
def primary_bad_arguments(cuda: Cuda) -> None:
    handle = u64()
    cuda.cuDevicePrimaryCtxRetain(None, 0)
    cuda.cuDevicePrimaryCtxRetain(handle, -1)
    cuda.cuDevicePrimaryCtxRetain(handle, 9999)
    cuda.cuDevicePrimaryCtxSetFlags_v2(0, WRONG)
    cuda.cuDevicePrimaryCtxRelease_v2(9999)
    cuda.cuDevicePrimaryCtxReset_v2(9999)


@program
def stack(cuda: Cuda) -> None:
    primary, own, seen = u64(), u64(), u64()
    cuda.cuCtxGetCurrent(primary)
    cuda.cuCtxCreate_v2(own, 0, 0)
    cuda.cuCtxGetCurrent(seen)
    cuda.note("own is current", seen.value == own.value)
    cuda.cuCtxPushCurrent_v2(primary.value)
    cuda.cuCtxPopCurrent_v2(seen)
    cuda.note("popped primary", seen.value == primary.value)
    cuda.cuCtxSetCurrent(primary.value)
    cuda.cuCtxGetCurrent(seen)
    cuda.note("set replaces", seen.value == primary.value)
    cuda.cuCtxSetCurrent(None)
    cuda.cuCtxGetCurrent(seen)
    cuda.note("null pops", seen.value == primary.value)
    cuda.cuCtxDestroy_v2(own.value)


@program
def destroyed(cuda: Cuda) -> None:
    own, seen, before = u64(), u64(), u64()
    cuda.cuCtxGetCurrent(before)
    cuda.cuCtxCreate_v2(own, 0, 0)
    cuda.cuCtxDestroy_v2(own.value)
    cuda.cuCtxGetCurrent(seen)
    cuda.note("popped", seen.value == before.value)


@program
def bad_arguments(cuda: Cuda) -> None:
    handle = u64()
    cuda.cuCtxCreate_v2(None, 0, 0)
    cuda.cuCtxCreate_v2(handle, 0, 9999)
    cuda.cuCtxCreate_v2(handle, WRONG, 0)
    cuda.cuCtxDestroy_v2(None)
    cuda.cuCtxGetDevice(None)
    cuda.cuCtxGetCurrent(None)
    cuda.cuCtxGetApiVersion(None, None)
    cuda.cuCtxGetFlags(None)


@program
def limits_and_flags(cuda: Cuda) -> None:
    value = u64()
    for limit in (0, 1, 2):
        cuda.cuCtxGetLimit(value, limit)
        cuda.note("positive", value.value > 0)
    cuda.cuCtxGetLimit(value, 9999)
    cuda.cuCtxSetLimit(9999, 1)
    cuda.cuCtxGetLimit(None, 0)
    cuda.cuCtxSetLimit(1, 1 << 20)
    cuda.cuCtxGetLimit(value, 1)
    cuda.note("printf buffer", value.value)
    low, high = i32(), i32()
    cuda.cuCtxGetStreamPriorityRange(low, high)
    cuda.note("least is zero", low.value == 0)
    cuda.note("greatest is not above", high.value <= 0)
    cuda.cuCtxGetStreamPriorityRange(None, None)
    for setting in (0, 1, 2, 3, 7):
        cuda.cuCtxSetCacheConfig(setting)


@program
def synchronise_and_record(cuda: Cuda) -> None:
    handle, mark, queue = u64(), event(cuda), stream(cuda)
    cuda.cuCtxGetCurrent(handle)
    cuda.cuMemsetD8Async(alloc(cuda), 1, 4096, queue)
    cuda.cuCtxSynchronize()
    cuda.cuStreamQuery(queue)
    cuda.cuCtxRecordEvent(handle.value, mark)
    cuda.cuCtxWaitEvent(handle.value, mark)
    cuda.cuEventSynchronize(mark)


@program
def peers(cuda: Cuda) -> None:
    handle, can = u64(), i32()
    cuda.cuCtxGetCurrent(handle)
    cuda.cuCtxEnablePeerAccess(handle.value, 0)
    cuda.cuCtxDisablePeerAccess(handle.value)
    cuda.cuCtxEnablePeerAccess(None, 0)
    cuda.cuDeviceCanAccessPeer(can, 0, 9999)
    cuda.cuDeviceCanAccessPeer(None, 0, 0)
