"""The CUDA calls that the benchmarks share, through the real cuda-bindings package."""

from __future__ import annotations

from cuda.bindings import driver, nvrtc


def check(result):  # type: ignore[no-untyped-def]
    """Unpack a call's results; raise when its status says that it failed."""
    status, *values = result
    if status.value != 0:
        raise RuntimeError(f"{type(status).__name__}: {status.name}")
    return values[0] if len(values) == 1 else values


def start():  # type: ignore[no-untyped-def]
    """Make device 0's primary context current; return the device."""
    check(driver.cuInit(0))
    device = check(driver.cuDeviceGet(0))
    check(driver.cuCtxSetCurrent(check(driver.cuDevicePrimaryCtxRetain(device))))
    return device


def compile_cubin(source: bytes) -> bytes:
    """CUDA C++ to an image for the device's architecture."""
    program = check(nvrtc.nvrtcCreateProgram(source, b"bench.cu", 0, None, None))
    check(nvrtc.nvrtcCompileProgram(program, 1, [b"--gpu-architecture=sm_86"]))
    image = b" " * check(nvrtc.nvrtcGetCUBINSize(program))
    check(nvrtc.nvrtcGetCUBIN(program, image))
    check(nvrtc.nvrtcDestroyProgram(program))
    return image


def load(image: bytes, name: bytes):  # type: ignore[no-untyped-def]
    """(module, function) of an image."""
    module = check(driver.cuModuleLoadData(image))
    return module, check(driver.cuModuleGetFunction(module, name))
