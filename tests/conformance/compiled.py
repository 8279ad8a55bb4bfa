"""CUDA C++ through the real NVRTC binding to the images that the tests load."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
import pytest

nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

SOURCE = """
__device__ int counter = 5;
__constant__ float scale[3] = {1.0f, 2.0f, 3.0f};
struct Pair { char tag; double weight; };

extern "C" __global__ void add_one(int *data, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        data[i] += 1;
}

extern "C" __global__ void count() { atomicAdd(&counter, 1); }

extern "C" __global__ void __launch_bounds__(128) bounded(int *out) { out[threadIdx.x] = blockDim.x; }

extern "C" __global__ void shared_sum(int *out)
{
    __shared__ int fixed[100];
    extern __shared__ int dynamic[];
    fixed[threadIdx.x % 100] = 1;
    dynamic[threadIdx.x] = 2;
    __syncthreads();
    out[threadIdx.x] = fixed[threadIdx.x % 100] + dynamic[threadIdx.x];
}

extern "C" __global__ void mixed(char a, double b, Pair c, short d, float *out)
{
    *out = a + b + c.tag + c.weight + d + scale[0];
}

extern "C" __global__ void size_of_grid(unsigned *out)
{
    if (blockIdx.x == gridDim.x - 1 && blockIdx.y == gridDim.y - 1)
        out[0] = gridDim.x, out[1] = gridDim.y, out[2] = gridDim.z;
}

extern "C" __global__ void bad_store(int *out) { out[0] = 1; }
"""
KERNELS = {"add_one", "count", "bounded", "shared_sum", "mixed", "size_of_grid", "bad_store"}


def checked(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if values else None


# Another library than ours (COMPATLAYER_TEST_LIBCUDA) takes our compiler's PTX text, not its CUBIN.
FORM = "PTX" if os.environ.get("COMPATLAYER_TEST_LIBCUDA") else "CUBIN"


@functools.cache
def build(source: str = SOURCE, form: str = FORM, options: tuple[str, ...] = ("-arch=sm_86",)) -> bytes:
    """The CUBIN, PTX or LTOIR of a source."""
    program = checked(nvrtc.nvrtcCreateProgram(source.encode(), b"test.cu", 0, [], []))
    status, = nvrtc.nvrtcCompileProgram(program, len(options), [one.encode() for one in options])
    log = bytearray(checked(nvrtc.nvrtcGetProgramLogSize(program)))
    nvrtc.nvrtcGetProgramLog(program, log)
    assert int(status) == 0, log.decode()
    data = bytearray(checked(getattr(nvrtc, f"nvrtcGet{form}Size")(program)))
    checked(getattr(nvrtc, f"nvrtcGet{form}")(program, data))
    checked(nvrtc.nvrtcDestroyProgram(program))
    return bytes(data)


class Packed:
    """Arguments as the addresses that cuLaunchKernel takes; keep it alive until the call is over."""

    def __init__(self, *values: np.generic) -> None:
        self.values = [np.array(value) for value in values]
        self.addresses = np.array([value.ctypes.data for value in self.values], np.uint64)
        self.pointer = self.addresses.ctypes.data


class Extra:
    """Arguments as one packed buffer (CU_LAUNCH_PARAM_BUFFER_POINTER, _SIZE, _END)."""

    def __init__(self, data: bytes, size: int | None = None) -> None:
        self.buffer = np.frombuffer(data, np.uint8)
        self.size = np.array([len(data) if size is None else size], np.uint64)
        self.entries = np.array([1, self.buffer.ctypes.data, 2, self.size.ctypes.data, 0], np.uint64)
        self.pointer = self.entries.ctypes.data
