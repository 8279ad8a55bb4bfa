"""Events: recording, waiting, times, flags."""

from __future__ import annotations

import ctypes

from _common import WRONG, alloc, event, stream, u64

from compatlayer.oracle.calls import Cuda, program


@program
def unrecorded(cuda: Cuda) -> None:
    mark, queue = event(cuda), stream(cuda)
    cuda.cuEventQuery(mark)
    cuda.cuEventSynchronize(mark)
    cuda.cuStreamWaitEvent(queue, mark, 0)
    cuda.cuEventDestroy_v2(mark)


@program
def recorded(cuda: Cuda) -> None:
    mark, queue = event(cuda), stream(cuda)
    cuda.cuEventRecord(mark, queue)
    cuda.cuEventSynchronize(mark)
    cuda.cuEventQuery(mark)
    cuda.cuEventRecord(mark, 0)
    cuda.cuEventRecordWithFlags(mark, queue, 0)
    cuda.cuEventRecordWithFlags(mark, queue, WRONG)
    cuda.cuStreamWaitEvent(queue, mark, WRONG)
    cuda.cuStreamSynchronize(queue)


@program
def flags(cuda: Cuda) -> None:
    mark = u64()
    for value in (0, 1, 2, 3, 4, 6, 8, WRONG):
        cuda.cuEventCreate(mark, value)
    cuda.cuEventCreate(None, 0)


@program
def times(cuda: Cuda) -> None:
    first, last, untimed, never, queue = event(cuda), event(cuda), event(cuda, 2), event(cuda), stream(cuda)
    elapsed = ctypes.c_float(-1.0)
    cuda.cuEventRecord(first, queue)
    cuda.cuMemsetD8Async(alloc(cuda, 1 << 20), 1, 1 << 20, queue)
    cuda.cuEventRecord(last, queue)
    cuda.cuEventRecord(untimed, queue)
    cuda.cuEventSynchronize(untimed)
    cuda.cuEventElapsedTime_v2(elapsed, first, last)
    cuda.note("forward", 0 <= elapsed.value < 10000)
    cuda.cuEventElapsedTime_v2(elapsed, last, first)
    cuda.note("backward", -10000 < elapsed.value <= 0)
    cuda.cuEventElapsedTime_v2(elapsed, first, untimed)
    cuda.cuEventElapsedTime_v2(elapsed, first, never)
    cuda.cuEventElapsedTime_v2(None, first, last)


@program
def nulls(cuda: Cuda) -> None:
    queue = stream(cuda)
    cuda.cuEventRecord(None, queue)
    cuda.cuEventQuery(None)
    cuda.cuEventSynchronize(None)
    cuda.cuEventDestroy_v2(None)
    cuda.cuStreamWaitEvent(queue, None, 0)


@program
def of_another_context(cuda: Cuda) -> None:
    own, queue = u64(), stream(cuda)
    cuda.cuCtxCreate_v2(own, 0, 0)
    mark = event(cuda)
    cuda.cuEventRecord(mark, queue)
    cuda.cuStreamWaitEvent(queue, mark, 0)
    cuda.cuCtxDestroy_v2(own.value)
