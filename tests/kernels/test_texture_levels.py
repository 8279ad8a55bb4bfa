"""Mipmaps, cubemaps, gathers, sRGB and views: fetches that are made thread by thread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cuda.bindings import driver
from engines import ENGINES
from test_textures import COUNT, check, same
from texture_model import BORDER, CLAMP, MIRROR, WRAP, Model, read
from texturing import CUBEMAP, GATHER, LAYERED, NORMALISED, READ_AS_INTEGER, SEAMLESS, SRGB, Bench, coordinates, values

pytestmark = pytest.mark.timeout(300)
F = np.float32
NONE = np.zeros(4, F)


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    yield shared
    shared.clear()


# ---- levels ----------------------------------------------------------------------------------------
def pyramid(dims: int, channels: int = 1, dtype: str = "f4", layers: int = 1) -> list[np.ndarray]:
    extents = [12, 10, 9][:dims] + [1] * (3 - dims)
    return [values(dtype, (layers if layers > 1 else max(extents[2] >> level, 1), max(extents[1] >> level, 1),
                           max(extents[0] >> level, 1), channels), level) for level in range(4)]


def levelled(levels: list[np.ndarray], wanted: np.ndarray, linear_levels: bool, bias: float, least: float, most: float,
             sample: object) -> np.ndarray:
    """The level rounded to nearest, or two of them weighted with 8 bits of fraction."""
    each = np.stack([sample(level) for level in levels])  # type: ignore[operator]
    wanted = np.where(np.isnan(wanted), F(0), wanted).astype(F) + F(bias)
    wanted = np.clip(np.maximum(np.minimum(wanted, F(most)), F(least)), F(0), F(len(levels) - 1))
    rows = np.arange(len(wanted))
    if not linear_levels:
        return each[np.floor(wanted + F(0.5)).astype(int), rows]
    whole = np.floor(wanted)
    weight = (np.floor((wanted - whole) * F(256) + F(0.5)) / F(256)).astype(F)[:, None]
    fine, coarse = whole.astype(int), np.minimum(whole.astype(int) + 1, len(levels) - 1)
    mixed = (F(1) - weight) * each[fine, rows] + weight * each[coarse, rows]
    return np.where(weight == 0, each[fine, rows], mixed)


@pytest.mark.parametrize("linear_levels", [False, True], ids=["nearest level", "two levels"])
@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_levels_are_chosen_or_weighted(bench: Bench, dims: int, linear: bool, linear_levels: bool) -> None:
    levels = pyramid(dims)
    mipmap = bench.mipmapped(levels, dims)
    modes = (WRAP, CLAMP, MIRROR)
    texture = bench.texture(bench.resource(mipmap), modes, linear, NORMALISED, linear_levels=linear_levels, bias=0.25,
                            least=0.5, most=2.75)
    inputs = [coordinates(1, True, COUNT, axis) for axis in range(dims)]
    wanted = np.random.default_rng(1).uniform(-2, 5, COUNT).astype(F)
    wanted[:5] = np.nan, np.inf, -np.inf, 1.0, 0.998
    call = f"tex{dims}DLod<float>(t, {', '.join('abc'[:dims])}, {'abcd'[dims]})"
    got = bench.fetched(call, "float", np.dtype("f4"), 1, texture, [*inputs, wanted])
    with np.errstate(all="ignore"):
        same(got, levelled(levels, wanted, linear_levels, 0.25, 0.5, 2.75,
                           lambda level: Model(level, modes, linear, True, NONE[:1]).sample(inputs)))


def test_layers_have_levels(bench: Bench) -> None:
    levels = pyramid(2, 4, "u1", layers=3)
    texture = bench.texture(bench.resource(bench.mipmapped(levels, 2, LAYERED)), (CLAMP,) * 3, True, NORMALISED)
    inputs = [coordinates(1, True, COUNT, axis) for axis in range(2)]
    layer = np.arange(COUNT, dtype=np.int32) % 4
    wanted = np.random.default_rng(1).uniform(0, 3, COUNT).astype(F)
    got = bench.fetched("tex2DLayeredLod<float4>(t, a, b, c, d)", "float4", np.dtype("f4"), 4, texture,
                        [*inputs, layer, wanted])
    with np.errstate(all="ignore"):
        same(got, levelled(levels, wanted, False, 0, 0, 99, lambda level: Model(
            read(level, True), (CLAMP,) * 3, True, True, NONE).sample(inputs, layer)))


def test_a_fetch_without_a_level_takes_the_finest(bench: Bench) -> None:
    levels = pyramid(2)
    texture = bench.texture(bench.resource(bench.mipmapped(levels, 2)), (CLAMP,) * 3, True, NORMALISED)
    inputs = [coordinates(1, True, COUNT, axis) for axis in range(2)]
    with np.errstate(all="ignore"):
        wanted = Model(levels[0], (CLAMP,) * 3, True, True, NONE[:1]).sample(inputs)
    same(bench.fetched("tex2D<float>(t, a, b)", "float", np.dtype("f4"), 1, texture, inputs), wanted)


@pytest.mark.parametrize(("step", "level"), [(1 / 12, 0), (2 / 12, 1), (4 / 12, 2), (0.01, 0), (0.0, 0), (9.0, 3)])
def test_gradients_choose_the_level_at_which_a_step_is_a_texel(bench: Bench, step: float, level: int) -> None:
    levels = pyramid(2)
    texture = bench.texture(bench.resource(bench.mipmapped(levels, 2)), (CLAMP,) * 3, False, NORMALISED)
    inputs = [coordinates(1, True, COUNT, axis) for axis in range(2)]
    steps = np.full(COUNT, step, F)
    with np.errstate(all="ignore"):
        wanted = Model(levels[level], (CLAMP,) * 3, False, True, NONE[:1]).sample(inputs)
    for call in ("tex2DGrad<float>(t, a, b, make_float2(c, 0), make_float2(0, c * 0.5f))",
                 "tex2DGrad<float>(t, a, b, make_float2(0, 0), make_float2(c, 0))"):
        same(bench.fetched(call, "float", np.dtype("f4"), 1, texture, [*inputs, steps]), wanted)


def test_a_view_is_a_part_of_the_levels_and_layers(bench: Bench) -> None:
    levels = pyramid(2, layers=3)
    view = driver.CUDA_RESOURCE_VIEW_DESC()
    view.width, view.height, view.depth = 12, 10, 3
    view.firstMipmapLevel, view.lastMipmapLevel, view.firstLayer, view.lastLayer = 1, 2, 1, 2
    texture = bench.texture(bench.resource(bench.mipmapped(levels, 2, LAYERED)), (CLAMP,) * 3, False, NORMALISED,
                            view=view)
    inputs = [coordinates(1, True, COUNT, axis) for axis in range(2)]
    layer, wanted = np.arange(COUNT, dtype=np.int32) % 3, np.repeat(F([0, 1]), COUNT // 2)
    got = bench.fetched("tex2DLayeredLod<float>(t, a, b, c, d)", "float", np.dtype("f4"), 1, texture,
                        [*inputs, layer, wanted])
    with np.errstate(all="ignore"):
        same(got, levelled([level[1:] for level in levels[1:3]], wanted, False, 0, 0, 99, lambda level: Model(
            level, (CLAMP,) * 3, False, True, NONE[:1]).sample(inputs, layer)))


def test_a_view_reads_texels_as_another_format(bench: Bench) -> None:
    texels = values("u4", (1, 5, 7, 1))
    view = driver.CUDA_RESOURCE_VIEW_DESC()
    view.format, view.width, view.height = driver.CUresourceViewFormat.CU_RES_VIEW_FORMAT_UINT_4X8, 7, 5
    texture = bench.texture(bench.resource(bench.array(texels, 2)), view=view, flags=READ_AS_INTEGER)
    inputs = [coordinates(7, False, COUNT), coordinates(5, False, COUNT, 9)]
    got = bench.fetched("tex2D<uchar4>(t, a, b)", "uchar4", np.dtype("u1"), 4, texture, inputs)
    with np.errstate(all="ignore"):
        same(got, Model(texels.view(np.uint8).reshape(1, 5, 7, 4), (CLAMP,) * 3, False, False, np.zeros(4, np.uint8)
                        ).sample(inputs))


# ---- cubemaps --------------------------------------------------------------------------------------
def faces(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The face and (s / m + 1) / 2, (t / m + 1) / 2 by the guide's table."""
    ax, ay, az = np.abs(x), np.abs(y), np.abs(z)
    on_x, on_y = (ax >= ay) & (ax >= az), ay >= az
    table = [(x >= 0, 0, -z, -y, ax), (x < 0, 1, z, -y, ax), (y >= 0, 2, x, z, ay), (y < 0, 3, x, -z, ay),
             (z >= 0, 4, x, -y, az), (z < 0, 5, -x, -y, az)]
    face, s, t = np.zeros(x.shape, int), np.zeros_like(x), np.zeros_like(x)
    for number, (sign, index, u, v, m) in enumerate(table):
        axis = on_x if number < 2 else ~on_x & on_y if number < 4 else ~on_x & ~on_y
        here = axis & sign
        face[here], s[here], t[here] = index, (u / m)[here], (v / m)[here]
    return face, (s + F(1)) * F(0.5), (t + F(1)) * F(0.5)


@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize("layered", [False, True], ids=["one", "layers"])
def test_a_direction_picks_a_face(bench: Bench, layered: bool, linear: bool) -> None:
    texels = values("f4", (12 if layered else 6, 8, 8, 2))
    array = bench.array(texels, 2, CUBEMAP | (LAYERED if layered else 0))
    texture = bench.texture(bench.resource(array), (CLAMP,) * 3, linear, NORMALISED)
    x, y, z = np.random.default_rng(3).normal(size=(3, COUNT)).astype(F)
    layer = np.arange(COUNT, dtype=np.int32) % 3
    call = "texCubemapLayered<float2>(t, a, b, c, d)" if layered else "texCubemap<float2>(t, a, b, c)"
    got = bench.fetched(call, "float2", np.dtype("f4"), 2, texture, [x, y, z, *([layer] if layered else [])])
    face, u, v = faces(x, y, z)
    slices = face + 6 * np.minimum(layer, 1) * layered
    same(got, Model(texels, (CLAMP,) * 3, linear, True, NONE[:2]).sample([u, v], slices))


def test_seamless_filtering_is_continuous_over_edges_and_corners(bench: Bench) -> None:
    texels = values("f4", (6, 4, 4, 1))
    texture = bench.texture(bench.resource(bench.array(texels, 2, CUBEMAP)), (CLAMP,) * 3, True, NORMALISED | SEAMLESS)
    rng = np.random.default_rng(3)
    first = rng.normal(size=(3, COUNT))
    first[1, : COUNT // 2] = first[0, : COUNT // 2] * rng.choice([-1, 1], COUNT // 2)  # on edges
    first[2, : COUNT // 8] = first[0, : COUNT // 8]  # on corners
    results = [bench.fetched("texCubemap<float>(t, a, b, c)", "float", np.dtype("f4"), 1, texture,
                             list((first + 1e-4 * rng.normal(size=first.shape)).astype(F))) for _ in range(4)]
    assert np.ptp(np.stack(results), 0).max() < 16 * 8 / 256
    constant = bench.array(np.full((6, 4, 4, 1), 2.5, F), 2, CUBEMAP)
    texture = bench.texture(bench.resource(constant), (BORDER,) * 3, True, NORMALISED | SEAMLESS)
    got = bench.fetched("texCubemap<float>(t, a, b, c)", "float", np.dtype("f4"), 1, texture, list(first.astype(F)))
    assert np.abs(got - 2.5).max() < 1e-5


# ---- the rest --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["f4", "u1"])
@pytest.mark.parametrize("mode", [CLAMP, BORDER, WRAP])
def test_a_gather_answers_one_channel_of_four_texels(bench: Bench, mode: int, name: str) -> None:
    texels = values(name, (1, 5, 7, 4))
    border = F([1, 2, 3, 4])
    texture = bench.texture(bench.resource(bench.array(texels, 2, GATHER)), (mode,) * 3, False, NORMALISED, border)
    inputs = [coordinates(1, True, COUNT), coordinates(1, True, COUNT, 9)]
    model = Model(read(texels, True), (mode,) * 3, False, True, border)
    with np.errstate(all="ignore"):
        (x0, x1), (y0, y1) = ([pick[:2] for pick in Model(model.texels, (mode,) * 3, True, True, border)._axis(
            inputs[axis], (7, 5)[axis], mode)] for axis in range(2))
    for channel in range(4):
        got = bench.fetched(f"tex2Dgather<float4>(t, a, b, {channel})", "float4", np.dtype("f4"), 4, texture, inputs)
        for place, (x, y) in enumerate(((x0, y1), (x1, y1), (x1, y0), (x0, y0))):
            wanted = np.where(x[1] & y[1], model.texels[0, y[0], x[0], channel], border[channel])
            same(got[:, place], wanted)


def test_srgb_is_made_linear_before_it_is_filtered(bench: Bench) -> None:
    texels = np.arange(256, dtype=np.uint8).reshape(1, 8, 8, 4)
    texture = bench.texture(bench.resource(bench.array(texels, 2)), flags=SRGB)
    inputs = [np.tile(np.arange(8), 8).astype(F) + F(0.5), np.repeat(np.arange(8), 8).astype(F) + F(0.5)]
    got = bench.fetched("tex2D<float4>(t, a, b)", "float4", np.dtype("f4"), 4, texture, inputs)
    c = texels.reshape(64, 4) / 255
    wanted = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    wanted[:, 3] = c[:, 3]
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize(("dims", "mode"), [(1, WRAP), (2, BORDER), (3, MIRROR), (2, CLAMP)])
def test_fetches_thread_by_thread_are_those_in_lanes(bench: Bench, dims: int, mode: int, linear: bool,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """As for textures of 2 GiB and more."""
    from compatlayer.core import texture_descriptor

    monkeypatch.setattr(texture_descriptor, "_QUICK_BYTES", 0)
    shape = [3 if dims > 2 else 1, 5 if dims > 1 else 1, 7]
    for name, channels in (("f4", 1), ("u1", 4), ("f2", 2), ("i2", 1)):
        check(bench, values(name, (*shape, channels)), dims, (mode,) * 3, linear, True, True)
    check(bench, values("i1", (*shape, 4)), dims, (mode,) * 3, False, True, False)
