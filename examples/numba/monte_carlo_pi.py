"""Pi from random points in a square, with numba's own generator on the device."""

import math

import numpy as np
from numba import cuda
from numba.cuda.random import create_xoroshiro128p_states, xoroshiro128p_uniform_float32

THREADS, BLOCKS, POINTS = 64, 128, 250


@cuda.jit
def count_inside(states, points, inside):
    i = cuda.grid(1)
    found = 0
    for _ in range(points):
        x = xoroshiro128p_uniform_float32(states, i)
        y = xoroshiro128p_uniform_float32(states, i)
        if x * x + y * y <= 1:
            found += 1
    inside[i] = found


def main():
    states = create_xoroshiro128p_states(THREADS * BLOCKS, seed=7)
    inside = cuda.device_array(THREADS * BLOCKS, np.int64)
    count_inside[BLOCKS, THREADS](states, POINTS, inside)

    points = THREADS * BLOCKS * POINTS
    pi = 4 * inside.copy_to_host().sum() / points
    deviation = 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4) / points)
    assert abs(pi - math.pi) < 5 * deviation
    print(f"pi from {points} random points: {pi:.4f}, within five standard deviations")


if __name__ == "__main__":
    main()
