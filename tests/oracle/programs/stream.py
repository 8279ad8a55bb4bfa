"""Streams and host functions."""

from __future__ import annotations

import ctypes

from _common import WRONG, alloc, event, fetch, i32, stream, u64

from compatlayer.oracle.calls import Cuda, program

_HostFunction = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@program
def properties(cuda: Cuda) -> None:
    handle, value, context, current = u64(), i32(), u64(), u64()
    for flags in (0, 1):
        cuda.cuStreamCreate(handle, flags)
        cuda.cuStreamGetFlags(handle.value, value)
        cuda.note("flags", value.value)
    cuda.cuStreamGetPriority(handle.value, value)
    cuda.note("priority", value.value)
    cuda.cuStreamGetCtx(handle.value, context)
    cuda.cuCtxGetCurrent(current)
    cuda.note("its context", context.value == current.value)
    cuda.cuStreamCreateWithPriority(handle, 1, 100)
    cuda.cuStreamGetPriority(handle.value, value)
    cuda.note("priority in range", value.value)
    cuda.cuStreamCreate(handle, WRONG)
    cuda.cuStreamCreate(None, 0)
    cuda.cuStreamCreateWithPriority(handle, WRONG, 0)
    cuda.cuStreamGetFlags(handle.value, None)


@program
def default_streams(cuda: Cuda) -> None:
    value = i32()
    for handle in (0, 1, 2):
        cuda.cuStreamQuery(handle)
        cuda.cuStreamSynchronize(handle)
        cuda.cuStreamGetFlags(handle, value)
        cuda.note("flags", value.value)
    cuda.cuStreamDestroy_v2(0)
    cuda.cuStreamDestroy_v2(1)
    cuda.cuStreamDestroy_v2(2)


@program
def identities(cuda: Cuda) -> None:
    first, second, one, other = stream(cuda), stream(cuda), u64(), u64()
    cuda.cuStreamGetId(first, one)
    cuda.cuStreamGetId(second, other)
    cuda.note("differ", one.value != other.value)
    cuda.cuStreamGetId(first, None)


@program
def host_functions_run_in_order(cuda: Cuda) -> None:
    seen: list[int] = []
    function = _HostFunction(lambda data: seen.append(data or 0))
    queue, pointer = stream(cuda), alloc(cuda, 64)
    for number in (1, 2, 3):
        cuda.cuMemsetD32Async(pointer, number, 4, queue)
        cuda.cuLaunchHostFunc(queue, function, number)
    cuda.cuStreamSynchronize(queue)
    cuda.note("seen", seen)
    cuda.cuLaunchHostFunc(queue, None, 0)


@program
def a_query_while_work_waits(cuda: Cuda) -> None:
    import threading

    gate = threading.Event()
    function = _HostFunction(lambda data: gate.wait(20) and None)
    queue, mark, other = stream(cuda), event(cuda), stream(cuda)
    cuda.cuLaunchHostFunc(queue, function, 0)
    cuda.cuEventRecord(mark, queue)
    cuda.cuStreamWaitEvent(other, mark, 0)
    cuda.cuMemsetD8Async(alloc(cuda), 1, 64, other)
    cuda.cuStreamQuery(queue)
    cuda.cuStreamQuery(other)
    cuda.cuEventQuery(mark)
    gate.set()
    cuda.cuStreamSynchronize(other)
    cuda.cuStreamQuery(queue)
    cuda.cuEventQuery(mark)


@program
def callbacks(cuda: Cuda) -> None:
    seen: list[int] = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    function = kind(lambda handle, status, data: seen.append(status))
    queue = stream(cuda)
    cuda.cuStreamAddCallback(queue, function, None, 0)
    cuda.cuStreamSynchronize(queue)
    cuda.note("status", seen)
    cuda.cuStreamAddCallback(queue, function, None, 1)
    cuda.cuStreamAddCallback(queue, None, None, 0)


@program
def attached_memory(cuda: Cuda) -> None:
    pointer, queue = u64(), stream(cuda)
    cuda.cuMemAllocManaged(pointer, 4096, 1)
    cuda.cuStreamAttachMemAsync(queue, pointer.value, 0, 4)
    cuda.cuStreamSynchronize(queue)
    cuda.cuStreamAttachMemAsync(queue, pointer.value, 0, WRONG)


@program
def attributes(cuda: Cuda) -> None:
    first, second, value = stream(cuda), stream(cuda), ctypes.create_string_buffer(64)
    cuda.cuStreamGetAttribute(first, 3, value)
    cuda.note("synchronisation policy", value.raw[0])
    cuda.cuStreamSetAttribute(first, 3, (ctypes.c_int * 16)(2))
    cuda.cuStreamCopyAttributes(second, first)
    cuda.cuStreamGetAttribute(second, 3, value)
    cuda.note("copied", value.raw[0])
    cuda.cuStreamGetAttribute(first, WRONG, value)


@program
def legacy_stream_waits_for_blocking_ones(cuda: Cuda) -> None:
    queue, pointer = stream(cuda, 0), alloc(cuda, 64)
    cuda.cuMemsetD32Async(pointer, 1, 4, queue)
    cuda.cuMemsetD32Async(pointer, 2, 4, 0)
    cuda.cuMemsetD32Async(pointer + 4, 3, 1, queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 4, "in order")


@program
def work_of_a_destroyed_stream_is_done(cuda: Cuda) -> None:
    queue, pointer = stream(cuda), alloc(cuda, 64)
    cuda.cuMemsetD32Async(pointer, 4, 4, queue)
    cuda.cuStreamDestroy_v2(queue)
    cuda.cuCtxSynchronize()
    fetch(cuda, pointer, 4, "content")


@program
def values_in_memory(cuda: Cuda) -> None:
    queue, pointer = stream(cuda), alloc(cuda, 64)
    cuda.cuMemsetD8_v2(pointer, 0, 64)
    cuda.cuStreamWriteValue32_v2(queue, pointer, 77, 0)
    cuda.cuStreamWaitValue32_v2(queue, pointer, 77, 1)
    cuda.cuStreamWriteValue64_v2(queue, pointer + 8, 1 << 40, 0)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 4, "written")
    cuda.cuStreamWriteValue32_v2(queue, pointer + 1, 1, 0)
    cuda.cuStreamWaitValue32_v2(queue, pointer, 77, WRONG)
    cuda.cuStreamWriteValue32_v2(queue, None, 1, 0)
