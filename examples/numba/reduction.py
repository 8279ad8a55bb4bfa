"""Sums of a million numbers three ways: @cuda.reduce, shared memory with atomics, and shuffles within warps."""

import numpy as np
from numba import cuda, float64, int32

THREADS = 256


@cuda.reduce
def add(a, b):
    return a + b


@cuda.jit
def sum_in_shared_memory(values, total):
    partial = cuda.shared.array(THREADS, float64)
    i, thread = cuda.grid(1), cuda.threadIdx.x
    mine = 0.0
    for k in range(i, values.size, cuda.gridsize(1)):
        mine += values[k]
    partial[thread] = mine
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if thread < half:
            partial[thread] += partial[thread + half]
        cuda.syncthreads()
        half //= 2
    if thread == 0:
        cuda.atomic.add(total, 0, partial[0])


@cuda.jit
def sum_with_shuffles(values, total):
    mine = int32(0)
    for k in range(cuda.grid(1), values.size, cuda.gridsize(1)):
        mine += values[k]
    for step in (16, 8, 4, 2, 1):
        mine += cuda.shfl_down_sync(0xFFFFFFFF, mine, step)
    if cuda.laneid == 0:
        cuda.atomic.add(total, 0, mine)


def main():
    generator = np.random.default_rng(3)
    numbers = generator.standard_normal(1_000_003)
    whole = generator.integers(-1000, 1000, numbers.size, dtype=np.int32)

    assert np.isclose(add(cuda.to_device(numbers)), numbers.sum(), rtol=0, atol=1e-7)

    total = cuda.to_device(np.zeros(1))
    sum_in_shared_memory[256, THREADS](cuda.to_device(numbers), total)
    assert np.isclose(total.copy_to_host()[0], numbers.sum(), rtol=0, atol=1e-7)

    count = cuda.to_device(np.zeros(1, np.int32))
    sum_with_shuffles[256, THREADS](cuda.to_device(whole), count)
    assert count.copy_to_host()[0] == whole.sum()
    print(f"{numbers.size} numbers summed three ways: equal to NumPy")


if __name__ == "__main__":
    main()
