"""The driver library through ctypes: checked calls that cost little, for programs that make millions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_int, c_size_t, c_uint64, c_void_p
from pathlib import Path
from typing import Any


class Driver:
    """libcuda.so.1 of the installed package; `driver.cuX(...)` raises RuntimeError for any status but success."""

    def __init__(self) -> None:
        import compatlayer

        self.library: Any = ctypes.CDLL(str(Path(compatlayer.__file__).parent / "_lib" / "libcuda.so.1"))
        self.cuInit(0)

    def __getattr__(self, name: str) -> Callable[..., None]:
        function = getattr(self.library, name)

        def call(*arguments: Any) -> None:
            status = function(*arguments)
            if status:
                raise RuntimeError(f"{name} answers {status}")

        setattr(self, name, call)
        return call

    def made(self, name: str, *arguments: Any) -> c_void_p:
        """The handle or address that a call stores through its first argument."""
        result = c_void_p()
        getattr(self, name)(byref(result), *arguments)
        return result

    def primary(self, device: int = 0) -> c_void_p:
        context = self.made("cuDevicePrimaryCtxRetain", device)
        self.cuCtxSetCurrent(context)
        return context

    def kernel(self, image: bytes, name: bytes) -> c_void_p:
        return self.made("cuModuleGetFunction", self.made("cuModuleLoadData", image), name)

    def memory(self, size_bytes: int) -> c_void_p:
        memory = self.made("cuMemAlloc_v2", c_size_t(size_bytes))
        self.cuMemsetD8_v2(memory, 0, c_size_t(size_bytes))
        return memory

    def launch(self, kernel: c_void_p, grid: int, block: int, *arguments: Any, stream: Any = None) -> None:
        addresses = (c_void_p * len(arguments))(*map(ctypes.addressof, arguments))
        self.cuLaunchKernel(kernel, grid, 1, 1, block, 1, 1, 0, stream, addresses, None)


def address(memory: c_void_p) -> c_uint64:
    return c_uint64(memory.value or 0)


__all__ = ["Driver", "address", "byref", "c_int", "c_size_t", "c_uint64", "c_void_p"]
