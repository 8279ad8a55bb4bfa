"""IExecutionContext: shapes and addresses of one user of an engine, and its runs."""

from __future__ import annotations

import ctypes
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from compatlayer.errors import CudaError
from compatlayer.frontends.tensorrt import cuda_stream, log
from compatlayer.frontends.tensorrt.context_bindings import ContextBindings
from compatlayer.frontends.tensorrt.context_observers import Observers
from compatlayer.frontends.tensorrt.data_type import nptype, size_bytes
from compatlayer.frontends.tensorrt.dims import Dims, text
from compatlayer.frontends.tensorrt.engine import ICudaEngine
from compatlayer.frontends.tensorrt.enqueue import SHORT_S, Bound
from compatlayer.frontends.tensorrt.io_tensor import IoTensor

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.plugin_run import PluginRun

_CLASS = "IExecutionContext::"


class IExecutionContext(ContextBindings, Observers):
    """Made by ICudaEngine.create_execution_context(). Errors go to the engine's logger; the call answers False."""

    def __init__(self, engine: ICudaEngine, strategy: Any) -> None:
        Observers.__init__(self)
        self.engine = engine
        self.strategy = strategy
        self.name = ""
        self.error_recorder: Any = engine.error_recorder
        self.debug_sync = False
        self.temporary_allocator: Any = None
        self.persistent_cache_limit = 0
        self.nvtx_verbosity = engine.profiling_verbosity
        self.device_memory = 0
        self.allocators: dict[str, Any] = {}
        self.found_shapes: dict[str, tuple[int, ...]] = {}
        self._profile = 0
        self._shapes: dict[str, tuple[int, ...]] = {
            name: tensor.shape for name, tensor in engine.tensors.items() if tensor.is_input}
        self._values: dict[str, Any] = {}
        self._addresses: dict[str, int] = {}
        self._bound: Bound | None = None
        self._current: dict[str, tuple[int, ...]] | None = None
        self._captured: list[int] = []
        self._failure = ""
        self._consumed: Any = None
        self.plugins: PluginRun | None = None
        if engine.program.plan is not None:
            from compatlayer.frontends.tensorrt.plugin_run import PluginRun

            cuda_stream.find(0)  # plugins use CUDA when they start
            self.plugins = PluginRun(self)
        self._deciding = [tensor for tensor in engine.tensors.values() if tensor.decides_shapes]

    def __enter__(self) -> IExecutionContext:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def __del__(self) -> None:
        cuda_stream.release(self.__dict__.get("_captured", []))
        plugins = self.__dict__.get("plugins")
        if plugins is not None:
            plugins.close()

    def _refuse(self, where: str, error: log.Refusal) -> bool:
        log.tell_error(self.engine.logger, _CLASS + where, error.code, str(error), self.error_recorder)
        return False

    def fail(self, reason: str) -> None:
        """A run in a stream failed: tell it now, and let the next run refuse."""
        self._failure = reason
        log.tell_error(self.engine.logger, _CLASS + "enqueueV3", log.INTERNAL, f"the run failed: {reason}",
                       self.error_recorder)

    # Profiles and shapes

    @property
    def active_optimization_profile(self) -> int:
        return self._profile

    @active_optimization_profile.setter
    def active_optimization_profile(self, index: int) -> None:
        self.set_optimization_profile_async(index, 0)

    def set_optimization_profile_async(self, profile_index: int, stream_handle: Any) -> bool:
        if not 0 <= profile_index < self.engine.num_optimization_profiles:
            return self._refuse("setOptimizationProfileAsync", log.Refusal(
                log.API_USAGE, f"Parameter check failed, condition: profileIndex >= 0 && profileIndex < "
                f"mEngine.getNbOptimizationProfiles(). {profile_index} is not one of "
                f"{self.engine.num_optimization_profiles}"))
        if profile_index != self._profile:
            self._profile = profile_index
            self._shapes = {name: tensor.shape for name, tensor in self.engine.tensors.items() if tensor.is_input}
            self._changed()
        return True

    def _changed(self) -> None:
        self._bound = self._current = None

    def set_input_shape(self, name: str, shape: Any) -> bool:
        try:
            sizes = tuple(int(size) for size in shape)
            tensor = self._input(name)
            self._check_shape(tensor, sizes)
        except log.Refusal as error:
            return self._refuse("setInputShape", error)
        if self._shapes[name] != sizes:
            self._shapes[name] = sizes
            self._changed()
        return True

    def _input(self, name: str) -> IoTensor:
        tensor = self.engine.tensors.get(name)
        if tensor is None or not tensor.is_input:
            raise log.Refusal(log.API_USAGE, f"Given invalid tensor name: {name}. Get valid tensor names with "
                              f"getIOTensorName(); inputs are {', '.join(self._shapes)}")
        return tensor

    def _check_shape(self, tensor: IoTensor, sizes: tuple[int, ...]) -> None:
        if len(sizes) != len(tensor.shape):
            raise log.Refusal(log.API_USAGE, "Parameter check failed, condition: engineDims.nbDims == dims.nbDims. "
                              f"{tensor.name} has {len(tensor.shape)} dimensions {text(tensor.shape)}, and "
                              f"{text(sizes)} was set")
        if any(want not in (-1, size) for want, size in zip(tensor.shape, sizes, strict=True)):
            raise log.Refusal(log.API_USAGE, "Parameter check failed, condition: engineDims.d[i] == dims.d[i]. Static "
                              f"dimension mismatch while setting input shape for {tensor.name}. Set dimensions are "
                              f"{text(sizes)}. Expected dimensions are {text(tensor.shape)}.")
        limits = self.engine.profile_shapes(self._profile).get(tensor.name)
        if limits is not None and any(not low <= size <= high for low, size, high
                                      in zip(limits[0], sizes, limits[2], strict=True)):
            raise log.Refusal(log.API_USAGE, "Parameter check failed, condition: satisfyProfile. Set dimension "
                              f"{text(sizes)} for tensor {tensor.name} does not satisfy any optimization profiles. "
                              f"Valid range for profile {self._profile}: {text(limits[0])}..{text(limits[2])}.")

    def get_tensor_shape(self, name: str) -> Dims:
        tensor = self.engine.tensors.get(name)
        if tensor is None:
            self._refuse("getTensorShape", log.Refusal(log.API_USAGE, f"Given invalid tensor name: {name}. Get valid "
                                                       "tensor names with getIOTensorName()"))
            return Dims()
        if tensor.is_input:
            return Dims(self._shapes[name])
        if -1 in tensor.shape and (self._unset() or any(each.name not in self._values and not self._addresses.get(
                each.name) for each in self._deciding)):
            return Dims(tensor.shape)
        shape = self.current_shapes()[name] if -1 in tensor.shape else tensor.shape
        return Dims(self.found_shapes.get(name, shape) if -1 in shape else shape)

    def _unset(self) -> list[str]:
        return [name for name, shape in self._shapes.items() if -1 in shape]

    def current_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all inputs and outputs; Refusal when an input's is not set."""
        if self._current is not None and not self._deciding:
            return self._current
        unset = self._unset()
        if unset:
            raise log.Refusal(log.API_USAGE, "Parameter check failed, condition: allInputDimensionsSpecified(routine). "
                              f"The shape of the input {unset[0]} is not set; call set_input_shape() first")
        outputs = self.engine.program.output_shapes(self._shapes, self.shape_values())
        self._current = self._shapes | outputs
        return self._current

    def get_tensor_strides(self, name: str) -> Dims:
        shape = self.get_tensor_shape(name)
        return Dims(prod(shape[place + 1:]) for place in range(len(shape)))

    @property
    def all_binding_shapes_specified(self) -> bool:
        return not self._unset()

    @property
    def all_shape_inputs_specified(self) -> bool:
        return all(tensor.name in self._values or self._addresses.get(tensor.name) for tensor in self._deciding)

    def infer_shapes(self) -> list[str]:
        """Names of the inputs that still have to be set."""
        return self._unset() + [tensor.name for tensor in self._deciding
                                if tensor.name not in self._values and not self._addresses.get(tensor.name)]

    def update_device_memory_size_for_shapes(self) -> int:
        return 0

    def set_values(self, name: str, values: list[int]) -> bool:
        """Values of a shape input."""
        tensor = self.engine.tensors[name]
        self._values[name] = np.array(values, nptype(tensor.dtype)).reshape(tensor.shape)
        self._changed()
        return True

    def shape_values(self) -> dict[str, Any]:
        """The values of shape inputs, read from the program's memory now."""
        found = dict(self._values)
        for tensor in self._deciding:
            address = self._addresses.get(tensor.name, 0)
            if tensor.name not in found:
                if not address:
                    raise log.Refusal(log.API_USAGE, f"The values of the shape input {tensor.name} are not set; call "
                                      "set_tensor_address() with host memory first")
                shape = self._shapes[tensor.name]
                raw = ctypes.string_at(address, size_bytes(tensor.dtype, prod(shape)))
                found[tensor.name] = np.frombuffer(raw, nptype(tensor.dtype)).reshape(shape).copy()
        return found

    # Addresses

    def set_tensor_address(self, name: str, memory: Any) -> bool:
        if name not in self.engine.tensors:
            return self._refuse("setTensorAddress", log.Refusal(
                log.API_USAGE, f"Given invalid tensor name: {name}. Get valid tensor names with getIOTensorName()"))
        address = int(memory)
        if self._addresses.get(name) != address:
            self._addresses[name] = address
            self._bound = None
        return True

    def get_tensor_address(self, name: str) -> int:
        return self._addresses.get(name, 0)

    def set_output_allocator(self, name: str, output_allocator: Any) -> bool:
        self.allocators.pop(name, None)
        if output_allocator is not None:
            self.allocators[name] = output_allocator
        self._bound = None
        return True

    def get_output_allocator(self, name: str) -> Any:
        return self.allocators.get(name)

    def get_max_output_size(self, name: str) -> int:
        """Bytes that an output can take under the current shapes; -1 where data decides."""
        try:
            shape = self.current_shapes()[name]
        except log.Refusal as error:
            self._refuse("getMaxOutputSize", error)
            return -1
        return -1 if -1 in shape else size_bytes(self.engine.tensors[name].dtype, prod(shape))

    def set_device_memory(self, memory: int, size: int) -> None:
        self.device_memory = memory

    def set_aux_streams(self, aux_streams: Any) -> None:
        """Nothing runs beside the stream itself, so they are not used."""

    def set_input_consumed_event(self, event: Any) -> bool:
        self._consumed = event
        return True

    def get_input_consumed_event(self) -> Any:
        return int(self._consumed or 0)

    # Runs

    def take_addresses(self, bindings: Any, where: str) -> bool:
        """Addresses by binding number."""
        addresses = [int(address) for address in bindings]
        order = self.engine.order
        base = self._profile * len(order) if len(addresses) > len(order) else 0
        if len(addresses) - base < len(order):
            return self._refuse(where, log.Refusal(log.API_USAGE, f"{len(addresses)} addresses for {len(order)} "
                                                   f"bindings ({', '.join(order)}); give one for each"))
        for name, address in zip(order, addresses[base:base + len(order)], strict=True):
            self.set_tensor_address(name, address)
        return True

    def execute_v2(self, bindings: Any) -> bool:
        """Run now on a list of addresses; the call returns when the outputs are there."""
        if not self.take_addresses(bindings, "executeV2"):
            return False
        return self._now(0, "executeV2")

    def execute_async_v3(self, stream_handle: Any) -> bool:
        """Run at its turn in the stream, on the addresses that are set."""
        return self.enqueue(stream_handle, "enqueueV3", self._consumed)

    def enqueue(self, stream_handle: Any, where: str, consumed: Any = None) -> bool:
        """Put a run into a stream; False when it cannot be."""
        try:
            stream = cuda_stream.find(stream_handle)
            if self.plugins is not None:
                done = self._with_plugins(self.plugins, stream, int(stream_handle))
                if done and consumed:
                    self.record(stream, consumed)
                return done
            if self.observed:
                return self._now(stream_handle, where)
            bound = self._ready(stream)
            if bound.unknown:
                return self._now(stream_handle, where)
            if bound.seconds < SHORT_S and stream.capture is None and stream.idle():
                bound.run()
            else:
                key = cuda_stream.enqueue(stream, bound)
                if key:
                    self._captured.append(key)
            if consumed:
                self.record(stream, consumed)
            return True
        except log.Refusal as error:
            return self._refuse(where, error)
        except CudaError as error:
            return self._refuse(where, log.Refusal(log.API_USAGE, f"Cuda Runtime ({error})"))

    def _ready(self, stream: Any) -> Bound:
        if self._failure:
            reason, self._failure = self._failure, ""
            raise log.Refusal(log.INTERNAL, f"an earlier run of this context failed: {reason}")
        bound = self._bound
        if bound is None or self._deciding or not bound.alive():
            bound = self._bound = Bound(self, stream, self._addresses)
        return bound

    def _with_plugins(self, plugins: PluginRun, stream: Any, handle: int) -> bool:
        if self._failure:
            reason, self._failure = self._failure, ""
            raise log.Refusal(log.INTERNAL, f"an earlier run of this context failed: {reason}")
        if self._debugged and self._listener is not None:
            raise log.Refusal(log.MISUSE, "debug tensors of engines with plugins are not implemented; mark the tensor "
                              "as an output instead")
        done = plugins.run(stream, handle, self._profiler is not None)
        if self._profiler is not None:
            self._times = plugins.times
            if self.enqueue_emits_profile:
                self.report_to_profiler()
        return done

    def _now(self, stream_handle: Any, where: str) -> bool:
        """Run on this thread after all that is in the stream: outputs of unknown shape, and watched runs, need it."""
        try:
            stream = cuda_stream.find(stream_handle)
            if self.plugins is not None:
                done = self._with_plugins(self.plugins, stream, int(stream_handle))
                stream.synchronize()
                return done
            bound = self._ready(stream)
            if stream.capture is not None:
                raise log.Refusal(log.MISUSE, "outputs whose shape data decides, profilers and debug listeners cannot "
                                  "be captured into a graph; run outside of the capture")
            stream.synchronize()
            if self.observed:
                self.watch(bound, int(stream_handle))
            else:
                bound.run()
            if bound.failed:
                bound.failed, self._failure = False, ""
                return False
            return bound.deliver(int(stream_handle))
        except log.Refusal as error:
            return self._refuse(where, error)
        except CudaError as error:
            return self._refuse(where, log.Refusal(log.API_USAGE, f"Cuda Runtime ({error})"))


IExecutionContext.__module__ = "tensorrt"
