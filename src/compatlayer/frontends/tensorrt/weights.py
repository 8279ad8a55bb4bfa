"""Weights: arrays that layers and refitters take."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.data_type import DataType, from_numpy, nptype


class Weights:
    """Weights from an array, or empty ones of a type."""

    def __init__(self, values: Any = None, ptr: int = 0, count: int = 0) -> None:
        if isinstance(values, DataType):
            if ptr and count:
                import ctypes

                raw = (ctypes.c_char * (count * values.itemsize)).from_address(ptr)
                self._array = np.frombuffer(memoryview(raw), nptype(values), count)
            else:
                self._array = np.empty(0, nptype(values))
        else:
            self._array = np.empty(0, np.float32) if values is None else np.asarray(values)

    @property
    def dtype(self) -> DataType:
        return from_numpy(self._array.dtype)

    @property
    def size(self) -> int:
        return int(self._array.size)

    @property
    def nbytes(self) -> int:
        return int(self._array.nbytes)

    def numpy(self) -> Any:
        return self._array

    def __len__(self) -> int:
        return self.size

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._array if dtype is None else self._array.astype(dtype)


Weights.__module__ = "tensorrt"


def array_of(weights: Any) -> Any:
    """The NumPy array of what a program gave as weights; None for none."""
    if weights is None:
        return None
    array = weights.numpy() if isinstance(weights, Weights) else np.asarray(
        weights.detach().numpy() if hasattr(weights, "detach") else weights)
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    return array if array.size else None
