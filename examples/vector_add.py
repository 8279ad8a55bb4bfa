"""Add two vectors with cuda.core: compile CUDA C++ at run time, launch it, compare with NumPy."""

import numpy as np
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch

SOURCE = r"""
extern "C" __global__ void vector_add(const float* a, const float* b, float* c, size_t n) {
    size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}
"""


def main() -> None:
    device = Device()
    device.set_current()
    stream = device.create_stream()
    print(f"device: {device.name}, compute capability {device.compute_capability}")

    program = Program(SOURCE, code_type="c++", options=ProgramOptions(std="c++17", arch=f"sm_{device.arch}"))
    kernel = program.compile("cubin").get_kernel("vector_add")

    count = 1_000_003  # deliberately no multiple of the block size
    size_bytes = count * np.dtype(np.float32).itemsize
    pinned = LegacyPinnedMemoryResource()
    host_a, host_b, host_c = (pinned.allocate(size_bytes, stream=stream) for _ in range(3))
    a, b, c = (np.from_dlpack(buffer).view(np.float32) for buffer in (host_a, host_b, host_c))
    rng = np.random.default_rng(1)
    a[:] = rng.random(count, dtype=np.float32)
    b[:] = rng.random(count, dtype=np.float32)

    dev_a, dev_b, dev_c = (device.allocate(size_bytes, stream=stream) for _ in range(3))
    host_a.copy_to(dev_a, stream=stream)
    host_b.copy_to(dev_b, stream=stream)

    block = 256
    config = LaunchConfig(grid=(count + block - 1) // block, block=block)
    launch(stream, config, kernel, dev_a, dev_b, dev_c, np.uint64(count))
    dev_c.copy_to(host_c, stream=stream)
    stream.sync()

    np.testing.assert_array_equal(c, a + b)
    print(f"added {count} pairs of floats: equal to NumPy")
    del a, b, c
    for buffer in (dev_a, dev_b, dev_c, host_a, host_b, host_c):
        buffer.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
