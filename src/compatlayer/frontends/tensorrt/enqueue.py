"""One run of an engine on given addresses: bound once, run as often as nothing changes."""

from __future__ import annotations

import ctypes
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from compatlayer.frontends.tensorrt import log
from compatlayer.frontends.tensorrt.cuda_stream import Place, room_bytes
from compatlayer.frontends.tensorrt.data_type import size_bytes
from compatlayer.frontends.tensorrt.session import one_line

if TYPE_CHECKING:
    from compatlayer.core.stream import Stream
    from compatlayer.frontends.tensorrt.execution_context import IExecutionContext


# Runs that took less are done at once where it is their turn: the way over the stream's thread would add 0.02 to
# 0.2 ms. Longer ones leave the program free to do something else meanwhile.
SHORT_S = 10e-3


class Bound:
    """Inputs and outputs at their addresses. Buffers are read and written in place, without a copy."""

    def __init__(self, context: IExecutionContext, stream: Stream, addresses: dict[str, int]) -> None:
        self.context = context
        self.logger = context.engine.logger
        self.failed = False
        self.seconds = 1.0  # what the last run took
        self.places: list[Place] = []
        self.unknown: dict[str, int] = {}  # outputs whose shape the data decides: name -> address, 0 with an allocator
        engine = context.engine
        self.session = engine.program.session
        self.binding = self.session.io_binding()
        self.kept: list[Any] = []
        shapes = context.current_shapes()
        for name, tensor in engine.tensors.items():
            shape = shapes[name]
            address = addresses.get(name, 0)
            if not tensor.is_input and (-1 in shape or name in context.allocators):
                if address and name not in context.allocators:
                    self.places.append(Place(stream, name, address, 1))
                elif name not in context.allocators:
                    Place(stream, name, 0, 1)
                self.unknown[name] = 0 if name in context.allocators else address
                self.binding.bind_output(name)
                continue
            if tensor.decides_shapes:
                array = context.shape_values()[name]
                self.kept.append(array)
                self.binding.bind_input(name, "cpu", 0, tensor.onnx_type, list(shape), array.ctypes.data)
                continue
            place = Place(stream, name, address, size_bytes(tensor.dtype, prod(shape)))
            self.places.append(place)
            bind = self.binding.bind_input if tensor.is_input else self.binding.bind_output
            bind(name, "cpu", 0, tensor.onnx_type, list(shape), place.address)

        for name in engine.description["checks"]:
            self.binding.bind_output(name)

    def alive(self) -> bool:
        """Whether all buffers are still the ones that were bound, and the weights too."""
        if self.session is not self.context.engine.program.session:
            return False
        return all([place.alive() for place in self.places])  # every run comes here: no generator

    def run(self) -> None:
        """Compute; an error is logged, and the context refuses its next run with it."""
        start = perf_counter()
        try:
            self.session.run_with_iobinding(self.binding)
            self.seconds = perf_counter() - start
        except Exception as error:
            self.failed = True
            self.context.fail(one_line(error))

    def deliver(self, stream_handle: int) -> bool:
        """After run(): give outputs of unknown shape to their allocators or buffers."""
        if not self.unknown:
            return True
        results = dict(zip((each.name for each in self.session.get_outputs()), self.binding.get_outputs(), strict=True))
        for name in self.unknown:
            tensor = self.context.engine.tensors[name]
            shape = tuple(results[name].shape())
            size = size_bytes(tensor.dtype, prod(shape))
            data = ctypes.string_at(results[name].data_ptr(), size) if size else b""
            if not hand_out(self.context, name, np.frombuffer(data, np.uint8), shape, stream_handle):
                return False
            self.context.found_shapes[name] = shape
        return True


def hand_out(context: IExecutionContext, name: str, array: Any, shape: tuple[int, ...], stream_handle: int) -> bool:
    """Copy an output whose shape came with its values to its allocator's memory, or to the buffer that was set."""
    allocator = context.allocators.get(name)
    address = context.get_tensor_address(name)
    problem = ""
    if allocator is not None:
        address = _allocate(allocator, name, array.nbytes, stream_handle)
        if not address and array.nbytes:
            problem = (f"Parameter check failed, condition: the output allocator of {name} gave no memory for "
                       f"{array.nbytes} bytes")
    else:
        room = room_bytes(address)
        if room is not None and array.nbytes > room:
            problem = (f"the output {name} takes {array.nbytes} bytes and its buffer has {room}; give it more, or an "
                       "output allocator")
    if problem:
        log.tell_error(context.engine.logger, "IExecutionContext::enqueueV3", log.API_USAGE, problem,
                       context.error_recorder)
        return False
    ctypes.memmove(address, array.ctypes.data, array.nbytes)
    if allocator is not None:
        from compatlayer.frontends.tensorrt.dims import Dims

        allocator.notify_shape(name, Dims(shape))
    return True


def _allocate(allocator: Any, name: str, size: int, stream_handle: int) -> int:
    """Ask a program's output allocator for memory, by the newer of its two methods that it has."""
    method = getattr(type(allocator), "reallocate_output_async", None)
    from compatlayer.frontends.tensorrt.interfaces import IOutputAllocator

    if method is not None and method is not IOutputAllocator.reallocate_output_async:
        return int(allocator.reallocate_output_async(name, 0, size, 256, stream_handle) or 0)
    return int(allocator.reallocate_output(name, 0, size, 256) or 0)
