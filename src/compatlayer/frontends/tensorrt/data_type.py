"""DataType and its counterparts in NumPy and ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.enumerator import Enumerator


class DataType(Enumerator):
    """Element types. `itemsize` is in bytes; 0 for those of four bits, two of which share a byte."""

    FLOAT = 0
    HALF = 1
    INT8 = 2
    INT32 = 3
    BOOL = 4
    UINT8 = 5
    FP8 = 6
    BF16 = 7
    INT64 = 8
    INT4 = 9
    FP4 = 10

    @property
    def itemsize(self) -> int:
        return _BYTES[self]


DataType.__module__ = "tensorrt"
_BYTES = {DataType.FLOAT: 4, DataType.HALF: 2, DataType.INT8: 1, DataType.INT32: 4, DataType.BOOL: 1,
          DataType.UINT8: 1, DataType.FP8: 1, DataType.BF16: 2, DataType.INT64: 8, DataType.INT4: 0, DataType.FP4: 0}
NAMES = {"float32": DataType.FLOAT, "float16": DataType.HALF, "int8": DataType.INT8, "int32": DataType.INT32,
         "bool": DataType.BOOL, "uint8": DataType.UINT8, "fp8": DataType.FP8, "bfloat16": DataType.BF16,
         "int64": DataType.INT64, "int4": DataType.INT4, "fp4": DataType.FP4}

# TensorProto.DataType numbers, a public format's.
ONNX_FLOAT, ONNX_UINT8, ONNX_INT8, ONNX_INT32, ONNX_INT64, ONNX_BOOL = 1, 2, 3, 6, 7, 9
ONNX_HALF, ONNX_DOUBLE, ONNX_BF16, ONNX_FP8, ONNX_INT4, ONNX_FP4 = 10, 11, 16, 17, 22, 23
_TO_ONNX = {DataType.FLOAT: ONNX_FLOAT, DataType.HALF: ONNX_HALF, DataType.INT8: ONNX_INT8,
            DataType.INT32: ONNX_INT32, DataType.BOOL: ONNX_BOOL, DataType.UINT8: ONNX_UINT8, DataType.FP8: ONNX_FP8,
            DataType.BF16: ONNX_BF16, DataType.INT64: ONNX_INT64, DataType.INT4: ONNX_INT4, DataType.FP4: ONNX_FP4}
_FROM_ONNX = {number: dtype for dtype, number in _TO_ONNX.items()} | {ONNX_DOUBLE: DataType.FLOAT}
_NUMPY = {DataType.FLOAT: np.float32, DataType.HALF: np.float16, DataType.INT8: np.int8, DataType.INT32: np.int32,
          DataType.BOOL: np.bool_, DataType.UINT8: np.uint8, DataType.INT64: np.int64}
_FLOATING = {DataType.FLOAT, DataType.HALF, DataType.BF16}


def to_onnx(dtype: DataType) -> int:
    """The TensorProto.DataType number."""
    return _TO_ONNX[dtype]


def from_onnx(number: int) -> DataType | None:
    """The DataType of a TensorProto.DataType number; None for what TensorRT has not (float64 is taken as float32)."""
    return _FROM_ONNX.get(number)


def is_floating(dtype: DataType) -> bool:
    return dtype in _FLOATING


def nptype(trt_type: DataType) -> Any:
    """NumPy's counterpart; TypeError for types that NumPy lacks, as documented."""
    found = _NUMPY.get(trt_type)
    if found is None:
        raise TypeError(f"Could not resolve TensorRT datatype to an equivalent numpy datatype: {trt_type}")
    return found


def from_numpy(dtype: Any) -> DataType:
    """The DataType of a NumPy dtype; TypeError where there is none."""
    kind = np.dtype(dtype)
    for each, numpy_type in _NUMPY.items():
        if kind == np.dtype(numpy_type):
            return each
    if kind.name == "bfloat16":
        return DataType.BF16
    raise TypeError(f"Could not implicitly convert NumPy data type: {kind} to TensorRT.")


def size_bytes(dtype: DataType, count: int) -> int:
    """Bytes of `count` elements."""
    return count * dtype.itemsize if dtype.itemsize else (count + 1) // 2
