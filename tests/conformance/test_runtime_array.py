"""The runtime library: arrays, mipmapped arrays, textures and surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import Packed, build
from runtime_calls import TO_DEVICE, TO_HOST, channel, driver, extent, runtime

FETCH = """
extern "C" __global__ void fetch(cudaTextureObject_t texture, float *out, int width)
{
    int i = threadIdx.x;
    out[i] = tex2D<float>(texture, i % width + 0.5f, i / width + 0.5f);
}
extern "C" __global__ void line(cudaTextureObject_t texture, int *out)
{
    out[threadIdx.x] = tex1Dfetch<int>(texture, threadIdx.x);
}
extern "C" __global__ void draw(cudaSurfaceObject_t surface, int width)
{
    surf2Dwrite(float(threadIdx.x), surface, (threadIdx.x % width) * 4, threadIdx.x / width);
}
"""


def kernel(rt: Any, name: str) -> Any:
    library = rt.cudaLibraryLoadData(build(FETCH), [], [], 0, [], [], 0)
    return rt.cudaLibraryGetKernel(library, name.encode())


def launch(rt: Any, name: str, threads: int, *values: np.generic) -> None:
    packed = Packed(*values)

    status, = driver.cuLaunchKernel(driver.CUfunction(int(kernel(rt, name))), 1, 1, 1, threads, 1, 1, 0, 0,
                                    packed.pointer, 0)
    assert int(status) == 0
    rt.cudaDeviceSynchronize()


def resource(kind: str) -> Any:
    found = runtime.cudaResourceDesc()
    found.resType = getattr(runtime.cudaResourceType, f"cudaResourceType{kind}")
    return found


def test_what_an_array_is(rt: Any) -> None:
    array = rt.cudaMalloc3DArray(channel(16, 16, kind="Signed"), extent(8, 4, 2), runtime.cudaArraySurfaceLoadStore)
    description, size, flags = rt.cudaArrayGetInfo(array)
    assert (description.x, description.y, description.z, description.w) == (16, 16, 0, 0)
    assert description.f == runtime.cudaChannelFormatKind.cudaChannelFormatKindSigned
    assert (size.width, size.height, size.depth, flags) == (8, 4, 2, runtime.cudaArraySurfaceLoadStore)
    assert rt.cudaGetChannelDesc(array).y == 16
    rt.cudaFreeArray(array)
    assert rt.status("cudaFreeArray", array) != "Success"


@pytest.mark.parametrize(("bits", "kind"), [((8,), "Unsigned"), ((32, 32, 32, 32), "Float"), ((16, 16), "Float"),
                                            ((8, 8, 8, 8), "UnsignedNormalized8X4"), ((16,), "SignedNormalized16X1")])
def test_formats_come_back(rt: Any, bits: tuple[int, ...], kind: str) -> None:
    wanted = channel(*bits, kind=kind)
    found = rt.cudaGetChannelDesc(rt.cudaMallocArray(wanted, 4, 4, 0))
    assert [found.x, found.y, found.z, found.w, found.f] == [wanted.x, wanted.y, wanted.z, wanted.w, wanted.f]


@pytest.mark.parametrize("bits", [(32, 32, 32), (32, 16), (0, 32), (7,), (64,)])
def test_formats_that_no_array_has(rt: Any, bits: tuple[int, ...]) -> None:
    assert rt.status("cudaMallocArray", channel(*bits), 4, 4, 0) == "InvalidChannelDescriptor"


def test_levels(rt: Any) -> None:
    mipmapped = rt.cudaMallocMipmappedArray(channel(32), extent(8, 8, 0), 3, 0)
    level = rt.cudaGetMipmappedArrayLevel(mipmapped, 1)
    assert rt.cudaArrayGetInfo(level)[1].width == 4
    assert rt.status("cudaGetMipmappedArrayLevel", mipmapped, 9) == "InvalidValue"
    assert rt.status("cudaMipmappedArrayGetSparseProperties", mipmapped) == "NotSupported"
    assert rt.status("cudaMipmappedArrayGetMemoryRequirements", mipmapped, 0) != "Success"
    assert rt.status("cudaMallocMipmappedArray", channel(1), extent(8, 8, 0), 3, 0) == "InvalidChannelDescriptor"
    rt.cudaFreeMipmappedArray(mipmapped)


def test_what_plain_arrays_do_not_have(rt: Any) -> None:
    array = rt.cudaMallocArray(channel(32), 4, 4, 0)
    assert rt.status("cudaArrayGetSparseProperties", array) == "NotSupported"
    assert rt.status("cudaArrayGetMemoryRequirements", array, 0) != "Success"
    assert rt.status("cudaArrayGetPlane", array, 0) != "Success"


def test_a_texture_of_an_array(rt: Any) -> None:
    values = np.arange(6 * 4, dtype=np.float32).reshape(4, 6)
    array = rt.cudaMallocArray(channel(32), 6, 4, 0)
    rt.cudaMemcpy2DToArray(array, 0, 0, values.ctypes.data, 24, 24, 4, TO_DEVICE)
    source, texture = resource("Array"), runtime.cudaTextureDesc()
    source.res.array.array = array
    texture.addressMode = [runtime.cudaTextureAddressMode.cudaAddressModeClamp] * 3
    made = rt.cudaCreateTextureObject(source, texture, None)
    out = rt.cudaMalloc(96)
    launch(rt, "fetch", 24, np.uint64(int(made)), np.uint64(out), np.int32(6))
    assert (rt.get(out, values) == values).all()
    again = rt.cudaGetTextureObjectTextureDesc(made)
    assert again.addressMode[0] == runtime.cudaTextureAddressMode.cudaAddressModeClamp
    assert again.readMode == runtime.cudaTextureReadMode.cudaReadModeElementType and again.normalizedCoords == 0
    assert int(rt.cudaGetTextureObjectResourceDesc(made).res.array.array) == int(array)
    assert rt.status("cudaGetTextureObjectResourceViewDesc", made) in ("Success", "InvalidValue")
    rt.cudaDestroyTextureObject(made)
    assert rt.status("cudaDestroyTextureObject", made) != "Success"


def test_a_texture_of_a_line(rt: Any) -> None:
    values = np.arange(32, dtype=np.int32) * 7
    source, texture = resource("Linear"), runtime.cudaTextureDesc()
    source.res.linear.devPtr, source.res.linear.sizeInBytes = rt.put(values), values.nbytes
    source.res.linear.desc = channel(32, kind="Signed")
    made = rt.cudaCreateTextureObject(source, texture, None)
    out = rt.cudaMalloc(values.nbytes)
    launch(rt, "line", 32, np.uint64(int(made)), np.uint64(out))
    assert (rt.get(out, values) == values).all()
    again = rt.cudaGetTextureObjectResourceDesc(made)
    assert again.res.linear.sizeInBytes == values.nbytes and again.res.linear.desc.x == 32
    assert rt.cudaGetTextureObjectTextureDesc(made).readMode == runtime.cudaTextureReadMode.cudaReadModeElementType
    texture.readMode = runtime.cudaTextureReadMode.cudaReadModeNormalizedFloat
    assert rt.status("cudaCreateTextureObject", source, texture, None) == "InvalidNormSetting"
    texture.readMode = runtime.cudaTextureReadMode.cudaReadModeElementType
    texture.filterMode = runtime.cudaTextureFilterMode.cudaFilterModeLinear
    assert rt.status("cudaCreateTextureObject", source, texture, None) == "InvalidFilterSetting"


def test_a_texture_of_rows(rt: Any) -> None:
    values = np.zeros((4, 16), np.float32)
    values[:] = np.arange(64).reshape(4, 16)
    address, pitch = rt.cudaMallocPitch(64, 4)
    rt.cudaMemcpy2D(address, pitch, values.ctypes.data, 64, 64, 4, TO_DEVICE)
    source, texture = resource("Pitch2D"), runtime.cudaTextureDesc()
    rows = source.res.pitch2D
    rows.devPtr, rows.desc, rows.width, rows.height, rows.pitchInBytes = address, channel(32), 16, 4, pitch
    made, out = rt.cudaCreateTextureObject(source, texture, None), rt.cudaMalloc(256)
    launch(rt, "fetch", 64, np.uint64(int(made)), np.uint64(out), np.int32(16))
    assert (rt.get(out, values) == values).all()
    assert rt.cudaGetTextureObjectResourceDesc(made).res.pitch2D.pitchInBytes == pitch


def test_a_surface(rt: Any) -> None:
    array = rt.cudaMallocArray(channel(32), 8, 4, runtime.cudaArraySurfaceLoadStore)
    target, back = resource("Array"), np.zeros((4, 8), np.float32)
    target.res.array.array = array
    made = rt.cudaCreateSurfaceObject(target)
    launch(rt, "draw", 32, np.uint64(int(made)), np.int32(8))
    rt.cudaMemcpy2DFromArray(back.ctypes.data, 32, array, 0, 0, 32, 4, TO_HOST)
    assert (back.reshape(-1) == np.arange(32)).all()
    assert int(rt.cudaGetSurfaceObjectResourceDesc(made).res.array.array) == int(array)
    rt.cudaDestroySurfaceObject(made)
    assert rt.status("cudaDestroySurfaceObject", made) != "Success"
    assert rt.status("cudaCreateSurfaceObject", resource("Linear")) != "Success"
