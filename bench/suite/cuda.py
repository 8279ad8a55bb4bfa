"""The contender in CUDA C: the real cuda-bindings package on this project's driver library."""

from __future__ import annotations

import ctypes
import time

import numpy as np
from cuda.bindings import driver
from driver_calls import check, load, start

from suite.case import Arrays, Case
from suite.native import Record, player, pointers, triple


def compile_case(case: Case) -> bytes:
    """The case's kernel.cu as an image for the device."""
    from cuda.bindings import nvrtc

    path = case.folder / "kernel.cu"
    program = check(nvrtc.nvrtcCreateProgram(path.read_bytes(), str(path).encode(), 0, None, None))
    options = [b"--gpu-architecture=sm_86", *(f"-D{name}={value}".encode() for name, value in case.defines.items())]
    status, *_ = nvrtc.nvrtcCompileProgram(program, len(options), options)
    if status.value:
        log = b" " * check(nvrtc.nvrtcGetProgramLogSize(program))
        check(nvrtc.nvrtcGetProgramLog(program, log))
        raise RuntimeError(f"{status.name}: {log.decode(errors='replace')[:500]}")
    image = b" " * check(nvrtc.nvrtcGetCUBINSize(program))
    check(nvrtc.nvrtcGetCUBIN(program, image))
    check(nvrtc.nvrtcDestroyProgram(program))
    return image


class CudaCode:
    """A case's launches on device memory; `times` has what compiling and loading took, in seconds."""

    _started = False

    def __init__(self, case: Case, arrays: Arrays) -> None:
        if not CudaCode._started:
            start()
            CudaCode._started = True
        self._first = arrays
        begin = time.perf_counter()
        image = compile_case(case)
        compiled = time.perf_counter()
        self._module, _ = load(image, case.launches[0].kernel.encode())
        self.times = {"compile": compiled - begin, "load": time.perf_counter() - compiled}
        self._memory = {name: check(driver.cuMemAlloc(array.nbytes)) for name, array in arrays.items()}
        self._stream = check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
        self._count = len(case.launches)
        self._records = (Record * self._count)()
        self._kept: list[object] = []
        for record, launch in zip(self._records, case.launches, strict=True):
            kernel = check(driver.cuModuleGetFunction(self._module, launch.kernel.encode()))
            values = [np.uint64(int(self._memory[arg])) if isinstance(arg, str) else arg for arg in launch.args]
            addresses, kept = pointers(values)
            self._kept += [kernel, addresses, kept]
            record.kernel = int(kernel)
            record.grid, record.block = triple(launch.grid), triple(launch.block)
            record.arguments = ctypes.addressof(addresses)
        library = ctypes.CDLL("libcuda.so.1")
        self._launch = ctypes.cast(library.cuLaunchKernel, ctypes.c_void_p)
        self._wait = ctypes.cast(library.cuStreamSynchronize, ctypes.c_void_p)
        self._play = player().play_cuda

    def reset(self) -> None:
        for name, array in self._first.items():
            check(driver.cuMemcpyHtoD(self._memory[name], array.ctypes.data, array.nbytes))

    def run(self, repeats: int) -> float:
        seconds = self._play(self._launch, self._wait, int(self._stream), self._records, self._count, repeats)
        if seconds < 0:
            raise RuntimeError(f"a launch or its synchronisation answered CUDA status {-seconds:.0f}")
        return float(seconds)

    def outputs(self, names: list[str]) -> Arrays:
        outputs = {name: np.empty_like(self._first[name]) for name in names}
        for name, array in outputs.items():
            check(driver.cuMemcpyDtoH(array.ctypes.data, self._memory[name], array.nbytes))
        return outputs

    def close(self) -> None:
        for memory in self._memory.values():
            check(driver.cuMemFree(memory))
        check(driver.cuStreamDestroy(self._stream))
        check(driver.cuModuleUnload(self._module))
