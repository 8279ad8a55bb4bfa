"""Runs of an engine with their times, taken by events of the stream."""

from __future__ import annotations

import ctypes
import time
from collections import defaultdict
from math import prod
from typing import Any, NamedTuple

import numpy as np

from compatlayer import Device
from compatlayer.trtexec.options import Options


class InferenceError(Exception):
    """The engine cannot be run as asked; the text says why."""


def _call(name: str, *arguments: object) -> None:
    """A call of the driver's C interface; addresses and sizes are given as 64-bit numbers."""
    status = getattr(ctypes.CDLL("libcuda.so.1"), name)(*arguments)
    if status:
        raise InferenceError(f"{name} answered {status}")


class Run(NamedTuple):
    """One run: moments in milliseconds after the first began."""

    enqueued: tuple[float, float]
    upload: tuple[float, float]
    compute: tuple[float, float]
    download: tuple[float, float]

    @property
    def latency(self) -> float:
        return sum(end - start for start, end in (self.upload, self.compute, self.download))


class Inference:
    """An execution context with its buffers. Close it."""

    def __init__(self, trt: Any, engine: Any, options: Options) -> None:
        self._trt, self._engine, self._options = trt, engine, options
        _call("cuInit", 0)
        self.device = Device(options.device)
        context = ctypes.c_void_p()
        _call("cuDevicePrimaryCtxRetain", ctypes.byref(context), options.device)
        _call("cuCtxSetCurrent", context)
        self.stream = self.device.stream()
        self.context = engine.create_execution_context()
        if self.context is None:
            raise InferenceError("there is no execution context; the message above says why")
        names = [engine.get_tensor_name(place) for place in range(engine.num_io_tensors)]
        self.inputs = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
        self.outputs = [name for name in names if name not in self.inputs]
        self._host: dict[str, Any] = {}
        self._buffers: dict[str, Any] = {}
        self._set_shapes()
        for name in self.inputs:
            self._place(name, self._values(name))
        for name in self.outputs:
            self._place(name, np.zeros(self._size_bytes(name), np.uint8))
        self._events = [self.device.event() for _ in range(4)]
        self._graph = ctypes.c_void_p()
        if options.graph:
            self._capture()

    def _set_shapes(self) -> None:
        options = self._options
        unknown = [name for name in (*options.shapes, *options.inputs) if name not in self.inputs]
        if unknown:
            raise InferenceError(f"there is no input named {unknown[0]}; the engine has {', '.join(self.inputs)}")
        for name in self.inputs:
            shape = tuple(self._engine.get_tensor_shape(name))
            if name in options.shapes or -1 in shape:
                best = options.best.get(name) or tuple(self._engine.get_tensor_profile_shape(name, 0)[1])
                wanted = options.shapes.get(name, best)
                if not self.context.set_input_shape(name, wanted):
                    raise InferenceError(f"the input {name} cannot have the shape {'x'.join(map(str, wanted))}")

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.context.get_tensor_shape(name))

    def _size_bytes(self, name: str) -> int:
        shape = self.shape(name)
        if -1 in shape:
            raise InferenceError(f"the shape of {name} depends on values, which this command does not run")
        return max(1, prod(shape) * self._item_bytes(name))

    def _item_bytes(self, name: str) -> int:
        return int(self._engine.get_tensor_dtype(name).itemsize)

    def _kind(self, name: str) -> np.dtype[Any] | None:
        """NumPy's type, None where it has none (bfloat16 and the like)."""
        try:
            kind: np.dtype[Any] = np.dtype(self._trt.nptype(self._engine.get_tensor_dtype(name)))
        except TypeError:
            return None
        return kind

    def _values(self, name: str) -> np.ndarray[Any, Any]:
        size_bytes, kind = self._size_bytes(name), self._kind(name)
        path = self._options.inputs.get(name)
        if path is not None:
            raw = np.fromfile(path, np.uint8)
            if raw.size != size_bytes:
                raise InferenceError(f"{path} holds {raw.size} bytes, and the input {name} has {size_bytes}")
            return raw
        random = np.random.default_rng(0)
        if kind is None:
            return np.zeros(size_bytes, np.uint8)
        shape = self.shape(name)
        found = random.uniform(-1, 1, shape) if kind.kind == "f" else random.integers(0, 2, shape)
        return np.ascontiguousarray(found.astype(kind)).reshape(-1).view(np.uint8)

    def _place(self, name: str, host: np.ndarray[Any, Any]) -> None:
        self._host[name] = host
        self._buffers[name] = self.device.allocate(host.nbytes)
        self._buffers[name].copy_from(host)
        if not self.context.set_tensor_address(name, self._buffers[name].address):
            raise InferenceError(f"the address of {name} was refused; the message above says why")

    def output(self, name: str) -> np.ndarray[Any, Any]:
        """The values of an output after the last run."""
        raw, kind = self._buffers[name].copy_to(), self._kind(name)
        raw = raw.view(np.uint8)[:prod(self.shape(name)) * self._item_bytes(name)]
        values: np.ndarray[Any, Any] = raw.view(kind).reshape(self.shape(name)) if kind is not None else raw
        return values

    def measure(self) -> tuple[list[Run], float]:
        """Runs after the warm-up, and the seconds from the first one's start to the last one's end."""
        options = self._options
        begin = time.perf_counter()
        while (time.perf_counter() - begin) * 1000 < options.warm_up_ms:
            self._run(begin)
        origin = time.perf_counter()
        runs: list[Run] = []
        while len(runs) < options.iterations or time.perf_counter() - origin < options.duration_s:
            runs.append(self._run(origin))
        return runs, time.perf_counter() - origin

    def _run(self, origin: float) -> Run:
        start = time.perf_counter()
        marks, stream = self._events, self.stream
        stream.record(marks[0])
        if self._options.transfers:
            for name in self.inputs:
                self._copy("cuMemcpyHtoDAsync_v2", self._host[name].ctypes.data, self._buffers[name])
        stream.record(marks[1])
        self._compute()
        stream.record(marks[2])
        if self._options.transfers:
            for name in self.outputs:
                self._copy("cuMemcpyDtoHAsync_v2", self._host[name].ctypes.data, self._buffers[name])
        stream.record(marks[3])
        enqueued = time.perf_counter()
        stream.synchronize()
        first = (start - origin) * 1000
        moments = [first + mark.elapsed_s(marks[0]) * 1000 for mark in marks]
        return Run((first, (enqueued - origin) * 1000), (moments[0], moments[1]), (moments[1], moments[2]),
                   (moments[2], moments[3]))

    def _compute(self) -> None:
        if self._graph:
            _call("cuGraphLaunch", self._graph, ctypes.c_void_p(self.stream.handle))
        elif not self.context.execute_async_v3(self.stream.handle):
            raise InferenceError("the engine could not be run; the message above says why")

    def _copy(self, name: str, host: int, buffer: Any) -> None:
        places = (buffer.address, host) if "HtoD" in name else (host, buffer.address)
        _call(name, *map(ctypes.c_uint64, places), ctypes.c_size_t(buffer.size_bytes),
              ctypes.c_void_p(self.stream.handle))

    def _capture(self) -> None:
        """Make the graph of one run."""
        stream, graph = ctypes.c_void_p(self.stream.handle), ctypes.c_void_p()
        self._compute()  # what is prepared by the first run is no part of the graph
        self.stream.synchronize()
        _call("cuStreamBeginCapture_v2", stream, 1)
        ran = self.context.execute_async_v3(self.stream.handle)
        _call("cuStreamEndCapture", stream, ctypes.byref(graph))
        if not ran:
            raise InferenceError("this engine cannot be captured; leave --useCudaGraph out")
        _call("cuGraphInstantiateWithFlags", ctypes.byref(self._graph), graph, ctypes.c_uint64(0))
        _call("cuGraphDestroy", graph)

    def profile(self, runs: int) -> dict[str, list[float]]:
        """Milliseconds of each layer in `runs` runs."""
        found: dict[str, list[float]] = defaultdict(list)
        base: Any = self._trt.IProfiler

        class Profiler(base):  # type: ignore[misc]
            def __init__(self) -> None:
                base.__init__(self)

            def report_layer_time(self, layer_name: str, ms: float) -> None:
                found[layer_name].append(ms)

        self.context.profiler = Profiler()
        for _ in range(runs):
            self._run(time.perf_counter())
        self.context.profiler = None
        return found

    def close(self) -> None:
        """Free what it allocated; twice is fine."""
        self.stream.synchronize()
        if self._graph:
            _call("cuGraphExecDestroy", self._graph)
            self._graph = ctypes.c_void_p()
        for each in (*self._buffers.values(), *self._events, self.stream, self.device):
            each.close()
        _call("cuDevicePrimaryCtxRelease_v2", self._options.device)
