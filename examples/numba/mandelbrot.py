"""The Mandelbrot set with numba.cuda, as a PNG picture.

usage: mandelbrot.py [output.png]
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from numba import cuda

LIMIT = 200


@cuda.jit(device=True)
def escape_time(cx, cy):
    x = y = 0.0
    for step in range(LIMIT):
        x, y = x * x - y * y + cx, 2 * x * y + cy
        if x * x + y * y > 4.0:
            return step
    return LIMIT


@cuda.jit
def mandelbrot(left, top, width_of_pixel, steps):
    for row in range(cuda.grid(2)[0], steps.shape[0], cuda.gridsize(2)[0]):
        for column in range(cuda.grid(2)[1], steps.shape[1], cuda.gridsize(2)[1]):
            steps[row, column] = escape_time(left + column * width_of_pixel, top - row * width_of_pixel)


def reference(left, top, width_of_pixel, shape):
    rows, columns = np.indices(shape)
    c = left + columns * width_of_pixel + 1j * (top - rows * width_of_pixel)
    z, steps = np.zeros_like(c), np.full(shape, LIMIT, np.int32)
    for step in range(LIMIT):
        going = steps == LIMIT
        z[going] = z[going] * z[going] + c[going]
        steps[going & (z.real**2 + z.imag**2 > 4.0)] = step
    return steps


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
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "out" / "mandelbrot.png"
    shape, left, top, width_of_pixel = (300, 400), -2.25, 1.2, 3.2 / 400
    steps = cuda.device_array(shape, np.int32)
    mandelbrot[(10, 13), (8, 32)](left, top, width_of_pixel, steps)
    found = steps.copy_to_host()

    different = np.count_nonzero(found != reference(left, top, width_of_pixel, shape))
    assert different < found.size // 500  # a rounding more or less moves points of the border
    level = (found % 64) * 4
    colours = np.stack([level, 255 - level, np.minimum(found, 255)], axis=-1).astype(np.uint8)
    colours[found == LIMIT] = 0
    write_png(output, colours)
    print(f"the Mandelbrot set on {shape[1]}x{shape[0]}: equal to NumPy but on its border; wrote {output.name}")


if __name__ == "__main__":
    main()
