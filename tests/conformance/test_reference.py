"""Texture and surface references: kernels that nvcc takes, bound by the driver API."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from arrays import LAYERED, SURFACE, descriptor
from compiled import Packed

from compatlayer import compiler
from compatlayer.compiler import container
from compatlayer.launcher import libraries

OVERRIDE, READ_AS_INTEGER, NORMALISED = 1, 1, 2
CLAMP, BORDER, WRAP = 1, 3, 0
SOURCE = """
texture<float, 2, cudaReadModeElementType> picture;
texture<unsigned char, 1, cudaReadModeNormalizedFloat> bytes;
static texture<int4, cudaTextureType1D> quads;
texture<float, cudaTextureType2DLayered> layers(1, cudaFilterModeLinear, cudaAddressModeBorder);
texture<unsigned short> whole;
surface<void, 2> drawn;
__device__ float number;
struct Texture { int texture; };

extern "C" {
__global__ void read_picture(float *out, float shift) {
    out[threadIdx.y * blockDim.x + threadIdx.x] = tex2D(picture, threadIdx.x + shift, threadIdx.y + shift);
}
__global__ void read_bytes(float *out) { out[threadIdx.x] = tex1Dfetch(bytes, threadIdx.x); }
__global__ void read_quads(int *out) {
    int4 q = tex1Dfetch(quads, threadIdx.x);
    out[threadIdx.x] = q.x + q.y + q.z + q.w;
}
__global__ void read_layers(float *out) { out[threadIdx.x] = tex2DLayered(layers, 0.5f, 0.5f, threadIdx.x); }
__global__ void read_whole(int *out) { out[threadIdx.x] = tex1D(whole, threadIdx.x + 0.5f); }
__global__ void draw(void) {
    float v = threadIdx.x * 10 + threadIdx.y;
    surf2Dwrite(v, drawn, threadIdx.x * 4, threadIdx.y);
    __syncthreads();
    float w;
    surf2Dread(&w, drawn, threadIdx.x * 4, threadIdx.y);
    surf2Dwrite(w + surf2Dread<float>(drawn, threadIdx.x * 4, threadIdx.y), drawn, threadIdx.x * 4, threadIdx.y);
}
}
"""


@pytest.fixture
def module(api: Any, context: Any) -> Any:
    code = compiler.compile_cuda(SOURCE, "references.cu", ["-arch=sm_86"], nvcc=True)
    return api.cuModuleLoadData(container.pack(code))


def launch(api: Any, module: Any, name: str, block: tuple[int, int], *arguments: Any) -> None:
    packed = Packed(*arguments)
    pointer = packed.pointer if arguments else 0
    api.cuLaunchKernel(api.cuModuleGetFunction(module, name.encode()), 1, 1, 1, *block, 1, 0, 0, pointer, 0)


def read(api: Any, module: Any, name: str, block: tuple[int, int], dtype: str, *more: Any) -> np.ndarray:
    out = np.zeros(block[0] * block[1], dtype)
    place = api.cuMemAlloc(out.nbytes)
    launch(api, module, name, block, np.uint64(int(place)), *more)
    api.cuMemcpyDtoH(out.ctypes.data, place, out.nbytes)
    api.cuMemFree(place)
    return out


def filled(api: Any, cu: Any, values: np.ndarray, **kind: int) -> Any:
    """A two-dimensional CUDA array with `values`."""
    array = api.cuArray3DCreate(descriptor(cu, values.shape[1], values.shape[0], format=32, **kind))
    copy = cu.CUDA_MEMCPY2D()
    copy.srcMemoryType, copy.srcHost = cu.CUmemorytype.CU_MEMORYTYPE_HOST, values.ctypes.data
    copy.srcPitch = copy.WidthInBytes = values.shape[1] * 4
    copy.dstMemoryType, copy.dstArray, copy.Height = cu.CUmemorytype.CU_MEMORYTYPE_ARRAY, array, values.shape[0]
    api.cuMemcpy2D(copy)
    return array


def test_an_array_is_read_as_it_was_bound(api: Any, cu: Any, module: Any) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    array, reference = filled(api, cu, values), api.cuModuleGetTexRef(module, b"picture")
    assert int(api.cuModuleGetTexRef(module, b"picture")) == int(reference)
    api.cuTexRefSetArray(reference, array, OVERRIDE)
    assert int(api.cuTexRefGetArray(reference)) == int(array)
    assert np.array_equal(read(api, module, "read_picture", (4, 3), "f4", np.float32(0)), values.ravel())
    api.cuTexRefSetFilterMode(reference, cu.CUfilter_mode.CU_TR_FILTER_MODE_LINEAR)
    assert read(api, module, "read_picture", (1, 1), "f4", np.float32(1))[0] == values[:2, :2].mean()
    for dim in range(2):
        api.cuTexRefSetAddressMode(reference, dim, cu.CUaddress_mode.CU_TR_ADDRESS_MODE_BORDER)
    # cuda-bindings takes one number for the four.
    library = ctypes.CDLL(libraries.soname_path("libcuda.so."))
    border = (ctypes.c_float * 4)(7, 0, 0, 0)
    assert library.cuTexRefSetBorderColor(ctypes.c_void_p(int(reference)), border) == 0
    assert read(api, module, "read_picture", (1, 1), "f4", np.float32(-9))[0] == 7
    another = filled(api, cu, values * 2)
    api.cuTexRefSetArray(reference, another, OVERRIDE)
    assert read(api, module, "read_picture", (1, 1), "f4", np.float32(1.5))[0] == values[1, 1] * 2
    api.cuModuleUnload(module)
    assert api.status("cuTexRefGetFlags", reference) == "INVALID_VALUE"


def test_linear_and_pitched_memory(api: Any, cu: Any, module: Any) -> None:
    numbers = np.arange(64, dtype=np.uint8)
    place = api.cuMemAlloc(4096)
    api.cuMemcpyHtoD(place, numbers.ctypes.data, 64)
    reference = api.cuModuleGetTexRef(module, b"bytes")
    api.cuTexRefSetFormat(reference, cu.CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8, 1)
    assert api.cuTexRefSetAddress(reference, place, 64) == 0
    assert np.allclose(read(api, module, "read_bytes", (64, 1), "f4"), numbers / 255)
    assert int(api.cuTexRefGetAddress(reference)) == int(place)
    assert api.cuTexRefSetAddress(reference, int(place) + 4, 32) == 4, "elements from the aligned address on"
    assert np.allclose(read(api, module, "read_bytes", (8, 1), "f4"), numbers[:8] / 255)

    quads = api.cuModuleGetTexRef(module, b"quads")
    api.cuTexRefSetFormat(quads, cu.CUarray_format.CU_AD_FORMAT_SIGNED_INT32, 4)
    api.cuTexRefSetAddress(quads, place, 64)
    assert read(api, module, "read_quads", (4, 1), "i4").tolist() == numbers.view("i4").reshape(4, 4).sum(
        1, dtype=np.int32).tolist()

    picture = api.cuModuleGetTexRef(module, b"picture")
    rows = np.arange(2 * 64, dtype=np.float32).reshape(2, 64)
    api.cuMemcpyHtoD(place, rows.ctypes.data, rows.nbytes)
    shape = cu.CUDA_ARRAY_DESCRIPTOR()
    shape.Width, shape.Height, shape.Format, shape.NumChannels = 4, 2, cu.CUarray_format.CU_AD_FORMAT_FLOAT, 1
    api.cuTexRefSetAddress2D(picture, shape, place, 256)
    assert np.array_equal(read(api, module, "read_picture", (4, 2), "f4", np.float32(0)), rows[:, :4].ravel())


def test_what_the_declaration_says_is_the_beginning(api: Any, cu: Any, module: Any) -> None:
    layers = api.cuModuleGetTexRef(module, b"layers")
    assert api.cuTexRefGetFlags(layers) == NORMALISED
    assert int(api.cuTexRefGetFilterMode(layers)) == 1
    assert [int(api.cuTexRefGetAddressMode(layers, dim)) for dim in range(3)] == [BORDER] * 3
    array = api.cuArray3DCreate(descriptor(cu, 2, 2, 3, format=32, flags=LAYERED))
    copy = cu.CUDA_MEMCPY3D()
    values = np.arange(12, dtype=np.float32)
    copy.srcMemoryType, copy.srcHost = cu.CUmemorytype.CU_MEMORYTYPE_HOST, values.ctypes.data
    copy.srcPitch = copy.WidthInBytes = 8
    copy.srcHeight = copy.Height = 2
    copy.dstMemoryType, copy.dstArray, copy.Depth = cu.CUmemorytype.CU_MEMORYTYPE_ARRAY, array, 3
    api.cuMemcpy3D(copy)
    api.cuTexRefSetArray(layers, array, OVERRIDE)
    assert read(api, module, "read_layers", (3, 1), "f4").tolist() == values.reshape(3, 4).mean(1).tolist()
    whole = api.cuModuleGetTexRef(module, b"whole")
    words = api.cuArray3DCreate(descriptor(cu, 4, format=2))
    copy = cu.CUDA_MEMCPY2D()
    values = np.array([1, 65535, 3, 4], np.uint16)
    copy.srcMemoryType, copy.srcHost = cu.CUmemorytype.CU_MEMORYTYPE_HOST, values.ctypes.data
    copy.WidthInBytes, copy.Height = 8, 1
    copy.dstMemoryType, copy.dstArray = cu.CUmemorytype.CU_MEMORYTYPE_ARRAY, words
    api.cuMemcpy2D(copy)
    api.cuTexRefSetArray(whole, words, OVERRIDE)
    assert read(api, module, "read_whole", (4, 1), "i4").tolist() == [1, 65535, 3, 4]
    assert api.cuTexRefGetFlags(whole) == 0


def test_a_surface_reference_is_written_and_read(api: Any, cu: Any, module: Any) -> None:
    array = api.cuArray3DCreate(descriptor(cu, 4, 3, format=32, flags=SURFACE))
    reference = api.cuModuleGetSurfRef(module, b"drawn")
    assert api.status("cuSurfRefGetArray", reference) == "INVALID_VALUE"
    api.cuSurfRefSetArray(reference, array, 0)
    assert int(api.cuSurfRefGetArray(reference)) == int(array)
    launch(api, module, "draw", (4, 3))
    picture = api.cuModuleGetTexRef(module, b"picture")
    api.cuTexRefSetArray(picture, array, OVERRIDE)
    got = read(api, module, "read_picture", (4, 3), "f4", np.float32(0)).reshape(3, 4)
    assert np.array_equal(got, 2 * (np.arange(4)[None, :] * 10 + np.arange(3)[:, None]))


def test_what_does_not_fit_is_told_when_it_is_used(api: Any, cu: Any, module: Any) -> None:
    reference = api.cuModuleGetTexRef(module, b"quads")
    kernel = api.cuModuleGetFunction(module, b"read_quads")
    assert api.status("cuParamSetTexRef", kernel, -1, reference) == "SUCCESS"
    place = api.cuMemAlloc(256)
    api.cuTexRefSetFormat(reference, cu.CUarray_format.CU_AD_FORMAT_SIGNED_INT32, 4)
    api.cuTexRefSetAddress(reference, place, 1 << 20)
    assert api.status("cuParamSetTexRef", kernel, -1, reference) == "INVALID_VALUE"
    api.cuTexRefSetAddress(reference, place, 256)
    assert api.status("cuParamSetTexRef", kernel, -1, reference) == "SUCCESS"
    assert api.status("cuParamSetTexRef", kernel, 0, reference) == "INVALID_VALUE"


def test_settings_are_remembered_and_refused(api: Any, cu: Any, context: Any) -> None:
    own = api.cuTexRefCreate()
    api.cuTexRefSetMipmapFilterMode(own, cu.CUfilter_mode.CU_TR_FILTER_MODE_LINEAR)
    api.cuTexRefSetMipmapLevelBias(own, 0.5)
    api.cuTexRefSetMipmapLevelClamp(own, 1.0, 2.0)
    api.cuTexRefSetMaxAnisotropy(own, 4)
    api.cuTexRefSetFlags(own, READ_AS_INTEGER)
    assert int(api.cuTexRefGetMipmapFilterMode(own)) == 1
    assert api.cuTexRefGetMipmapLevelBias(own) == 0.5
    assert api.cuTexRefGetMipmapLevelClamp(own) == (1.0, 2.0)
    assert api.cuTexRefGetMaxAnisotropy(own) == 4
    assert api.cuTexRefGetFlags(own) == READ_AS_INTEGER
    assert [int(each) for each in api.cuTexRefGetFormat(own)] == [32, 1]
    assert api.cuTexRefGetBorderColor(own) == 0.0
    for name, *arguments in (("SetFlags", 4), ("SetFlags", 1 << 20), ("SetAddressMode", 3, cu.CUaddress_mode(0)),
                             ("GetAddressMode", 3), ("GetAddress",), ("GetArray",), ("GetMipmappedArray",),
                             ("SetAddress2D", None, 0, 0)):
        assert api.status(f"cuTexRef{name}", own, *arguments) == "INVALID_VALUE", name
    mipmapped = api.cuMipmappedArrayCreate(descriptor(cu, 8, 8, format=32), 2)
    assert api.status("cuTexRefSetMipmappedArray", own, mipmapped, 0) == "INVALID_VALUE"
    api.cuTexRefSetMipmappedArray(own, mipmapped, OVERRIDE)
    assert int(api.cuTexRefGetMipmappedArray(own)) == int(mipmapped)
    api.cuTexRefDestroy(own)
    assert api.status("cuTexRefDestroy", own) == "INVALID_VALUE"
    api.cuMipmappedArrayDestroy(mipmapped)


def test_other_variables_and_other_handles_are_no_references(api: Any, cu: Any, module: Any) -> None:
    assert api.status("cuModuleGetTexRef", module, b"number") == "NOT_FOUND"
    assert api.status("cuModuleGetTexRef", module, b"drawn") == "NOT_FOUND"
    assert api.status("cuModuleGetSurfRef", module, b"picture") == "NOT_FOUND"
    assert api.status("cuModuleGetTexRef", module, b"nothing") == "NOT_FOUND"
    surface = api.cuModuleGetSurfRef(module, b"drawn")
    assert api.status("cuTexRefGetFlags", cu.CUtexref(int(surface))) == "INVALID_VALUE"
    assert api.status("cuTexRefDestroy", api.cuModuleGetTexRef(module, b"picture")) == "INVALID_VALUE"
    assert api.status("cuSurfRefSetArray", surface, api.cuArray3DCreate(descriptor(cu, 4, 4, format=32)), 0) == (
        "INVALID_VALUE")


def test_nvrtc_refuses_them_as_cuda_13_does() -> None:
    with pytest.raises(Exception, match="texture"):
        compiler.compile_cuda("texture<float, 2> t;\n", "t.cu", ["-arch=sm_86"])


def test_a_source_with_one_is_a_program_for_cuda_11() -> None:
    """Headers of that time ask which CUDA they are in, and bring what older devices lacked."""
    source = """
        texture<float, 1> t;
        #if __CUDACC_VER_MAJOR__ * 1000 + __CUDACC_VER_MINOR__ * 10 != 11080 || CUDART_VERSION != 11080
        #error not 11.8
        #endif
        static __inline__ __device__ float atomicAdd(float *to, float value) { return *to = value + 40; }
        extern "C" __global__ void k(float *out) { atomicAdd(out, int_as_float(float_as_int(2.0f))); }
    """
    assert "atomicrmw" not in compiler.compile_cuda(source, "old.cu", ["-arch=sm_86"], nvcc=True).ir  # its own is taken
    with pytest.raises(Exception, match="13 it is"):
        compiler.compile_cuda("#if __CUDACC_VER_MAJOR__ == 13\n#error 13 it is\n#endif\n", "new.cu",
                              ["-arch=sm_86"], nvcc=True)
