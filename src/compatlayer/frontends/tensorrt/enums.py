"""The enumerations of the API. Names and values follow the API reference of TensorRT 8.6 and 10.

`tests/tensorrt/api_8.json` and `api_10.json` list the documented names and values, and a test compares them.
"""

from __future__ import annotations

from enum import EnumType

from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.profile import PROFILE


def _enum(name: str, ten: str, eight: str | None = None) -> type[Enumerator]:
    """Members in the order of their values; `NAME=5` goes on from there. `eight` where 8.6 differs from 10.

    The second name of a value is another name of the first, as in the original.
    """
    number, numbered = -1, []
    for member in (eight if eight is not None and PROFILE == 8 else ten).split():
        text, _, value = member.partition("=")
        number = int(value) if value else number + 1
        numbered.append((text, number))
    kind: type[Enumerator] = EnumType.__call__(Enumerator, name, numbered, module="tensorrt")  # type: ignore[assignment]
    return kind


LayerType = _enum("LayerType", """
    CONVOLUTION CAST ACTIVATION POOLING LRN SCALE SOFTMAX DECONVOLUTION CONCATENATION ELEMENTWISE PLUGIN UNARY
    PADDING SHUFFLE REDUCE TOPK GATHER MATRIX_MULTIPLY RAGGED_SOFTMAX CONSTANT IDENTITY PLUGIN_V2 SLICE SHAPE
    PARAMETRIC_RELU RESIZE TRIP_LIMIT RECURRENCE ITERATOR LOOP_OUTPUT SELECT FILL QUANTIZE DEQUANTIZE CONDITION
    CONDITIONAL_INPUT CONDITIONAL_OUTPUT SCATTER EINSUM ASSERTION ONE_HOT NON_ZERO GRID_SAMPLE NMS REVERSE_SEQUENCE
    NORMALIZATION PLUGIN_V3 SQUEEZE UNSQUEEZE CUMULATIVE""", """
    CONVOLUTION FULLY_CONNECTED ACTIVATION POOLING LRN SCALE SOFTMAX DECONVOLUTION CONCATENATION ELEMENTWISE PLUGIN
    UNARY PADDING SHUFFLE REDUCE TOPK GATHER MATRIX_MULTIPLY RAGGED_SOFTMAX CONSTANT RNN_V2 IDENTITY PLUGIN_V2 SLICE
    SHAPE PARAMETRIC_RELU RESIZE TRIP_LIMIT RECURRENCE ITERATOR LOOP_OUTPUT SELECT FILL QUANTIZE DEQUANTIZE
    CONDITION CONDITIONAL_INPUT CONDITIONAL_OUTPUT SCATTER EINSUM ASSERTION ONE_HOT NON_ZERO GRID_SAMPLE NMS
    REVERSE_SEQUENCE NORMALIZATION CAST""")
ActivationType = _enum("ActivationType", """
    RELU SIGMOID TANH LEAKY_RELU ELU SELU SOFTSIGN SOFTPLUS CLIP HARD_SIGMOID SCALED_TANH THRESHOLDED_RELU GELU_ERF
    GELU_TANH""", """
    RELU SIGMOID TANH LEAKY_RELU ELU SELU SOFTSIGN SOFTPLUS CLIP HARD_SIGMOID SCALED_TANH THRESHOLDED_RELU""")
PoolingType = _enum("PoolingType", "MAX AVERAGE MAX_AVERAGE_BLEND")
PaddingMode = _enum("PaddingMode", "EXPLICIT_ROUND_DOWN EXPLICIT_ROUND_UP SAME_UPPER SAME_LOWER", """
    EXPLICIT_ROUND_DOWN EXPLICIT_ROUND_UP SAME_UPPER SAME_LOWER CAFFE_ROUND_DOWN CAFFE_ROUND_UP""")
ElementWiseOperation = _enum("ElementWiseOperation", """
    SUM PROD MAX MIN SUB DIV POW FLOOR_DIV AND OR XOR EQUAL GREATER LESS""")
UnaryOperation = _enum("UnaryOperation", """
    EXP LOG SQRT RECIP ABS NEG SIN COS TAN SINH COSH ASIN ACOS ATAN ASINH ACOSH ATANH CEIL FLOOR ERF NOT SIGN ROUND
    ISINF ISNAN""", """
    EXP LOG SQRT RECIP ABS NEG SIN COS TAN SINH COSH ASIN ACOS ATAN ASINH ACOSH ATANH CEIL FLOOR ERF NOT SIGN ROUND
    ISINF""")
ReduceOperation = _enum("ReduceOperation", "SUM PROD MAX MIN AVG")
TopKOperation = _enum("TopKOperation", "MAX MIN")
MatrixOperation = _enum("MatrixOperation", "NONE TRANSPOSE VECTOR")
ScaleMode = _enum("ScaleMode", "UNIFORM CHANNEL ELEMENTWISE")
GatherMode = _enum("GatherMode", "DEFAULT ELEMENT ND")
ScatterMode = _enum("ScatterMode", "ELEMENT ND")
SampleMode = _enum(
    "SampleMode", "STRICT_BOUNDS WRAP CLAMP FILL REFLECT",
    "STRICT_BOUNDS DEFAULT=0 WRAP CLAMP FILL REFLECT")
InterpolationMode = _enum("InterpolationMode", "NEAREST LINEAR CUBIC")
ResizeCoordinateTransformation = _enum("ResizeCoordinateTransformation", "ALIGN_CORNERS ASYMMETRIC HALF_PIXEL")
ResizeSelector = _enum("ResizeSelector", "FORMULA UPPER")
ResizeRoundMode = _enum("ResizeRoundMode", "HALF_UP HALF_DOWN FLOOR CEIL")
FillOperation = _enum("FillOperation", "LINSPACE RANDOM_UNIFORM RANDOM_NORMAL")
LoopOutput = _enum("LoopOutput", "LAST_VALUE CONCATENATE REVERSE")
TripLimit = _enum("TripLimit", "COUNT WHILE")
BoundingBoxFormat = _enum("BoundingBoxFormat", "CORNER_PAIRS CENTER_SIZES")
CumulativeOperation = _enum("CumulativeOperation", "SUM")
WeightsRole = _enum("WeightsRole", "KERNEL BIAS SHIFT SCALE CONSTANT ANY")

TensorIOMode = _enum("TensorIOMode", "NONE INPUT OUTPUT")
TensorLocation = _enum("TensorLocation", "DEVICE HOST")
TensorFormat = _enum("TensorFormat", """
    LINEAR CHW2 HWC8 CHW4 CHW16 CHW32 DHWC8 CDHW32 HWC DLA_LINEAR DLA_HWC4 HWC16 DHWC""")
NetworkDefinitionCreationFlag = _enum(
    "NetworkDefinitionCreationFlag", "EXPLICIT_BATCH STRONGLY_TYPED",
    "EXPLICIT_BATCH EXPLICIT_PRECISION")
BuilderFlag = _enum("BuilderFlag", """
    FP16 INT8 DEBUG GPU_FALLBACK REFIT DISABLE_TIMING_CACHE TF32 SPARSE_WEIGHTS SAFETY_SCOPE
    OBEY_PRECISION_CONSTRAINTS PREFER_PRECISION_CONSTRAINTS DIRECT_IO REJECT_EMPTY_ALGORITHMS VERSION_COMPATIBLE
    EXCLUDE_LEAN_RUNTIME FP8 ERROR_ON_TIMING_CACHE_MISS BF16 DISABLE_COMPILATION_CACHE STRIP_PLAN WEIGHTLESS=19
    REFIT_IDENTICAL WEIGHT_STREAMING INT4 REFIT_INDIVIDUAL STRICT_NANS MONITOR_MEMORY FP4 EDITABLE_TIMING_CACHE
    DISTRIBUTIVE_INDEPENDENCE""", """
    FP16 INT8 DEBUG GPU_FALLBACK STRICT_TYPES REFIT DISABLE_TIMING_CACHE TF32 SPARSE_WEIGHTS SAFETY_SCOPE
    OBEY_PRECISION_CONSTRAINTS PREFER_PRECISION_CONSTRAINTS DIRECT_IO REJECT_EMPTY_ALGORITHMS
    ENABLE_TACTIC_HEURISTIC VERSION_COMPATIBLE EXCLUDE_LEAN_RUNTIME FP8""")
MemoryPoolType = _enum(
    "MemoryPoolType", """
    WORKSPACE DLA_MANAGED_SRAM DLA_LOCAL_DRAM DLA_GLOBAL_DRAM TACTIC_DRAM TACTIC_SHARED_MEMORY""",
    "WORKSPACE DLA_MANAGED_SRAM DLA_LOCAL_DRAM DLA_GLOBAL_DRAM TACTIC_DRAM")
ProfilingVerbosity = _enum(
    "ProfilingVerbosity", "LAYER_NAMES_ONLY NONE DETAILED",
    "LAYER_NAMES_ONLY DEFAULT=0 NONE DETAILED VERBOSE=2")
LayerInformationFormat = _enum("LayerInformationFormat", "ONELINE JSON")
EngineCapability = _enum(
    "EngineCapability", "STANDARD SAFETY DLA_STANDALONE",
    "STANDARD DEFAULT=0 SAFETY SAFE_GPU=1 DLA_STANDALONE SAFE_DLA=2")
DeviceType = _enum("DeviceType", "GPU DLA")
QuantizationFlag = _enum("QuantizationFlag", "CALIBRATE_BEFORE_FUSION")
PreviewFeature = _enum(
    "PreviewFeature", "PROFILE_SHARING_0806 ALIASED_PLUGIN_IO_10_03 RUNTIME_ACTIVATION_RESIZE_10_10",
    """
    FASTER_DYNAMIC_SHAPES_0805 DISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805 PROFILE_SHARING_0806""")
HardwareCompatibilityLevel = _enum(
    "HardwareCompatibilityLevel", "NONE AMPERE_PLUS SAME_COMPUTE_CAPABILITY",
    "NONE AMPERE_PLUS")
RuntimePlatform = _enum("RuntimePlatform", "SAME_AS_BUILD WINDOWS_AMD64")
ExecutionContextAllocationStrategy = _enum("ExecutionContextAllocationStrategy", """
    STATIC ON_PROFILE_CHANGE USER_MANAGED""")
TilingOptimizationLevel = _enum("TilingOptimizationLevel", "NONE FAST MODERATE FULL")
TempfileControlFlag = _enum("TempfileControlFlag", "ALLOW_IN_MEMORY_FILES ALLOW_TEMPORARY_FILES")
SerializationFlag = _enum("SerializationFlag", "EXCLUDE_WEIGHTS EXCLUDE_LEAN_RUNTIME INCLUDE_REFIT")
OnnxParserFlag = _enum(
    "OnnxParserFlag", "NATIVE_INSTANCENORM ENABLE_UINT8_AND_ASYMMETRIC_QUANTIZATION_DLA",
    "NATIVE_INSTANCENORM")
ErrorCode = _enum("ErrorCode", """
    SUCCESS INTERNAL_ERROR MEM_ALLOC_FAILED MODEL_DESERIALIZE_FAILED INVALID_VALUE INVALID_GRAPH INVALID_NODE
    UNSUPPORTED_GRAPH UNSUPPORTED_NODE UNSUPPORTED_NODE_ATTR UNSUPPORTED_NODE_INPUT UNSUPPORTED_NODE_DATATYPE
    UNSUPPORTED_NODE_DYNAMIC UNSUPPORTED_NODE_SHAPE REFIT_FAILED""", """
    SUCCESS INTERNAL_ERROR MEM_ALLOC_FAILED MODEL_DESERIALIZE_FAILED INVALID_VALUE INVALID_GRAPH INVALID_NODE
    UNSUPPORTED_GRAPH UNSUPPORTED_NODE""")
ErrorCodeTRT = _enum("ErrorCodeTRT", """
    SUCCESS UNSPECIFIED_ERROR INTERNAL_ERROR INVALID_ARGUMENT INVALID_CONFIG FAILED_ALLOCATION FAILED_INITIALIZATION
    FAILED_EXECUTION FAILED_COMPUTATION INVALID_STATE UNSUPPORTED_STATE""")
CalibrationAlgoType = _enum("CalibrationAlgoType", """
    LEGACY_CALIBRATION ENTROPY_CALIBRATION ENTROPY_CALIBRATION_2 MINMAX_CALIBRATION""")
AllocatorFlag = _enum("AllocatorFlag", "RESIZABLE")
PluginFieldType = _enum(
    "PluginFieldType", """
    FLOAT16 FLOAT32 FLOAT64 INT8 INT16 INT32 CHAR DIMS UNKNOWN BF16 INT64 FP8 INT4 FP4""",
    "FLOAT16 FLOAT32 FLOAT64 INT8 INT16 INT32 CHAR DIMS UNKNOWN")
PluginCapabilityType = _enum("PluginCapabilityType", "CORE BUILD RUNTIME")
PluginCreatorVersion = _enum("PluginCreatorVersion", "V1 V1_PYTHON=64")
TensorRTPhase = _enum("TensorRTPhase", "BUILD RUNTIME")
DimensionOperation = _enum("DimensionOperation", """
    SUM PROD MAX MIN SUB EQUAL LESS FLOOR_DIV CEIL_DIV""")
TacticSource = _enum("TacticSource", "CUBLAS CUBLAS_LT CUDNN EDGE_MASK_CONVOLUTIONS JIT_CONVOLUTIONS")
APILanguage = _enum("APILanguage", "CPP PYTHON")


def layer_kind(name: str) -> Enumerator:
    """The kind of a layer; IDENTITY where this generation has no such layer, which no program can then make."""
    return LayerType.__members__.get(name, LayerType["IDENTITY"])
