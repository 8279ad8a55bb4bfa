"""Prefetch, advice and range attributes of managed memory in the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import managed as core
from compatlayer.core.context import current
from compatlayer.core.runtime import state
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import needed, number

ATTACH_FLAGS = (1, 2, 4)  # global, host, single


@entry("cuMemPrefetchAsync_v2", optional=("hStream",))
def prefetch(devPtr, count, location, flags, hStream):
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"prefetch flags must be 0, not {flags}")
    context = resolve(number(hStream)).context
    core.prefetch(context.device, devPtr, count, (location.type, location.id), len(state.devices))


@entry("cuMemPrefetchAsync", optional=("hStream",))
def prefetch_to_device(devPtr, count, dstDevice, hStream):
    context = resolve(number(hStream)).context
    core.prefetch(context.device, devPtr, count, _location(dstDevice), len(state.devices))


@entry("cuMemPrefetchBatchAsync", optional=("hStream",))
def prefetch_batch(dptrs, sizes, count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags, hStream):
    context = resolve(number(hStream)).context
    if flags != 0 or count == 0 or not 0 < numPrefetchLocs <= count or prefetchLocIdxs[0] != 0:
        raise CudaError(Status.INVALID_VALUE, f"{numPrefetchLocs} locations for {count} ranges, flags {flags}")
    for kind in range(numPrefetchLocs):
        end = prefetchLocIdxs[kind + 1] if kind + 1 < numPrefetchLocs else count
        place = prefetchLocs[kind]
        for index in range(prefetchLocIdxs[kind], min(end, count)):
            core.prefetch(context.device, dptrs[index], sizes[index], (place.type, place.id), len(state.devices))


@entry("cuMemDiscardBatchAsync", optional=("hStream",))
def discard_batch(dptrs, sizes, count, flags, hStream):
    context = resolve(number(hStream)).context
    _check_discard(count, flags)
    for index in range(count):
        core.check_range(context.device, dptrs[index], sizes[index])  # the content may stay: it is a hint


@entry("cuMemDiscardAndPrefetchBatchAsync", optional=("hStream",))
def discard_and_prefetch_batch(dptrs, sizes, count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags, hStream):
    prefetch_batch(dptrs, sizes, count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags, hStream)


def _check_discard(count: int, flags: int) -> None:
    if flags != 0 or count == 0:
        raise CudaError(Status.INVALID_VALUE, f"{count} ranges to discard, flags {flags}; flags must be 0")


@entry("cuMemAdvise_v2")
def advise(devPtr, count, advice, location):
    core.advise(current().device, devPtr, count, advice, (location.type, location.id), len(state.devices))


@entry("cuMemAdvise")
def advise_device(devPtr, count, advice, device):
    core.advise(current().device, devPtr, count, advice, _location(device), len(state.devices))


def _location(device: int) -> tuple[int, int]:
    """A CUdevice or CU_DEVICE_CPU (-1) as a location."""
    return (core.HOST, 0) if device == core.CPU_ID else (core.DEVICE, device)


@entry("cuMemRangeGetAttribute")
def range_get_attribute(data, dataSize, attribute, devPtr, count):
    _store(data, dataSize, attribute, core.range_attribute(current().device, attribute, devPtr, count))


@entry("cuMemRangeGetAttributes")
def range_get_attributes(data, dataSizes, attributes, numAttributes, devPtr, count):
    device = current().device
    for index in range(numAttributes):
        values = core.range_attribute(device, attributes[index], devPtr, count)
        _store(data[index], dataSizes[index], attributes[index], values)


def _store(data: Any, size_bytes: int, attribute: int, values: list[int]) -> None:
    """Write 4-byte integers; the list of accessing devices is filled up with CU_DEVICE_INVALID."""
    needed(data, "data")
    places = size_bytes // 4
    if size_bytes % 4 or places == 0 or (attribute != 3 and places != 1):
        raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes do not fit range attribute {attribute}")
    numbers = ffi.cast("int32_t *", data)
    for index in range(places):
        numbers[index] = values[index] if index < len(values) else core.INVALID_ID


@entry("cuStreamAttachMemAsync", optional=("hStream",))
def attach(hStream, dptr, length, flags):
    stream = resolve(number(hStream))
    if flags not in ATTACH_FLAGS:
        raise CudaError(Status.INVALID_VALUE, f"memory is attached global (1), host (2) or single (4), not {flags}")
    core.check_attach(stream.context.device, dptr, length)
