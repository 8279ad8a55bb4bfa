"""A TensorRT detector of coloured squares: pre- and post-processing are CUDA kernels, the network is an ONNX model.

usage: tensorrt_detect.py [output.png]

The network has no training: its filters compare the colour inside a square of one of three sizes with the colour around
it, so a square gives the highest score where it lies, at its own size. Everything between the camera's picture and the
picture with boxes runs in one CUDA stream.
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import tensorrt as trt
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT, SCALE = 480, 360, 3  # of the picture, and how much smaller the network sees it
COLUMNS, ROWS = WIDTH // SCALE, HEIGHT // SCALE
SIZES = (9, 15, 21)  # of squares, in the network's pixels
COLOURS = {"red": (220, 45, 40), "green": (50, 205, 60), "blue": (45, 60, 225)}
THRESHOLD, OVERLAP, ROOM = 0.6, 0.3, 4096

SOURCE = r"""
struct Box { float x0, y0, x1, y1, score; int colour; };

// uint8 rows of RGB become float planes of means over scale x scale pixels.
extern "C" __global__ void prepare(const unsigned char* picture, float* planes, int columns, int rows, int scale) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, c = blockIdx.z;
    if (x >= columns || y >= rows) return;
    int sum = 0;
    for (int dy = 0; dy < scale; dy++)
        for (int dx = 0; dx < scale; dx++)
            sum += picture[((y * scale + dy) * columns * scale + x * scale + dx) * 3 + c];
    planes[(c * rows + y) * columns + x] = sum / (255.0f * scale * scale);
}

// Every score above the threshold becomes a box: channel = size * 3 + colour.
extern "C" __global__ void decode(const float* scores, int columns, int rows, int scale, int small, int middle,
                                  int large, float threshold, Box* boxes, int* count, int room) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, channel = blockIdx.z;
    if (x >= columns || y >= rows) return;
    float score = scores[(channel * rows + y) * columns + x];
    if (!(score > threshold)) return;
    int place = atomicAdd(count, 1);
    if (place >= room) return;
    int size = channel / 3 == 0 ? small : channel / 3 == 1 ? middle : large;
    float half = 0.5f * size * scale, cx = (x + 0.5f) * scale, cy = (y + 0.5f) * scale;
    boxes[place] = {cx - half, cy - half, cx + half, cy + half, score, channel % 3};
}

__device__ float overlap(const Box& a, const Box& b) {
    float w = fminf(a.x1, b.x1) - fmaxf(a.x0, b.x0), h = fminf(a.y1, b.y1) - fmaxf(a.y0, b.y0);
    if (w <= 0 || h <= 0) return 0;
    return w * h / ((a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - w * h);
}

// Non-maximum suppression in one block: the best box is kept, what overlaps it goes, again and again. Of boxes with
// equal scores the first by place is the best, whatever order decode() wrote them in.
extern "C" __global__ void suppress(Box* boxes, int* count, float most, Box* kept, int* kept_count, int room) {
    __shared__ unsigned long long best;
    __shared__ Box winner;
    int boxes_there = min(*count, room), found = 0;
    for (;; found++) {
        if (threadIdx.x == 0) best = 0;
        __syncthreads();
        for (int i = threadIdx.x; i < boxes_there; i += blockDim.x) {
            const Box& box = boxes[i];
            if (box.score <= 0) continue;
            unsigned place = 0xffffffffu - ((unsigned)box.y0 * 4096u + (unsigned)box.x0);
            atomicMax(&best, (unsigned long long)__float_as_uint(box.score) << 32 | place);
        }
        __syncthreads();
        if (best == 0) break;
        for (int i = threadIdx.x; i < boxes_there; i += blockDim.x) {
            const Box& box = boxes[i];
            unsigned place = 0xffffffffu - ((unsigned)box.y0 * 4096u + (unsigned)box.x0);
            if (box.score > 0 && best == ((unsigned long long)__float_as_uint(box.score) << 32 | place)) winner = box;
        }
        __syncthreads();
        for (int i = threadIdx.x; i < boxes_there; i += blockDim.x)
            if (overlap(boxes[i], winner) > most) boxes[i].score = 0;
        if (threadIdx.x == 0) kept[found] = winner;
        __syncthreads();
    }
    if (threadIdx.x == 0) *kept_count = found;
}

// Frames of two pixels, one block for each box.
extern "C" __global__ void draw(unsigned char* picture, int width, int height, const Box* kept, const int* kept_count) {
    if (blockIdx.x >= *kept_count) return;
    Box box = kept[blockIdx.x];
    int x0 = max(0, (int)box.x0 - 3), y0 = max(0, (int)box.y0 - 3);
    int x1 = min(width - 1, (int)box.x1 + 3), y1 = min(height - 1, (int)box.y1 + 3);
    for (int y = y0; y <= y1; y++)
        for (int x = x0 + threadIdx.x; x <= x1; x += blockDim.x)
            if (x < x0 + 2 || x > x1 - 2 || y < y0 + 2 || y > y1 - 2)
                for (int c = 0; c < 3; c++) picture[(y * width + x) * 3 + c] = c == 2 ? 0 : 255;
}
"""
BOX = np.dtype([("x0", "f4"), ("y0", "f4"), ("x1", "f4"), ("y1", "f4"), ("score", "f4"), ("colour", "i4")])


def scene() -> tuple[np.ndarray, list[tuple[int, int, int, str]]]:
    """A noisy picture with squares on it, and what they are: x, y, size, colour."""
    random = np.random.default_rng(8)
    picture = random.integers(60, 150, (HEIGHT, WIDTH, 1), np.uint8).repeat(3, axis=2)
    picture[120:240] //= 2
    squares = []
    for place, (row, column) in enumerate((row, column) for row in range(3) for column in range(4)):
        name, size = list(COLOURS)[place % 3], SIZES[(place * 5 + row) % 3] * SCALE + int(random.integers(-2, 3))
        x, y = (int(random.integers(15, 120 - size - 15)) + 120 * each for each in (column, row))
        picture[y:y + size, x:x + size] = COLOURS[name] + random.integers(-20, 20, (size, size, 3))
        squares.append((x, y, size, name))
    return picture, squares


def network() -> bytes:
    """The detector as an ONNX model: planes [1, 3, ROWS, COLUMNS] to scores [1, 9, ROWS, COLUMNS]."""
    weights = {"colour": (np.eye(3) * 1.5 - 0.5).reshape(3, 3, 1, 1) * 1.6, "zero": np.array(0.0), "one": np.array(1.0)}
    nodes = [helper.make_node("Conv", ["planes", "colour"], ["how much"]),
             helper.make_node("Clip", ["how much", "zero", "one"], ["masks"])]
    for size in SIZES:
        whole = size + 2 * (size // 3)
        inside = np.pad(np.full((size, size), 1 / size**2), size // 3)
        around = (inside == 0) / (whole**2 - size**2)
        weights[f"filter {size}"] = np.broadcast_to(inside - around, (3, 1, whole, whole))
        nodes.append(helper.make_node("Conv", ["masks", f"filter {size}"], [f"score {size}"], group=3,
                                      pads=[whole // 2] * 4))
    nodes.append(helper.make_node("Concat", [f"score {size}" for size in SIZES], ["scores"], axis=1))
    graph = helper.make_graph(
        nodes, "squares", [helper.make_tensor_value_info("planes", TensorProto.FLOAT, [1, 3, ROWS, COLUMNS])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 9, ROWS, COLUMNS])],
        [numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name) for name, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    return model.SerializeToString()


def build(logger: trt.Logger) -> trt.ICudaEngine:
    builder = trt.Builder(logger)
    definition = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH))
    parser = trt.OnnxParser(definition, logger)
    if not parser.parse(network()):
        raise SystemExit("\n".join(str(parser.get_error(place)) for place in range(parser.num_errors)))
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, 64 << 20)
    plan = builder.build_serialized_network(definition, config)
    return trt.Runtime(logger).deserialize_cuda_engine(plan)


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


def detect(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The boxes that were found, best first, and the picture with their frames."""
    device = Device()
    device.set_current()
    stream = device.create_stream()
    program = Program(SOURCE, code_type="c++", options=ProgramOptions(std="c++17", arch=f"sm_{device.arch}"))
    compiled = program.compile("cubin", name_expressions=("prepare", "decode", "suppress", "draw"))
    prepare, decode, suppress, draw = (compiled.get_kernel(name) for name in ("prepare", "decode", "suppress", "draw"))
    context = build(trt.Logger(trt.Logger.WARNING)).create_execution_context()

    sizes = {"picture": picture.nbytes, "planes": 12 * ROWS * COLUMNS, "scores": 36 * ROWS * COLUMNS,
             "boxes": ROOM * BOX.itemsize, "kept": ROOM * BOX.itemsize, "counts": 8}
    pinned = LegacyPinnedMemoryResource()
    memory = {name: device.allocate(size, stream=stream) for name, size in sizes.items()}
    host = {name: pinned.allocate(sizes[name], stream=stream) for name in ("picture", "kept", "counts")}
    view = {name: np.from_dlpack(buffer).view(np.uint8) for name, buffer in host.items()}
    for name in ("planes", "scores"):
        context.set_tensor_address(name, int(memory[name].handle))

    view["picture"][:] = picture.reshape(-1)
    host["picture"].copy_to(memory["picture"], stream=stream)
    memory["counts"].fill(0, stream=stream)
    second = int(memory["counts"].handle) + 4
    shape = (np.int32(COLUMNS), np.int32(ROWS), np.int32(SCALE))
    grid = ((COLUMNS + 15) // 16, (ROWS + 15) // 16)
    launch(stream, LaunchConfig(grid=(*grid, 3), block=(16, 16)), prepare, memory["picture"], memory["planes"], *shape)
    if not context.execute_async_v3(int(stream.handle)):
        raise SystemExit("the engine could not be run")
    launch(stream, LaunchConfig(grid=(*grid, 9), block=(16, 16)), decode, memory["scores"], *shape,
           *map(np.int32, SIZES), np.float32(THRESHOLD), memory["boxes"], memory["counts"], np.int32(ROOM))
    launch(stream, LaunchConfig(grid=1, block=256), suppress, memory["boxes"], memory["counts"], np.float32(OVERLAP),
           memory["kept"], second, np.int32(ROOM))
    launch(stream, LaunchConfig(grid=64, block=64), draw, memory["picture"], np.int32(WIDTH), np.int32(HEIGHT),
           memory["kept"], second)
    for name in host:
        memory[name].copy_to(host[name], stream=stream)
    stream.sync()

    _, found = view["counts"].view(np.int32)
    boxes, drawn = view["kept"].view(BOX)[:found].copy(), view["picture"].reshape(picture.shape).copy()
    del view, context
    for buffer in (*memory.values(), *host.values()):
        buffer.close(stream)
    stream.close()
    return boxes, drawn


def main() -> None:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "out" / "tensorrt_detect.png"
    picture, squares = scene()
    boxes, drawn = detect(picture)
    write_png(output, drawn)
    least = 1.0
    for x, y, size, name in squares:
        width = np.minimum(boxes["x1"], x + size) - np.maximum(boxes["x0"], x)
        height = np.minimum(boxes["y1"], y + size) - np.maximum(boxes["y0"], y)
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        areas = (boxes["x1"] - boxes["x0"]) * (boxes["y1"] - boxes["y0"])
        near = shared / (areas + size**2 - shared)
        assert list(COLOURS)[boxes["colour"][near.argmax()]] == name, f"the {name} square at {x}, {y} was not found"
        least = min(least, near.max())
    assert len(boxes) == len(squares), f"{len(boxes)} boxes for {len(squares)} squares"
    assert least > 0.7, f"a box overlaps its square by {least:.2f} only"
    print(f"{len(boxes)} squares found, each with its colour and place; wrote {output.name}")


if __name__ == "__main__":
    main()
