"""The names of the `tensorrt` module, by generation."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt import (
    builder,
    builder_config,
    calibration,
    control_flow,
    data_type,
    dims,
    engine,
    enums,
    execution_context,
    host_memory,
    inspector,
    interfaces,
    layer,
    log,
    network,
    network_layers,
    optimization_profile,
    parser,
    refitter,
    runtime,
    tensor,
    timing_cache,
    weights,
)
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.profile import PROFILE, VERSION

_CLASSES = (
    builder.Builder, builder_config.IBuilderConfig, data_type.DataType, dims.Dims, dims.Dims2, dims.Dims3, dims.Dims4,
    dims.DimsHW, engine.ICudaEngine, execution_context.IExecutionContext, host_memory.IHostMemory,
    inspector.EngineInspector, layer.ILayer, log.ILogger, log.Logger, network.INetworkDefinition,
    optimization_profile.IOptimizationProfile, parser.OnnxParser, parser.ParserError, refitter.Refitter,
    refitter.OnnxParserRefitter, runtime.Runtime, runtime.ISerializationConfig, tensor.ITensor,
    timing_cache.ITimingCache, weights.Weights, *interfaces.ALL,
    *calibration.ALL, *network_layers.LAYERS, *control_flow.CLASSES,
)  # fmt: skip

# What TensorRT 10 removed, and what 8.6 has not got yet.
_ONLY_8: dict[type, str] = {
    engine.ICudaEngine: """num_bindings __len__ __getitem__ __iter__ max_batch_size has_implicit_batch_dimension
        get_binding_index get_binding_name binding_is_input get_binding_shape get_binding_dtype get_binding_format
        get_binding_format_desc get_binding_vectorized_dim get_binding_components_per_element
        get_binding_bytes_per_component is_shape_binding is_execution_binding get_location get_profile_shape
        get_profile_shape_input""",
    execution_context.IExecutionContext: """set_binding_shape get_binding_shape get_strides set_shape_input get_shape
        execute_async_v2 execute execute_async""",
    builder.Builder: "max_batch_size build_engine",
    builder_config.IBuilderConfig: "max_workspace_size min_timing_iterations",
}
_ONLY_10: dict[type, str] = {
    engine.ICudaEngine: """device_memory_size_v2 get_device_memory_size_for_profile streamable_weights_size
        get_tensor_profile_values is_debug_tensor create_serialization_config serialize_with_config
        create_runtime_config""",
    execution_context.IExecutionContext: """set_debug_listener get_debug_listener set_tensor_debug_state
        get_debug_state set_all_tensors_debug_state update_device_memory_size_for_shapes set_device_memory""",
    builder.Builder: "build_engine_with_config build_serialized_network_to_stream",
    network.INetworkDefinition: "mark_debug unmark_debug is_debug_tensor get_flag",
    parser.OnnxParser: "supports_model_v2 is_subgraph_supported num_subgraphs get_subgraph_nodes",
    host_memory.IHostMemory: "",
}
_ENUMS_ONLY_10 = {"CumulativeOperation", "SerializationFlag", "ExecutionContextAllocationStrategy", "RuntimePlatform",
                  "PluginCapabilityType", "TensorRTPhase", "EngineStat", "AttentionNormalizationOp",
                  "TilingOptimizationLevel", "CollectiveOperation"}
_CLASSES_ONLY_10 = {"IDebugListener", "ISerializationConfig", "IGpuAsyncAllocator", "IStreamReader", "IStreamReaderV2",
                    "IStreamWriter", "OnnxParserRefitter"}


def names() -> dict[str, Any]:
    """Everything that the module offers."""
    found: dict[str, Any] = {"__version__": VERSION}
    found |= {name: kind for name, kind in vars(enums).items()
              if isinstance(kind, type) and issubclass(kind, Enumerator) and kind is not Enumerator}
    found |= {kind.__name__: kind for kind in _CLASSES}
    found |= data_type.NAMES
    found |= {"volume": dims.volume, "nptype": data_type.nptype, "init_libnvinfer_plugins": _init_plugins,
              "get_builder_plugin_registry": _registry, "get_plugin_registry": _get_registry,
              "get_nv_onnx_parser_version": _parser_version}
    found |= _more()
    for name in (_ENUMS_ONLY_10 | _CLASSES_ONLY_10) if PROFILE == 8 else ():
        found.pop(name, None)
    if PROFILE == 8:
        for name in ("int64", "int4", "fp4", "bfloat16"):
            found.pop(name, None)
    _strip(_ONLY_10 if PROFILE == 8 else _ONLY_8)
    return found


def _more() -> dict[str, Any]:
    return {}


def _strip(table: dict[type, str]) -> None:
    """Take away what this generation has not: programs ask `hasattr`. One process has one generation."""
    for kind, members in table.items():
        for member in members.split():
            for place in kind.__mro__:
                if member in vars(place):
                    delattr(place, member)
                    break


def _init_plugins(logger: Any, namespace: str) -> bool:
    """There are no plugins of NVIDIA's here; those that programs register are there without this call."""
    return True


def _get_registry() -> Any:
    from compatlayer.frontends.tensorrt.plugin_registry import registry

    return registry


def _registry(capability: Any) -> Any:
    return _get_registry()


def _parser_version() -> int:
    major, minor, patch = (int(part) for part in VERSION.split("."))
    return major * 10000 + minor * 100 + patch if PROFILE == 10 else major * 1000 + minor * 100 + patch
