"""The contenders in OpenCL C: a CPU runtime through the ICD loader, called by ctypes.

The child process is started with COMPATLAYER_BENCH_OPENCL = the runtime's library; an .icd folder of its own makes the
loader see that runtime alone.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from suite.case import Arrays, Case
from suite.native import Absent, Record, player, triple

_P = ctypes.c_void_p
_SIGNATURES = {
    "clGetPlatformIDs": [ctypes.c_uint, _P, _P],
    "clGetPlatformInfo": [_P, ctypes.c_uint, ctypes.c_size_t, _P, _P],
    "clGetDeviceIDs": [_P, ctypes.c_uint64, ctypes.c_uint, _P, _P],
    "clGetDeviceInfo": [_P, ctypes.c_uint, ctypes.c_size_t, _P, _P],
    "clBuildProgram": [_P, ctypes.c_uint, _P, ctypes.c_char_p, _P, _P],
    "clGetProgramBuildInfo": [_P, _P, ctypes.c_uint, ctypes.c_size_t, _P, _P],
    "clSetKernelArg": [_P, ctypes.c_uint, ctypes.c_size_t, _P],
    "clEnqueueWriteBuffer": [_P, _P, ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t, _P, ctypes.c_uint, _P, _P],
    "clEnqueueReadBuffer": [_P, _P, ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t, _P, ctypes.c_uint, _P, _P],
    "clReleaseMemObject": [_P], "clReleaseKernel": [_P], "clReleaseProgram": [_P],
}
_MAKERS = {
    "clCreateContext": [_P, ctypes.c_uint, _P, _P, _P, _P],
    "clCreateCommandQueue": [_P, _P, ctypes.c_uint64, _P],
    "clCreateProgramWithSource": [_P, ctypes.c_uint, _P, _P, _P],
    "clCreateKernel": [_P, ctypes.c_char_p, _P],
    "clCreateBuffer": [_P, ctypes.c_uint64, ctypes.c_size_t, _P, _P],
}
_CPU, _READ_WRITE, _BUILD_LOG, _NAME, _VERSION = 2, 1, 0x1183, 0x102B, 0x102F
_PLATFORM_NAME, _PLATFORM_VERSION = 0x0902, 0x0901


class Runtime:
    """One platform's CPU device with a context and an in-order queue."""

    def __init__(self, library: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "only.icd").write_text(library + "\n")
            os.environ["OCL_ICD_VENDORS"] = folder + "/"
            os.environ["OCL_ICD_FILENAMES"] = library
            self.cl = _loader()
            for name, types in {**_SIGNATURES, **_MAKERS}.items():
                getattr(self.cl, name).argtypes = types
            for name in _MAKERS:
                getattr(self.cl, name).restype = _P
            platforms, found = (_P * 8)(), ctypes.c_uint()
            if self.cl.clGetPlatformIDs(8, platforms, ctypes.byref(found)) or not found.value:
                raise Absent(f"{library} makes no OpenCL platform")
        self.device = _P()
        for platform in platforms[:found.value]:
            if self.cl.clGetDeviceIDs(platform, _CPU, 1, ctypes.byref(self.device), None) == 0:
                break
        else:
            raise Absent(f"{library} has no CPU device")
        self.name = f"{self._text(self.cl.clGetPlatformInfo, platform, _PLATFORM_NAME)}, " \
                    f"{self._text(self.cl.clGetPlatformInfo, platform, _PLATFORM_VERSION)}"
        self.context = self.make("clCreateContext", None, 1, ctypes.byref(self.device), None, None)
        self.queue = self.make("clCreateCommandQueue", self.context, self.device, 0)

    def _text(self, function, subject: int, what: int) -> str:  # type: ignore[no-untyped-def]
        buffer = ctypes.create_string_buffer(256)
        function(subject, what, 256, buffer, None)
        return buffer.value.decode()

    def make(self, name: str, *args: object) -> int:
        """Call a clCreate function; raises RuntimeError with the status."""
        status = ctypes.c_int()
        made = getattr(self.cl, name)(*args, ctypes.byref(status))
        if status.value:
            raise RuntimeError(f"{name} answered {status.value}")
        return int(made)

    def call(self, name: str, *args: object) -> None:
        status = getattr(self.cl, name)(*args)
        if status:
            raise RuntimeError(f"{name} answered {status}")

    def build(self, source: bytes, options: bytes) -> int:
        text = ctypes.c_char_p(source)
        program = self.make("clCreateProgramWithSource", self.context, 1, ctypes.byref(text), None)
        if self.cl.clBuildProgram(program, 1, ctypes.byref(self.device), options, None, None):
            log = ctypes.create_string_buffer(4096)
            self.cl.clGetProgramBuildInfo(program, self.device, _BUILD_LOG, 4096, log, None)
            raise RuntimeError(f"kernel.cl does not build: {log.value.decode(errors='replace')[:600]}")
        return program


def _loader() -> ctypes.CDLL:
    """Khronos' loader of the environment before the system's; raises Absent."""
    for name in (str(Path(sys.prefix) / "lib" / "libOpenCL.so.1"), "libOpenCL.so.1"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise Absent("no OpenCL loader; install ocl-icd-libopencl1")


class OpenClCode:
    """A case's launches on buffers; one kernel object for each launch, with its arguments set beforehand."""

    _runtime: Runtime | None = None

    def __init__(self, case: Case, arrays: Arrays) -> None:
        source = case.source("kernel.cl")
        if source is None:
            raise Absent("not written")
        if OpenClCode._runtime is None:
            OpenClCode._runtime = Runtime(os.environ["COMPATLAYER_BENCH_OPENCL"])
        self._cl = runtime = OpenClCode._runtime
        self._first = arrays
        defines = "".join(f" -D{name}={value}" for name, value in case.defines.items())
        begin = time.perf_counter()
        self._program = runtime.build(source.read_bytes(), f"-cl-std=CL1.2 -cl-mad-enable{defines}".encode())
        self.times = {"compile": time.perf_counter() - begin}
        self._memory = {name: runtime.make("clCreateBuffer", runtime.context, _READ_WRITE, array.nbytes, None)
                        for name, array in arrays.items()}
        self._count = len(case.launches)
        self._records = (Record * self._count)()
        self._kept: list[object] = []
        for record, launch in zip(self._records, case.launches, strict=True):
            record.kernel = kernel = runtime.make("clCreateKernel", self._program, launch.kernel.encode())
            record.grid, record.block = triple(launch.grid), triple(launch.block)
            for index, arg in enumerate(launch.args):
                value = np.array([np.uint64(self._memory[arg]) if isinstance(arg, str) else arg])
                runtime.call("clSetKernelArg", kernel, index, value.nbytes, value.ctypes.data)
        self._launch = ctypes.cast(runtime.cl.clEnqueueNDRangeKernel, _P)
        self._wait = ctypes.cast(runtime.cl.clFinish, _P)
        self._play = player().play_opencl

    def reset(self) -> None:
        for name, array in self._first.items():
            self._cl.call("clEnqueueWriteBuffer", self._cl.queue, self._memory[name], 1, 0, array.nbytes,
                          array.ctypes.data, 0, None, None)

    def run(self, repeats: int) -> float:
        seconds = self._play(self._launch, self._wait, self._cl.queue, self._records, self._count, repeats)
        if seconds < 0:
            raise RuntimeError(f"a launch or its wait answered OpenCL status {seconds:.0f}")
        return float(seconds)

    def outputs(self, names: list[str]) -> Arrays:
        outputs = {name: np.empty_like(self._first[name]) for name in names}
        for name, array in outputs.items():
            self._cl.call("clEnqueueReadBuffer", self._cl.queue, self._memory[name], 1, 0, array.nbytes,
                          array.ctypes.data, 0, None, None)
        return outputs

    def close(self) -> None:
        for record in self._records:
            self._cl.call("clReleaseKernel", record.kernel)
        for memory in self._memory.values():
            self._cl.call("clReleaseMemObject", memory)
        self._cl.call("clReleaseProgram", self._program)
