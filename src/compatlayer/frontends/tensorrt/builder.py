"""Builder: makes networks and turns them into serialised engines."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt import log
from compatlayer.frontends.tensorrt.build import Build
from compatlayer.frontends.tensorrt.builder_config import IBuilderConfig
from compatlayer.frontends.tensorrt.engine import ICudaEngine
from compatlayer.frontends.tensorrt.host_memory import IHostMemory
from compatlayer.frontends.tensorrt.network import INetworkDefinition
from compatlayer.frontends.tensorrt.optimization_profile import IOptimizationProfile
from compatlayer.frontends.tensorrt.profile import PROFILE
from compatlayer.frontends.tensorrt.session import one_line


class Builder:
    """Builds engines. Errors go to `logger`; a build that fails answers None."""

    def __init__(self, logger: log.ILogger) -> None:
        if not isinstance(logger, log.ILogger):
            raise TypeError("__init__(): incompatible constructor arguments: Builder(logger) needs a tensorrt.ILogger, "
                            f"not {type(logger).__name__}")
        self.logger = logger
        self.error_recorder: Any = None
        self.gpu_allocator: Any = None
        self.max_batch_size = 1
        self.max_threads = 1

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def create_network(self, flags: int = 0) -> INetworkDefinition:
        flags = int(flags)
        if PROFILE == 8 and not flags & 1:
            raise RuntimeError("networks with an implicit batch dimension are deprecated since TensorRT 7 and are not "
                               "implemented here; create the network with NetworkDefinitionCreationFlag.EXPLICIT_BATCH")
        return INetworkDefinition(self, flags)

    def create_builder_config(self) -> IBuilderConfig:
        return IBuilderConfig(self.logger)

    def create_optimization_profile(self) -> IOptimizationProfile:
        return IOptimizationProfile()

    @property
    def platform_has_fast_fp16(self) -> bool:
        return True

    @property
    def platform_has_fast_int8(self) -> bool:
        return True

    @property
    def platform_has_tf32(self) -> bool:
        return True

    @property
    def num_DLA_cores(self) -> int:
        return 0

    @property
    def max_DLA_batch_size(self) -> int:
        return 1

    def is_network_supported(self, network: INetworkDefinition, config: IBuilderConfig) -> bool:
        return self.build_serialized_network(network, config) is not None

    def reset(self) -> None:
        self.max_batch_size = 1

    def get_plugin_registry(self) -> Any:
        from compatlayer.frontends.tensorrt.plugin_registry import registry

        return registry

    def build_serialized_network(self, network: INetworkDefinition, config: IBuilderConfig) -> IHostMemory | None:
        """The engine as bytes, or None: the logger has the reason."""
        try:
            return IHostMemory(Build(network, config, self.logger).serialized())
        except log.Refusal as error:
            log.tell_error(self.logger, "IBuilder::buildSerializedNetwork", error.code, str(error), self.error_recorder)
        except Exception as error:
            log.tell_error(self.logger, "IBuilder::buildSerializedNetwork", log.INTERNAL,
                           f"{type(error).__name__}: {one_line(error)}", self.error_recorder)
        return None

    def build_engine(self, network: INetworkDefinition, config: IBuilderConfig) -> ICudaEngine | None:
        """The engine itself; deprecated by build_serialized_network."""
        from compatlayer.frontends.tensorrt.runtime import Runtime

        data = self.build_serialized_network(network, config)
        return None if data is None else Runtime(self.logger).deserialize_cuda_engine(data)

    def build_engine_with_config(self, network: INetworkDefinition, config: IBuilderConfig) -> ICudaEngine | None:
        return self.build_engine(network, config)

    def build_serialized_network_to_stream(self, network: INetworkDefinition, config: IBuilderConfig,
                                           stream_writer: Any) -> bool:
        data = self.build_serialized_network(network, config)
        return data is not None and stream_writer.write(bytes(data)) == len(data)


Builder.__module__ = "tensorrt"
