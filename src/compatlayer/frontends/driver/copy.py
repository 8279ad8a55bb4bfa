"""Copy functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import copy as core
from compatlayer.core import memory
from compatlayer.core.copy import Box, Side
from compatlayer.core.stream import Stream, resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import context_of, needed, number

HOST, DEVICE, ARRAY, UNIFIED = 1, 2, 3, 4
_SIDES = {HOST: Side.HOST, DEVICE: Side.DEVICE, UNIFIED: Side.ANY}
_cast = ffi.cast


@entry("cuMemcpy")
def copy(dst, src, ByteCount):
    core.now(resolve(0), Box(dst, src, ByteCount), Side.ANY, Side.ANY)


@entry("cuMemcpyHtoD_v2", optional=("srcHost",))
def copy_host_to_device(dstDevice, srcHost, ByteCount):
    core.now(resolve(0), Box(dstDevice, int(_cast("uintptr_t", srcHost)), ByteCount), Side.DEVICE, Side.HOST)


@entry("cuMemcpyDtoH_v2", optional=("dstHost",))
def copy_device_to_host(dstHost, srcDevice, ByteCount):
    core.now(resolve(0), Box(int(_cast("uintptr_t", dstHost)), srcDevice, ByteCount), Side.HOST, Side.DEVICE)


@entry("cuMemcpyDtoD_v2")
def copy_device_to_device(dstDevice, srcDevice, ByteCount):
    core.now(resolve(0), Box(dstDevice, srcDevice, ByteCount), Side.DEVICE, Side.DEVICE)


@entry("cuMemcpyPeer")
def copy_peer(dstDevice, dstContext, srcDevice, srcContext, ByteCount):
    _check_contexts(dstContext, srcContext)
    core.now(resolve(0), Box(dstDevice, srcDevice, ByteCount), Side.DEVICE, Side.DEVICE)


@entry("cuMemcpyAsync", optional=("hStream",))
def copy_async(dst, src, ByteCount, hStream):
    core.later(resolve(number(hStream)), Box(dst, src, ByteCount), Side.ANY, Side.ANY)


@entry("cuMemcpyHtoDAsync_v2", optional=("srcHost", "hStream"))
def copy_host_to_device_async(dstDevice, srcHost, ByteCount, hStream):
    box = Box(dstDevice, int(_cast("uintptr_t", srcHost)), ByteCount)
    core.later(resolve(number(hStream)), box, Side.DEVICE, Side.HOST)


@entry("cuMemcpyDtoHAsync_v2", optional=("dstHost", "hStream"))
def copy_device_to_host_async(dstHost, srcDevice, ByteCount, hStream):
    box = Box(int(_cast("uintptr_t", dstHost)), srcDevice, ByteCount)
    core.later(resolve(number(hStream)), box, Side.HOST, Side.DEVICE)


@entry("cuMemcpyDtoDAsync_v2", optional=("hStream",))
def copy_device_to_device_async(dstDevice, srcDevice, ByteCount, hStream):
    core.later(resolve(number(hStream)), Box(dstDevice, srcDevice, ByteCount), Side.DEVICE, Side.DEVICE)


@entry("cuMemcpyPeerAsync", optional=("hStream",))
def copy_peer_async(dstDevice, dstContext, srcDevice, srcContext, ByteCount, hStream):
    _check_contexts(dstContext, srcContext)
    core.later(resolve(number(hStream)), Box(dstDevice, srcDevice, ByteCount), Side.DEVICE, Side.DEVICE)


@entry("cuMemcpy2D_v2")
@entry("cuMemcpy2DUnaligned_v2")
def copy_2d(pCopy):
    core.now(resolve(0), *_box_2d(pCopy))


@entry("cuMemcpy2DAsync_v2", optional=("hStream",))
def copy_2d_async(pCopy, hStream):
    core.later(resolve(number(hStream)), *_box_2d(pCopy))


@entry("cuMemcpy3D_v2")
def copy_3d(pCopy):
    core.now(resolve(0), *box_3d(pCopy))


@entry("cuMemcpy3DAsync_v2", optional=("hStream",))
def copy_3d_async(pCopy, hStream):
    core.later(resolve(number(hStream)), *box_3d(pCopy))


@entry("cuMemcpy3DPeer")
def copy_3d_peer(pCopy):
    needed(pCopy, "pCopy")
    _check_contexts(pCopy.dstContext, pCopy.srcContext)
    core.now(resolve(0), *box_3d(pCopy))


@entry("cuMemcpy3DPeerAsync", optional=("hStream",))
def copy_3d_peer_async(pCopy, hStream):
    needed(pCopy, "pCopy")
    _check_contexts(pCopy.dstContext, pCopy.srcContext)
    core.later(resolve(number(hStream)), *box_3d(pCopy))


@entry("cuMemcpyWithAttributesAsync", optional=("hStream",))
def copy_with_attributes(dst, src, size, attr, hStream):
    stream = _batch_stream(hStream)
    _copy_ordered(stream, Box(dst, src, size), attr.srcAccessOrder)


@entry("cuMemcpyBatchAsync_v2", optional=("dsts", "srcs", "sizes"))
def copy_batch(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs, hStream):
    stream = _batch_stream(hStream)
    for box, order in _batch(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs):
        _copy_ordered(stream, box, order)


@entry("cuMemcpyBatchAsync", optional=("dsts", "srcs", "sizes"))
def copy_batch_with_index(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs, failIdx, hStream):
    stream = _batch_stream(hStream)
    failIdx[0] = ffi.cast("size_t", -1)
    for index, (box, order) in enumerate(_batch(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs)):
        try:
            _copy_ordered(stream, box, order)
        except CudaError:
            failIdx[0] = index
            raise


def _batch(dsts: Any, srcs: Any, sizes: Any, count: int, attrs: Any, starts: Any, kinds: int) -> list[tuple[Box, int]]:
    """The copies of a batch with their access order; starts[k] is the first copy that attribute k holds for."""
    if count == 0 or not 0 < kinds <= count or starts[0] != 0 or not (dsts and srcs and sizes):
        raise CudaError(Status.INVALID_VALUE, f"{kinds} attributes for {count} copies; attrsIdxs must begin with 0")
    copies = []
    for kind in range(kinds):
        end = starts[kind + 1] if kind + 1 < kinds else count
        if not starts[kind] < end <= count:
            raise CudaError(Status.INVALID_VALUE, "attrsIdxs must rise and stay below the number of copies")
        copies += [(Box(dsts[index], srcs[index], sizes[index]), attrs[kind].srcAccessOrder)
                   for index in range(starts[kind], end)]
    return copies


def _batch_stream(stream: Any) -> Stream:
    """Batches are documented not to take the legacy stream."""
    handle = number(stream)
    found = resolve(handle)
    if found is found.context.legacy:
        raise CudaError(Status.INVALID_VALUE, "this copy does not take the legacy default stream")
    return found


def _copy_ordered(stream: Stream, box: Box, order: int) -> None:
    """CU_MEMCPY_SRC_ACCESS_ORDER: 1 in stream order, 2 before the call returns, 3 any time."""
    if order not in (1, 2, 3):
        raise CudaError(Status.INVALID_VALUE, f"source access order {order} is not known")
    core.later(stream, box, Side.ANY, Side.ANY)
    if order == 2 and memory.find(stream.context.device, box.source) is not None:
        stream.synchronize()


def _check_contexts(*contexts: Any) -> None:
    for context in contexts:
        context_of(context)


def _box_2d(parameters: Any) -> tuple[Box, Side, Side]:
    needed(parameters, "pCopy")
    source, source_side, source_pitch = _end(parameters, "src")
    destination, destination_side, destination_pitch = _end(parameters, "dst")
    box = Box(destination, source, parameters.WidthInBytes, parameters.Height, 1, destination_pitch, source_pitch)
    return box, destination_side, source_side


def box_3d(parameters: Any) -> tuple[Box, Side, Side]:
    needed(parameters, "pCopy")
    source, source_side, source_pitch = _end(parameters, "src")
    destination, destination_side, destination_pitch = _end(parameters, "dst")
    source_slice = source_pitch * (parameters.srcHeight or parameters.Height)
    destination_slice = destination_pitch * (parameters.dstHeight or parameters.Height)
    if parameters.Depth > 1 and (0 < parameters.srcHeight < parameters.srcY + parameters.Height
                                 or 0 < parameters.dstHeight < parameters.dstY + parameters.Height):
        raise CudaError(Status.INVALID_VALUE, "srcHeight or dstHeight is less than the rows copied")
    if parameters.srcLOD or parameters.dstLOD:
        raise CudaError(Status.INVALID_VALUE, "srcLOD and dstLOD must be 0")
    box = Box(destination + parameters.dstZ * destination_slice, source + parameters.srcZ * source_slice,
              parameters.WidthInBytes, parameters.Height, parameters.Depth, destination_pitch, source_pitch,
              destination_slice, source_slice)
    return box, destination_side, source_side


def _end(parameters: Any, name: str) -> tuple[int, Side, int]:
    """Address of the first byte of one end, its side and its pitch in bytes."""
    kind = getattr(parameters, f"{name}MemoryType")
    if kind == ARRAY:
        raise CudaError(Status.NOT_SUPPORTED, "copies from and to CUDA arrays are not implemented")
    if kind not in _SIDES:
        raise CudaError(Status.INVALID_VALUE, f"{name}MemoryType {kind} is not known")
    x = getattr(parameters, f"{name}XInBytes")
    pitch = getattr(parameters, f"{name}Pitch") or x + parameters.WidthInBytes
    if pitch < x + parameters.WidthInBytes:
        raise CudaError(Status.INVALID_VALUE, f"{name}Pitch {pitch} is less than {name}XInBytes {x} + WidthInBytes "
                                              f"{parameters.WidthInBytes}")
    base = number(getattr(parameters, f"{name}Host")) if kind == HOST else getattr(parameters, f"{name}Device")
    if base == 0 and parameters.WidthInBytes and parameters.Height:
        raise CudaError(Status.INVALID_VALUE, f"the {name} address is null")
    return base + getattr(parameters, f"{name}Y") * pitch + x, _SIDES[kind], pitch
