"""Histogram of bytes: atomics in shared memory per block, then atomics in global memory."""

import numpy as np
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch

SOURCE = r"""
extern "C" __global__ void histogram(const unsigned char* data, unsigned int* bins, int count) {
    extern __shared__ unsigned int local[];
    for (int bin = threadIdx.x; bin < 256; bin += blockDim.x) local[bin] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        atomicAdd(&local[data[i]], 1u);
    __syncthreads();
    for (int bin = threadIdx.x; bin < 256; bin += blockDim.x)
        if (local[bin]) atomicAdd(&bins[bin], local[bin]);
}
"""


def main() -> None:
    device = Device()
    device.set_current()
    stream = device.create_stream()
    options = ProgramOptions(std="c++17", arch=f"sm_{device.arch}")
    kernel = Program(SOURCE, code_type="c++", options=options).compile("cubin").get_kernel("histogram")

    count = 500_000
    pinned = LegacyPinnedMemoryResource()
    host_data, host_bins = pinned.allocate(count, stream=stream), pinned.allocate(256 * 4, stream=stream)
    data, bins = np.from_dlpack(host_data).view(np.uint8), np.from_dlpack(host_bins).view(np.uint32)
    data[:] = np.clip(np.random.default_rng(4).normal(128, 30, count), 0, 255)

    dev_data, dev_bins = device.allocate(count, stream=stream), device.allocate(256 * 4, stream=stream)
    host_data.copy_to(dev_data, stream=stream)
    dev_bins.fill(0, stream=stream)
    config = LaunchConfig(grid=32, block=192, shmem_size=256 * 4)
    launch(stream, config, kernel, dev_data, dev_bins, np.int32(count))
    dev_bins.copy_to(host_bins, stream=stream)
    stream.sync()

    np.testing.assert_array_equal(bins, np.bincount(data, minlength=256))
    print(f"{count} bytes into 256 bins: equal to NumPy, fullest bin {bins.argmax()} with {bins.max()}")
    del data, bins
    for buffer in (dev_data, dev_bins, host_data, host_bins):
        buffer.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
