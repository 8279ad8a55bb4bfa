"""Texture objects of one level: every format, address mode, filter and kind of coordinate against the formulas."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import texture_model
from engines import ENGINES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texture_model import BORDER, CLAMP, MIRROR, WRAP, Model
from texturing import FORMATS, LAYERED, NORMALISED, READ_AS_INTEGER, Bench, coordinates, cuda_type, values

pytestmark = pytest.mark.timeout(300)
COUNT = 200
CALLS = {(1, False): "tex1D<{}>(t, a)", (2, False): "tex2D<{}>(t, a, b)", (3, False): "tex3D<{}>(t, a, b, c)",
         (1, True): "tex1DLayered<{}>(t, a, b)", (2, True): "tex2DLayered<{}>(t, a, b, c)"}
SIZES = (7, 5, 3)


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    yield shared
    shared.clear()


def same(got: np.ndarray, wanted: np.ndarray) -> None:
    """Bit for bit, but for the payload of NaN."""
    assert got.dtype == wanted.dtype
    equal = got == wanted
    if got.dtype.kind == "f":
        equal &= np.signbit(got) == np.signbit(wanted)
        equal |= np.isnan(got) & np.isnan(wanted)
    assert equal.all(), f"{np.argwhere(~equal)[:5].tolist()}: {got[~equal][:5]} instead of {wanted[~equal][:5]}"


def check(bench: Bench, texels: np.ndarray, dims: int, modes: tuple[int, int, int], linear: bool, normalised: bool,
          as_float: bool, layered: bool = False, seed: int = 3, count: int = COUNT) -> None:
    array = bench.array(texels, dims, LAYERED if layered else 0)
    read = texture_model.read(texels, as_float)
    border = np.array([1.5, -2.0, 0.25, 3.0], np.float32) if read.dtype.kind == "f" else np.array(
        [1, 2, 3, 100], np.uint32)
    flags = (NORMALISED if normalised else 0) | (0 if as_float else READ_AS_INTEGER)
    texture = bench.texture(bench.resource(array), modes, linear, flags, border)
    sizes = texels.shape[2::-1]
    inputs = [coordinates(sizes[axis], normalised, count, seed + axis) for axis in range(dims)]
    layer = np.random.default_rng(seed).integers(-1, texels.shape[0] + 1, len(inputs[0]), np.int32) if layered else None
    channels = texels.shape[3]
    got = bench.fetched(CALLS[dims, layered].format(cuda_type(read.dtype, channels)), cuda_type(read.dtype, channels),
                        read.dtype, channels, texture, [*inputs, *([layer] if layer is not None else [])])
    model = Model(read, modes, linear, normalised, border[:channels].astype(read.dtype))
    with np.errstate(all="ignore"):
        same(got, model.sample(inputs, layer))


@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_floats(bench: Bench, name: str, channels: int, linear: bool) -> None:
    if linear and name in ("u4", "i4"):
        return
    check(bench, values(name, (1, 5, 7, channels)), 2, (CLAMP, BORDER, CLAMP), linear, False, True)


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("name", [name for name in FORMATS if name[0] != "f"])
def test_every_integer_format_is_read_as_it_is(bench: Bench, name: str, channels: int) -> None:
    check(bench, values(name, (1, 5, 7, channels)), 2, (CLAMP, BORDER, CLAMP), False, False, False)


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize("normalised", [False, True], ids=["texels", "normalised"])
@pytest.mark.parametrize("mode", [WRAP, CLAMP, MIRROR, BORDER], ids=["wrap", "clamp", "mirror", "border"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_address_mode_in_every_dimension(bench: Bench, dims: int, mode: int, normalised: bool, linear: bool,
                                               channels: int) -> None:
    depth, height, width = SIZES[2] if dims > 2 else 1, SIZES[1] if dims > 1 else 1, SIZES[0]
    check(bench, values("f4", (depth, height, width, channels)), dims, (mode, mode, mode), linear, normalised, True)


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize("dims", [1, 2])
def test_layers_are_textures_of_their_own(bench: Bench, dims: int, linear: bool, channels: int) -> None:
    texels = values("f4", (4, SIZES[1] if dims > 1 else 1, SIZES[0], channels))
    check(bench, texels, dims, (CLAMP, CLAMP, CLAMP), linear, False, True, layered=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_texture_follows_the_formulas(bench: Bench, data: st.DataObject) -> None:
    dims = data.draw(st.integers(1, 3), "dimensions")
    shape = [data.draw(st.integers(1, 40), "extent") if axis < dims else 1 for axis in range(3)][::-1]
    name = data.draw(st.sampled_from(sorted(FORMATS)), "format")
    linear = data.draw(st.booleans(), "linear")
    if linear and name in ("u4", "i4"):
        name = "f4"
    as_float = linear or data.draw(st.booleans(), "as float")
    modes = tuple(data.draw(st.lists(st.integers(0, 3), min_size=3, max_size=3), "modes"))
    texels = values(name, (*shape, data.draw(st.sampled_from([1, 2, 4]), "channels")), data.draw(st.integers(0, 99)))
    check(bench, texels, dims, modes, linear, data.draw(st.booleans(), "normalised"), as_float,  # type: ignore[arg-type]
          seed=data.draw(st.integers(0, 999), "seed"), count=70)
    bench.clear()


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("name", FORMATS)
def test_linear_memory_is_read_by_index(bench: Bench, name: str, channels: int) -> None:
    texels = values(name, (61, channels))
    index = np.random.default_rng(1).integers(-20, 90, COUNT, np.int32)
    index[:3] = -(2**31), 2**31 - 1, 61
    index[64:128] = np.arange(64)  # lanes side by side
    for as_float in (True, False):
        read = texture_model.read(texels, as_float)
        resource = bench.resource(bench.memory(texels), texels.dtype, channels, 61)
        texture = bench.texture(resource, linear=True, flags=0 if as_float else READ_AS_INTEGER)
        type_ = cuda_type(read.dtype, channels)
        got = bench.fetched(f"tex1Dfetch<{type_}>(t, a)", type_, read.dtype, channels, texture, [index])
        inside = (index >= 0) & (index < 61)
        same(got, np.where(inside[:, None], read[np.where(inside, index, 0)], read.dtype.type(0)))


@pytest.mark.parametrize("linear", [False, True], ids=["point", "linear"])
@pytest.mark.parametrize("name", ["u1", "f4"])
def test_pitched_memory_is_a_2d_texture(bench: Bench, name: str, linear: bool) -> None:
    texels = values(name, (1, 6, 11, 1))
    rows = np.zeros((6, 96), np.uint8)
    rows[:, : 11 * texels.itemsize] = texels.reshape(6, 11).view(np.uint8)
    resource = bench.resource(bench.memory(rows), texels.dtype, 1, 11, 6, 96)
    texture = bench.texture(resource, linear=linear)
    inputs = [coordinates(11, False, COUNT), coordinates(6, False, COUNT, 5)]
    got = bench.fetched("tex2D<float>(t, a, b)", "float", np.dtype("f4"), 1, texture, inputs)
    read = texture_model.read(texels, True)
    with np.errstate(all="ignore"):
        same(got, Model(read, (CLAMP, CLAMP, CLAMP), linear, False, np.zeros(1, np.float32)).sample(inputs))


def test_lanes_have_textures_of_their_own(bench: Bench) -> None:
    """Handles from memory, filters and formats that differ between the lanes of a warp."""
    floats, bytes_ = values("f4", (1, 5, 7, 1)), values("u1", (1, 5, 7, 1))
    textures = [bench.texture(bench.resource(bench.array(texels, 2)), linear=linear)
                for texels in (floats, bytes_) for linear in (False, True)]
    table = bench.memory(np.array(textures, np.uint64))
    inputs = [coordinates(7, False, COUNT), coordinates(5, False, COUNT, 5)]
    which = np.random.default_rng(4).integers(0, 4, COUNT, np.int32)
    got = bench.fetched("tex2D<float>(((const cudaTextureObject_t *)t)[c], a, b)", "float", np.dtype("f4"), 1,
                        int(table), [*inputs, which])
    models = [Model(texture_model.read(texels, True), (CLAMP, CLAMP, CLAMP), linear, False, np.zeros(1, np.float32))
              for texels in (floats, bytes_) for linear in (False, True)]
    with np.errstate(all="ignore"):
        all_ = np.stack([model.sample(inputs) for model in models])
    same(got, all_[which, np.arange(COUNT)])


def test_the_answer_may_go_behind_a_pointer_and_fetches_may_be_divergent(bench: Bench) -> None:
    texels = values("f4", (1, 5, 7, 4))
    texture = bench.texture(bench.resource(bench.array(texels, 2)), linear=True)
    inputs = [coordinates(7, False, COUNT), coordinates(5, False, COUNT, 5)]
    got = bench.fetched("[&] { float4 v = make_float4(9, 9, 9, 9); if (i % 3) tex2D(&v, t, a, b); return v; }()",
                        "float4", np.dtype("f4"), 4, texture, inputs)
    with np.errstate(all="ignore"):
        wanted = Model(texels, (CLAMP, CLAMP, CLAMP), True, False, np.zeros(4, np.float32)).sample(inputs)
    wanted[np.arange(COUNT) % 3 == 0] = 9
    same(got, wanted)
