"""Heat spreading over a plate, 2-D finite differences, written as a PNG picture.

usage: heat_equation.py [output.png]
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch

SOURCE = r"""
extern "C" __global__ void step(const float* now, float* next, int width, int height, float rate) {
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height) return;
    int i = y * width + x;
    if (x == 0 || y == 0 || x == width - 1 || y == height - 1) { next[i] = now[i]; return; }
    next[i] = now[i] + rate * (now[i - 1] + now[i + 1] + now[i - width] + now[i + width] - 4.0f * now[i]);
}
"""


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write an RGB picture; `pixels` is uint8 of shape (height, width, 3)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
                     + chunk(b"IEND", b""))


def colours(plate: np.ndarray) -> np.ndarray:
    """Black, red, yellow, white for temperatures 0 to 1."""
    level = np.clip(plate, 0, 1)[..., None] * 3 - np.arange(3)
    return (np.clip(level, 0, 1) * 255).astype(np.uint8)


def reference(plate: np.ndarray, steps: int, rate: float) -> np.ndarray:
    """The same scheme in NumPy, in double precision."""
    plate = plate.astype(np.float64)
    for _ in range(steps):
        inner = plate[1:-1, 1:-1]
        around = plate[1:-1, :-2] + plate[1:-1, 2:] + plate[:-2, 1:-1] + plate[2:, 1:-1]
        plate[1:-1, 1:-1] = inner + rate * (around - 4 * inner)
    return plate


def main() -> None:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "out" / "heat_equation.png"
    device = Device()
    device.set_current()
    stream = device.create_stream()
    options = ProgramOptions(std="c++17", arch=f"sm_{device.arch}")
    kernel = Program(SOURCE, code_type="c++", options=options).compile("cubin").get_kernel("step")

    width, height, steps, rate = 400, 240, 300, 0.24
    host = LegacyPinnedMemoryResource().allocate(width * height * 4, stream=stream)
    plate = np.from_dlpack(host).view(np.float32).reshape(height, width)
    plate[:] = 0
    plate[40:60, 60:340] = plate[60:200, 190:210] = 1
    start = plate.copy()

    now, following = (device.allocate(host.size, stream=stream) for _ in range(2))
    host.copy_to(now, stream=stream)
    config = LaunchConfig(grid=((width + 31) // 32, (height + 7) // 8), block=(32, 8))
    for _ in range(steps):
        launch(stream, config, kernel, now, following, np.int32(width), np.int32(height), np.float32(rate))
        now, following = following, now
    now.copy_to(host, stream=stream)
    stream.sync()

    np.testing.assert_allclose(plate, reference(start, steps, rate), atol=1e-4)
    write_png(output, colours(plate))
    print(f"{steps} steps on {width}x{height}: equal to NumPy within 1e-4; wrote {output.name}")
    del plate
    for buffer in (now, following, host):
        buffer.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
