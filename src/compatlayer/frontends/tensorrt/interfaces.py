"""What programs derive from: allocators, listeners, profilers, recorders, monitors."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.dims import Dims


def _pure(kind: object, method: str) -> NotImplementedError:
    return NotImplementedError(f'Tried to call pure virtual function "{type(kind).__name__}::{method}"')


class IProfiler:
    """Receives the time of each layer of a run."""

    def __init__(self) -> None:
        pass

    def report_layer_time(self, layer_name: str, ms: float) -> None:
        raise _pure(self, "report_layer_time")


class Profiler(IProfiler):
    """Prints the time of each layer."""

    def report_layer_time(self, layer_name: str, ms: float) -> None:
        print(f"{layer_name}: {ms}ms")


class IErrorRecorder:
    """Receives errors as codes and descriptions."""

    MAX_DESC_LENGTH = 127

    def __init__(self) -> None:
        pass

    def report_error(self, val: Any, desc: str) -> bool:
        raise _pure(self, "report_error")

    def num_errors(self) -> int:
        raise _pure(self, "num_errors")

    def get_error_code(self, arg0: int) -> Any:
        raise _pure(self, "get_error_code")

    def get_error_desc(self, arg0: int) -> str:
        raise _pure(self, "get_error_desc")

    def has_overflowed(self) -> bool:
        raise _pure(self, "has_overflowed")

    def clear(self) -> None:
        raise _pure(self, "clear")


class IGpuAllocator:
    """Allocates device memory for the library; nothing of ours is device memory, so it is never asked."""

    def __init__(self) -> None:
        pass

    def allocate(self, size: int, alignment: int, flags: int) -> Any:
        raise _pure(self, "allocate")

    def free(self, memory: Any) -> None:
        raise _pure(self, "free")

    def deallocate(self, memory: Any) -> bool:
        raise _pure(self, "deallocate")

    def reallocate(self, address: Any, alignment: int, new_size: int) -> Any:
        raise _pure(self, "reallocate")

    def allocate_async(self, size: int, alignment: int, flags: int, stream: int) -> Any:
        raise _pure(self, "allocate_async")

    def deallocate_async(self, memory: Any, stream: int) -> bool:
        raise _pure(self, "deallocate_async")


class IGpuAsyncAllocator(IGpuAllocator):
    """The asynchronous kind."""


class IOutputAllocator:
    """Gives memory to outputs when their size is known."""

    tensorrt_version = 0

    def __init__(self) -> None:
        pass

    def reallocate_output(self, tensor_name: str, memory: Any, size: int, alignment: int) -> Any:
        raise _pure(self, "reallocate_output")

    def reallocate_output_async(self, tensor_name: str, memory: Any, size: int, alignment: int, stream: int) -> Any:
        raise _pure(self, "reallocate_output_async")

    def notify_shape(self, tensor_name: str, shape: Dims) -> None:
        raise _pure(self, "notify_shape")


class IDebugListener:
    """Receives the tensors that were marked for debugging."""

    def __init__(self) -> None:
        pass

    def process_debug_tensor(self, addr: int, location: Any, type: Any, shape: Dims, name: str, stream: int) -> bool:
        raise _pure(self, "process_debug_tensor")

    def get_interface_info(self) -> tuple[str, int, int]:
        return ("IDebugListener", 1, 0)


class IProgressMonitor:
    """Follows a build, and may end it."""

    def __init__(self) -> None:
        pass

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        raise _pure(self, "phase_start")

    def step_complete(self, phase_name: str, step: int) -> bool:
        raise _pure(self, "step_complete")

    def phase_finish(self, phase_name: str) -> None:
        raise _pure(self, "phase_finish")


class IStreamReader:
    """Gives the bytes of an engine: read(size)."""

    def __init__(self) -> None:
        pass

    def read(self, size: int) -> bytes:
        raise _pure(self, "read")


class IStreamReaderV2(IStreamReader):
    """Also seeks."""

    def seek(self, offset: int, where: Any) -> bool:
        raise _pure(self, "seek")


class IStreamWriter:
    """Takes the bytes of an engine: write(data) -> bytes written."""

    def __init__(self) -> None:
        pass

    def write(self, data: bytes) -> int:
        raise _pure(self, "write")


class IAlgorithmSelector:
    """Chooses among algorithms; there is one for each layer here (algorithms.py)."""

    def __init__(self) -> None:
        pass

    def select_algorithms(self, context: Any, choices: Any) -> list[int]:
        raise _pure(self, "select_algorithms")

    def report_algorithms(self, contexts: Any, choices: Any) -> None:
        raise _pure(self, "report_algorithms")


ALL = (IProfiler, Profiler, IErrorRecorder, IGpuAllocator, IGpuAsyncAllocator, IOutputAllocator, IDebugListener,
       IProgressMonitor, IStreamReader, IStreamReaderV2, IStreamWriter, IAlgorithmSelector)
for _kind in ALL:
    _kind.__module__ = "tensorrt"
