"""Surface objects: loads and stores of every size in every kind of array, and what happens outside."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cuda.bindings import driver
from engines import ENGINES
from texturing import CUBEMAP, LAYERED, SURFACE, Bench, ok, values

pytestmark = pytest.mark.timeout(300)
# Kind -> (dimensions of the array, flags, shape, what comes after the object in a call)
KINDS = {
    "1D": (1, 0, (1, 1, 13), "{x}"), "2D": (2, 0, (1, 5, 13), "{x}, {y}"), "3D": (3, 0, (4, 5, 13), "{x}, {y}, {z}"),
    "1DLayered": (1, LAYERED, (4, 1, 13), "{x}, {z}"), "2DLayered": (2, LAYERED, (4, 5, 13), "{x}, {y}, {z}"),
    "Cubemap": (2, CUBEMAP, (6, 9, 9), "{x}, {y}, {z}"),
    "CubemapLayered": (2, CUBEMAP | LAYERED, (12, 9, 9), "{x}, {y}, {z}"),
}
TYPES = {("u1", 1): "unsigned char", ("i2", 1): "short", ("u1", 4): "uchar4", ("f4", 1): "float", ("i4", 2): "int2",
         ("f4", 4): "float4", ("u2", 4): "ushort4"}
SOURCE = """extern "C" __global__ void %(name)s(cudaSurfaceObject_t s, %(type)s *data, const int4 *at, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int x = at[i].x * (int)sizeof(%(type)s), y = at[i].y, z = at[i].z;
    %(body)s;
}
"""


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    yield shared
    shared.clear()


def run(bench: Bench, body: str, type_: str, surface: int, data: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Launches `body` for each place; what `data` holds afterwards."""
    source = SOURCE % {"name": "k", "type": type_, "body": body}
    places = [bench.memory(data), bench.memory(at.astype(np.int32))]
    status = bench.launch(source, "k", len(at), np.uint64(surface), np.uint64(int(places[0])),
                          np.uint64(int(places[1])), np.int32(len(at)))
    assert status == "CUDA_SUCCESS"
    back = np.empty_like(data)
    ok(driver.cuMemcpyDtoH(back.ctypes.data, places[0], back.nbytes))
    return back


def everywhere(shape: tuple[int, int, int], beyond: int = 0) -> np.ndarray:
    """Every (x, y, z, 0) of a shape, in some order, and places up to `beyond` outside."""
    ranges = [np.arange(-beyond, extent + beyond) for extent in shape[::-1]]
    at = np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3)
    at = np.random.default_rng(5).permutation(at)
    return np.concatenate([at, np.zeros((len(at), 1), int)], 1)


@pytest.mark.parametrize(("kind", "dtype", "channels"), [
    *(("2D", *each) for each in TYPES), *((kind, "f4", 1) for kind in KINDS if kind != "2D")])
def test_what_is_written_is_read(bench: Bench, kind: str, dtype: str, channels: int) -> None:
    dims, flags, shape, place = KINDS[kind]
    texels = values(dtype, (*shape, channels))
    array = bench.array(np.zeros_like(texels), dims, flags | SURFACE)
    surface, type_, at = bench.surface(array), TYPES[dtype, channels], everywhere(shape)
    place = place.format(x="x", y="y", z="z")
    run(bench, f"surf{kind}write(data[i], s, {place})", type_, surface, texels[at[:, 2], at[:, 1], at[:, 0]], at)
    back = np.empty_like(texels)
    bench.fill(array, back, back=True)
    np.testing.assert_array_equal(back, texels)
    nothing = np.zeros((len(at), channels), texels.dtype)
    got = run(bench, f"data[i] = surf{kind}read<{type_}>(s, {place})", type_, surface, nothing, at)
    np.testing.assert_array_equal(got, texels[at[:, 2], at[:, 1], at[:, 0]])
    got = run(bench, f"surf{kind}read(&data[i], s, {place})", type_, surface, nothing, at)
    np.testing.assert_array_equal(got, texels[at[:, 2], at[:, 1], at[:, 0]])


@pytest.mark.parametrize("mode", ["Zero", "Clamp"])
@pytest.mark.parametrize("kind", ["1D", "2D", "3D", "CubemapLayered"])
def test_outside_is_nothing_or_the_edge(bench: Bench, kind: str, mode: str) -> None:
    dims, flags, shape, place = KINDS[kind]
    texels = values("i4", (*shape, 1))
    array = bench.array(texels, dims, flags | SURFACE)
    surface = bench.surface(array)
    used = np.array(["{x}" in place, "{y}" in place, "{z}" in place, False])
    at = everywhere(shape, 2) * used
    call = f"s, {place.format(x='x', y='y', z='z')}, cudaBoundaryMode{mode}"
    got = run(bench, f"data[i] = surf{kind}read<int>({call})", "int", surface, np.ones((len(at), 1), np.int32), at)
    clamped = np.clip(at[:, :3], 0, np.array(shape[::-1]) - 1)
    inside = (clamped == at[:, :3]).all(1)
    edge = texels[clamped[:, 2], clamped[:, 1], clamped[:, 0]]
    np.testing.assert_array_equal(got, edge if mode == "Clamp" else np.where(inside[:, None], edge, 0))
    if mode == "Zero":  # stores outside are dropped
        run(bench, f"surf{kind}write(data[i], {call})", "int", surface, np.full((len(at), 1), 7, np.int32), at[~inside])
        back = np.empty_like(texels)
        bench.fill(array, back, back=True)
        np.testing.assert_array_equal(back, texels)


def test_an_element_may_be_of_another_type_than_the_texels(bench: Bench) -> None:
    texels = values("u1", (1, 3, 16, 4))
    surface = bench.surface(bench.array(texels, 2, SURFACE))
    at = everywhere((1, 3, 8))
    got = run(bench, "data[i] = surf2Dread<int2>(s, x, y)", "int2", surface, np.zeros((len(at), 2), np.int32), at)
    np.testing.assert_array_equal(got, texels.reshape(3, 64).view(np.int32).reshape(3, 8, 2)[at[:, 1], at[:, 0]])


def test_a_texture_reads_what_a_surface_wrote(bench: Bench) -> None:
    array = bench.array(np.zeros((1, 5, 13, 1), np.float32), 2, SURFACE)
    texels = values("f4", (1, 5, 13, 1))
    at = everywhere((1, 5, 13))
    run(bench, "surf2Dwrite(data[i], s, x, y)", "float", bench.surface(array), texels[0, at[:, 1], at[:, 0]], at)
    texture = bench.texture(bench.resource(array))
    inputs = [at[:, 0].astype(np.float32) + np.float32(0.5), at[:, 1].astype(np.float32) + np.float32(0.5)]
    got = bench.fetched("tex2D<float>(t, a, b)", "float", np.dtype("f4"), 1, texture, inputs)
    np.testing.assert_array_equal(got, texels[0, at[:, 1], at[:, 0]])
