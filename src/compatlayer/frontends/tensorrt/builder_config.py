"""IBuilderConfig: how an engine is built."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import (
    BuilderFlag,
    DeviceType,
    EngineCapability,
    HardwareCompatibilityLevel,
    MemoryPoolType,
    PreviewFeature,
    ProfilingVerbosity,
    RuntimePlatform,
    TilingOptimizationLevel,
)
from compatlayer.frontends.tensorrt.optimization_profile import IOptimizationProfile
from compatlayer.frontends.tensorrt.timing_cache import ITimingCache

_DEFAULT_FLAGS = 1 << int(BuilderFlag["TF32"])


class IBuilderConfig:
    """Settings of one build. Memory limits are in bytes."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self.reset()

    def __enter__(self) -> IBuilderConfig:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def reset(self) -> None:
        """Back to the defaults."""
        self.flags = _DEFAULT_FLAGS
        self.quantization_flags = 0
        self.int8_calibrator: Any = None
        self.profiles: list[IOptimizationProfile] = []
        self._calibration_profile: IOptimizationProfile | None = None
        self._limits: dict[Enumerator, int] = {}
        self._cache: ITimingCache | None = None
        self._features: dict[Enumerator, bool] = {}
        self._device_types: dict[Any, Enumerator] = {}
        self._sources = 24
        self.progress_monitor: Any = None
        self.algorithm_selector: Any = None
        self.profile_stream = 0
        self.profiling_verbosity = ProfilingVerbosity["LAYER_NAMES_ONLY"]
        self.engine_capability = EngineCapability["STANDARD"]
        self.default_device_type = DeviceType["GPU"]
        self.DLA_core = -1
        self.builder_optimization_level = 3
        self.avg_timing_iterations = 1
        self.min_timing_iterations = 1
        self.max_aux_streams = -1
        self.hardware_compatibility_level = HardwareCompatibilityLevel["NONE"]
        self.runtime_platform = RuntimePlatform["SAME_AS_BUILD"]
        self.tiling_optimization_level = TilingOptimizationLevel["NONE"]
        self.l2_limit_for_tiling = -1
        self.max_num_tactics = -1
        self.plugins_to_serialize: list[str] = []
        self.remote_auto_tuning_config = ""

    def clear_flag(self, flag: Enumerator) -> None:
        self.flags &= ~(1 << int(flag))

    def set_flag(self, flag: Enumerator) -> None:
        self.flags |= 1 << int(flag)

    def get_flag(self, flag: Enumerator) -> bool:
        return bool(self.flags >> int(flag) & 1)

    def wants(self, name: str) -> bool:
        """Whether a flag is set, by its name; False where this generation has no such flag."""
        flag = BuilderFlag.__members__.get(name)
        return flag is not None and self.get_flag(flag)

    def clear_quantization_flag(self, flag: Enumerator) -> None:
        self.quantization_flags &= ~(1 << int(flag))

    def set_quantization_flag(self, flag: Enumerator) -> None:
        self.quantization_flags |= 1 << int(flag)

    def get_quantization_flag(self, flag: Enumerator) -> bool:
        return bool(self.quantization_flags >> int(flag) & 1)

    # Memory

    def set_memory_pool_limit(self, pool: Enumerator, pool_size: int) -> None:
        if pool_size < 0:
            raise ValueError(f"a limit of {pool_size} bytes for {pool}; it cannot be negative")
        self._limits[pool] = int(pool_size)

    def get_memory_pool_limit(self, pool: Enumerator) -> int:
        from compatlayer.frontends.tensorrt.cuda_stream import device_memory_bytes

        if pool in self._limits:
            return self._limits[pool]
        return device_memory_bytes() if pool is MemoryPoolType["WORKSPACE"] else 0

    @property
    def max_workspace_size(self) -> int:
        return self.get_memory_pool_limit(MemoryPoolType["WORKSPACE"])

    @max_workspace_size.setter
    def max_workspace_size(self, size_bytes: int) -> None:
        self.set_memory_pool_limit(MemoryPoolType["WORKSPACE"], size_bytes)

    # Profiles

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1

    @property
    def num_optimization_profiles(self) -> int:
        return len(self.profiles)

    def set_calibration_profile(self, profile: IOptimizationProfile) -> bool:
        self._calibration_profile = profile
        return True

    def get_calibration_profile(self) -> IOptimizationProfile | None:
        return self._calibration_profile

    # Timing cache

    def create_timing_cache(self, serialized_timing_cache: Any) -> ITimingCache:
        return ITimingCache(bytes(serialized_timing_cache or b""))

    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool:
        self._cache = cache
        return True

    def get_timing_cache(self) -> ITimingCache | None:
        return self._cache

    # Devices and tactics

    def can_run_on_DLA(self, layer: Any) -> bool:
        return False

    def set_device_type(self, layer: Any, device_type: Enumerator) -> None:
        self._device_types[layer] = device_type

    def get_device_type(self, layer: Any) -> Enumerator:
        return self._device_types.get(layer, self.default_device_type)

    def is_device_type_set(self, layer: Any) -> bool:
        return layer in self._device_types

    def reset_device_type(self, layer: Any) -> None:
        self._device_types.pop(layer, None)

    def set_tactic_sources(self, tactic_sources: int) -> bool:
        self._sources = int(tactic_sources)
        return True

    def get_tactic_sources(self) -> int:
        return self._sources

    def set_preview_feature(self, feature: Enumerator, enable: bool) -> None:
        self._features[feature] = enable

    def get_preview_feature(self, feature: Enumerator) -> bool:
        return self._features.get(feature, feature is PreviewFeature["PROFILE_SHARING_0806"])


IBuilderConfig.__module__ = "tensorrt"
