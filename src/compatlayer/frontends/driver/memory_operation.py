"""Stream memory operations of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.backends.base import Change, Comparison
from compatlayer.core.memory_operation import Barrier, Operation, Wait, Write, enqueue
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import number

MOST_OPERATIONS = 255
WAIT_32, WRITE_32, FLUSH, WAIT_64, WRITE_64, BARRIER, REDUCTION = 1, 2, 3, 4, 5, 6, 8  # CUstreamBatchMemOpType
WAIT_FLUSH = 0x4000_0000
NO_MEMORY_BARRIER = 1
REDUCTIONS = {0: Change.ADD, 5: Change.AND, 6: Change.OR}  # CUstreamAtomicReductionOpType
REDUCED_BYTES = {14: 4, 22: 8}  # CUstreamAtomicReductionDataType


@entry("cuStreamWaitValue32", optional=("stream",))
@entry("cuStreamWaitValue32_v2", optional=("stream",))
def wait_32(stream, addr, value, flags):
    enqueue(resolve(number(stream)), [_wait(addr, 4, value, flags)])


@entry("cuStreamWaitValue64", optional=("stream",))
@entry("cuStreamWaitValue64_v2", optional=("stream",))
def wait_64(stream, addr, value, flags):
    enqueue(resolve(number(stream)), [_wait(addr, 8, value, flags)])


@entry("cuStreamWriteValue32", optional=("stream",))
def write_32_first(stream, addr, value, flags):
    enqueue(resolve(number(stream)), [_write(addr, 4, value, flags, NO_MEMORY_BARRIER)])


@entry("cuStreamWriteValue32_v2", optional=("stream",))
def write_32(stream, addr, value, flags):
    enqueue(resolve(number(stream)), [_write(addr, 4, value, flags, 0)])


@entry("cuStreamWriteValue64", optional=("stream",))
def write_64_first(stream, addr, value, flags):
    enqueue(resolve(number(stream)), [_write(addr, 8, value, flags, NO_MEMORY_BARRIER)])


@entry("cuStreamWriteValue64_v2", optional=("stream",))
def write_64(stream, addr, value, flags):
    enqueue(resolve(number(stream)), [_write(addr, 8, value, flags, 0)])


@entry("cuStreamBatchMemOp", optional=("stream",))
def batch_first(stream, count, paramArray, flags):
    _batch(stream, operations(paramArray, count, flags, first=True))


@entry("cuStreamBatchMemOp_v2", optional=("stream",))
def batch(stream, count, paramArray, flags):
    _batch(stream, operations(paramArray, count, flags))


def _batch(stream: Any, wanted: list[Operation]) -> None:
    enqueue(resolve(number(stream)), wanted)


def operations(array: Any, count: int, flags: int, first: bool = False) -> list[Operation]:
    """What `count` CUstreamBatchMemOpParams say; `first`: in the first variant of the interface."""
    if count > MOST_OPERATIONS or flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"{count} stream memory operations with flags {flags:#x}: at most "
                                              f"{MOST_OPERATIONS} are possible, and no flags")
    return [_operation(array[index], first) for index in range(count)]


def _operation(params: Any, first: bool) -> Operation:
    kind = int(params.operation)
    if kind in (WAIT_32, WAIT_64):
        given = params.waitValue
        wide = kind == WAIT_64
        return _wait(given.address, 8 if wide else 4, given.value64 if wide else given.value, given.flags)
    if kind in (WRITE_32, WRITE_64):
        given = params.writeValue
        wide = kind == WRITE_64
        return _write(given.address, 8 if wide else 4, given.value64 if wide else given.value, given.flags,
                      NO_MEMORY_BARRIER if first else 0)
    if kind == FLUSH:
        raise CudaError(Status.NOT_SUPPORTED, "remote writes cannot be flushed: "
                                              "CU_DEVICE_ATTRIBUTE_CAN_FLUSH_REMOTE_WRITES is 0")
    if kind == BARRIER and not first:
        if params.memoryBarrier.flags not in (0, 1):
            raise CudaError(Status.INVALID_VALUE, f"memory barrier type {params.memoryBarrier.flags} is not known")
        return Barrier()
    if kind == REDUCTION and not first:
        return _reduction(params.atomicReduction)
    raise CudaError(Status.INVALID_VALUE, f"stream memory operation {kind} is not known")


def _reduction(given: Any) -> Operation:
    change, size_bytes = REDUCTIONS.get(given.reductionOp), REDUCED_BYTES.get(given.dataType)
    if change is None or size_bytes is None or given.flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"atomic reduction {given.reductionOp} of data type {given.dataType} "
                                              f"with flags {given.flags:#x} is not known")
    return Write(given.address, size_bytes, change, given.value & ((1 << 8 * size_bytes) - 1))


def _wait(address: int, size_bytes: int, value: int, flags: int) -> Operation:
    if flags & WAIT_FLUSH:
        raise CudaError(Status.NOT_SUPPORTED, "CU_STREAM_WAIT_VALUE_FLUSH: remote writes cannot be flushed; "
                                              "CU_DEVICE_ATTRIBUTE_CAN_FLUSH_REMOTE_WRITES is 0")
    if not 0 <= flags <= 3:
        raise CudaError(Status.INVALID_VALUE, f"flags {flags:#x} name no comparison of CUstreamWaitValue_flags")
    return Wait(address, size_bytes, Comparison(flags), value)


def _write(address: int, size_bytes: int, value: int, flags: int, known: int) -> Operation:
    """The barrier before the write is always there, so leaving it out is no difference."""
    if flags & ~known:
        raise CudaError(Status.INVALID_VALUE, f"flags {flags:#x} of a stream write are not known to this variant of "
                                              "the call")
    return Write(address, size_bytes, Change.SET, value)


def describe(params: Any, operation: Operation) -> None:
    """Fill a CUstreamBatchMemOpParams by what operations() would make the same of."""
    if isinstance(operation, Barrier):
        params.operation = BARRIER
        return
    wide = operation.element_bytes == 8
    if isinstance(operation, Wait):
        params.operation = WAIT_64 if wide else WAIT_32
        target = params.waitValue
        target.flags = operation.comparison.value
    elif operation.change is Change.SET:
        params.operation = WRITE_64 if wide else WRITE_32
        target = params.writeValue
    else:
        params.operation = REDUCTION
        target = params.atomicReduction
        target.reductionOp = next(kind for kind, change in REDUCTIONS.items() if change is operation.change)
        target.dataType = 22 if wide else 14
        target.address, target.value = operation.address, operation.value
        return
    target.address = operation.address
    if wide:
        target.value64 = operation.value
    else:
        target.value = operation.value
