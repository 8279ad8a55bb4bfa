"""wmma.load, wmma.mma and wmma.store of every shape and type that is there, in both engines, against NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from engines import ENGINES, engine_of

from compatlayer import CompileError, Device, LaunchConfig, Program, launch

CUBES = {"m16n16k16": (16, 16, 16), "m32n8k16": (32, 8, 16), "m8n32k16": (8, 32, 16)}
# shape, element, C, D, words at the end
CASES = [*((shape, "f16", "f32", "f32", "") for shape in CUBES), ("m16n16k16", "f16", "f16", "f32", ""),
         ("m16n16k16", "f16", "f16", "f16", ""), ("m32n8k16", "f16", "f32", "f16", ""),
         *((shape, "bf16", "f32", "f32", "") for shape in CUBES), *((shape, "s8", "s32", "s32", "") for shape in CUBES),
         ("m16n16k16", "u8", "s32", "s32", ""), ("m16n16k16", "s8", "s32", "s32", ".satfinite"),
         ("m16n16k8", "tf32", "f32", "f32", ""), ("m8n8k4", "f64", "f64", "f64", "")]
SIZE = {"f16": 2, "bf16": 2, "s8": 1, "u8": 1, "tf32": 4, "f32": 4, "s32": 4, "f64": 8}
REGISTER = {"f64": "f64", "f32": "f32"}


def extents(shape: str) -> tuple[int, int, int]:
    return CUBES.get(shape) or ((16, 16, 8) if shape == "m16n16k8" else (8, 8, 4))


def registers(use: str, shape: str, kind: str) -> int:
    """How many PTX gives a fragment."""
    m, n, k = extents(shape)
    if kind == "f16" and use in "ab":
        return 8
    return {"a": m * k, "b": k * n}.get(use, m * n) * SIZE[kind] // max(4, SIZE[kind]) // 32


def source(case: tuple[str, ...], layouts: tuple[str, str, str], pitch: tuple[int, int, int]) -> str:
    shape, kind, addend, total, tail = case
    names, declared = {}, []
    for use, of in (("a", kind), ("b", kind), ("c", addend), ("d", total)):
        count = registers(use, shape, of)
        names[use] = "{" + ", ".join(f"{use}{each}" for each in range(count)) + "}"
        declared.append(f".reg .{REGISTER.get(of, 'b32')} {use}<{count}>;")
    types = f"{total}.{addend}" if kind == "f16" else f"{total}.{kind}.{kind}.{addend}"
    rounding = ".rn" if kind == "f64" else ""
    a, b, c = layouts
    lines = [*declared, f"wmma.load.a.sync.aligned.{a}.{shape}.global.{kind} {names['a']}, [%0], {pitch[0]};",
             f"wmma.load.b.sync.aligned.{b}.{shape}.{kind} {names['b']}, [%1], {pitch[1]};",
             f"wmma.load.c.sync.aligned.{c}.{shape}.global.{addend} {names['c']}, [%2], {pitch[2]};",
             f"wmma.mma.sync.aligned.{a}.{b}.{shape}{rounding}.{types}{tail} {names['d']}, {names['a']}, {names['b']}, "
             f"{names['c']};",
             f"wmma.store.d.sync.aligned.{c}.{shape}.global.{total} [%3], {names['d']}, {pitch[2]};"]
    return ('extern "C" __global__ void k(const void *a, const void *b, const void *c, void *d) { asm volatile("{'
            + " ".join(lines) + '}" :: "l"(a), "l"(b), "l"(c), "l"(d) : "memory"); }')


def stored(matrix: np.ndarray, kind: str, layout: str, pitch: int) -> np.ndarray:
    """The matrix in memory, its rows or columns `pitch` elements apart."""
    type_ = {"f16": np.float16, "f64": np.float64, "s8": np.int8, "u8": np.uint8, "s32": np.int32}.get(kind, np.float32)
    lines = (matrix if layout == "row" else matrix.T).astype(type_)
    padded = np.zeros((len(lines), pitch), type_)
    padded[:, : lines.shape[1]] = lines
    return (padded.view(np.uint32) >> 16).astype(np.uint16) if kind == "bf16" else padded


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    made = Device(0)
    yield made
    made.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case[:4]) + case[4])
def test_products_of_fragments(case: tuple[str, ...], engine: str, device: Device) -> None:
    shape, kind, addend, total, tail = case
    m, n, k = extents(shape)
    random = np.random.default_rng(len(shape) + len(kind))
    if addend == "s32":
        low, high = (-128, 128) if kind == "s8" else (0, 256)
        a, b = random.integers(low, high, (m, k)), random.integers(low, high, (k, n))
        c = random.integers(-(2**31), 2**31, (m, n))
        if tail:
            c[:, ::2], c[:, 1::2] = 2**31 - 9, -(2**31) + 5
    else:  # all sums of products are exact, in any order
        a, b, c = (random.integers(-24, 25, size) / 8 for size in ((m, k), (k, n), (m, n)))
    exact = a @ b + c
    exact = np.clip(exact, -(2**31), 2**31 - 1) if tail else exact
    layouts = ("col", "row", "col") if engine == "naive" and kind != "f64" else ("row", "col", "row")
    pitch = tuple((size[1] if layout == "row" else size[0]) + 16 // SIZE[kind] for size, layout in zip(
        ((m, k), (k, n), (m, n)), layouts, strict=True))
    wanted = stored(exact, total, layouts[2], pitch[2])
    given = [stored(a, kind, layouts[0], pitch[0]), stored(b, kind, layouts[1], pitch[1]),
             stored(c, addend, layouts[2], pitch[2]), np.zeros_like(wanted)]
    program = Program(device, source(case, layouts, pitch), name="wmma.cu")  # type: ignore[arg-type]
    buffers = [device.upload(each) for each in given]
    with engine_of(device, engine):
        launch(device.default_stream, LaunchConfig((1,), (32,)), program.kernel("k"), *buffers)
    device.default_stream.synchronize()
    np.testing.assert_array_equal(buffers[3].copy_to().view(wanted.dtype).reshape(wanted.shape), wanted)
    for each in buffers:
        each.close()
    program.close()


@pytest.mark.parametrize("text", ["wmma.load.a.sync.aligned.row.m8n8k32.s4 {%0}, [%1];",
                                  "wmma.load.a.sync.aligned.row.m16n16k8.f16 {%0}, [%1];",
                                  "wmma.load.a.sync.aligned.row.m16n16k16.s8 {%0}, [%1];",
                                  "wmma.mma.sync.aligned.row.col.m8n8k128.s32.b1.b1.s32 {%0}, {%0}, {%0}, {%0};"])
def test_other_forms_are_refused_by_name(text: str, device: Device) -> None:
    body = f'extern "C" __global__ void k(unsigned *p) {{ asm volatile("{text}" : "=r"(p[0]) : "l"(p)); }}'
    with pytest.raises(CompileError, match=r"wmma\.cu\(1\): error: inline PTX 'wmma\."):
        Program(device, body, name="wmma.cu").close()
