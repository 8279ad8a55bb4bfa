"""Copies between one-dimensional arrays and linear memory in the driver API. Offsets are bytes."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.core import copy as core
from compatlayer.core.array import Array
from compatlayer.core.copy import Box, Side
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import array_of, number


@entry("cuMemcpyDtoA_v2")
def copy_device_to_array(dstArray, dstOffset, srcDevice, ByteCount):
    core.now(resolve(0), Box(_line(dstArray, dstOffset, ByteCount), srcDevice, ByteCount), Side.ARRAY, Side.DEVICE)


@entry("cuMemcpyAtoD_v2")
def copy_array_to_device(dstDevice, srcArray, srcOffset, ByteCount):
    core.now(resolve(0), Box(dstDevice, _line(srcArray, srcOffset, ByteCount), ByteCount), Side.DEVICE, Side.ARRAY)


@entry("cuMemcpyHtoA_v2", optional=("srcHost",))
def copy_host_to_array(dstArray, dstOffset, srcHost, ByteCount):
    core.now(resolve(0), Box(_line(dstArray, dstOffset, ByteCount), number(srcHost), ByteCount), Side.ARRAY, Side.HOST)


@entry("cuMemcpyAtoH_v2", optional=("dstHost",))
def copy_array_to_host(dstHost, srcArray, srcOffset, ByteCount):
    core.now(resolve(0), Box(number(dstHost), _line(srcArray, srcOffset, ByteCount), ByteCount), Side.HOST, Side.ARRAY)


@entry("cuMemcpyAtoA_v2")
def copy_array_to_array(dstArray, dstOffset, srcArray, srcOffset, ByteCount):
    destination, source = array_of(dstArray), array_of(srcArray)
    if destination.element_bytes != source.element_bytes:
        raise CudaError(Status.INVALID_VALUE, f"the elements of the arrays have {destination.element_bytes} and "
                                              f"{source.element_bytes} bytes; they must be of one size")
    box = Box(_line(dstArray, dstOffset, ByteCount), _line(srcArray, srcOffset, ByteCount), ByteCount)
    core.now(resolve(0), box, Side.ARRAY, Side.ARRAY)


@entry("cuMemcpyHtoAAsync_v2", optional=("srcHost", "hStream"))
def copy_host_to_array_async(dstArray, dstOffset, srcHost, ByteCount, hStream):
    box = Box(_line(dstArray, dstOffset, ByteCount), number(srcHost), ByteCount)
    core.later(resolve(number(hStream)), box, Side.ARRAY, Side.HOST)


@entry("cuMemcpyAtoHAsync_v2", optional=("dstHost", "hStream"))
def copy_array_to_host_async(dstHost, srcArray, srcOffset, ByteCount, hStream):
    box = Box(number(dstHost), _line(srcArray, srcOffset, ByteCount), ByteCount)
    core.later(resolve(number(hStream)), box, Side.HOST, Side.ARRAY)


def _line(handle: Any, offset: int, size_bytes: int) -> int:
    """The address of a stretch of a one-dimensional array."""
    array: Array = array_of(handle)
    if array.rows > 1 or array.slices > 1:
        raise CudaError(Status.INVALID_VALUE, "this copy takes one-dimensional arrays; use cuMemcpy2D or cuMemcpy3D")
    return array.place(offset, 0, 0, size_bytes, 1, 1)
