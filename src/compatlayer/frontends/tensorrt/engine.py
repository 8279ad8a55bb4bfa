"""ICudaEngine: what was built, ready to be run."""

from __future__ import annotations

from math import prod
from typing import Any

from compatlayer.frontends.tensorrt import log
from compatlayer.frontends.tensorrt.data_type import DataType, size_bytes
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.engine_bindings import Bindings
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import (
    EngineCapability,
    ExecutionContextAllocationStrategy,
    HardwareCompatibilityLevel,
    ProfilingVerbosity,
    SerializationFlag,
    TensorFormat,
    TensorIOMode,
    TensorLocation,
)
from compatlayer.frontends.tensorrt.host_memory import IHostMemory
from compatlayer.frontends.tensorrt.io_tensor import IoTensor
from compatlayer.frontends.tensorrt.program import Program


class ICudaEngine(Bindings):
    """An engine; made by Runtime.deserialize_cuda_engine()."""

    def __init__(self, description: dict[str, Any], model: bytes, data: bytes, logger: Any) -> None:
        self.description = description
        self.logger = logger
        self.error_recorder: Any = None
        self.program = Program(description, model, logger)
        self._data = data
        self.tensors: dict[str, IoTensor] = {
            row["name"]: IoTensor(row["name"], row["input"], DataType(row["dtype"]), row["onnx"], tuple(row["shape"]),
                                  row["decides"]) for row in description["tensors"]}
        self.order = list(self.tensors)

    def __enter__(self) -> ICudaEngine:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    # Identity

    @property
    def name(self) -> str:
        return str(self.description["name"])

    @property
    def num_layers(self) -> int:
        return int(self.description["num_layers"])

    @property
    def num_optimization_profiles(self) -> int:
        return max(1, len(self.description["profiles"]))

    @property
    def refittable(self) -> bool:
        return bool(self.description["refit"])

    @property
    def profiling_verbosity(self) -> Enumerator:
        return ProfilingVerbosity(self.description["verbosity"])

    @property
    def engine_capability(self) -> Enumerator:
        return EngineCapability(self.description["capability"])

    @property
    def hardware_compatibility_level(self) -> Enumerator:
        return HardwareCompatibilityLevel(self.description["level"])

    @property
    def num_aux_streams(self) -> int:
        return 0

    @property
    def tactic_sources(self) -> int:
        return 24

    @property
    def device_memory_size(self) -> int:
        """Bytes that a context needs for values between layers; here they are the host's."""
        return 0

    @property
    def device_memory_size_v2(self) -> int:
        return 0

    def get_device_memory_size_for_profile(self, profile_index: int) -> int:
        return 0

    @property
    def streamable_weights_size(self) -> int:
        return 0

    # Weights: they are in host memory, and none is streamed

    def get_device_memory_size_for_profile_v2(self, profile_index: int) -> int:
        return 0

    @property
    def weight_streaming_budget_v2(self) -> int:
        return 0

    @weight_streaming_budget_v2.setter
    def weight_streaming_budget_v2(self, gpu_memory_budget: int) -> None:
        if gpu_memory_budget:
            log.tell_error(self.logger, "ICudaEngine::setWeightStreamingBudgetV2", log.API_USAGE, "Parameter check "
                           f"failed, condition: {gpu_memory_budget} <= getStreamableWeightsSize(): no weights of this "
                           "engine can be streamed; leave the budget alone", self.error_recorder)

    weight_streaming_budget = weight_streaming_budget_v2

    @property
    def minimum_weight_streaming_budget(self) -> int:
        return 0

    @property
    def weight_streaming_scratch_memory_size(self) -> int:
        return 0

    def get_weight_streaming_automatic_budget(self) -> int:
        return 0

    # Named tensors

    @property
    def num_io_tensors(self) -> int:
        return len(self.order)

    def _tensor(self, name: str, where: str) -> IoTensor | None:
        tensor = self.tensors.get(name)
        if tensor is None:
            log.tell_error(self.logger, f"ICudaEngine::{where}", log.API_USAGE, "Given invalid tensor name: "
                           f"{name}. Get valid tensor names with getIOTensorName(); it has {', '.join(self.order)}",
                           self.error_recorder)
        return tensor

    def get_tensor_name(self, index: int) -> str:
        if not 0 <= index < len(self.order):
            log.tell_error(self.logger, "ICudaEngine::getIOTensorName", log.API_USAGE, "Parameter check failed, "
                           f"condition: index >= 0 && index < getNbIOTensors(). {index} is none of {len(self.order)}",
                           self.error_recorder)
            return None  # type: ignore[return-value]
        return self.order[index]

    def get_tensor_mode(self, name: str) -> Enumerator:
        tensor = self._tensor(name, "getTensorIOMode")
        return TensorIOMode["NONE" if tensor is None else "INPUT" if tensor.is_input else "OUTPUT"]

    def get_tensor_shape(self, name: str) -> Dims:
        tensor = self._tensor(name, "getTensorShape")
        return Dims(tensor.shape if tensor is not None else ())

    def get_tensor_dtype(self, name: str) -> DataType:
        tensor = self._tensor(name, "getTensorDataType")
        return tensor.dtype if tensor is not None else DataType.FLOAT

    def get_tensor_location(self, name: str) -> Enumerator:
        tensor = self._tensor(name, "getTensorLocation")
        return TensorLocation["HOST" if tensor is not None and tensor.decides_shapes else "DEVICE"]

    def is_shape_inference_io(self, name: str) -> bool:
        tensor = self._tensor(name, "isShapeInferenceIO")
        return tensor is not None and tensor.decides_shapes

    def get_tensor_bytes_per_component(self, name: str, profile_index: int = 0) -> int:
        tensor = self._tensor(name, "getTensorBytesPerComponent")
        return tensor.dtype.itemsize if tensor is not None else 0

    def get_tensor_components_per_element(self, name: str, profile_index: int = 0) -> int:
        return 1 if self._tensor(name, "getTensorComponentsPerElement") is not None else -1

    def get_tensor_vectorized_dim(self, name: str, profile_index: int = 0) -> int:
        self._tensor(name, "getTensorVectorizedDim")
        return -1

    def get_tensor_format(self, name: str, profile_index: int = 0) -> Enumerator:
        self._tensor(name, "getTensorFormat")
        return TensorFormat["LINEAR"]

    def get_tensor_format_desc(self, name: str, profile_index: int = 0) -> str:
        tensor = self._tensor(name, "getTensorFormatDesc")
        return f"Row major linear {tensor.dtype.name} format (kLINEAR)" if tensor is not None else ""

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[Dims]:
        tensor = self._tensor(name, "getProfileShape")
        if tensor is None or not tensor.is_input:
            return []
        shapes = self.profile_shapes(profile_index)
        return [Dims(shape) for shape in shapes.get(name, (tensor.shape,) * 3)]

    def get_tensor_profile_values(self, name_or_index: Any, profile_index: Any) -> list[list[int]]:
        name, number = (name_or_index, profile_index) if isinstance(name_or_index, str) else (
            profile_index, name_or_index)
        profiles = self.description["profiles"]
        return [list(part) for part in profiles[number]["values"].get(name, ())] if number < len(profiles) else []

    def profile_shapes(self, index: int) -> dict[str, Any]:
        profiles = self.description["profiles"]
        return dict(profiles[index]["shapes"]) if 0 <= index < len(profiles) else {}

    def is_debug_tensor(self, name: str) -> bool:
        return name in self.description["debug"]

    def most_bytes(self, name: str) -> int:
        """The size of a tensor of static shape; 0 for others."""
        tensor = self.tensors[name]
        return 0 if -1 in tensor.shape else size_bytes(tensor.dtype, prod(tensor.shape))

    # Making other things

    def serialize(self) -> IHostMemory:
        return IHostMemory(self.program.serialized() if self.program.refitted else self._data)

    def create_serialization_config(self) -> Any:
        from compatlayer.frontends.tensorrt.runtime import ISerializationConfig

        return ISerializationConfig()

    def serialize_with_config(self, config: Any) -> IHostMemory | None:
        """The engine as bytes; None, with the reason in the log, for what is not done here."""
        if config.get_flag(SerializationFlag["EXCLUDE_WEIGHTS"]):
            log.tell_error(self.logger, "ICudaEngine::serializeWithConfig", log.API_USAGE, "EXCLUDE_WEIGHTS is not "
                           "implemented for an engine with weights; build it with BuilderFlag.STRIP_PLAN",
                           self.error_recorder)
            return None
        return self.serialize()

    def create_execution_context(self, strategy: Any = None, **options: Any) -> Any:
        from compatlayer.frontends.tensorrt.execution_context import IExecutionContext

        strategy = options.get("strategy", strategy) or ExecutionContextAllocationStrategy["STATIC"]
        try:
            return IExecutionContext(self, strategy)
        except log.Refusal as error:
            log.tell_error(self.logger, "ICudaEngine::createExecutionContext", error.code, str(error),
                           self.error_recorder)
            return None

    def create_execution_context_without_device_memory(self) -> Any:
        return self.create_execution_context(ExecutionContextAllocationStrategy["USER_MANAGED"])

    def create_engine_inspector(self) -> Any:
        from compatlayer.frontends.tensorrt.inspector import EngineInspector

        return EngineInspector(self)

    def create_runtime_config(self) -> Any:
        raise NotImplementedError("IRuntimeConfig is not implemented; call create_execution_context(strategy)")


ICudaEngine.__module__ = "tensorrt"
