"""Texture and surface objects of the driver API: what can be made of what, what they tell, how they end."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from arrays import CUBEMAP, FORMATS, LAYERED, SURFACE, descriptor
from compiled import Packed, build
from leaks import nothing_left

READ_AS_INTEGER, NORMALISED, SEAMLESS = 1, 2, 64
SOURCE = """
extern "C" __global__ void read(cudaTextureObject_t t, float *out) { *out = tex2D<float>(t, 0.5f, 0.5f); }
extern "C" __global__ void store(cudaSurfaceObject_t s, int x, int y) { surf2Dwrite(1.0f, s, x, y); }
"""


@pytest.fixture
def make(api: Any, cu: Any, context: Any) -> Iterator[Any]:
    """Makes arrays; they are destroyed at the end."""
    made: list[Any] = []

    def array(*extent: int, **kind: int) -> Any:
        made.append(api.cuArray3DCreate(descriptor(cu, *extent, **kind)))
        return made[-1]

    yield array
    for one in made:
        api.status("cuArrayDestroy", one)


def of_array(cu: Any, array: Any) -> Any:
    made = cu.CUDA_RESOURCE_DESC()
    made.resType, made.res.array.hArray = cu.CUresourcetype.CU_RESOURCE_TYPE_ARRAY, array
    return made


def of_memory(cu: Any, address: int, width: int, height: int = 0, pitch: int = 0, format: int = 32) -> Any:
    made, kinds = cu.CUDA_RESOURCE_DESC(), cu.CUresourcetype
    if height:
        made.resType, it = kinds.CU_RESOURCE_TYPE_PITCH2D, made.res.pitch2D
        it.width, it.height, it.pitchInBytes = width, height, pitch
    else:
        made.resType, it = kinds.CU_RESOURCE_TYPE_LINEAR, made.res.linear
        it.sizeInBytes = width * 4
    it.devPtr, it.format, it.numChannels = address, cu.CUarray_format(format), 1
    return made


def how(cu: Any, flags: int = 0, linear: bool = False, mode: int = 1) -> Any:
    made = cu.CUDA_TEXTURE_DESC()
    made.addressMode, made.flags = [cu.CUaddress_mode(mode)] * 3, flags
    made.filterMode = cu.CUfilter_mode(int(linear))
    return made


def view(cu: Any, format: int = 0, extents: tuple[int, int, int] = (8, 8, 0), **part: int) -> Any:
    made = cu.CUDA_RESOURCE_VIEW_DESC()
    made.format = cu.CUresourceViewFormat(format)
    made.width, made.height, made.depth = extents
    for name, value in part.items():
        setattr(made, name, value)
    return made


def test_a_texture_tells_what_it_was_made_of(api: Any, cu: Any, make: Any) -> None:
    array = make(8, 8, format=32)
    asked = how(cu, NORMALISED, True, 3)
    asked.borderColor, asked.maxAnisotropy, asked.mipmapLevelBias = [1.0, 2.0, 3.0, 4.0], 4, 0.5
    texture = api.cuTexObjectCreate(of_array(cu, array), asked, view(cu))
    assert int(texture) % 16 == 0 and int(texture)
    told = api.cuTexObjectGetTextureDesc(texture)
    assert (told.flags, int(told.filterMode), list(told.borderColor), told.maxAnisotropy, told.mipmapLevelBias) == (
        NORMALISED, 1, [1.0, 2.0, 3.0, 4.0], 4, 0.5)
    assert [int(mode) for mode in told.addressMode] == [3, 3, 3]
    assert int(api.cuTexObjectGetResourceDesc(texture).res.array.hArray) == int(array)
    assert api.cuTexObjectGetResourceViewDesc(texture).width == 8
    api.cuTexObjectDestroy(texture)
    plain = api.cuTexObjectCreate(of_array(cu, array), asked, None)
    assert api.status("cuTexObjectGetResourceViewDesc", plain) == "INVALID_VALUE"
    api.cuTexObjectDestroy(plain)


def test_a_surface_tells_what_it_was_made_of(api: Any, cu: Any, make: Any) -> None:
    array = make(8, 8, format=32, flags=SURFACE)
    surface = api.cuSurfObjectCreate(of_array(cu, array))
    assert int(api.cuSurfObjectGetResourceDesc(surface).res.array.hArray) == int(array)
    api.cuSurfObjectDestroy(surface)


@pytest.mark.parametrize("kind", ["Tex", "Surf"])
def test_ended_objects_and_other_numbers_are_refused(api: Any, cu: Any, make: Any, kind: str) -> None:
    resource = of_array(cu, make(8, 8, format=32, flags=SURFACE))
    made = api.cuSurfObjectCreate(resource) if kind == "Surf" else api.cuTexObjectCreate(resource, how(cu), None)
    other = api.cuTexObjectCreate(resource, how(cu), None) if kind == "Surf" else api.cuSurfObjectCreate(resource)
    assert api.status(f"cu{kind}ObjectDestroy", made) == "SUCCESS"
    object_ = cu.CUsurfObject if kind == "Surf" else cu.CUtexObject
    for value in (int(made), 0, 12345, int(other)):
        assert api.status(f"cu{kind}ObjectDestroy", object_(value)) == "INVALID_VALUE"
        assert api.status(f"cu{kind}ObjectGetResourceDesc", object_(value)) == "INVALID_VALUE"
        if kind == "Tex":
            assert api.status("cuTexObjectGetTextureDesc", object_(value)) == "INVALID_VALUE"
            assert api.status("cuTexObjectGetResourceViewDesc", object_(value)) == "INVALID_VALUE"
    api.status("cuSurfObjectDestroy" if kind == "Tex" else "cuTexObjectDestroy", other)


@pytest.mark.parametrize("name", FORMATS)
def test_only_floats_are_filtered(api: Any, cu: Any, make: Any, name: str) -> None:
    resource = of_array(cu, make(8, 8, format=FORMATS[name]))
    for flags in (0, READ_AS_INTEGER):
        whole = name in ("u4", "i4") or (flags == READ_AS_INTEGER and name[0] != "f")
        asked = how(cu, flags, linear=True)
        assert api.status("cuTexObjectCreate", resource, asked, None) == ("INVALID_VALUE" if whole else "SUCCESS")


def test_what_is_no_texture_is_refused(api: Any, cu: Any, make: Any) -> None:
    array = make(8, 8, format=32)
    good, planes = of_array(cu, array), make(8, 8, format=176, channels=3)
    flags = of_array(cu, array)
    flags.flags = 1
    null = of_array(cu, cu.CUarray(0))
    cases = [(flags, how(cu), None), (null, how(cu), None), (of_array(cu, planes), how(cu), None),
             (good, how(cu, 4), None), (good, how(cu, SEAMLESS), None), (None, how(cu), None), (good, None, None),
             (good, how(cu), view(cu, extents=(7, 8, 0))), (good, how(cu), view(cu, lastMipmapLevel=1)),
             (good, how(cu), view(cu, lastLayer=1)), (good, how(cu), view(cu, 23))]
    for case in cases:
        assert api.status("cuTexObjectCreate", *case) == "INVALID_VALUE"
    assert api.status("cuTexObjectCreate", good, how(cu), view(cu, 25)) == "NOT_SUPPORTED"
    assert api.status("cuTexObjectCreate", of_array(cu, make(8, 8, 6, format=32, flags=CUBEMAP)), how(cu, SEAMLESS),
                      None) == "SUCCESS"


def test_textures_of_mipmapped_arrays_have_normalised_coordinates(api: Any, cu: Any, context: Any) -> None:
    mipmap = api.cuMipmappedArrayCreate(descriptor(cu, 8, 8, format=32), 3)
    made = cu.CUDA_RESOURCE_DESC()
    made.resType, made.res.mipmap.hMipmappedArray = cu.CUresourcetype.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, mipmap
    assert api.status("cuTexObjectCreate", made, how(cu), None) == "INVALID_VALUE"
    api.cuTexObjectDestroy(api.cuTexObjectCreate(made, how(cu, NORMALISED), None))
    assert api.status("cuSurfObjectCreate", made) == "INVALID_VALUE"
    api.cuMipmappedArrayDestroy(mipmap)
    assert api.status("cuTexObjectCreate", made, how(cu, NORMALISED), None) == "INVALID_VALUE"


def test_memory_is_aligned_and_long_enough(api: Any, cu: Any, context: Any) -> None:
    memory = int(api.cuMemAlloc(4096))
    cases = {(0, 1024): "SUCCESS", (0, 1025): "INVALID_VALUE", (4, 8): "INVALID_VALUE", (512, 896): "SUCCESS",
             (512, 897): "INVALID_VALUE", (0, 0): "INVALID_VALUE", (0, (1 << 28) + 1): "INVALID_VALUE"}
    for (offset, width), answer in cases.items():
        assert api.status("cuTexObjectCreate", of_memory(cu, memory + offset, width), how(cu), None) == answer
    assert api.status("cuTexObjectCreate", of_memory(cu, 1 << 40, 8), how(cu), None) == "INVALID_VALUE"
    assert api.status("cuTexObjectCreate", of_memory(cu, memory, 8), how(cu), view(cu)) == "INVALID_VALUE"
    rows = {(16, 32, 128): "SUCCESS", (16, 33, 128): "INVALID_VALUE", (33, 4, 128): "INVALID_VALUE",
            (4, 4, 24): "INVALID_VALUE", (16, 65001, 128): "INVALID_VALUE", (131073, 2, 524320): "INVALID_VALUE"}
    for (width, height, pitch), answer in rows.items():
        resource = of_memory(cu, memory, width, height, pitch)
        assert api.status("cuTexObjectCreate", resource, how(cu), None) == answer
    api.cuMemFree(memory)


def test_a_surface_is_of_an_array_made_for_it(api: Any, cu: Any, make: Any) -> None:
    assert api.status("cuSurfObjectCreate", of_array(cu, make(8, 8, format=32))) == "INVALID_VALUE"
    memory = api.cuMemAlloc(4096)
    assert api.status("cuSurfObjectCreate", of_memory(cu, int(memory), 64)) == "INVALID_VALUE"
    api.cuMemFree(memory)
    assert api.status("cuSurfObjectCreate", of_array(cu, cu.CUarray(0))) == "INVALID_VALUE"
    assert api.status("cuSurfObjectCreate", None) == "INVALID_VALUE"


@pytest.mark.parametrize("name", [
    "cuTexObjectCreate", "cuTexObjectDestroy", "cuTexObjectGetResourceDesc", "cuTexObjectGetTextureDesc",
    "cuTexObjectGetResourceViewDesc", "cuSurfObjectCreate", "cuSurfObjectDestroy", "cuSurfObjectGetResourceDesc",
    "cuDeviceGetTexture1DLinearMaxWidth"])
def test_zero_for_every_argument_is_refused(api: Any, context: Any, name: str) -> None:
    assert getattr(ctypes.CDLL("libcuda.so.1"), name)(*[ctypes.c_void_p(0)] * 4) == 1


def test_the_longest_linear_texture_is_told(api: Any, cu: Any, context: Any) -> None:
    longest = cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH
    assert api.cuDeviceGetTexture1DLinearMaxWidth(cu.CUarray_format(32), 4, 0) == api.cuDeviceGetAttribute(longest, 0)
    assert api.status("cuDeviceGetTexture1DLinearMaxWidth", cu.CUarray_format(32), 3, 0) == "INVALID_VALUE"
    assert api.status("cuDeviceGetTexture1DLinearMaxWidth", cu.CUarray_format(32), 4, 99) == "INVALID_DEVICE"


@pytest.mark.parametrize(("attribute", "extent", "kind"), [
    ("TEXTURE1D_WIDTH", (1, 0, 0), {}), ("TEXTURE2D_WIDTH", (1, 4, 0), {}),
    ("TEXTURE1D_LAYERED_WIDTH", (1, 0, 2), {"flags": LAYERED}), ("TEXTURE3D_WIDTH", (1, 2, 2), {}),
    ("SURFACE2D_WIDTH", (1, 4, 0), {"flags": SURFACE}), ("TEXTURE2D_LAYERED_WIDTH", (1, 2, 2), {"flags": LAYERED})])
def test_arrays_are_as_wide_as_the_attributes_say(api: Any, cu: Any, make: Any, attribute: str,
                                                  extent: tuple[int, int, int], kind: dict[str, int]) -> None:
    most = api.cuDeviceGetAttribute(getattr(cu.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_MAXIMUM_{attribute}"), 0)
    make(most, *extent[1:], **kind)
    assert api.status("cuArray3DCreate", descriptor(cu, most + 1, *extent[1:], **kind)) == "INVALID_VALUE"


def test_objects_go_with_their_context(api: Any, cu: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    array = api.cuArray3DCreate(descriptor(cu, 8, 8, format=32, flags=SURFACE))
    texture, surface = api.cuTexObjectCreate(of_array(cu, array), how(cu), None), api.cuSurfObjectCreate(
        of_array(cu, array))
    api.cuCtxDestroy(own)
    assert api.status("cuTexObjectDestroy", texture) == "INVALID_VALUE"
    assert api.status("cuSurfObjectDestroy", surface) == "INVALID_VALUE"


def test_a_thousand_objects_leave_nothing(api: Any, cu: Any, make: Any) -> None:
    from compatlayer.core import texture_memory

    resource = of_array(cu, make(8, 8, format=32))
    for _ in range(2):
        with nothing_left():
            made = [api.cuTexObjectCreate(resource, how(cu), None) for _ in range(500)]
            assert len({int(each) for each in made}) == 500
            for each in made:
                api.cuTexObjectDestroy(each)
            del made
            gc.collect()
        chunks = len(texture_memory._chunks)
    assert len(texture_memory._chunks) == chunks <= 10


@pytest.mark.parametrize(("x", "y"), [(32, 0), (-4, 0), (0, 8), (0, -1), (2, 0), (29, 0)])
def test_a_store_outside_a_surface_ends_the_kernel(api: Any, cu: Any, context: Any, x: int, y: int) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    surface = api.cuSurfObjectCreate(of_array(cu, api.cuArray3DCreate(descriptor(cu, 8, 8, format=32, flags=SURFACE))))
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build(SOURCE)), b"store")
    for at, answer in (((28, 7), "SUCCESS"), ((x, y), "LAUNCH_FAILED")):
        api.cuLaunchKernel(kernel, 1, 1, 1, 32, 1, 1, 0, 0, Packed(np.uint64(int(surface)), *np.int32(at)).pointer, 0)
        assert api.status("cuCtxSynchronize") == answer
    api.status("cuCtxDestroy", own)


def test_a_fetch_from_an_ended_object_is_an_illegal_address(api: Any, cu: Any, context: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    texture = api.cuTexObjectCreate(of_array(cu, api.cuArray3DCreate(descriptor(cu, 8, 8, format=32))), how(cu), None)
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build(SOURCE)), b"read")
    packed = Packed(np.uint64(int(texture)), np.uint64(int(api.cuMemAlloc(4))))
    api.cuLaunchKernel(kernel, 1, 1, 1, 32, 1, 1, 0, 0, packed.pointer, 0)
    assert api.status("cuCtxSynchronize") == "SUCCESS"
    api.cuTexObjectDestroy(texture)
    api.cuLaunchKernel(kernel, 1, 1, 1, 32, 1, 1, 0, 0, packed.pointer, 0)
    assert api.status("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    api.status("cuCtxDestroy", own)
