"""Node parameters between C's structures and core's work.

What is given out lives as long as the node, or until its parameters change: the node keeps it in `shown`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compatlayer._native import ffi
from compatlayer.backends.base import Box, Shape
from compatlayer.core import context as contexts
from compatlayer.core import copy as copies
from compatlayer.core import fill as fills
from compatlayer.core import handles, memory
from compatlayer.core import launch as launches
from compatlayer.core.context import Context
from compatlayer.core.function import Function
from compatlayer.core.graph import Node
from compatlayer.core.library import function_of
from compatlayer.core.memory_operation import check as check_operations
from compatlayer.core.work import (
    CopyWork,
    EmptyWork,
    Fill,
    FillWork,
    HostWork,
    KernelWork,
    MemoryOperationWork,
    NodeKind,
    RecordWork,
    WaitWork,
    Work,
)
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.copy import DEVICE, HOST, box_3d
from compatlayer.frontends.driver.graph_copy_batch import read_copies, write_copies
from compatlayer.frontends.driver.launch import pack
from compatlayer.frontends.driver.memory_operation import operations
from compatlayer.frontends.driver.values import context_of, event_of, number, pointer

_NULL = ffi.NULL
_COPY_BYTES = ffi.sizeof("CUDA_MEMCPY3D")


def context_or_current(handle: Any) -> Context:
    """The context of a node: the one named, or the calling thread's."""
    return context_of(handle) if handle else contexts.current()


def _dim(params: Any, name: str) -> tuple[int, int, int]:
    return getattr(params, f"{name}DimX"), getattr(params, f"{name}DimY"), getattr(params, f"{name}DimZ")


def read_kernel(params: Any, first: bool = False, before: Work | None = None) -> KernelWork:
    """`first`: the structure of the first variant, without kernels of libraries. Attributes stay those of `before`."""
    handle = number(params.func) or (0 if first else number(params.kern))
    if not handle:
        raise CudaError(Status.INVALID_VALUE, "a kernel node without a kernel")
    asked = _NULL if first else params.ctx
    if asked:
        contexts.push(context_of(asked))
        try:
            function = function_of(handle)
        finally:
            contexts.pop()
    else:
        function = function_of(handle)
    if asked and function.module.context is not context_of(asked):
        raise CudaError(Status.INVALID_CONTEXT, f"{function.info.name} was loaded in another context than the node's")
    settings = before.settings if isinstance(before, KernelWork) else {}
    cooperative = isinstance(before, KernelWork) and before.shape.cooperative
    shape = Shape(_dim(params, "grid"), _dim(params, "block"), params.sharedMemBytes, cooperative)
    launches.check_shape(function, shape.grid, shape.block, shape.dynamic_shared_bytes)
    if cooperative:
        launches.check_cooperative(function, shape.grid, shape.block, shape.dynamic_shared_bytes)
    return KernelWork(function, shape, pack(function, params.kernelParams, params.extra), settings, handle)


def write_kernel(params: Any, node: Node, first: bool = False) -> None:
    work = node.work
    assert isinstance(work, KernelWork)
    shape = work.shape
    is_function = first or isinstance(handles.find(work.handle), Function)
    params.func = pointer(work.function.handle if first else work.handle) if is_function else _NULL
    params.gridDimX, params.gridDimY, params.gridDimZ = shape.grid
    params.blockDimX, params.blockDimY, params.blockDimZ = shape.block
    params.sharedMemBytes = shape.dynamic_shared_bytes
    if node.shown is None:
        data = ffi.new("char[]", work.args or b"\0")
        node.shown = data, ffi.new("void *[]", [data + one.offset for one in work.function.info.parameters] or 1)
    params.kernelParams = node.shown[1] if work.function.info.parameters else _NULL  # type: ignore[index]
    params.extra = _NULL
    if not first:
        params.kern = _NULL if is_function else pointer(work.handle)
        params.ctx = pointer(work.context.handle)


def read_copy(params: Any, context: Context) -> CopyWork:
    box, destination, source = box_3d(params)
    copies.check(context, box, destination, source)
    return CopyWork(context, box, bytes(ffi.buffer(params)[0:_COPY_BYTES]))


def write_copy(params: Any, node: Node) -> None:
    work = node.work
    assert isinstance(work, CopyWork)
    if work.given is not None:
        ffi.memmove(params, work.given, _COPY_BYTES)
        return
    box = work.box
    ffi.memmove(params, bytes(_COPY_BYTES), _COPY_BYTES)
    _write_end(params, "src", work.context, box.source, box.source_pitch, box.source_slice, box)
    _write_end(params, "dst", work.context, box.destination, box.destination_pitch, box.destination_slice, box)
    params.WidthInBytes, params.Height, params.Depth = box.width_bytes, box.height, box.depth


def _write_end(params: Any, name: str, context: Context, address: int, pitch: int, slice_bytes: int,
               box: Box) -> None:
    record = memory.find(context.device, address)
    if record is None or record.on_host:
        setattr(params, f"{name}MemoryType", HOST)
        setattr(params, f"{name}Host", pointer(address))
    else:
        setattr(params, f"{name}MemoryType", DEVICE)
        setattr(params, f"{name}Device", address)
    setattr(params, f"{name}Pitch", pitch or box.width_bytes)
    setattr(params, f"{name}Height", slice_bytes // pitch if pitch and slice_bytes else box.height)


def read_fill(params: Any, context: Context) -> FillWork:
    if params.elementSize not in (1, 2, 4):
        raise CudaError(Status.INVALID_VALUE, f"elements of {params.elementSize} bytes; 1, 2 and 4 are possible")
    pattern = params.value & ((1 << 8 * params.elementSize) - 1)
    fill = Fill(params.dst, pattern, params.elementSize, params.width, params.height, params.pitch)
    if not fill.width or not fill.height:
        raise CudaError(Status.INVALID_VALUE, f"a fill of {fill.height} rows of {fill.width} elements")
    fills.check(context, fill)
    return FillWork(context, fill)


def write_fill(params: Any, node: Node) -> None:
    assert isinstance(node.work, FillWork)
    params.dst, params.value, params.elementSize, params.width, params.height, params.pitch = node.work.fill


def read_host(params: Any, context: Context, mode: int = 0) -> HostWork:
    if not params.fn or mode not in (0, 1):
        raise CudaError(Status.INVALID_VALUE, "a host node needs a function, and synchronisation mode 0 or 1, not "
                                              f"{mode}")
    return HostWork(context, number(params.fn), number(params.userData), mode)


def write_host(params: Any, node: Node) -> None:
    assert isinstance(node.work, HostWork)
    params.fn = ffi.cast("CUhostFn", node.work.function)
    params.userData = pointer(node.work.data)


def read_operations(params: Any) -> MemoryOperationWork:
    context = context_or_current(params.ctx)
    if params.count and not params.paramArray:
        raise CudaError(Status.INVALID_VALUE, f"{params.count} memory operations, and their array is null")
    wanted = operations(params.paramArray, params.count, params.flags)
    if not wanted:
        raise CudaError(Status.INVALID_VALUE, "a node of no memory operations")
    check_operations(context.device, wanted)
    size_bytes = params.count * ffi.sizeof("CUstreamBatchMemOpParams")
    return MemoryOperationWork(context, wanted, bytes(ffi.buffer(params.paramArray, size_bytes)))


def write_operations(params: Any, node: Node) -> None:
    work = node.work
    assert isinstance(work, MemoryOperationWork)
    if node.shown is None:
        from compatlayer.frontends.driver.memory_operation import describe

        shown = node.shown = ffi.new("CUstreamBatchMemOpParams[]", len(work.operations))
        if work.given is not None:
            ffi.memmove(shown, work.given, len(work.given))
        else:
            for place, operation in enumerate(work.operations):
                describe(shown[place], operation)
    params.ctx = pointer(work.context.handle)
    params.count = len(work.operations)
    params.paramArray = node.shown
    params.flags = 0


# The union of CUgraphNodeParams: member, reader and writer of each kind whose parameters are plain values.


def _write_kernel(params: Any, node: Node) -> None:
    write_kernel(params.kernel, node)


def _read_copy(params: Any, before: Work | None) -> Work:
    if params.memcpy.flags or params.memcpy.reserved:
        raise CudaError(Status.INVALID_VALUE, "flags and reserved of a memcpy node must be 0")
    return read_copy(ffi.addressof(params.memcpy, "copyParams"), context_or_current(params.memcpy.copyCtx))


def _write_copy(params: Any, node: Node) -> None:
    params.memcpy.copyCtx = pointer(node.work.context.handle)
    write_copy(ffi.addressof(params.memcpy, "copyParams"), node)


def _write_fill(params: Any, node: Node) -> None:
    write_fill(params.memset, node)
    params.memset.ctx = pointer(node.work.context.handle)


def _write_host(params: Any, node: Node) -> None:
    write_host(params.host, node)
    assert isinstance(node.work, HostWork)
    params.host.syncMode = node.work.mode
    params.host.ctx = pointer(node.work.context.handle)


def _write_wait(params: Any, node: Node) -> None:
    assert isinstance(node.work, WaitWork)
    params.eventWait.event = pointer(node.work.event.handle)


def _write_record(params: Any, node: Node) -> None:
    assert isinstance(node.work, RecordWork)
    params.eventRecord.event = pointer(node.work.event.handle)


def read_wait(event: Any, context: Context | None = None) -> WaitWork:
    found = event_of(event)
    return WaitWork(context or found.context, found)


def read_record(event: Any, context: Context | None = None) -> RecordWork:
    found = event_of(event)
    return RecordWork(context or found.context, found)


READERS: dict[int, Callable[[Any, Work | None], Work]] = {
    NodeKind.KERNEL: lambda params, before: read_kernel(params.kernel, before=before),
    NodeKind.MEMCPY: _read_copy,
    NodeKind.MEMSET: lambda params, before: read_fill(params.memset, context_or_current(params.memset.ctx)),
    NodeKind.HOST: lambda params, before: read_host(params.host, context_or_current(params.host.ctx),
                                                    params.host.syncMode),
    NodeKind.EMPTY: lambda params, before: EmptyWork(contexts.current()),
    NodeKind.WAIT_EVENT: lambda params, before: read_wait(params.eventWait.event),
    NodeKind.EVENT_RECORD: lambda params, before: read_record(params.eventRecord.event),
    NodeKind.BATCH_MEM_OP: lambda params, before: read_operations(params.memOp),
    NodeKind.MEMCPY_BATCH: lambda params, before: read_copies(params.memcpyBatch,
                                                              context_or_current(params.memcpyBatch.ctx)),
}
WRITERS: dict[int, Callable[[Any, Node], None]] = {
    NodeKind.KERNEL: _write_kernel,
    NodeKind.MEMCPY: _write_copy,
    NodeKind.MEMSET: _write_fill,
    NodeKind.HOST: _write_host,
    NodeKind.EMPTY: lambda params, node: None,
    NodeKind.WAIT_EVENT: _write_wait,
    NodeKind.EVENT_RECORD: _write_record,
    NodeKind.BATCH_MEM_OP: lambda params, node: write_operations(params.memOp, node),
    NodeKind.MEMCPY_BATCH: lambda params, node: write_copies(params.memcpyBatch, node),
}
