"""Prefetch, advice and range attributes of managed memory in the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import managed as core
from compatlayer.core.context import current
from compatlayer.core.runtime import state
from compatlayer.core.stream import Stream, resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import needed, number

ATTACH_SINGLE = 4
ATTACH_FLAGS = (1, 2, ATTACH_SINGLE)  # global, host, single


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
    device = _batch_stream(hStream).context.device
    _check_batch(count, flags)
    for index, place in _places(count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs):
        core.prefetch(device, dptrs[index], sizes[index], place, len(state.devices))


@entry("cuMemDiscardBatchAsync", optional=("hStream",))
def discard_batch(dptrs, sizes, count, flags, hStream):
    device = _batch_stream(hStream).context.device
    _check_batch(count, flags)
    for index in range(count):
        core.discard(device, dptrs[index], sizes[index])


@entry("cuMemDiscardAndPrefetchBatchAsync", optional=("hStream",))
def discard_and_prefetch_batch(dptrs, sizes, count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags, hStream):
    device = _batch_stream(hStream).context.device
    _check_batch(count, flags)
    for index, place in _places(count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs):
        core.discard(device, dptrs[index], sizes[index])
        core.prefetch(device, dptrs[index], sizes[index], place, len(state.devices))


def _batch_stream(stream: Any) -> Stream:
    """Batches are documented not to take the legacy stream."""
    found = resolve(number(stream))
    if found is found.context.legacy:
        raise CudaError(Status.INVALID_VALUE, "this batch does not take the legacy default stream")
    return found


def _check_batch(count: int, flags: int) -> None:
    if flags != 0 or count == 0:
        raise CudaError(Status.INVALID_VALUE, f"a batch of {count} ranges with flags {flags:#x}; flags must be 0")


def _places(count: int, places: Any, starts: Any, kinds: int) -> list[tuple[int, tuple[int, int]]]:
    """Each range's number and location; starts[k] is the first range that location k holds for."""
    if not 0 < kinds <= count or starts[0] != 0:
        raise CudaError(Status.INVALID_VALUE, f"{kinds} locations for {count} ranges; prefetchLocIdxs must begin with "
                                              "0")
    found = []
    for kind in range(kinds):
        end = starts[kind + 1] if kind + 1 < kinds else count
        if not starts[kind] < end <= count:
            raise CudaError(Status.INVALID_VALUE, "prefetchLocIdxs must rise and stay below the number of ranges")
        place = (places[kind].type, places[kind].id)
        found += [(index, place) for index in range(starts[kind], end)]
    return found


@entry("cuMemGetLocationInfo")
def get_location_info(ptr, size, summaryGranularity, samplingGranularity, location_out):
    found = core.locations(current().device, ptr, size, summaryGranularity, samplingGranularity)
    for index, (kind, ident) in enumerate(found):
        location_out[index].type, location_out[index].id = kind, ident


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
    if flags == ATTACH_SINGLE and stream is stream.context.legacy:
        raise CudaError(Status.INVALID_VALUE, "memory cannot be attached singly to the legacy default stream, which "
                                              "stands for all blocking ones")
    core.check_attach(stream.context.device, dptr, length)
