"""PTX on texture and surface objects: inline, against the C++ functions and against what arrays hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cuda.bindings import driver
from engines import ENGINES
from test_textures import COUNT, same
from texturing import CUBEMAP, GATHER, LAYERED, NORMALISED, READ_AS_INTEGER, SURFACE, Bench, coordinates, ok, values

pytestmark = pytest.mark.timeout(300)
CLAMPS = (1, 1, 1)
# PTX -> (operands behind the object, the C++ function's arguments)
FETCHES = {
    "tex.1d.v4.f32.f32": ("{%5}", "tex1D<float4>(t, a)"),
    "tex.2d.v4.f32.f32": ("{%5, %6}", "tex2D<float4>(t, a, b)"),
    "tex.3d.v4.f32.f32": ("{%5, %6, %7, %7}", "tex3D<float4>(t, a, b, c)"),
    "tex.a1d.v4.f32.f32": ("{%8, %5}", "tex1DLayered<float4>(t, a, d)"),
    "tex.a2d.v4.f32.f32": ("{%8, %5, %6, %6}", "tex2DLayered<float4>(t, a, b, d)"),
    "tex.level.2d.v4.f32.f32": ("{%5, %6}], %7", "tex2DLod<float4>(t, a, b, c)"),
    "tex.grad.2d.v4.f32.f32": ("{%5, %6}], {%7, %7}, {%5, %7}",
                               "tex2DGrad<float4>(t, a, b, make_float2(c, c), make_float2(a, c))"),
    "tex.cube.v4.f32.f32": ("{%5, %6, %7, %7}", "texCubemap<float4>(t, a, b, c)"),
    "tex.acube.v4.f32.f32": ("{%8, %5, %6, %7}", "texCubemapLayered<float4>(t, a, b, c, d)"),
    "tld4.g.2d.v4.f32.f32": ("{%5, %6}", "tex2Dgather<float4>(t, a, b, 1)"),
}


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    yield shared
    shared.clear()


def inline(instruction: str, operands: str, integer: bool = False) -> str:
    place = f"[%4, {operands}" + ("" if "]" in operands else "]")
    kind, letter = ("int4", "r") if integer else ("float4", "f")
    outputs = ", ".join(f'"={letter}"(v.{axis})' for axis in "xyzw")
    return (f"[&] {{ {kind} v; asm volatile(\"{instruction} {{%0, %1, %2, %3}}, {place};\" : {outputs} : "
            '"l"(t), "f"(a), "f"(b), "f"(c), "r"(d)); return v; }()')


@pytest.mark.parametrize("instruction", FETCHES)
def test_a_fetch_is_that_of_the_function(bench: Bench, instruction: str) -> None:
    operands, call = FETCHES[instruction]
    words = instruction.split(".")
    geometry = next(word for word in ("1d", "2d", "3d", "a1d", "a2d", "cube", "acube") if word in words)
    dims = 2 if "cube" in geometry else int(geometry[-2])
    flags = {"a1d": LAYERED, "a2d": LAYERED, "cube": CUBEMAP, "acube": CUBEMAP | LAYERED}.get(geometry, 0)
    shape = (12 if geometry == "acube" else 6 if flags else 3 if dims > 2 else 1, 8 if dims > 1 else 1, 8, 4)
    texels = values("f4", shape)
    if "level" in instruction or "grad" in instruction:
        what = bench.mipmapped([texels, values("f4", (1, 4, 4, 4)), values("f4", (1, 2, 2, 4))], 2)
    else:
        what = bench.array(texels, dims, flags | (GATHER if "tld4" in instruction else 0))
    texture = bench.texture(bench.resource(what), CLAMPS, "tld4" not in instruction, NORMALISED, linear_levels=True)
    inputs = [*(coordinates(1, True, COUNT, axis) for axis in range(3)), np.arange(COUNT, dtype=np.int32) % 7]
    both = [bench.fetched(each, "float4", np.dtype("f4"), 4, texture, inputs)
            for each in (inline(instruction, operands), call)]
    same(both[0], both[1])
    assert len(np.unique(both[0])) > 4


def test_integers_are_fetched_too(bench: Bench) -> None:
    texels = values("i2", (1, 5, 7, 4))
    texture = bench.texture(bench.resource(bench.array(texels, 2)), flags=READ_AS_INTEGER)
    inputs = [coordinates(7, False, COUNT), coordinates(5, False, COUNT, 9), np.zeros(COUNT, np.float32),
              np.zeros(COUNT, np.int32)]
    got = bench.fetched(inline("tex.2d.v4.s32.f32", "{%5, %6}", True), "int4", np.dtype("i4"), 4, texture, inputs)
    other = bench.fetched("tex2D<short4>(t, a, b)", "short4", np.dtype("i2"), 4, texture, inputs)
    same(got, other.astype(np.int32))
    line = values("u4", (61, 4))
    texture = bench.texture(bench.resource(bench.memory(line), line.dtype, 4, 61))
    inputs[3] = np.arange(COUNT, dtype=np.int32) - 70
    got = bench.fetched(inline("tex.1d.v4.s32.s32", "{%8}", True), "int4", np.dtype("i4"), 4, texture, inputs)
    inside = (inputs[3] >= 0) & (inputs[3] < 61)
    same(got, np.where(inside[:, None], line[np.where(inside, inputs[3], 0)], 0).astype(np.int32))


@pytest.mark.parametrize("clamp", ["trap", "clamp", "zero"])
def test_surfaces_are_read_and_written(bench: Bench, clamp: str) -> None:
    source = """extern "C" __global__ void k(cudaSurfaceObject_t s, int4 *out, int low, int high, bool writes) {
    int i = blockIdx.x * blockDim.x + threadIdx.x, w = high - low, x = low + i % w, y = low + i / w;
    if (i >= w * w) return;
    int a, b;
    asm volatile("suld.b.2d.v2.b32.CLAMP {%0, %1}, [%2, {%3, %4}];" : "=r"(a), "=r"(b)
                 : "l"(s), "r"(x * 8), "r"(y));
    int columns, rows;
    asm("suq.width.b32 %0, [%1];" : "=r"(columns) : "l"(s));
    asm("suq.height.b32 %0, [%1];" : "=r"(rows) : "l"(s));
    out[i] = make_int4(a, b, columns, rows);
    if (writes) asm volatile("sust.b.2d.v2.b32.WRITE [%0, {%1, %2}], {%3, %4};"
                 :: "l"(s), "r"(x * 8), "r"(y), "r"(a + 1), "r"(x * 100 + y) : "memory");
}
""".replace("CLAMP", clamp).replace("WRITE", "trap" if clamp == "trap" else "zero")
    texels = values("i4", (1, 9, 9, 2))
    array = bench.array(texels, 2, SURFACE)
    low, high = (0, 9) if clamp == "trap" else (-2, 11)
    side = high - low
    out = np.zeros((side, side, 4), np.int32)
    memory, surface = bench.memory(out), bench.surface(array)
    for writes in (False, True):
        assert bench.launch(source, "k", side * side, np.uint64(surface), np.uint64(int(memory)), np.int32(low),
                            np.int32(high), np.bool_(writes)) == "CUDA_SUCCESS"
        if not writes:
            ok(driver.cuMemcpyDtoH(out.ctypes.data, memory, out.nbytes))
    at = np.arange(low, high)
    edge = texels[0][np.clip(at, 0, 8)][:, np.clip(at, 0, 8)]
    inside = ((at >= 0) & (at < 9))[:, None] & ((at >= 0) & (at < 9))
    np.testing.assert_array_equal(out[..., :2], np.where(inside[..., None] | (clamp == "clamp"), edge, 0))
    assert (out[..., 2:] == 9).all()
    back = np.empty_like(texels)
    bench.fill(array, back, back=True)
    np.testing.assert_array_equal(back[0, ..., 0], texels[0, ..., 0] + 1)
    np.testing.assert_array_equal(back[0, ..., 1], np.arange(9) * 100 + np.arange(9)[:, None])


@pytest.mark.parametrize(("instruction", "operands"), [
    ("tex.2d.v4.f32.s32", "{%8, %8}"), ("tex.2dms.v4.f32.f32", "{%5, %6}"), ("tex.2d.v4.f64.f32", "{%5, %6}")])
def test_other_forms_are_refused_by_name(bench: Bench, instruction: str, operands: str) -> None:
    with pytest.raises(AssertionError, match="is not supported"):
        bench.function("extern \"C\" __global__ void k(cudaTextureObject_t t, float a, float b, float c, int d, "
                       f"float4 *o) {{ *o = {inline(instruction, operands)}; }}", "k")
