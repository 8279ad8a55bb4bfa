"""Tiled matrix multiply in shared memory, with cuda.core; sizes that do not divide by the tile."""

import numpy as np
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch

SOURCE = r"""
#define TILE 16

extern "C" __global__ void matmul(const float* a, const float* b, float* c, int m, int n, int k) {
    __shared__ float tile_a[TILE][TILE];
    __shared__ float tile_b[TILE][TILE + 1];
    int row = blockIdx.y * TILE + threadIdx.y;
    int column = blockIdx.x * TILE + threadIdx.x;
    float sum = 0.0f;
    for (int first = 0; first < k; first += TILE) {
        int ka = first + threadIdx.x, kb = first + threadIdx.y;
        tile_a[threadIdx.y][threadIdx.x] = row < m && ka < k ? a[row * k + ka] : 0.0f;
        tile_b[threadIdx.y][threadIdx.x] = kb < k && column < n ? b[kb * n + column] : 0.0f;
        __syncthreads();
        for (int i = 0; i < TILE; ++i) sum += tile_a[threadIdx.y][i] * tile_b[i][threadIdx.x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}
"""


def main() -> None:
    device = Device()
    device.set_current()
    stream = device.create_stream()
    pinned = LegacyPinnedMemoryResource()
    kernel = (
        Program(SOURCE, code_type="c++", options=ProgramOptions(std="c++17", arch=f"sm_{device.arch}"))
        .compile("cubin")
        .get_kernel("matmul")
    )

    m, n, k = 250, 190, 130
    rng = np.random.default_rng(2)
    host = {name: pinned.allocate(rows * columns * 4, stream=stream)
            for name, rows, columns in (("a", m, k), ("b", k, n), ("c", m, n))}
    a = np.from_dlpack(host["a"]).view(np.float32).reshape(m, k)
    b = np.from_dlpack(host["b"]).view(np.float32).reshape(k, n)
    c = np.from_dlpack(host["c"]).view(np.float32).reshape(m, n)
    a[:] = rng.standard_normal((m, k), dtype=np.float32)
    b[:] = rng.standard_normal((k, n), dtype=np.float32)

    dev = {name: device.allocate(buffer.size, stream=stream) for name, buffer in host.items()}
    host["a"].copy_to(dev["a"], stream=stream)
    host["b"].copy_to(dev["b"], stream=stream)
    config = LaunchConfig(grid=((n + 15) // 16, (m + 15) // 16), block=(16, 16))
    launch(stream, config, kernel, dev["a"], dev["b"], dev["c"], np.int32(m), np.int32(n), np.int32(k))
    dev["c"].copy_to(host["c"], stream=stream)
    stream.sync()

    np.testing.assert_allclose(c, a @ b, rtol=1e-4, atol=1e-4)
    print(f"({m}x{k}) @ ({k}x{n}) in 16x16 tiles: equal to NumPy within 1e-4")
    del a, b, c
    for buffer in (*dev.values(), *host.values()):
        buffer.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
