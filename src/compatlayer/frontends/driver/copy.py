"""Copy functions of the driver API."""

from __future__ import annotations

from typing import Any, NamedTuple

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import copy as core
from compatlayer.core.array import Array
from compatlayer.core.copy import Box, Side
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import array_of, context_of, needed, number

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


def _check_contexts(*contexts: Any) -> None:
    for context in contexts:
        context_of(context)


def _box_2d(parameters: Any) -> tuple[Box, Side, Side]:
    needed(parameters, "pCopy")
    source = _end(parameters, "src")
    destination = _end(parameters, "dst")
    box = Box(destination.address, source.address, parameters.WidthInBytes, parameters.Height, 1, destination.pitch,
              source.pitch)
    return box, destination.side, source.side


def box_3d(parameters: Any) -> tuple[Box, Side, Side]:
    """The copy that a CUDA_MEMCPY3D or CUDA_MEMCPY3D_PEER describes."""
    needed(parameters, "pCopy")
    if parameters.srcLOD or parameters.dstLOD:
        raise CudaError(Status.INVALID_VALUE, "srcLOD and dstLOD must be 0")
    source = _end(parameters, "src", parameters.Depth)
    destination = _end(parameters, "dst", parameters.Depth)
    box = Box(destination.address, source.address, parameters.WidthInBytes, parameters.Height, parameters.Depth,
              destination.pitch, source.pitch, destination.slice, source.slice)
    return box, destination.side, source.side


class End(NamedTuple):
    """One end of a copy: where it begins, and bytes from row to row and from slice to slice."""

    address: int
    side: Side
    pitch: int
    slice: int = 0


def _end(parameters: Any, name: str, depth: int | None = None) -> End:
    """One end of a 2-D copy, or with `depth` of a 3-D copy."""
    kind = getattr(parameters, f"{name}MemoryType")
    x, y = getattr(parameters, f"{name}XInBytes"), getattr(parameters, f"{name}Y")
    z = 0 if depth is None else getattr(parameters, f"{name}Z")
    width, height = parameters.WidthInBytes, parameters.Height
    if kind == ARRAY:
        return array_end(array_of(getattr(parameters, f"{name}Array")), (x, y, z), (width, height, depth or 1))
    if kind not in _SIDES:
        raise CudaError(Status.INVALID_VALUE, f"{name}MemoryType {kind} is not known")
    pitch = getattr(parameters, f"{name}Pitch") or x + width
    if pitch < x + width:
        raise CudaError(Status.INVALID_VALUE, f"{name}Pitch {pitch} is less than {name}XInBytes {x} + WidthInBytes "
                                              f"{width}")
    base = number(getattr(parameters, f"{name}Host")) if kind == HOST else getattr(parameters, f"{name}Device")
    if base == 0 and width and height:
        raise CudaError(Status.INVALID_VALUE, f"the {name} address is null")
    given = 0 if depth is None else getattr(parameters, f"{name}Height")
    if depth is not None and depth > 1 and 0 < given < y + height:
        raise CudaError(Status.INVALID_VALUE, f"{name}Height {given} is less than the rows copied")
    slice_bytes = pitch * (given or height)
    return End(base + z * slice_bytes + y * pitch + x, _SIDES[kind], pitch, slice_bytes if depth and depth > 1 else 0)


def array_end(array: Array, origin: tuple[int, int, int], extent: tuple[int, int, int]) -> End:
    """A box of an array; x and width in bytes. Nothing is checked of an empty one, as nothing is copied."""
    address = array.place(*origin, *extent) if all(extent) else array.base
    return End(address, Side.ARRAY, array.pitch_bytes, array.slice_bytes)
