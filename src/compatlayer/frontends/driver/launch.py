"""cuLaunch*: the argument buffer, the launch attributes, and the launch.

C functions stand before cuLaunchKernel and cuLaunchKernelEx (native/launch.c). They do what has been done here before,
and leave everything else to these handlers.
"""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi, lib
from compatlayer.api.entry import entry, fill_slot
from compatlayer.core import launch as core
from compatlayer.core import stream as streams
from compatlayer.core.context import enter_doors
from compatlayer.core.function import Function
from compatlayer.core.library import function_of
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import event_of, number

_END, _BUFFER_POINTER, _BUFFER_SIZE = 0, 1, 2  # CU_LAUNCH_PARAM_*
_EXTRA_ENTRIES = 8  # far more than there are kinds: an array without its end is refused

_cast = ffi.cast
_buffer = ffi.buffer
_unpack = ffi.unpack
_NULL = ffi.NULL


def pack(function: Function, parameters: Any, extra: Any) -> bytes:
    """The packed argument buffer from `kernelParams` or from `extra`; INVALID_VALUE when it is incomplete."""
    info = function.info
    if parameters != _NULL:
        if extra != _NULL:
            raise CudaError(Status.INVALID_VALUE, f"{info.name}: give kernelParams or extra, not both")
        return _from_pointers(function, parameters)
    if extra != _NULL:
        return _from_extra(function, extra)
    if info.parameters:
        raise CudaError(Status.INVALID_VALUE, f"{info.name} takes {len(info.parameters)} arguments, and neither "
                                              "kernelParams nor extra is given")
    return b""


def _from_pointers(function: Function, parameters: Any) -> bytes:
    sources = _unpack(parameters, len(function.sizes)) if function.sizes else ()
    if not all(sources):
        place = next(place for place, source in enumerate(sources) if not source)
        raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: the address of argument {place} is null")
    if function.without_gaps:
        return b"".join(map(_buffer, sources, function.sizes))
    packed = bytearray(function.info.args_bytes)
    for one, source in zip(function.info.parameters, sources, strict=True):
        packed[one.offset:one.offset + one.size_bytes] = _buffer(source, one.size_bytes)
    return bytes(packed)


def _from_extra(function: Function, extra: Any) -> bytes:
    source, size_bytes = _NULL, -1
    place = 0
    while (kind := number(extra[place])) != _END:
        if kind == _BUFFER_POINTER:
            source = extra[place + 1]
        elif kind == _BUFFER_SIZE and extra[place + 1] != _NULL:
            size_bytes = _cast("size_t *", extra[place + 1])[0]
        else:
            raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: entry {kind:#x} of extra is not known")
        place += 2
        if place > _EXTRA_ENTRIES:
            raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: extra has no CU_LAUNCH_PARAM_END")
    if function.info.args_bytes == 0:
        return b""
    if source == _NULL or size_bytes < 0:
        raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: extra needs a buffer and its size")
    core.check_args(function, size_bytes)
    data: bytes = _buffer(source, function.info.args_bytes)[:]
    return data


@entry("cuLaunchKernel", optional=("kernelParams", "extra"))
def launch(f: Any, gridDimX: int, gridDimY: int, gridDimZ: int, blockDimX: int, blockDimY: int, blockDimZ: int,
           sharedMemBytes: int, hStream: Any, kernelParams: Any, extra: Any) -> None:
    handle = int(_cast("uintptr_t", f))
    function = function_of(handle)
    stream = streams.resolve(int(_cast("uintptr_t", hStream)))
    core.launch(function, (gridDimX, gridDimY, gridDimZ), (blockDimX, blockDimY, blockDimZ), sharedMemBytes, stream,
                pack(function, kernelParams, extra))
    _admit(function, handle)


def _admit(function: Function, handle: int) -> None:
    """After a launch that went well: C callers may go on without us."""
    if handle not in function.admitted:
        function.admit(handle)
    enter_doors()


def put_in_front(name: str) -> None:
    """Put the C function before our handler of `name`."""
    handler = _cast("void *", ffi.addressof(lib, f"cplpy_{name}"))
    index = lib.cpl_slot_find(lib.CPL_LIBRARY_CUDA, name.encode())
    fill_slot(lib.CPL_LIBRARY_CUDA, index, lib.cpl_direct_front(name.encode(), handler))


put_in_front("cuLaunchKernel")


@entry("cuLaunchCooperativeKernel", optional=("kernelParams",))
def launch_cooperative(f: Any, gridDimX: int, gridDimY: int, gridDimZ: int, blockDimX: int, blockDimY: int,
                       blockDimZ: int, sharedMemBytes: int, hStream: Any, kernelParams: Any) -> None:
    function = function_of(number(f))
    stream = streams.resolve(number(hStream))
    core.launch(function, (gridDimX, gridDimY, gridDimZ), (blockDimX, blockDimY, blockDimZ), sharedMemBytes, stream,
                pack(function, kernelParams, _NULL), cooperative=True)


@entry("cuLaunchKernelEx", optional=("kernelParams", "extra"))
def launch_ex(config: Any, f: Any, kernelParams: Any, extra: Any) -> None:
    if config == _NULL:
        raise CudaError(Status.INVALID_VALUE, "the launch configuration is null")
    handle = number(f)
    function = function_of(handle)
    stream = streams.resolve(number(config.hStream))
    asked = Attributes(config.attrs, config.numAttrs)
    core.launch(function, (config.gridDimX, config.gridDimY, config.gridDimZ),
                (config.blockDimX, config.blockDimY, config.blockDimZ), config.sharedMemBytes, stream,
                pack(function, kernelParams, extra), asked.cooperative, asked.settings)
    for event in asked.events:
        event.record(stream)
    _admit(function, handle)


put_in_front("cuLaunchKernelEx")


_IGNORE, _ACCESS_WINDOW, _COOPERATIVE, _SYNC_POLICY, _CLUSTER, _CLUSTER_POLICY = range(6)
_PROGRAMMATIC_SERIALIZATION, _PROGRAMMATIC_EVENT, _PRIORITY, _SYNC_DOMAIN_MAP, _SYNC_DOMAIN = range(6, 11)
_PREFERRED_CLUSTER, _COMPLETION_EVENT, _UPDATABLE_NODE, _CARVEOUT = range(11, 15)
# Hints about caches, scheduling and overlap: a device without these features may ignore them.
_HINTS = frozenset({_IGNORE, _ACCESS_WINDOW, _SYNC_POLICY, _CLUSTER_POLICY, _PROGRAMMATIC_SERIALIZATION,
                    _SYNC_DOMAIN_MAP, _SYNC_DOMAIN, _CARVEOUT, 16})
_PRIORITIES = range(-(1 << 31), 1 << 31)


class Attributes:
    """What the attributes of a launch configuration ask for; INVALID_VALUE for unknown ones."""

    def __init__(self, attributes: Any, count: int) -> None:
        self.cooperative = False
        self.settings: dict[int, bytes] = {}  # what a graph's node keeps
        self.events: list[Any] = []
        if count and attributes == _NULL:
            raise CudaError(Status.INVALID_VALUE, f"{count} launch attributes, and their array is null")
        for place in range(count):
            self.take(int(attributes[place].id), attributes[place].value)

    def take(self, kind: int, value: Any) -> None:
        if kind not in (_IGNORE, _COMPLETION_EVENT, _PROGRAMMATIC_EVENT):
            self.settings[kind] = bytes(ffi.buffer(ffi.addressof(value)))
        if kind == _COOPERATIVE:
            self.cooperative = value.cooperative != 0
        elif kind in (_CLUSTER, _PREFERRED_CLUSTER):
            dims = value.clusterDim if kind == _CLUSTER else value.preferredClusterDim
            if (dims.x, dims.y, dims.z) not in ((1, 1, 1), (0, 0, 0)):
                raise CudaError(Status.NOT_SUPPORTED, f"a cluster of {(dims.x, dims.y, dims.z)} blocks; this device "
                                                      "has no thread block clusters")
        elif kind == _COMPLETION_EVENT:
            # Recorded behind the kernel: later than it may be, and never too early.
            self.events.append(event_of(value.launchCompletionEvent.event))
        elif kind == _PROGRAMMATIC_EVENT:
            self.events.append(event_of(value.programmaticEvent.event))
        elif kind == _UPDATABLE_NODE:
            if value.deviceUpdatableKernelNode.deviceUpdatable:
                raise CudaError(Status.NOT_SUPPORTED, "device-updatable kernel nodes are not implemented")
        elif kind == _PRIORITY:
            # The queue's own priority rules; a launch cannot overtake its stream, so nothing else changes.
            if value.priority not in _PRIORITIES:
                raise CudaError(Status.INVALID_VALUE, f"{value.priority} is no priority")
        elif kind not in _HINTS:
            raise CudaError(Status.INVALID_VALUE, f"launch attribute {kind} is not known")


def _launch_legacy(handle: Any, grid: tuple[int, int, int], stream: int) -> None:
    function = function_of(number(handle))
    state = function.legacy_launch()
    if state.block is None:
        raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: set its block with cuFuncSetBlockShape first")
    core.check_args(function, state.args_bytes)
    args = bytes(state.args[:function.info.args_bytes]).ljust(function.info.args_bytes, b"\0")
    core.launch(function, grid, state.block, state.shared_bytes, streams.resolve(stream), args)


@entry("cuLaunch")
def launch_one(f: Any) -> None:
    _launch_legacy(f, (1, 1, 1), 0)


@entry("cuLaunchGrid")
def launch_grid(f: Any, grid_width: int, grid_height: int) -> None:
    _launch_legacy(f, (grid_width, grid_height, 1), 0)


@entry("cuLaunchGridAsync")
def launch_grid_async(f: Any, grid_width: int, grid_height: int, hStream: Any) -> None:
    _launch_legacy(f, (grid_width, grid_height, 1), number(hStream))
