"""Kernels that launch kernels: a quicksort whose parts are sorted by launches of its own, through cuda.core.

On a GPU, name CUDA's libcudadevrt.a in CUDADEVRT: it is linked with code whose kernels launch kernels.
"""

import os

import numpy as np
from cuda.core import (
    Device,
    LaunchConfig,
    LegacyPinnedMemoryResource,
    Linker,
    LinkerOptions,
    ObjectCode,
    Program,
    ProgramOptions,
    launch,
)

SOURCE = r"""
// Few numbers: each thread counts how many come before its own.
__global__ void by_rank(const float *from, float *to, int count) {
    int i = threadIdx.x, rank = 0;
    if (i >= count) return;
    for (int k = 0; k < count; k++) rank += from[k] < from[i] || (from[k] == from[i] && k < i);
    to[rank] = from[i];
}

__global__ void place(const float *from, float *to, int count) {
    if (threadIdx.x < count) to[threadIdx.x] = from[threadIdx.x];
}

extern "C" __global__ void quicksort(float *data, float *room, int *launches, int count, int depth) {
    if (count <= 64 || depth == 20) {
        if (count <= 64) {
            by_rank<<<1, 64>>>(data, room, count);
            place<<<1, 64>>>(room, data, count);
            atomicAdd(launches, 2);
        } else {  // too deep: by insertion
            for (int i = 1; i < count; i++)
                for (int k = i; k > 0 && data[k] < data[k - 1]; k--) {
                    float t = data[k];
                    data[k] = data[k - 1];
                    data[k - 1] = t;
                }
        }
        return;
    }
    float pivot = data[count / 2];
    int left = 0, right = count - 1;
    while (left <= right) {
        while (data[left] < pivot) left++;
        while (data[right] > pivot) right--;
        if (left <= right) {
            float t = data[left];
            data[left++] = data[right];
            data[right--] = t;
        }
    }
    // The parts do not depend on each other.
    quicksort<<<1, 1, 0, cudaStreamFireAndForget>>>(data, room, launches, right + 1, depth + 1);
    quicksort<<<1, 1, 0, cudaStreamFireAndForget>>>(data + left, room + left, launches, count - left, depth + 1);
    atomicAdd(launches, 2);
}
"""


def main() -> None:
    device = Device()
    device.set_current()
    stream = device.create_stream()
    arch = f"sm_{device.arch}"
    options = ProgramOptions(std="c++17", arch=arch, relocatable_device_code=True)
    code = Program(SOURCE, code_type="c++", options=options).compile("cubin")
    if "CUDADEVRT" in os.environ:
        library = ObjectCode.from_library(os.environ["CUDADEVRT"])
        code = Linker(code, library, options=LinkerOptions(arch=arch)).link("cubin")
    kernel = code.get_kernel("quicksort")

    count = 100_000
    memory = LegacyPinnedMemoryResource()
    buffers = [memory.allocate(4 * size, stream=stream) for size in (count, count, 1)]
    data, _, launches = (np.from_dlpack(each).view(kind)
                         for each, kind in zip(buffers, (np.float32, np.float32, np.int32), strict=True))
    numbers = np.random.default_rng(7).normal(size=count).astype(np.float32)
    data[:] = numbers
    launches[:] = 0
    launch(stream, LaunchConfig(grid=1, block=1), kernel, *buffers, np.int32(count), np.int32(0))
    stream.sync()

    np.testing.assert_array_equal(data, np.sort(numbers))
    print(f"{count} numbers sorted by {launches[0]} launches from kernels: equal to NumPy")
    del data, launches, _
    for buffer in buffers:
        buffer.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
