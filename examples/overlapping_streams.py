"""Copies that overlap kernels: the data goes through in chunks, each on its own stream; events time the whole.

Uses cuda.bindings.driver, with pinned host memory and asynchronous copies.
"""

import ctypes

import numpy as np
from cuda.bindings import driver, nvrtc

SOURCE = rb"""
extern "C" __global__ void smooth(const float* input, float* output, int count, int rounds) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    float value = input[i];
    for (int round = 0; round < rounds; ++round) value = 0.5f * value + 0.25f;
    output[i] = value;
}
"""

CHUNKS, CHUNK, ROUNDS = 8, 1 << 16, 20


def check(result):
    """Unpack a call's results; raise when its status says that it failed."""
    status, *values = result
    if status.value != 0:
        raise RuntimeError(f"{type(status).__name__}: {status.name}")
    return values[0] if len(values) == 1 else values


def pinned_array(count: int) -> np.ndarray:
    """A float32 array in page-locked host memory, as asynchronous copies want it."""
    address = check(driver.cuMemHostAlloc(count * 4, 0))
    return np.ctypeslib.as_array(ctypes.cast(int(address), ctypes.POINTER(ctypes.c_float)), (count,))


def main() -> None:
    check(driver.cuInit(0))
    device = check(driver.cuDeviceGet(0))
    check(driver.cuCtxSetCurrent(check(driver.cuDevicePrimaryCtxRetain(device))))

    program = check(nvrtc.nvrtcCreateProgram(SOURCE, b"smooth.cu", 0, None, None))
    check(nvrtc.nvrtcCompileProgram(program, 1, [b"--gpu-architecture=compute_75"]))
    ptx = b" " * check(nvrtc.nvrtcGetPTXSize(program))
    check(nvrtc.nvrtcGetPTX(program, ptx))
    module = check(driver.cuModuleLoadData(ptx))
    kernel = check(driver.cuModuleGetFunction(module, b"smooth"))

    source, result = pinned_array(CHUNKS * CHUNK), pinned_array(CHUNKS * CHUNK)
    source[:] = np.random.default_rng(5).random(source.size, dtype=np.float32)
    dev_source, dev_result = check(driver.cuMemAlloc(source.nbytes)), check(driver.cuMemAlloc(result.nbytes))
    streams = [check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING)) for _ in range(4)]
    begin, end = (check(driver.cuEventCreate(0)) for _ in range(2))

    check(driver.cuEventRecord(begin, streams[0]))
    for stream in streams[1:]:
        check(driver.cuStreamWaitEvent(stream, begin, 0))
    for chunk in range(CHUNKS):
        stream = streams[chunk % len(streams)]
        first_byte, size_bytes = chunk * CHUNK * 4, CHUNK * 4
        chunk_in, chunk_out = int(dev_source) + first_byte, int(dev_result) + first_byte
        check(driver.cuMemcpyHtoDAsync(chunk_in, source.ctypes.data + first_byte, size_bytes, stream))
        arguments = ((chunk_in, chunk_out, CHUNK, ROUNDS),
                     (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int))
        check(driver.cuLaunchKernel(kernel, CHUNK // 128, 1, 1, 128, 1, 1, 0, stream, arguments, 0))
        check(driver.cuMemcpyDtoHAsync(result.ctypes.data + first_byte, chunk_out, size_bytes, stream))
    for stream in streams[1:]:
        done = check(driver.cuEventCreate(driver.CUevent_flags.CU_EVENT_DISABLE_TIMING))
        check(driver.cuEventRecord(done, stream))
        check(driver.cuStreamWaitEvent(streams[0], done, 0))
        check(driver.cuEventDestroy(done))
    check(driver.cuEventRecord(end, streams[0]))
    check(driver.cuEventSynchronize(end))

    expected = source.astype(np.float64)
    for _ in range(ROUNDS):
        expected = 0.5 * expected + 0.25
    np.testing.assert_allclose(result, expected, rtol=1e-6)
    elapsed_ms = check(driver.cuEventElapsedTime(begin, end))
    print(f"{CHUNKS} chunks on {len(streams)} streams: equal to NumPy")
    assert elapsed_ms > 0.0, "events measured no time"

    for stream in streams:
        check(driver.cuStreamDestroy(stream))
    for event in (begin, end):
        check(driver.cuEventDestroy(event))
    for address in (source.ctypes.data, result.ctypes.data):
        check(driver.cuMemFreeHost(address))
    for address in (dev_source, dev_result):
        check(driver.cuMemFree(address))
    check(driver.cuModuleUnload(module))
    check(driver.cuDevicePrimaryCtxRelease(device))


if __name__ == "__main__":
    main()
