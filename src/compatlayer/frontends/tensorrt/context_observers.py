"""Those who watch a run: profilers, and listeners for debug tensors."""

from __future__ import annotations

import ctypes
import json
import os
import tempfile
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from compatlayer.frontends.tensorrt.data_type import DataType, from_numpy, nptype, size_bytes
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.enums import TensorLocation

if TYPE_CHECKING:
    from compatlayer.core.stream import Stream
    from compatlayer.frontends.tensorrt.engine import ICudaEngine
    from compatlayer.frontends.tensorrt.enqueue import Bound


class Observers:
    """Profiler and debug listener of a context. A watched run is not optimised, and the call waits for it."""

    engine: ICudaEngine

    def __init__(self) -> None:
        self._profiler: Any = None
        self._times: list[tuple[str, float]] = []
        self.enqueue_emits_profile = True
        self._listener: Any = None
        self._debugged: set[str] = set()

    @property
    def observed(self) -> bool:
        return self._profiler is not None or bool(self._debugged and self._listener is not None)

    @property
    def profiler(self) -> Any:
        return self._profiler

    @profiler.setter
    def profiler(self, profiler: Any) -> None:
        self._profiler = profiler

    def report_to_profiler(self) -> bool:
        """Give the last run's times to the profiler."""
        if self._profiler is None or not self._times:
            return False
        for name, milliseconds in self._times:
            self._profiler.report_layer_time(name, milliseconds)
        self._times = []
        return True

    def set_debug_listener(self, listener: Any) -> bool:
        self._listener = listener
        return True

    def get_debug_listener(self) -> Any:
        return self._listener

    def set_tensor_debug_state(self, name: str, flag: bool) -> bool:
        if name not in self.engine.description["debug"]:
            return False
        (self._debugged.add if flag else self._debugged.discard)(name)
        return True

    def set_all_tensors_debug_state(self, flag: bool) -> bool:
        self._debugged = set(self.engine.description["debug"]) if flag else set()
        return True

    def get_debug_state(self, name: str) -> bool:
        return name in self._debugged

    @property
    def unfused_tensors_debug_state(self) -> bool:
        return bool(self._debugged)

    def set_unfused_tensors_debug_state(self, flag: bool) -> bool:
        return self.set_all_tensors_debug_state(flag)

    def watch(self, bound: Bound, stream_handle: int) -> None:
        """Run with the observers looking on."""
        if self._debugged and self._listener is not None:
            self._tell_listener(bound, stream_handle)
        if self._profiler is not None:
            self._measure(bound)
            if self.enqueue_emits_profile:
                self.report_to_profiler()
        bound.run()

    def _feed(self, bound: Bound) -> dict[str, Any]:
        """The inputs' values as arrays."""
        feed = {}
        shapes = self.current_shapes()
        for name, tensor in self.engine.tensors.items():
            if tensor.is_input and tensor.decides_shapes:
                feed[name] = self.shape_values()[name]
            elif tensor.is_input:
                raw = ctypes.string_at(self.get_tensor_address(name), size_bytes(tensor.dtype, prod(shapes[name])))
                feed[name] = np.frombuffer(raw, nptype(tensor.dtype)).reshape(shapes[name])
        return feed

    def _tell_listener(self, bound: Bound, stream_handle: int) -> None:
        session = self.engine.program.debug_session()
        names = [name for name in self.engine.description["debug"] if name in self._debugged]
        for name, array in zip(names, session.run(names, self._feed(bound)), strict=True):
            array = np.asarray(array, order="C")
            dtype = DataType.FLOAT if array.dtype == np.float64 else from_numpy(array.dtype)
            self._listener.process_debug_tensor(array.ctypes.data, TensorLocation["DEVICE"], dtype, Dims(array.shape),
                                                name, stream_handle)

    def _measure(self, bound: Bound) -> None:
        """Time each node in a session of its own: onnxruntime writes one profile for a session's life."""
        import onnxruntime

        with tempfile.TemporaryDirectory(prefix="compatlayer-") as folder:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            options.enable_profiling = True
            options.profile_file_prefix = os.path.join(folder, "run")
            session = onnxruntime.InferenceSession(self.engine.program.model.SerializeToString(), options,
                                                   providers=["CPUExecutionProvider"])
            session.run(None, self._feed(bound))
            with open(session.end_profiling(), encoding="utf-8") as file:
                events = json.load(file)
        times: dict[str, float] = {}
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
                name = event["name"].removesuffix("_kernel_time")
                times[name] = times.get(name, 0.0) + event["dur"] / 1000
        self._times = list(times.items())

    def record(self, stream: Stream, event: Any) -> None:
        """Record a CUDA event of the program's behind a run."""
        from compatlayer.core import handles
        from compatlayer.core.event import Event

        handles.get(int(event), Event).record(stream)

    # What IExecutionContext has

    def current_shapes(self) -> dict[str, tuple[int, ...]]:
        raise NotImplementedError

    def shape_values(self) -> dict[str, Any]:
        raise NotImplementedError

    def get_tensor_address(self, name: str) -> int:
        raise NotImplementedError
