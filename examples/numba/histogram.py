"""A histogram of bytes: each block counts in shared memory, then adds to the whole."""

import numpy as np
from numba import cuda, int32

BINS = 256


@cuda.jit
def histogram(data, counts):
    mine = cuda.shared.array(BINS, int32)
    for b in range(cuda.threadIdx.x, BINS, cuda.blockDim.x):
        mine[b] = 0
    cuda.syncthreads()
    for i in range(cuda.grid(1), data.size, cuda.gridsize(1)):
        cuda.atomic.add(mine, data[i], 1)
    cuda.syncthreads()
    for b in range(cuda.threadIdx.x, BINS, cuda.blockDim.x):
        cuda.atomic.add(counts, b, mine[b])


def main():
    data = np.random.default_rng(6).normal(128, 30, 3_000_000).clip(0, 255).astype(np.uint8)
    counts = cuda.to_device(np.zeros(BINS, np.int32))
    histogram[256, 256](cuda.to_device(data), counts)
    np.testing.assert_array_equal(counts.copy_to_host(), np.bincount(data, minlength=BINS))
    print(f"{data.size} bytes in {BINS} bins: equal to NumPy")


if __name__ == "__main__":
    main()
