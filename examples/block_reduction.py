"""Sum an array: warp shuffles inside a warp, shared memory between warps, one atomic per block.

Uses cuda.bindings.driver and cuda.bindings.nvrtc, the thin layer over the C interfaces.
"""

import numpy as np
from cuda.bindings import driver, nvrtc

SOURCE = rb"""
extern "C" __global__ void sum(const float* input, double* output, int count) {
    __shared__ double partial[32];
    double value = 0.0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) value += input[i];
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
    int lane = threadIdx.x % warpSize, warp = threadIdx.x / warpSize;
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    if (warp == 0) {
        int warps = (blockDim.x + warpSize - 1) / warpSize;
        value = lane < warps ? partial[lane] : 0.0;
        for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
        if (lane == 0) atomicAdd(output, value);
    }
}
"""


def check(result):
    """Unpack a call's results; raise when its status says that it failed."""
    status, *values = result
    if status.value != 0:
        raise RuntimeError(f"{type(status).__name__}: {status.name}")
    return values[0] if len(values) == 1 else values


def compile_kernel(source: bytes, name: bytes, device) -> tuple:
    """Compile CUDA C++ for `device`; return (module, function)."""
    attribute = driver.CUdevice_attribute
    major = check(driver.cuDeviceGetAttribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device))
    minor = check(driver.cuDeviceGetAttribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device))
    program = check(nvrtc.nvrtcCreateProgram(source, b"sum.cu", 0, None, None))
    options = [f"--gpu-architecture=sm_{major}{minor}".encode()]
    check(nvrtc.nvrtcCompileProgram(program, len(options), options))
    image = b" " * check(nvrtc.nvrtcGetCUBINSize(program))
    check(nvrtc.nvrtcGetCUBIN(program, image))
    check(nvrtc.nvrtcDestroyProgram(program))
    module = check(driver.cuModuleLoadData(image))
    return module, check(driver.cuModuleGetFunction(module, name))


def main() -> None:
    check(driver.cuInit(0))
    device = check(driver.cuDeviceGet(0))
    context = check(driver.cuDevicePrimaryCtxRetain(device))
    check(driver.cuCtxSetCurrent(context))
    module, kernel = compile_kernel(SOURCE, b"sum", device)

    data = np.random.default_rng(3).random(1_234_567, dtype=np.float32)
    result = np.zeros(1)
    dev_data = check(driver.cuMemAlloc(data.nbytes))
    dev_result = check(driver.cuMemAlloc(result.nbytes))
    check(driver.cuMemcpyHtoD(dev_data, data.ctypes.data, data.nbytes))
    check(driver.cuMemsetD8(dev_result, 0, result.nbytes))

    # Kernel arguments: an array of pointers to each value.
    arguments = [np.array([int(dev_data)], np.uint64), np.array([int(dev_result)], np.uint64),
                 np.array([data.size], np.int32)]
    pointers = np.array([argument.ctypes.data for argument in arguments], np.uint64)
    check(driver.cuLaunchKernel(kernel, 64, 1, 1, 256, 1, 1, 0, 0, pointers.ctypes.data, 0))
    check(driver.cuCtxSynchronize())
    check(driver.cuMemcpyDtoH(result.ctypes.data, dev_result, result.nbytes))

    expected = data.sum(dtype=np.float64)
    np.testing.assert_allclose(result[0], expected, rtol=1e-12)
    print(f"sum of {data.size} floats: {result[0]:.6f}, NumPy {expected:.6f}")
    check(driver.cuMemFree(dev_data))
    check(driver.cuMemFree(dev_result))
    check(driver.cuModuleUnload(module))
    check(driver.cuDevicePrimaryCtxRelease(device))


if __name__ == "__main__":
    main()
