"""Matrix multiplication in tiles through shared memory, with sizes that are no multiples of the tile."""

import numpy as np
from numba import cuda, float32

TILE = 16


@cuda.jit
def matmul(a, b, c):
    tile_a = cuda.shared.array((TILE, TILE), float32)
    tile_b = cuda.shared.array((TILE, TILE), float32)
    row, column = cuda.grid(2)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y

    total = float32(0)
    for start in range(0, a.shape[1], TILE):
        tile_a[x, y] = a[row, start + y] if row < a.shape[0] and start + y < a.shape[1] else float32(0)
        tile_b[x, y] = b[start + x, column] if start + x < b.shape[0] and column < b.shape[1] else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += tile_a[x, k] * tile_b[k, y]
        cuda.syncthreads()
    if row < c.shape[0] and column < c.shape[1]:
        c[row, column] = total


def main():
    generator = np.random.default_rng(2)
    a = generator.standard_normal((250, 333), dtype=np.float32)
    b = generator.standard_normal((333, 181), dtype=np.float32)
    c = cuda.device_array((a.shape[0], b.shape[1]), np.float32)

    blocks = ((c.shape[0] + TILE - 1) // TILE, (c.shape[1] + TILE - 1) // TILE)
    matmul[blocks, (TILE, TILE)](cuda.to_device(a), cuda.to_device(b), c)

    np.testing.assert_allclose(c.copy_to_host(), a @ b, atol=1e-3)
    print(f"{a.shape[0]}x{a.shape[1]} times {b.shape[0]}x{b.shape[1]}: equal to NumPy within 1e-3")


if __name__ == "__main__":
    main()
