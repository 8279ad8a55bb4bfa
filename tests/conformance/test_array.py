"""CUDA arrays and mipmapped arrays as memory: what can be made, what they say of themselves, how they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from arrays import CUBEMAP, FORMATS, GATHER, LAYERED, SURFACE, descriptor, download, upload
from leaks import nothing_left


@pytest.fixture
def make(api: Any, cu: Any, context: Any) -> Iterator[Any]:
    """Makes arrays; those that are left at the end are destroyed."""
    made: list[Any] = []

    def array(*extent: int, **kind: int) -> Any:
        made.append(api.cuArray3DCreate(descriptor(cu, *extent, **kind)))
        return made[-1]

    yield array
    for one in made:
        api.status("cuArrayDestroy", one)


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_its_elements(api: Any, cu: Any, make: Any, name: str, channels: int) -> None:
    array = make(5, 7, format=FORMATS[name], channels=channels)
    width = 5 * channels * np.dtype(name).itemsize
    data = np.random.default_rng(channels).integers(0, 256, (1, 7, width), np.uint8)
    upload(api, cu, array, data)
    assert (download(api, cu, array, data.shape) == data).all()


@pytest.mark.parametrize(("format", "channels", "size"), [
    (0xC0, 1, 1), (0xC1, 2, 2), (0xC2, 4, 4), (0xC3, 1, 2), (0xC5, 4, 8), (0xC6, 1, 1), (0xCB, 4, 8), (80, 4, 4)])
def test_normalised_formats_have_their_own_channels(api: Any, cu: Any, make: Any, format: int, channels: int,
                                                    size: int) -> None:
    array = make(3, format=format, channels=channels)
    data = np.arange(3 * size, dtype=np.uint8).reshape(1, 1, -1)
    upload(api, cu, array, data)
    assert (download(api, cu, array, data.shape) == data).all()
    wrong = 2 if channels != 2 else 4
    assert api.status("cuArray3DCreate", descriptor(cu, 3, format=format, channels=wrong)) == "INVALID_VALUE"


@pytest.mark.parametrize("extent", [(9, 0, 0), (9, 4, 0), (9, 4, 3)])
def test_an_array_tells_what_it_is(api: Any, cu: Any, make: Any, extent: tuple[int, int, int]) -> None:
    told = api.cuArray3DGetDescriptor(make(*extent, format=32, channels=2, flags=SURFACE))
    assert (told.Width, told.Height, told.Depth) == extent
    assert (int(told.Format), told.NumChannels, told.Flags) == (32, 2, SURFACE)


def test_the_plain_descriptor_has_two_extents(api: Any, cu: Any, context: Any) -> None:
    plain = cu.CUDA_ARRAY_DESCRIPTOR()
    plain.Width, plain.Height, plain.Format, plain.NumChannels = 6, 5, cu.CUarray_format(8), 4
    array = api.cuArrayCreate(plain)
    told = api.cuArrayGetDescriptor(array)
    assert (told.Width, told.Height, int(told.Format), told.NumChannels) == (6, 5, 8, 4)
    assert api.cuArray3DGetDescriptor(array).Depth == 0
    api.cuArrayDestroy(array)


@pytest.mark.parametrize(("extent", "flags"), [
    ((4, 0, 7), LAYERED), ((4, 3, 7), LAYERED), ((4, 4, 6), CUBEMAP), ((4, 4, 12), CUBEMAP | LAYERED),
    ((8, 8, 0), GATHER)])
def test_layers_and_faces_are_slices(api: Any, cu: Any, make: Any, extent: tuple[int, int, int], flags: int) -> None:
    array = make(*extent, format=2, channels=2, flags=flags)
    shape = (extent[2] or 1, extent[1] or 1, extent[0] * 4)
    data = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    upload(api, cu, array, data)
    assert (download(api, cu, array, shape) == data).all()


@pytest.mark.parametrize(("extent", "kind"), [
    ((0, 0, 0), {}), ((0, 3, 0), {}), ((3, 0, 3), {}), ((4, 5, 6), {"flags": CUBEMAP}), ((4, 4, 5), {"flags": CUBEMAP}),
    ((4, 4, 12), {"flags": CUBEMAP}), ((4, 4, 7), {"flags": CUBEMAP | LAYERED}), ((4, 4, 0), {"flags": LAYERED}),
    ((4, 4, 4), {"flags": GATHER}), ((4, 0, 0), {"flags": 1 << 20}), ((4, 0, 0), {"channels": 3}),
    ((4, 0, 0), {"channels": 0}), ((131073, 0, 0), {}), ((4, 65537, 0), {}), ((16385, 2, 2), {}),
    ((4, 0, 2049), {"flags": LAYERED})])
def test_what_is_no_array_is_refused(api: Any, cu: Any, context: Any, extent: tuple[int, int, int],
                                     kind: dict[str, int]) -> None:
    assert api.status("cuArray3DCreate", descriptor(cu, *extent, **kind)) == "INVALID_VALUE"
    assert api.status("cuMipmappedArrayCreate", descriptor(cu, *extent, **kind), 1) == "INVALID_VALUE"


@pytest.mark.parametrize("kind", [{"flags": 16}, {"flags": 32}, {"flags": 64}, {"flags": 128}, {"flags": 256},
                                  {"format": 0x91, "channels": 4}, {"format": 0x9F, "channels": 3}])
def test_kinds_that_are_not_there_say_so(api: Any, cu: Any, context: Any, kind: dict[str, int]) -> None:
    assert api.status("cuArray3DCreate", descriptor(cu, 16, 16, **kind)) == "NOT_SUPPORTED"


def test_sparse_and_deferred_arrays_are_not_there_and_their_attributes_are_0(api: Any, cu: Any, make: Any) -> None:
    array, mipmap = make(4, 4), api.cuMipmappedArrayCreate(descriptor(cu, 4, 4), 2)
    assert api.status("cuArrayGetSparseProperties", array) == "NOT_SUPPORTED"
    assert api.status("cuArrayGetMemoryRequirements", array, 0) == "NOT_SUPPORTED"
    assert api.status("cuMipmappedArrayGetSparseProperties", mipmap) == "NOT_SUPPORTED"
    assert api.status("cuMipmappedArrayGetMemoryRequirements", mipmap, 0) == "NOT_SUPPORTED"
    assert api.status("cuMemMapArrayAsync", [cu.CUarrayMapInfo()], 1, 0) == "NOT_SUPPORTED"
    for name in ("SPARSE_CUDA_ARRAY_SUPPORTED", "DEFERRED_MAPPING_CUDA_ARRAY_SUPPORTED"):
        assert api.cuDeviceGetAttribute(getattr(cu.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}"), 0) == 0
    api.cuMipmappedArrayDestroy(mipmap)


def test_planes_of_nv12(api: Any, cu: Any, make: Any) -> None:
    array = make(8, 6, format=0xB0, channels=3)
    luma, chroma = api.cuArrayGetPlane(array, 0), api.cuArrayGetPlane(array, 1)
    for plane, facts in ((luma, (8, 6, 1, 1)), (chroma, (4, 3, 1, 2))):
        told = api.cuArray3DGetDescriptor(plane)
        assert (told.Width, told.Height, int(told.Format), told.NumChannels) == facts
    upload(api, cu, luma, np.full((1, 6, 8), 1, np.uint8))
    upload(api, cu, chroma, np.full((1, 3, 8), 2, np.uint8))
    assert (download(api, cu, luma, (1, 6, 8)) == 1).all()
    assert (download(api, cu, chroma, (1, 3, 8)) == 2).all()
    assert api.status("cuArrayGetPlane", array, 2) == "INVALID_VALUE"
    assert api.status("cuArrayGetPlane", make(4, 4), 0) == "INVALID_VALUE"
    assert api.status("cuArrayDestroy", luma) == "INVALID_HANDLE"
    api.cuArrayDestroy(array)
    assert api.status("cuArray3DGetDescriptor", luma) == "INVALID_HANDLE"


@pytest.mark.parametrize(("extent", "flags", "asked", "levels"), [
    ((8, 0, 0), 0, 9, [(8, 0, 0), (4, 0, 0), (2, 0, 0), (1, 0, 0)]),
    ((5, 9, 0), 0, 3, [(5, 9, 0), (2, 4, 0), (1, 2, 0)]),
    ((2, 2, 8), 0, 4, [(2, 2, 8), (1, 1, 4), (1, 1, 2), (1, 1, 1)]),
    ((4, 4, 5), LAYERED, 9, [(4, 4, 5), (2, 2, 5), (1, 1, 5)]),
    ((4, 4, 6), CUBEMAP, 0, [(4, 4, 6)])])
def test_levels_have_half_the_extents(api: Any, cu: Any, context: Any, extent: tuple[int, int, int], flags: int,
                                      asked: int, levels: list[tuple[int, int, int]]) -> None:
    mipmap = api.cuMipmappedArrayCreate(descriptor(cu, *extent, format=32, flags=flags), asked)
    arrays = [api.cuMipmappedArrayGetLevel(mipmap, number) for number in range(len(levels))]
    for number, (array, wanted) in enumerate(zip(arrays, levels, strict=True)):
        told = api.cuArray3DGetDescriptor(array)
        assert (told.Width, told.Height, told.Depth) == wanted
        upload(api, cu, array, np.full((wanted[2] or 1, wanted[1] or 1, wanted[0] * 4), number + 1, np.uint8))
    for number, (array, wanted) in enumerate(zip(arrays, levels, strict=True)):
        assert (download(api, cu, array, (wanted[2] or 1, wanted[1] or 1, wanted[0] * 4)) == number + 1).all()
    assert api.status("cuMipmappedArrayGetLevel", mipmap, len(levels)) == "INVALID_VALUE"
    assert api.status("cuArrayDestroy", arrays[0]) == "INVALID_HANDLE"
    api.cuMipmappedArrayDestroy(mipmap)
    assert api.status("cuArray3DGetDescriptor", arrays[0]) == "INVALID_HANDLE"
    assert api.status("cuMipmappedArrayDestroy", mipmap) == "INVALID_HANDLE"


def test_stale_and_foreign_handles_are_refused(api: Any, cu: Any, make: Any, stream: Any) -> None:
    array = make(4)
    api.cuArrayDestroy(array)
    for name in ("cuArrayDestroy", "cuArrayGetDescriptor", "cuArray3DGetDescriptor"):
        assert api.status(name, array) == "INVALID_HANDLE"
        assert api.status(name, cu.CUarray(int(stream))) == "INVALID_HANDLE"
        assert api.status(name, cu.CUarray(0)) == "INVALID_HANDLE"


def test_arrays_end_with_their_context(api: Any, cu: Any, context: Any) -> None:
    before = api.cuMemGetInfo()[0]
    own = api.cuCtxCreate(None, 0, 0)
    array = api.cuArray3DCreate(descriptor(cu, 64, 64))
    api.cuMipmappedArrayCreate(descriptor(cu, 64, 64), 4)
    assert api.cuMemGetInfo()[0] < before
    api.cuCtxDestroy(own)
    assert api.cuMemGetInfo()[0] == before
    assert api.status("cuArrayDestroy", array) == "INVALID_HANDLE"


def test_an_array_needs_memory(api: Any, cu: Any, context: Any) -> None:
    huge = descriptor(cu, 16384, 16384, 16384, format=32, channels=4)
    assert api.status("cuArray3DCreate", huge) == "OUT_OF_MEMORY"
    assert api.status("cuMipmappedArrayCreate", huge, 15) == "OUT_OF_MEMORY"


def test_nothing_is_left_behind(api: Any, cu: Any, context: Any) -> None:
    def round_() -> None:
        array, planar = api.cuArray3DCreate(descriptor(cu, 64, 3)), api.cuArray3DCreate(
            descriptor(cu, 64, 4, format=0xB0, channels=3))
        mipmap = api.cuMipmappedArrayCreate(descriptor(cu, 64, 64), 4)
        upload(api, cu, array, np.zeros((1, 3, 64), np.uint8))
        for one in (array, planar):
            api.cuArrayDestroy(one)
        api.cuMipmappedArrayDestroy(mipmap)

    round_()
    with nothing_left():
        for _ in range(10):
            round_()
