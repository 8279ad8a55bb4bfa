"""Conway's game of life on a torus: 200 generations with numba.cuda, the last one as a PNG picture.

usage: game_of_life.py [output.png]
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from numba import cuda


@cuda.jit
def generation(now, following):
    y, x = cuda.grid(2)
    height, width = now.shape
    if y >= height or x >= width:
        return
    around = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if dy != 0 or dx != 0:
                around += now[(y + dy) % height, (x + dx) % width]
    following[y, x] = 1 if around == 3 or (around == 2 and now[y, x] == 1) else 0


def reference(world, generations):
    for _ in range(generations):
        around = sum(
            np.roll(world, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)
        )
        world = ((around == 3) | ((around == 2) & (world == 1))).astype(np.int32)
    return world


def write_png(path, pixels):
    """Write an RGB picture; `pixels` is uint8 of shape (height, width, 3)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "out" / "game_of_life.png"
    height, width, generations = 240, 320, 200
    start = (np.random.default_rng(4).random((height, width)) < 0.3).astype(np.int32)

    now, following = cuda.to_device(start), cuda.device_array_like(start)
    block = (8, 32)
    grid = ((height + block[0] - 1) // block[0], (width + block[1] - 1) // block[1])
    for _ in range(generations):
        generation[grid, block](now, following)
        now, following = following, now
    world = now.copy_to_host()

    np.testing.assert_array_equal(world, reference(start, generations))
    write_png(output, (np.array([[20, 24, 40], [130, 230, 120]], np.uint8))[world])
    print(f"{generations} generations on {width}x{height}, {world.sum()} cells live: as in NumPy; wrote {output.name}")


if __name__ == "__main__":
    main()
