"""Stream memory operations: work that waits for, or writes, one value in memory. Follows "Stream Memory Operations"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compatlayer.backends.base import Change, Comparison, MemoryKind, Queue
from compatlayer.core import memory
from compatlayer.core.device import Device
from compatlayer.core.stream import Put, Stream
from compatlayer.core.work import MemoryOperationWork
from compatlayer.errors import CudaError, Status


class Wait(NamedTuple):
    """Later work starts once the value of 4 or 8 bytes at `address` compares as wanted."""

    address: int
    element_bytes: int
    comparison: Comparison
    value: int


class Write(NamedTuple):
    """The value of 4 or 8 bytes at `address` is set, or changed atomically."""

    address: int
    element_bytes: int
    change: Change
    value: int


class Barrier(NamedTuple):
    """Writes before it are seen before those after it: so it is between any two pieces of a queue's work."""


Operation = Wait | Write | Barrier


def check(device: Device, operations: Sequence[Operation]) -> None:
    """INVALID_VALUE for an address that is null, not aligned, not of live memory, or of managed memory."""
    for operation in operations:
        if isinstance(operation, Barrier):
            continue
        address, size_bytes = operation.address, operation.element_bytes
        if address == 0 or address % size_bytes:
            raise CudaError(Status.INVALID_VALUE, f"a stream memory operation on {address:#x}: the address must be a "
                                                  f"multiple of {size_bytes} and not null")
        record = memory.covering(device, address, size_bytes, "the value at")
        if record.kind is MemoryKind.MANAGED:
            raise CudaError(Status.INVALID_VALUE, f"a stream memory operation on {address:#x}: not possible in managed "
                                                  "memory; use cuMemAlloc or pinned memory")


def memory_operations(operations: Sequence[Operation]) -> Put:
    """The work that carries out checked operations in their order."""
    wanted = tuple(operations)

    def put(queue: Queue) -> None:
        for operation in wanted:
            if isinstance(operation, Wait):
                queue.watch(*operation)
            elif isinstance(operation, Write):
                queue.store(*operation)

    return put


def enqueue(stream: Stream, operations: Sequence[Operation]) -> None:
    """Check all operations, then give them to the stream; nothing is enqueued when one is wrong."""
    stream.context.check()
    check(stream.context.device, operations)
    if not operations:
        return
    if stream.capture is not None:
        stream.capture.add(stream, MemoryOperationWork(stream.context, operations))
    else:
        stream.enqueue(memory_operations(operations))
