"""Compile a small kernel through the C interface, launch it and check the result.

Run as a program of its own (`compatlayer doctor` does), because a crash must not take the caller with it.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import byref, c_char_p, c_float, c_int, c_size_t, c_uint, c_uint64, c_void_p

SOURCE = b"""
extern "C" __global__ void axpy(float *y, const float *x, float a, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] += a * x[i];
}
"""
COUNT = 1000


class _CheckError(Exception):
    """A call failed; the text names it."""


def _call(library: ctypes.CDLL, name: str, *arguments: object) -> None:
    status = getattr(library, name)(*arguments)
    if status != 0:
        raise _CheckError(f"{name} returned {status}")


def _compile(nvrtc: ctypes.CDLL) -> bytes:
    program = c_void_p()
    _call(nvrtc, "nvrtcCreateProgram", byref(program), SOURCE, b"check.cu", 0, None, None)
    option = (c_char_p * 1)(b"--gpu-architecture=sm_86")
    status = nvrtc.nvrtcCompileProgram(program, 1, option)
    if status != 0:
        size = c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, byref(size))
        log = ctypes.create_string_buffer(size.value + 1)
        nvrtc.nvrtcGetProgramLog(program, log)
        raise _CheckError(f"nvrtcCompileProgram returned {status}: {log.value.decode(errors='replace').strip()}")
    size = c_size_t()
    _call(nvrtc, "nvrtcGetCUBINSize", program, byref(size))
    image = ctypes.create_string_buffer(size.value)
    _call(nvrtc, "nvrtcGetCUBIN", program, image)
    _call(nvrtc, "nvrtcDestroyProgram", byref(program))
    return image.raw


def _launch(cuda: ctypes.CDLL, image: bytes) -> None:
    module, function = c_void_p(), c_void_p()
    _call(cuda, "cuModuleLoadData", byref(module), image)
    _call(cuda, "cuModuleGetFunction", byref(function), module, b"axpy")
    x = (c_float * COUNT)(*range(COUNT))
    y = (c_float * COUNT)(*[1.0] * COUNT)
    size = c_size_t(ctypes.sizeof(x))
    device_x, device_y = c_uint64(), c_uint64()
    for pointer, values in ((device_x, x), (device_y, y)):
        _call(cuda, "cuMemAlloc_v2", byref(pointer), size)
        _call(cuda, "cuMemcpyHtoD_v2", pointer, values, size)
    parameters = (device_y, device_x, c_float(2.0), c_int(COUNT))
    addresses = (c_void_p * 4)(*[ctypes.addressof(parameter) for parameter in parameters])
    one, zero = c_uint(1), c_uint(0)
    shape = (c_uint((COUNT + 127) // 128), one, one, c_uint(128), one, one)
    _call(cuda, "cuLaunchKernel", function, *shape, zero, None, addresses, None)
    _call(cuda, "cuMemcpyDtoH_v2", y, device_y, size)
    wrong = [index for index in range(COUNT) if y[index] != 1.0 + 2.0 * index]
    if wrong:
        raise _CheckError(f"the kernel wrote {y[wrong[0]]} at {wrong[0]} instead of {1.0 + 2.0 * wrong[0]}")
    for pointer in (device_x, device_y):
        _call(cuda, "cuMemFree_v2", pointer)
    _call(cuda, "cuModuleUnload", module)


def main() -> int:
    """Print one line and return 0 when a kernel ran right, 1 otherwise."""
    try:
        cuda, nvrtc = ctypes.CDLL("libcuda.so.1"), ctypes.CDLL("libnvrtc.so.13")
        _call(cuda, "cuInit", 0)
        device, context = c_int(), c_void_p()
        _call(cuda, "cuDeviceGet", byref(device), 0)
        _call(cuda, "cuDevicePrimaryCtxRetain", byref(context), device)
        _call(cuda, "cuCtxSetCurrent", context)
        _launch(cuda, _compile(nvrtc))
        _call(cuda, "cuDevicePrimaryCtxRelease_v2", device)
    except (_CheckError, OSError, AttributeError) as error:
        print(error)
        return 1
    print("a kernel was compiled and launched, and its result is right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
