"""The everyday program of cuda.bindings: compile, load, copy, launch, copy back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

driver = pytest.importorskip("cuda.bindings.driver")
nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

SAXPY = """
extern "C" __global__ void saxpy(float a, float *x, float *y, float *out, size_t n)
{
    size_t tid = blockIdx.x * blockDim.x + threadIdx.x;
    if (tid < n)
        out[tid] = a * x[tid] + y[tid];
}
"""


def value(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if len(values) == 1 else values


@pytest.fixture
def context() -> Any:
    value(driver.cuInit(0))
    made = value(driver.cuCtxCreate(None, 0, value(driver.cuDeviceGet(0))))
    yield made
    driver.cuCtxDestroy(made)


def compiled(form: str) -> bytes:
    program = value(nvrtc.nvrtcCreateProgram(SAXPY.encode(), b"saxpy.cu", 0, [], []))
    major = value(driver.cuDeviceGetAttribute(
        driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0))
    minor = value(driver.cuDeviceGetAttribute(
        driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0))
    kind = "sm" if form == "CUBIN" else "compute"
    options = [b"--fmad=false", f"--gpu-architecture={kind}_{major}{minor}".encode()]
    value(nvrtc.nvrtcCompileProgram(program, 2, options))
    data = bytearray(value(getattr(nvrtc, f"nvrtcGet{form}Size")(program)))
    value(getattr(nvrtc, f"nvrtcGet{form}")(program, data))
    value(nvrtc.nvrtcDestroyProgram(program))
    return bytes(data)


@pytest.mark.parametrize("form", ["PTX", "CUBIN"])
def test_saxpy_of_the_documentation_gives_what_numpy_gives(context: Any, form: str) -> None:
    module = value(driver.cuModuleLoadData(compiled(form)))
    kernel = value(driver.cuModuleGetFunction(module, b"saxpy"))
    blocks, threads = 64, 100
    a, n = np.array([2.0], np.float32), np.array(blocks * threads, np.uint32)
    x, y = (np.random.default_rng(seed).random(int(n), np.float32) for seed in (1, 2))
    stream = value(driver.cuStreamCreate(0))
    pointers = [value(driver.cuMemAlloc(x.nbytes)) for _ in range(3)]
    for pointer, data in zip(pointers, (x, y), strict=False):
        value(driver.cuMemcpyHtoDAsync(pointer, data.ctypes.data, data.nbytes, stream))
    places = [np.array([int(pointer)], np.uint64) for pointer in pointers]
    count = np.array([int(n)], np.uint64)
    arguments = np.array([one.ctypes.data for one in (a, *places, count)], np.uint64)
    value(driver.cuLaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, stream, arguments.ctypes.data, 0))
    result = np.zeros_like(x)
    value(driver.cuMemcpyDtoHAsync(result.ctypes.data, pointers[2], result.nbytes, stream))
    value(driver.cuStreamSynchronize(stream))
    np.testing.assert_array_equal(result, a * x + y)
    value(driver.cuStreamDestroy(stream))
    for pointer in pointers:
        value(driver.cuMemFree(pointer))
    value(driver.cuModuleUnload(module))


def test_arguments_as_python_values_with_ctypes_types(context: Any) -> None:
    import ctypes

    module = value(driver.cuModuleLoadData(compiled("CUBIN")))
    kernel = value(driver.cuModuleGetFunction(module, b"saxpy"))
    x = np.arange(50, dtype=np.float32)
    pointers = [value(driver.cuMemAlloc(x.nbytes)) for _ in range(3)]
    for pointer in pointers:
        value(driver.cuMemcpyHtoD(pointer, x, x.nbytes))
    values = (3.0, *pointers, 50)
    types = (ctypes.c_float, None, None, None, ctypes.c_size_t)
    value(driver.cuLaunchKernel(kernel, 2, 1, 1, 25, 1, 1, 0, 0, (values, types), 0))
    result = np.zeros_like(x)
    value(driver.cuMemcpyDtoH(result, pointers[2], x.nbytes))
    np.testing.assert_array_equal(result, 4 * x)
