"""One kernel template, three types: instances are asked for by name expression."""

import numpy as np
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch

SOURCE = r"""
template <typename T, int Power>
__device__ T raise(T x) {
    T result = 1;
    for (int i = 0; i < Power; ++i) result *= x;
    return result;
}

template <typename T, int Power>
__global__ void axpy_power(T a, const T* x, T* y, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) y[i] += a * raise<T, Power>(x[i]);
}
"""

INSTANCES = {
    "axpy_power<float, 2>": (np.float32, 2),
    "axpy_power<double, 3>": (np.float64, 3),
    "axpy_power<int, 4>": (np.int32, 4),
}


def main() -> None:
    device = Device()
    device.set_current()
    stream = device.create_stream()
    pinned = LegacyPinnedMemoryResource()
    options = ProgramOptions(std="c++17", arch=f"sm_{device.arch}")
    code = Program(SOURCE, code_type="c++", options=options).compile("cubin", name_expressions=tuple(INSTANCES))

    count = 1000
    for expression, (dtype, power) in INSTANCES.items():
        kernel = code.get_kernel(expression)
        size_bytes = count * np.dtype(dtype).itemsize
        host_x, host_y = (pinned.allocate(size_bytes, stream=stream) for _ in range(2))
        x, y = (np.from_dlpack(buffer).view(dtype) for buffer in (host_x, host_y))
        x[:], y[:] = np.arange(count) % 13, np.arange(count)
        expected = y + dtype(3) * x**power

        dev_x, dev_y = (device.allocate(size_bytes, stream=stream) for _ in range(2))
        host_x.copy_to(dev_x, stream=stream)
        host_y.copy_to(dev_y, stream=stream)
        launch(stream, LaunchConfig(grid=(count + 127) // 128, block=128), kernel, dtype(3), dev_x, dev_y,
               np.int32(count))
        dev_y.copy_to(host_y, stream=stream)
        stream.sync()

        np.testing.assert_array_equal(y, expected)
        print(f"{expression}: equal to NumPy")
        del x, y
        for buffer in (dev_x, dev_y, host_x, host_y):
            buffer.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
