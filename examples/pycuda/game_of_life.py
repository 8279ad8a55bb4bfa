"""Conway's game of life with PyCUDA: a kernel with shared memory, two arrays in turn, compared with NumPy."""

import numpy as np
import pycuda.autoinit  # noqa: F401
import pycuda.gpuarray as gpuarray
from pycuda.compiler import SourceModule

SIDE, GENERATIONS = 256, 50
SOURCE = """
__global__ void step(const unsigned char *now, unsigned char *next, int side)
{
    __shared__ unsigned char tile[18][18];
    int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;
    for (int i = threadIdx.y * 16 + threadIdx.x; i < 18 * 18; i += 256) {
        int row = (blockIdx.y * 16 + i / 18 + side - 1) % side, column = (blockIdx.x * 16 + i % 18 + side - 1) % side;
        tile[i / 18][i % 18] = now[row * side + column];
    }
    __syncthreads();
    int alive = 0;
    for (int dy = 0; dy < 3; ++dy)
        for (int dx = 0; dx < 3; ++dx)
            alive += tile[threadIdx.y + dy][threadIdx.x + dx];
    int self = tile[threadIdx.y + 1][threadIdx.x + 1];
    alive -= self;
    next[y * side + x] = alive == 3 || (self && alive == 2);
}
"""


def numpy_step(now: np.ndarray) -> np.ndarray:
    alive = sum(np.roll(now, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)) - now
    return ((alive == 3) | ((now == 1) & (alive == 2))).astype(np.uint8)


def main() -> None:
    step = SourceModule(SOURCE).get_function("step")
    start = (np.random.default_rng(4).random((SIDE, SIDE)) < 0.3).astype(np.uint8)
    now, after = gpuarray.to_gpu(start), gpuarray.empty((SIDE, SIDE), np.uint8)
    expected = start
    for _ in range(GENERATIONS):
        step(now, after, np.int32(SIDE), block=(16, 16, 1), grid=(SIDE // 16, SIDE // 16))
        now, after = after, now
        expected = numpy_step(expected)
    found = now.get()
    assert np.array_equal(found, expected)
    print(f"{GENERATIONS} generations of {SIDE} x {SIDE} cells: {int(start.sum())} alive at first, "
          f"{int(found.sum())} at the end, as NumPy has it")


if __name__ == "__main__":
    main()
