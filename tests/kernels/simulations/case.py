"""Mandelbrot counts to the last iteration, n-body forces in tiles, the game of life."""

import numpy as np
from kernel_case import LINES, Launch, rng


def mandelbrot(width: int, height: int, limit: int) -> np.ndarray:
    c_real = -2.0 + 3.0 * np.arange(width) / width + np.zeros((height, 1))
    c_imaginary = -1.5 + 3.0 * np.arange(height)[:, None] / height + np.zeros(width)
    real, imaginary = np.zeros((height, width)), np.zeros((height, width))
    counts = np.zeros((height, width), np.int32)
    for _ in range(limit):
        inside = real * real + imaginary * imaginary <= 4.0
        counts += inside
        following = real * real - imaginary * imaginary + c_real
        imaginary = np.where(inside, 2.0 * real * imaginary + c_imaginary, imaginary)
        real = np.where(inside, following, real)
    return counts


def forces(bodies: np.ndarray) -> np.ndarray:
    wide = bodies.astype(np.float64)
    apart = wide[None, :, :3] - wide[:, None, :3]
    inverse = ((apart**2).sum(axis=2) + np.float64(np.float32(0.01))) ** -1.5
    return (apart * (wide[None, :, 3] * inverse)[:, :, None]).sum(axis=1).astype(np.float32)


def launches():
    for width, height, block in ((1, 1, (1, 1)), (37, 21, (8, 8)), (64, 48, (33, 3))):
        grid = (-(-width // block[0]), -(-height // block[1]))
        yield Launch("mandelbrot", grid, block,
                     [np.zeros((height, width), np.int32), np.int32(width), np.int32(height), np.int32(100)],
                     {0: mandelbrot(width, height, 100)})
    for grid, block in LINES:
        n = max(1, grid * block - 3)
        bodies = rng().uniform(-1, 1, (n, 4)).astype(np.float32)
        yield Launch("forces", (grid,), (block,), [bodies, np.zeros((n, 3), np.float32), np.int32(n)],
                     {1: forces(bodies)}, shared_bytes=16 * block, relative=1e-3, absolute=1e-3)
        world = rng().integers(0, 2, (17, 23)).astype(np.uint8)
        near = sum(np.roll(world, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dx or dy)
        after = ((near == 3) | ((near == 2) & (world == 1))).astype(np.uint8)
        yield Launch("life", (grid,), (block,), [world, np.zeros_like(world), np.int32(23), np.int32(17)], {1: after})
