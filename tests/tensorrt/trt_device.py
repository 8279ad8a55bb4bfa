"""Buffers on the device, and a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from cuda.bindings import driver


def value(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if len(values) == 1 else values


class Device:
    """Memory and one stream, freed at the end."""

    def __init__(self) -> None:
        value(driver.cuInit(0))
        self.device = value(driver.cuDeviceGet(0))
        value(driver.cuCtxSetCurrent(value(driver.cuDevicePrimaryCtxRetain(self.device))))
        self.stream = value(driver.cuStreamCreate(1))
        self.buffers: list[Any] = []

    def empty(self, size_bytes: int) -> int:
        self.buffers.append(value(driver.cuMemAlloc(max(size_bytes, 1))))
        return int(self.buffers[-1])

    def put(self, array: np.ndarray) -> int:
        address = self.empty(array.nbytes)
        self.write(address, array)
        return address

    def write(self, address: int, array: np.ndarray) -> None:
        array = np.ascontiguousarray(array)
        if array.nbytes:
            value(driver.cuMemcpyHtoD(address, array.ctypes.data, array.nbytes))

    def get(self, address: int, shape: Any, dtype: Any = np.float32) -> np.ndarray:
        array = np.empty(shape, dtype)
        if array.nbytes:
            value(driver.cuMemcpyDtoH(array.ctypes.data, address, array.nbytes))
        return array

    def wait(self) -> None:
        value(driver.cuStreamSynchronize(self.stream))
