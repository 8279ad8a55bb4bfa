"""Kernels that launch kernels, in tests: a context of its own and one program, in a chosen engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from cuda.bindings import driver, nvrtc

RDC = b"--relocatable-device-code=true"


def ok(answer: tuple) -> Any:
    """The result of a call that must succeed."""
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if values else None


def compiled(source: str, options: tuple[bytes, ...] = (RDC,)) -> tuple[bytes, str]:
    """The cubin, empty if there is an error, and the log."""
    program = ok(nvrtc.nvrtcCreateProgram(source.encode(), b"launches.cu", 0, [], []))
    error, = nvrtc.nvrtcCompileProgram(program, 1 + len(options), [b"--gpu-architecture=sm_86", *options])
    log = bytearray(ok(nvrtc.nvrtcGetProgramLogSize(program)))
    ok(nvrtc.nvrtcGetProgramLog(program, log))
    cubin = b""
    if int(error) == 0:
        data = bytearray(ok(nvrtc.nvrtcGetCUBINSize(program)))
        ok(nvrtc.nvrtcGetCUBIN(program, data))
        cubin = bytes(data)
    ok(nvrtc.nvrtcDestroyProgram(program))
    return cubin, log.rstrip(b"\0").decode()


class Session:
    """A context and an engine; close() ends them whatever happened."""

    def __init__(self, engine: str) -> None:
        from compatlayer.core.runtime import state

        ok(driver.cuInit(0))
        self.context = ok(driver.cuCtxCreate(None, 0, ok(driver.cuDeviceGet(0))))
        self.hardware: Any = state.device(0).hardware
        self.settings = self.hardware.settings
        self.hardware.settings = self.settings._replace(engine=engine)
        self.module: Any = None

    def close(self) -> None:
        self.hardware.settings = self.settings
        driver.cuCtxDestroy(self.context)

    def load(self, source: str) -> None:
        cubin, log = compiled(source)
        assert cubin, log
        self.module = ok(driver.cuModuleLoadData(cubin))

    def memory(self, data: np.ndarray) -> np.uint64:
        """The address of a copy of `data`, which goes with the context."""
        pointer = ok(driver.cuMemAlloc(max(data.nbytes, 1)))
        ok(driver.cuMemcpyHtoD(pointer, data.ctypes.data, data.nbytes))
        return np.uint64(int(pointer))

    def read(self, pointer: np.uint64, like: np.ndarray) -> np.ndarray:
        back = np.empty_like(like)
        ok(driver.cuMemcpyDtoH(back.ctypes.data, int(pointer), back.nbytes))
        return back

    def enqueue(self, name: str, grid: int, block: int, *arguments: Any, stream: Any = 0) -> None:
        function = ok(driver.cuModuleGetFunction(self.module, name.encode()))
        held = [np.array(each) for each in arguments]
        places = np.array([each.ctypes.data for each in held], np.uint64)
        ok(driver.cuLaunchKernel(function, grid, 1, 1, block, 1, 1, 0, stream, places.ctypes.data, 0))

    def launch(self, name: str, grid: int, block: int, *arguments: Any) -> str:
        """The name of the status of a wait for the launch."""
        self.enqueue(name, grid, block, *arguments)
        return driver.cuCtxSynchronize()[0].name

    def run(self, name: str, grid: int, block: int, data: np.ndarray, *arguments: Any) -> np.ndarray:
        """What `data`, the first argument, holds after the launch."""
        pointer = self.memory(data)
        assert self.launch(name, grid, block, pointer, *arguments) == "CUDA_SUCCESS"
        return self.read(pointer, data)
