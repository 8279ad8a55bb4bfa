"""The names of the `tensorrt` module, by generation."""

from __future__ import annotations

from typing import Any

from compatlayer.frontends.tensorrt import (
    algorithms,
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
    layers_neural,
    log,
    network,
    network_layers,
    optimization_profile,
    parser,
    plugin_fields,
    plugin_interfaces,
    plugin_registry,
    plugin_shapes,
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
    timing_cache.ITimingCache, weights.Weights, *interfaces.ALL, *algorithms.ALL,
    *calibration.ALL, *network_layers.LAYERS, *control_flow.CLASSES, *plugin_fields.ALL, *plugin_interfaces.ALL,
    *plugin_shapes.ALL, plugin_registry.IPluginRegistry, dims.Permutation,
)  # fmt: skip

# What TensorRT 10 removed, and what 8.6 has not got yet.
_ONLY_8: dict[type, str] = {
    engine.ICudaEngine: """num_bindings __len__ __iter__ max_batch_size
        get_binding_index get_binding_name binding_is_input get_binding_shape get_binding_dtype get_binding_format
        get_binding_format_desc get_binding_vectorized_dim get_binding_components_per_element
        get_binding_bytes_per_component is_shape_binding is_execution_binding get_location get_profile_shape
        get_profile_shape_input""",
    execution_context.IExecutionContext: """set_binding_shape get_binding_shape get_strides set_shape_input get_shape
        execute_async_v2 execute execute_async""",
    builder.Builder: "max_batch_size build_engine",
    algorithms.IAlgorithmIOInfo: "tensor_format",
    network.INetworkDefinition: """add_convolution add_deconvolution add_fully_connected add_padding add_pooling
        has_explicit_precision""",
    interfaces.IOutputAllocator: "tensorrt_version",
    layers_neural.WindowedLayer: "stride dilation padding",
    layers_neural.IConvolutionLayer: "kernel_size",
    layers_neural.IDeconvolutionLayer: "kernel_size",
    layers_neural.IPoolingLayer: "window_size",
    layers_neural.IPaddingLayer: "pre_padding post_padding",
    builder_config.IBuilderConfig: "max_workspace_size min_timing_iterations",
}
_ONLY_10: dict[type, str] = {
    engine.ICudaEngine: """device_memory_size_v2 get_device_memory_size_for_profile streamable_weights_size
        get_tensor_profile_values is_debug_tensor get_device_memory_size_for_profile_v2
        weight_streaming_budget weight_streaming_budget_v2 minimum_weight_streaming_budget
        get_weight_streaming_automatic_budget weight_streaming_scratch_memory_size
        create_serialization_config serialize_with_config
        create_runtime_config""",
    execution_context.IExecutionContext: """set_debug_listener get_debug_listener set_tensor_debug_state
        get_debug_state set_all_tensors_debug_state update_device_memory_size_for_shapes set_device_memory""",
    builder.Builder: "build_engine_with_config build_serialized_network_to_stream",
    network.INetworkDefinition: """mark_debug unmark_debug is_debug_tensor get_flag add_plugin_v3 add_squeeze
        add_unsqueeze add_cumulative mark_weights_refittable unmark_weights_refittable are_weights_marked_refittable
        mark_unfused_tensors_as_debug_tensors unmark_unfused_tensors_as_debug_tensors""",
    plugin_registry.IPluginRegistry: "all_creators get_creator acquire_plugin_resource release_plugin_resource",
    timing_cache.ITimingCache: "queryKeys",
    refitter.Refitter: """get_named_weights get_weights_location get_weights_prototype unset_named_weights
        refit_cuda_engine_async""",
    parser.ParserError: "local_function_stack local_function_stack_size node_name node_operator",
    parser.OnnxParser: "supports_model_v2 is_subgraph_supported num_subgraphs get_subgraph_nodes",
    host_memory.IHostMemory: "",
}
_ENUMS_ONLY_10 = {"CumulativeOperation", "SerializationFlag", "ExecutionContextAllocationStrategy", "RuntimePlatform",
                  "PluginCapabilityType", "TensorRTPhase", "TilingOptimizationLevel", "APILanguage",
                  "DimensionOperation", "PluginCreatorVersion"}
_CLASSES_ONLY_10 = {"IDebugListener", "ISerializationConfig", "IGpuAsyncAllocator", "IStreamReader", "IStreamReaderV2",
                    "IStreamWriter", "OnnxParserRefitter", "IProgressMonitor", "ICumulativeLayer", "ISqueezeLayer",
                    "IUnsqueezeLayer", "IPluginV3Layer"} | {
    kind.__name__ for kind in (*plugin_interfaces.ALL, *plugin_shapes.ALL)} - {"IPluginV2", "IPluginCreator"}
_CLASSES_ONLY_8 = {"IFullyConnectedLayer"}


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
    for name in (_ENUMS_ONLY_10 | _CLASSES_ONLY_10) if PROFILE == 8 else _CLASSES_ONLY_8:
        found.pop(name, None)
    if PROFILE == 8:
        for name in ("int64", "int4", "fp4", "bfloat16"):
            found.pop(name, None)
    _strip(_ONLY_10 if PROFILE == 8 else _ONLY_8)
    return found


def _more() -> dict[str, Any]:
    """Names of 8.6 for what has another name too."""
    if PROFILE == 10:
        return {}
    return {"ResizeMode": enums.InterpolationMode, "SliceMode": enums.SampleMode,
            "shutdown_protobuf_library": _shutdown_protobuf}


def _shutdown_protobuf() -> None:
    """There is no protobuf library of this module's own to be closed."""


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
