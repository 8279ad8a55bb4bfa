"""Runtime: serialised engines become engines."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt import container, log
from compatlayer.frontends.tensorrt.engine import ICudaEngine
from compatlayer.frontends.tensorrt.session import one_line


class Runtime:
    """Deserialises engines; errors go to `logger`, and the call answers None."""

    def __init__(self, logger: log.ILogger) -> None:
        if not isinstance(logger, log.ILogger):
            raise TypeError("__init__(): incompatible constructor arguments: Runtime(logger) needs a tensorrt.ILogger, "
                            f"not {type(logger).__name__}")
        self.logger = logger
        self.error_recorder: Any = None
        self.gpu_allocator: Any = None
        self.DLA_core = -1
        self.max_threads = 1
        self.temporary_directory: str | None = None
        self.tempfile_control_flags = 3
        self.engine_host_code_allowed = False

    def __enter__(self) -> Runtime:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    @property
    def num_DLA_cores(self) -> int:
        return 0

    def deserialize_cuda_engine(self, serialized_engine: Any) -> ICudaEngine | None:
        """An engine from bytes, or from a stream reader with read(size); None: the logger has the reason."""
        if serialized_engine is None:
            raise TypeError("deserialize_cuda_engine(): incompatible function arguments: None is no engine; did the "
                            "build before answer None? Its error is in the log")
        try:
            data = bytes(serialized_engine) if _is_buffer(serialized_engine) else _read_all(serialized_engine)
            description, model = container.unpack(data)
            return ICudaEngine(description, model, data, self.logger)
        except log.Refusal as error:
            log.tell_error(self.logger, "IRuntime::deserializeCudaEngine", error.code, str(error), self.error_recorder)
        except (ValueError, KeyError, OSError) as error:
            log.tell_error(self.logger, "IRuntime::deserializeCudaEngine", log.SERIALIZATION,
                           f"the engine cannot be read: {one_line(error)}; build it again", self.error_recorder)
        return None

    def get_plugin_registry(self) -> Any:
        from compatlayer.frontends.tensorrt.plugin_registry import registry

        return registry

    def load_runtime(self, path: str) -> Any:
        raise NotImplementedError("lean runtimes are libraries of NVIDIA's and are not loaded here; deserialise the "
                                  "engine with this runtime")


def _is_buffer(data: Any) -> bool:
    try:
        memoryview(data)
    except TypeError:
        return False
    return True


def _read_all(reader: Any) -> bytes:
    parts = []
    while part := reader.read(1 << 20):
        parts.append(bytes(part))
    return b"".join(parts)


class ISerializationConfig:
    """How an engine is serialised."""

    def __init__(self) -> None:
        self.flags = 0

    def set_flag(self, flag: Any) -> bool:
        self.flags |= 1 << int(flag)
        return True

    def clear_flag(self, flag: Any) -> bool:
        self.flags &= ~(1 << int(flag))
        return True

    def get_flag(self, flag: Any) -> bool:
        return bool(self.flags >> int(flag) & 1)


for _kind in (Runtime, ISerializationConfig):
    _kind.__module__ = "tensorrt"
