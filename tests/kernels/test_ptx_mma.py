"""mma.sync of every shape and type that is there, in both engines, against NumPy's products of the whole matrices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from engines import ENGINES, engine_of

from compatlayer import Device, LaunchConfig, Program, launch

# rows, depth, types of A, B and the sum
SHAPES = [(16, 8, "f16", "f16", "f32"), (16, 16, "f16", "f16", "f32"), (16, 16, "f16", "f16", "f16"),
          (16, 8, "f16", "f16", "f16"), (16, 8, "bf16", "bf16", "f32"), (16, 16, "bf16", "bf16", "f32"),
          (16, 4, "tf32", "tf32", "f32"), (16, 8, "tf32", "tf32", "f32"), (8, 16, "s8", "s8", "s32"),
          (16, 16, "u8", "s8", "s32"), (16, 32, "s8", "u8", "s32"), (16, 32, "u8", "u8", "s32"),
          (8, 4, "f64", "f64", "f64"), (8, 32, "s4", "s4", "s32"), (16, 32, "u4", "s4", "s32"),
          (16, 64, "s4", "u4", "s32"), (16, 64, "u4", "u4", "s32"), (8, 128, "b1", "b1", "s32.xor"),
          (16, 128, "b1", "b1", "s32.and"), (16, 256, "b1", "b1", "s32.xor"), (16, 256, "b1", "b1", "s32.and"),
          (16, 32, "s8", "s8", "satfinite.s32"), (16, 16, "u8", "u8", "satfinite.s32"),
          (16, 64, "s4", "s4", "satfinite.s32")]
RUN = {"f16": 2, "bf16": 2, "tf32": 1, "s8": 4, "u8": 4, "f64": 1, "s4": 8, "u4": 8, "b1": 32}


def parts(total: str) -> tuple[str, str, str]:
    """A sum's kind between the words before it and those at the instruction's end."""
    kind, _, combine = total.removeprefix("satfinite.").partition(".")
    return "satfinite." * total.startswith("sat"), kind, f".{combine}.popc" * bool(combine)


def source(rows: int, depth: int, left: str, right: str, total: str) -> str:
    """Each lane loads its registers from, and stores them to, an array of its own."""
    letter, kind = ("d", "double") if left == "f64" else ("r", "unsigned")
    before, total, after = parts(total)
    sum_letter, sum_kind = {"f64": ("d", "double"), "f32": ("f", "float")}.get(total, ("r", "unsigned"))
    halves = depth // (4 * RUN[left])
    a, b, c = rows // 8 * halves, halves, rows // 8 * (1 if total == "f16" else 2)
    names = ["{" + ", ".join(f"%{each}" for each in range(start, start + count)) + "}"
             for start, count in ((0, c), (c, a), (c + a, b), (c + a + b, c))]
    outputs = ", ".join(f'"={sum_letter}"(d[{c} * i + {each}])' for each in range(c))
    inputs = ", ".join([*(f'"{letter}"(a[{a} * i + {each}])' for each in range(a)),
                        *(f'"{letter}"(b[{b} * i + {each}])' for each in range(b)),
                        *(f'"{sum_letter}"(c[{c} * i + {each}])' for each in range(c))])
    return (f'extern "C" __global__ void k(const {kind} *a, const {kind} *b, const {sum_kind} *c, {sum_kind} *d) {{ '
            f'int i = threadIdx.x + blockIdx.x * blockDim.x; asm volatile("mma.sync.aligned.m{rows}n8k{depth}.row.col.'
            f'{before}{total}.{left}.{right}.{total}{after} {", ".join(names)};" : {outputs} : {inputs}); }}')


def bits(matrix: np.ndarray, kind: str) -> np.ndarray:
    """The elements as their bits; `matrix` holds numbers that the type has."""
    if kind == "f16":
        return matrix.astype(np.float16).view(np.uint16)
    if kind == "bf16":
        return (matrix.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    if kind == "tf32":
        return matrix.astype(np.float32).view(np.uint32)
    if kind == "b1":
        return np.packbits(matrix.astype(np.uint8), axis=1, bitorder="little")
    if kind in ("s4", "u4"):
        return (matrix[:, ::2] & 15 | (matrix[:, 1::2] & 15) << 4).astype(np.uint8)
    return matrix.astype(np.uint8) if kind in ("s8", "u8") else matrix.astype(np.float64)


def registers(matrix: np.ndarray, kind: str, bands: int) -> np.ndarray:
    """The registers of A (or, of the transposed matrix with one band, of B), a row for each lane."""
    run = RUN[kind]
    words = np.ascontiguousarray(bits(matrix, kind)).view(np.float64 if kind == "f64" else np.uint32)
    words = words.reshape(bands, 8, -1, 4)  # band, row, half, place
    assert words.shape[2] == matrix.shape[1] // (4 * run)
    return np.ascontiguousarray(words.transpose(1, 3, 2, 0)).reshape(32, -1)


def sums(matrix: np.ndarray, kind: str) -> np.ndarray:
    """The registers of C."""
    pairs = matrix.reshape(-1, 8, 4, 2).transpose(1, 2, 0, 3)  # row, place, band, column
    type_ = {"f16": np.float16, "f32": np.float32, "f64": np.float64, "s32": np.int32}[kind]
    found = np.ascontiguousarray(pairs.astype(type_)).reshape(32, -1)
    return found.view(np.uint32) if kind in ("f16", "s32") else found


RANGES = {"s8": (-128, 128), "u8": (0, 256), "s4": (-8, 8), "u4": (0, 16), "b1": (0, 2)}


def random(shape: tuple[int, int], kind: str, seed: int) -> np.ndarray:
    source_ = np.random.default_rng(seed)
    if kind in RANGES:
        return source_.integers(*RANGES[kind], shape)
    # Small multiples of an eighth: all sums of products are exact, in any order.
    return source_.integers(-24, 25, shape) / 8


def product(a: np.ndarray, b: np.ndarray, total: str) -> np.ndarray:
    """What is added; of single bits the pairs of a row and a column that differ, or are both 1."""
    if total.endswith("xor"):
        return a.sum(axis=1)[:, None] + b.sum(axis=0) - 2 * (a @ b)
    return a @ b


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    made = Device(0)
    yield made
    made.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "m{}n8k{}-{}-{}-{}".format(*shape))
def test_products_of_matrices_in_registers(shape: tuple[int, int, str, str, str], engine: str, device: Device) -> None:
    rows, depth, left, right, total = shape
    a, b = random((rows, depth), left, 1), random((depth, 8), right, 2)
    kind = parts(total)[1]
    c = random((rows, 8), "f16", 3) if kind != "s32" else np.random.default_rng(4).integers(-2**31, 2**31, (rows, 8))
    if "sat" in total:
        c[:, ::2], c[:, 1::2] = 2**31 - 5, -(2**31) + 7
    program = Program(device, source(*shape), name="mma.cu")
    given = [registers(a, left, rows // 8), registers(np.ascontiguousarray(b.T), right, 1), sums(c, kind)]
    out = np.zeros_like(given[2])
    buffers = [device.upload(np.tile(each, (4, 1))) for each in (*given, out)]
    with engine_of(device, engine):
        launch(device.default_stream, LaunchConfig((2,), (64,)), program.kernel("k"), *buffers)
    device.default_stream.synchronize()
    exact = product(a, b, total) + c
    wanted = sums(np.clip(exact, -(2**31), 2**31 - 1) if "sat" in total else exact, kind)
    got = buffers[3].copy_to()
    np.testing.assert_array_equal(got.reshape(4, 32, -1), np.broadcast_to(wanted, (4, *wanted.shape)))
    for each in buffers:
        each.close()
    program.close()


def test_tf32_ignores_the_low_bits(device: Device) -> None:
    shape = (16, 8, "tf32", "tf32", "f32")
    a, b, c = random((16, 8), "tf32", 1), random((8, 8), "tf32", 2), np.zeros((16, 8))
    program = Program(device, source(*shape), name="mma.cu")
    given = [registers(a, "tf32", 2) | np.uint32(0x1FFF), registers(np.ascontiguousarray(b.T), "tf32", 1)
             | np.uint32(0x0ABC), sums(c, "f32")]
    buffers = [device.upload(each) for each in (*given, np.zeros_like(given[2]))]
    launch(device.default_stream, LaunchConfig((1,), (32,)), program.kernel("k"), *buffers)
    device.default_stream.synchronize()
    np.testing.assert_array_equal(buffers[3].copy_to().reshape(32, -1), sums(a @ b, "f32"))
    for each in buffers:
        each.close()
    program.close()
