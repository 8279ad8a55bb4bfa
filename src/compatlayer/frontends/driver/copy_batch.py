"""Copies with attributes, alone and in batches, in the driver API."""

from __future__ import annotations

from typing import Any, NamedTuple

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import copy as core
from compatlayer.core import memory
from compatlayer.core.array import Array
from compatlayer.core.copy import Box, Side
from compatlayer.core.runtime import state
from compatlayer.core.stream import Stream, resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.copy import End, array_end
from compatlayer.frontends.driver.values import array_of, needed, number

POINTER, ARRAY = 1, 2  # CUmemcpy3DOperandType
DURING_CALL = 2
PREFER_OVERLAP = 1
LOCATION_DEVICE, LAST_LOCATION = 1, 6


class Copy(NamedTuple):
    """A copy, what its ends are, and when its source may be read (CUmemcpySrcAccessOrder)."""

    box: Box
    destination: Side
    source: Side
    order: int


@entry("cuMemcpyWithAttributesAsync", optional=("hStream",))
def copy_with_attributes(dst, src, size, attr, hStream):
    _copy(_stream(hStream), _linear(dst, src, size, _order(attr)))


@entry("cuMemcpyBatchAsync_v2", optional=("dsts", "srcs", "sizes"))
def copy_batch(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs, hStream):
    stream = _stream(hStream)
    for copy in batch(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs):
        _copy(stream, copy)


@entry("cuMemcpyBatchAsync", optional=("dsts", "srcs", "sizes"))
def copy_batch_with_index(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs, failIdx, hStream):
    stream = _stream(hStream)
    failIdx[0] = ffi.cast("size_t", -1)
    _copy_all(stream, batch(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs), failIdx)


@entry("cuMemcpy3DWithAttributesAsync", optional=("hStream",))
def copy_3d_with_attributes(op, flags, hStream):
    _no_flags(flags)
    _copy(_stream(hStream), _box(op))


@entry("cuMemcpy3DBatchAsync_v2", optional=("hStream",))
def copy_3d_batch(numOps, opList, flags, hStream):
    stream = _stream(hStream)
    for copy in _boxes(opList, numOps, flags):
        _copy(stream, copy)


@entry("cuMemcpy3DBatchAsync", optional=("hStream",))
def copy_3d_batch_with_index(numOps, opList, failIdx, flags, hStream):
    stream = _stream(hStream)
    failIdx[0] = ffi.cast("size_t", -1)
    copies = []
    for index in range(_checked_count(numOps, flags)):
        try:
            copies.append(_box(opList[index]))
        except CudaError:
            failIdx[0] = index
            raise
    _copy_all(stream, copies, failIdx)


def _copy_all(stream: Stream, copies: list[Copy], fail_index: Any) -> None:
    for index, copy in enumerate(copies):
        try:
            _copy(stream, copy)
        except CudaError:
            fail_index[0] = index
            raise


def _copy(stream: Stream, copy: Copy) -> None:
    core.later(stream, copy.box, copy.destination, copy.source)
    known = copy.source is Side.ARRAY or memory.find(stream.context.device, copy.box.source) is not None
    if copy.order == DURING_CALL and known:  # pageable memory was read already
        stream.synchronize()


def batch(dsts: Any, srcs: Any, sizes: Any, count: int, attrs: Any, starts: Any, kinds: int) -> list[Copy]:
    """The copies of a batch; starts[k] is the first copy that attribute k holds for."""
    if count == 0 or not 0 < kinds <= count or starts[0] != 0 or not (dsts and srcs and sizes):
        raise CudaError(Status.INVALID_VALUE, f"{kinds} attributes for {count} copies; attrsIdxs must begin with 0")
    copies = []
    for kind in range(kinds):
        end = starts[kind + 1] if kind + 1 < kinds else count
        if not starts[kind] < end <= count:
            raise CudaError(Status.INVALID_VALUE, "attrsIdxs must rise and stay below the number of copies")
        order = _order(attrs[kind])
        copies += [_linear(dsts[index], srcs[index], sizes[index], order) for index in range(starts[kind], end)]
    return copies


def _linear(destination: int, source: int, size_bytes: int, order: int) -> Copy:
    return Copy(Box(destination, source, size_bytes), Side.ANY, Side.ANY, order)


def _boxes(operations: Any, count: int, flags: int) -> list[Copy]:
    return [_box(operations[index]) for index in range(_checked_count(count, flags))]


def _checked_count(count: int, flags: int) -> int:
    _no_flags(flags)
    if count == 0:
        raise CudaError(Status.INVALID_VALUE, "a batch of no copies")
    return count


def _box(operation: Any) -> Copy:
    """The copy that a CUDA_MEMCPY3D_BATCH_OP describes: extents are elements, which are bytes without an array."""
    order = _checked_order(operation.srcAccessOrder, operation.flags)
    arrays = [array_of(end.op.array.array) for end in (operation.dst, operation.src) if end.type == ARRAY]
    element_bytes = {array.element_bytes for array in arrays} or {1}
    if len(element_bytes) > 1:
        raise CudaError(Status.INVALID_VALUE, f"the elements of the arrays have {sorted(element_bytes)} bytes; they "
                                              "must be of one size")
    unit = element_bytes.pop()
    extent = (operation.extent.width * unit, operation.extent.height, operation.extent.depth)
    source, destination = _end(operation.src, "src", unit, extent), _end(operation.dst, "dst", unit, extent)
    box = Box(destination.address, source.address, *extent, destination.pitch, source.pitch, destination.slice,
              source.slice)
    return Copy(box, destination.side, source.side, order)


def _end(operand: Any, name: str, unit: int, extent: tuple[int, int, int]) -> End:
    width, height, depth = extent
    if operand.type == ARRAY:
        array: Array = array_of(operand.op.array.array)
        offset = operand.op.array.offset
        return array_end(array, (offset.x * unit, offset.y, offset.z), extent)
    if operand.type != POINTER:
        raise CudaError(Status.INVALID_VALUE, f"{name} is a pointer (1) or an array (2), not {operand.type}")
    end = operand.op.ptr
    _check_location(end.locHint)
    pitch, rows = end.rowLength * unit or width, end.layerHeight or height
    if pitch < width or (depth > 1 and rows < height):
        raise CudaError(Status.INVALID_VALUE, f"rows of {pitch} bytes or layers of {rows} rows are less than the "
                                              f"{width} bytes x {height} of {name}")
    return End(end.ptr, Side.ANY, pitch, pitch * rows if depth > 1 else 0)


def _order(attributes: Any) -> int:
    needed(attributes, "the attributes")
    _check_location(attributes.srcLocHint)
    _check_location(attributes.dstLocHint)
    return _checked_order(attributes.srcAccessOrder, attributes.flags)


def _checked_order(order: int, flags: int) -> int:
    """1 in stream order, 2 before the call returns, 3 at any time."""
    if order not in (1, 2, 3) or flags & ~PREFER_OVERLAP:
        raise CudaError(Status.INVALID_VALUE, f"source access order {order} or copy flags {flags:#x} are not known")
    return order


def _check_location(location: Any) -> None:
    """Hints change nothing here; a wrong one is an error all the same."""
    if location.type == LOCATION_DEVICE:
        state.device(location.id)
    elif not 0 <= location.type <= LAST_LOCATION:
        raise CudaError(Status.INVALID_VALUE, f"location type {location.type} is not known")


def _no_flags(flags: int) -> None:
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"flags must be 0, not {flags:#x}")


def _stream(stream: Any) -> Stream:
    """These calls are documented not to take the legacy stream."""
    found = resolve(number(stream))
    if found is found.context.legacy:
        raise CudaError(Status.INVALID_VALUE, "this copy does not take the legacy default stream")
    return found
