"""A run of an engine with plugins: each step takes its turn in the stream, values between them lie in device memory."""

from __future__ import annotations

import ctypes
import traceback
import weakref
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from compatlayer.backends.base import MemoryKind
from compatlayer.core import memory
from compatlayer.errors import CudaError
from compatlayer.frontends.tensorrt import cuda_stream
from compatlayer.frontends.tensorrt.data_type import DataType, from_onnx, nptype, size_bytes
from compatlayer.frontends.tensorrt.enqueue import SHORT_S, hand_out
from compatlayer.frontends.tensorrt.log import INTERNAL, MISUSE, Refusal
from compatlayer.frontends.tensorrt.plugin_shapes import described
from compatlayer.frontends.tensorrt.plugin_steps import ModelStep, PluginStep
from compatlayer.frontends.tensorrt.session import one_line

if TYPE_CHECKING:
    from compatlayer.core.stream import Stream
    from compatlayer.frontends.tensorrt.execution_context import IExecutionContext



class Part:
    """A model step bound to addresses, as work of a stream."""

    def __init__(self, context: IExecutionContext, step: ModelStep, binding: Any) -> None:
        self.context, self.step, self.binding = weakref.ref(context), step, binding
        self.seconds = 1.0

    def run(self) -> None:
        start = perf_counter()
        try:
            self.step.session.run_with_iobinding(self.binding)
            self.seconds = perf_counter() - start
        except Exception as error:
            context = self.context()
            if context is not None:
                context.fail(one_line(error))


class PluginRun:
    """The plugins and the memory of one execution context."""

    def __init__(self, context: IExecutionContext) -> None:
        self._context = weakref.ref(context)  # which has this one: plugins end when the program drops the context
        self.plan = context.engine.program.plan
        self.uses = [step.use.for_context() for step in self.plan.plugins]
        self.memory: dict[str, memory.Record] = {}
        self.parts: dict[int, tuple[Any, Part]] = {}
        self.told: dict[int, Any] = {}
        self.times: list[tuple[str, float]] = []

    @property
    def context(self) -> IExecutionContext:
        found = self._context()
        assert found is not None
        return found

    def close(self) -> None:
        """End the plugins and give the memory back; never raises."""
        for use in self.uses:
            try:
                use.end()
            except Exception:  # a plugin's own cleaning up, when the process may be going down
                continue
        self.uses = []
        for record in self.memory.values():
            if memory.live_at(record.base) is record:
                try:
                    memory.free(record.base)
                except CudaError:
                    continue
        self.memory = {}

    # Values

    def place(self, stream: Stream, name: str, size: int) -> int:
        """Device memory for a value; what is there is kept while it is large enough."""
        record = self.memory.get(name)
        if record is not None and (memory.live_at(record.base) is not record or record.size_bytes < size):
            if memory.live_at(record.base) is record:
                stream.synchronize()
                memory.free(record.base)
            record = None
        if record is None:
            record = self.memory[name] = memory.allocate(stream.context, max(size, 1), MemoryKind.DEVICE)
            array = self.plan.constants.get(name)
            if array is not None:
                array = np.ascontiguousarray(array)
                ctypes.memmove(record.base, array.ctypes.data, array.nbytes)
        return record.base

    def run(self, stream: Stream, handle: int, timed: bool) -> bool:
        """All steps; True when they are in the stream, or done."""
        context = self.context
        shapes: dict[str, tuple[int, ...]] = dict(context.current_shapes())
        addresses: dict[str, int] = {}
        self.times = []
        for name, tensor in context.engine.tensors.items():
            if tensor.decides_shapes:
                array = np.ascontiguousarray(context.shape_values()[name])
                addresses[name] = self.place(stream, name, array.nbytes)
                ctypes.memmove(addresses[name], array.ctypes.data, array.nbytes)
            elif tensor.is_input or not self._late(name, shapes[name]):
                size = size_bytes(tensor.dtype, prod(shapes[name]))
                addresses[name] = cuda_stream.Place(stream, name, context.get_tensor_address(name), size).address
            elif name not in context.allocators:
                cuda_stream.Place(stream, name, context.get_tensor_address(name), 1)
        for name, array in self.plan.constants.items():
            shapes[name], addresses[name] = tuple(array.shape), self.place(stream, name, array.nbytes)
        plugin = 0
        for number, step in enumerate(self.plan.steps):
            start = perf_counter()
            if isinstance(step, ModelStep):
                self._model(stream, number, step, shapes, addresses)
                label = f"{{ForeignNode[part {number}]}}"
            else:
                self._plugin(stream, handle, plugin, step, shapes, addresses)
                plugin += 1
                label = step.name
            if timed:
                stream.synchronize()
                self.times.append((label, (perf_counter() - start) * 1e3))
        return self._deliver(stream, handle, shapes, addresses)

    def _late(self, name: str, shape: tuple[int, ...]) -> bool:
        """Whether an output is handed out after the run: its shape comes with it, or an allocator is asked."""
        return -1 in shape or name in self.context.allocators

    def _deliver(self, stream: Stream, handle: int, shapes: dict[str, tuple[int, ...]],
                 addresses: dict[str, int]) -> bool:
        context = self.context
        done = True
        for name, tensor in context.engine.tensors.items():
            if tensor.is_input or addresses.get(name) == context.get_tensor_address(name):
                continue
            stream.synchronize()
            raw = ctypes.string_at(addresses[name], size_bytes(tensor.dtype, prod(shapes[name])))
            array = np.frombuffer(raw, np.uint8)
            done = hand_out(context, name, array, shapes[name], handle) and done
            context.found_shapes[name] = shapes[name]
        return done

    def _synchronous(self, stream: Stream, what: str) -> None:
        if stream.capture is not None:
            raise Refusal(MISUSE, f"the shape of {what} comes with its values, so the run cannot be captured into a "
                          "graph; run outside of the capture")
        stream.synchronize()

    # Steps

    def _model(self, stream: Stream, number: int, step: ModelStep, shapes: dict[str, tuple[int, ...]],
               addresses: dict[str, int]) -> None:
        open_ended = [name for name in step.outputs if -1 in self._shape(step, shapes, name)]
        for name in step.outputs:
            if name not in addresses and name not in open_ended:
                addresses[name] = self.place(stream, name, _bytes(step.types[name], shapes[name]))
        key = tuple((name, addresses[name], shapes[name]) for name in (*step.inputs, *step.outputs)
                    if name not in open_ended)
        kept = self.parts.get(number)
        if kept is None or kept[0] != key:
            binding = step.session.io_binding()
            for name in step.inputs:
                binding.bind_input(name, "cpu", 0, step.types[name], list(shapes[name]), addresses[name])
            for name in step.outputs:
                if name in open_ended:
                    binding.bind_output(name)
                else:
                    binding.bind_output(name, "cpu", 0, step.types[name], list(shapes[name]), addresses[name])
            kept = self.parts[number] = (key, Part(self.context, step, binding))
        part = kept[1]
        if open_ended:
            self._synchronous(stream, open_ended[0])
            part.run()
            for name, value in zip(step.outputs, part.binding.get_outputs(), strict=True):
                if name in open_ended:
                    array = np.ascontiguousarray(value.numpy())
                    shapes[name], addresses[name] = tuple(value.shape()), self.place(stream, name, array.nbytes)
                    ctypes.memmove(addresses[name], array.ctypes.data, array.nbytes)
        elif part.seconds < SHORT_S and stream.capture is None and stream.idle():
            part.run()
        else:
            captured = cuda_stream.enqueue(stream, part)
            if captured:
                self.context._captured.append(captured)
                self.parts.pop(number)  # the graph keeps it

    def _shape(self, step: ModelStep, shapes: dict[str, tuple[int, ...]], name: str) -> tuple[int, ...]:
        if name not in shapes:
            found = self.context.engine.program.value_shapes(self.context._shapes, self.context.shape_values())
            known = found.get(name)
            shapes[name] = (-1,) if known is None else known
        return shapes[name]

    def _plugin(self, stream: Stream, handle: int, place: int, step: PluginStep,
                shapes: dict[str, tuple[int, ...]], addresses: dict[str, int]) -> None:
        use = self.uses[place]
        inputs = [shapes[name] for name in step.inputs]
        outputs = step.use.output_shapes(inputs)
        tellers, most = step.use.tellers, step.use.most
        room = [tuple(most.get((number, axis), -1) if size < 0 else size for axis, size in enumerate(shape))
                for number, shape in enumerate(outputs)]
        if any(size < 0 for shape in room for size in shape):
            raise Refusal(MISUSE, f"the plugin {step.name} gives no upper bound for a dimension of its outputs; "
                          "declare a size tensor with one")
        split = len(inputs)
        for name, shape, dtype in zip(step.outputs, room, step.types[split:], strict=True):
            if name and name not in addresses:
                addresses[name] = self.place(stream, name, size_bytes(dtype, prod(shape)))
            shapes[name] = shape
        key = (tuple(inputs), tuple(room))
        if self.told.get(place) != key:
            use.new_shapes(inputs, room, step.types)
            self.told[place] = key
        size = use.workspace_bytes(inputs, room, step.types)
        workspace = self.place(stream, f"{step.name}\0workspace", size) if size else 0
        descs = [described(shape, dtype) for shape, dtype in zip([*inputs, *room], step.types, strict=True)]
        try:
            use.runtime.enqueue(descs[:split], descs[split:], [addresses[name] for name in step.inputs],
                                [addresses[name] for name in step.outputs], workspace, handle)
        except Exception as error:
            lines = "".join(traceback.format_exception(error)).rstrip()
            raise Refusal(INTERNAL, f"the plugin {step.name} failed in enqueue(): {type(error).__name__}: "
                          f"{one_line(error)}\n{lines}") from None
        for (output, axis), teller in tellers.items():
            self._synchronous(stream, step.outputs[output])
            dtype = step.types[split + teller]
            raw = ctypes.string_at(addresses[step.outputs[teller]], dtype.itemsize)
            found = int(np.frombuffer(raw, nptype(dtype))[0])
            name = step.outputs[output]
            shapes[name] = (*shapes[name][:axis], found, *shapes[name][axis + 1:])


def _bytes(onnx_type: int, shape: tuple[int, ...]) -> int:
    if onnx_type == 11:
        return 8 * prod(shape)
    return size_bytes(from_onnx(onnx_type) or DataType.INT64, prod(shape))
