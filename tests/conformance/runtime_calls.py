"""cuda.bindings.runtime with results checked, on our libcudart."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

runtime = pytest.importorskip("cuda.bindings.runtime")
driver = pytest.importorskip("cuda.bindings.driver")

KIND = runtime.cudaMemcpyKind
TO_DEVICE, TO_HOST, WITHIN = KIND.cudaMemcpyHostToDevice, KIND.cudaMemcpyDeviceToHost, KIND.cudaMemcpyDeviceToDevice


class Runtime:
    """`rt.cudaMalloc(8)` answers the pointer or fails the test; names that are no functions are the module's."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(runtime, name)
        if not name.startswith("cuda") or isinstance(function, type) or not callable(function):
            return function

        def call(*arguments: Any) -> Any:
            status, *values = function(*arguments)
            assert status == runtime.cudaError_t.cudaSuccess, f"{name}: {status.name}"
            return values[0] if len(values) == 1 else tuple(values) or None

        return call

    @staticmethod
    def status(name: str, *arguments: Any) -> str:
        """What a call answers, as the name behind cudaError (or Success)."""
        result: str = getattr(runtime, name)(*arguments)[0].name
        return result.removeprefix("cudaError").removeprefix("cuda")

    def put(self, values: np.ndarray) -> int:
        """Device memory with these values."""
        address = self.cudaMalloc(values.nbytes)
        self.cudaMemcpy(address, values.ctypes.data, values.nbytes, TO_DEVICE)
        return int(address)

    def get(self, address: int, like: np.ndarray) -> np.ndarray:
        """The values at `address`, as many as `like` has."""
        result = np.empty_like(like)
        self.cudaMemcpy(result.ctypes.data, address, result.nbytes, TO_HOST)
        return result


def host_function(body: Callable[[], None]) -> tuple[Any, int]:
    """A C function pointer for cudaHostFn_t; keep the first value alive."""
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    function = kind(lambda data: body())
    return function, ctypes.cast(function, ctypes.c_void_p).value or 0


def extent(width: int, height: int, depth: int) -> Any:
    return runtime.make_cudaExtent(width, height, depth)


def pitched(address: int, pitch: int, width: int, height: int) -> Any:
    return runtime.make_cudaPitchedPtr(address, pitch, width, height)


def channel(x: int, y: int = 0, z: int = 0, w: int = 0, kind: str = "Float") -> Any:
    """A channel description."""
    of_kind = getattr(runtime.cudaChannelFormatKind, f"cudaChannelFormatKind{kind}")
    return runtime.cudaCreateChannelDesc(x, y, z, w, of_kind)[1]
