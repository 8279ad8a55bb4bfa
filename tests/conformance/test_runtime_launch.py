"""The runtime library: libraries, kernels, their attributes, occupancy, and launches from C."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build
from runtime_calls import TO_HOST, runtime

from compatlayer.launcher import libraries

ATTRIBUTE = runtime.cudaFuncAttribute


class Dim3(ctypes.Structure):
    _fields_ = [("x", ctypes.c_uint), ("y", ctypes.c_uint), ("z", ctypes.c_uint)]


class Config(ctypes.Structure):
    """cudaLaunchConfig_t."""

    _fields_ = [("grid", Dim3), ("block", Dim3), ("shared", ctypes.c_size_t), ("stream", ctypes.c_void_p),
                ("attributes", ctypes.c_void_p), ("count", ctypes.c_uint)]


@pytest.fixture(scope="module")
def cudart() -> Any:
    """libcudart.so by ctypes: what cuda.bindings does not hand on."""
    library = ctypes.CDLL("libcudart.so")
    vp, size = ctypes.c_void_p, ctypes.c_size_t
    library.cudaLaunchKernel.argtypes = [vp, Dim3, Dim3, vp, size, vp]
    library.cudaLaunchCooperativeKernel.argtypes = [vp, Dim3, Dim3, vp, size, vp]
    library.cudaLaunchKernelExC.argtypes = [ctypes.POINTER(Config), vp, vp]
    library.cudaGetKernel.argtypes = [vp, vp]
    library.cudaGetFuncBySymbol.argtypes = [vp, vp]
    return library


@pytest.fixture
def loaded(rt: Any) -> Any:
    return rt.cudaLibraryLoadData(build(), [], [], 0, [], [], 0)


def test_libraries(rt: Any, loaded: Any, tmp_path: Any) -> None:
    assert rt.cudaLibraryGetKernelCount(loaded) == 7
    kernels = rt.cudaLibraryEnumerateKernels(7, loaded)
    assert int(rt.cudaLibraryGetKernel(loaded, b"count")) in [int(kernel) for kernel in kernels]
    address, size = rt.cudaLibraryGetGlobal(loaded, b"counter")
    assert size == 4 and (rt.get(address, np.zeros(1, np.int32)) == 5).all()
    assert rt.status("cudaLibraryGetKernel", loaded, b"nothing") == "SymbolNotFound"
    assert rt.status("cudaLibraryGetGlobal", loaded, b"nothing") == "SymbolNotFound"
    assert rt.status("cudaLibraryGetManaged", loaded, b"nothing") == "SymbolNotFound"
    file = tmp_path / "code.cubin"
    file.write_bytes(build())
    other = rt.cudaLibraryLoadFromFile(str(file).encode(), [], [], 0, [], [], 0)
    rt.cudaLibraryUnload(other)
    assert rt.status("cudaLibraryUnload", other) == "InvalidResourceHandle"
    assert rt.status("cudaLibraryLoadFromFile", b"/no/such", [], [], 0, [], [], 0) == "FileNotFound"
    assert rt.status("cudaLibraryLoadData", b"no code", [], [], 0, [], [], 0) in ("InvalidKernelImage", "InvalidPtx")


def test_what_a_kernel_is(rt: Any, loaded: Any) -> None:
    kernel = rt.cudaLibraryGetKernel(loaded, b"bounded")
    found = rt.cudaFuncGetAttributes(int(kernel))
    assert (found.maxThreadsPerBlock, found.binaryVersion) == (128, 86) and found.numRegs > 0
    shared = rt.cudaLibraryGetKernel(loaded, b"shared_sum")
    assert rt.cudaFuncGetAttributes(int(shared)).sharedSizeBytes >= 400
    for name in ("cudaFuncGetAttributes", "cudaFuncGetParamCount"):
        assert rt.status(name, 999) == rt.status(name, 0) == "InvalidDeviceFunction", name


def test_names_and_parameters_of_kernels(rt: Any, loaded: Any, cudart: Any) -> None:
    mixed, name = int(rt.cudaLibraryGetKernel(loaded, b"mixed")), ctypes.c_char_p()
    assert cudart.cudaFuncGetName(ctypes.byref(name), ctypes.c_void_p(mixed)) == 0 and name.value == b"mixed"
    assert rt.cudaFuncGetParamCount(mixed) == 5
    offset, size = ctypes.c_size_t(), ctypes.c_size_t()
    pointers = ctypes.byref(offset), ctypes.byref(size)
    assert cudart.cudaFuncGetParamInfo(ctypes.c_void_p(mixed), ctypes.c_size_t(1), *pointers) == 0
    assert (offset.value, size.value) == (8, 8)
    assert cudart.cudaFuncGetParamInfo(ctypes.c_void_p(mixed), ctypes.c_size_t(9), *pointers) == 1
    assert cudart.cudaFuncGetName(ctypes.byref(name), None) == 98


def test_attributes_of_kernels_are_set(rt: Any, loaded: Any) -> None:
    kernel = rt.cudaLibraryGetKernel(loaded, b"shared_sum")
    rt.cudaFuncSetAttribute(int(kernel), ATTRIBUTE.cudaFuncAttributeMaxDynamicSharedMemorySize, 60000)
    assert rt.cudaFuncGetAttributes(int(kernel)).maxDynamicSharedSizeBytes == 60000
    rt.cudaKernelSetAttributeForDevice(kernel, ATTRIBUTE.cudaFuncAttributePreferredSharedMemoryCarveout, 50, 0)
    assert rt.cudaFuncGetAttributes(int(kernel)).preferredShmemCarveout == 50
    rt.cudaFuncSetCacheConfig(int(kernel), runtime.cudaFuncCache.cudaFuncCachePreferL1)
    rt.cudaFuncSetSharedMemConfig(int(kernel), runtime.cudaSharedMemConfig.cudaSharedMemBankSizeDefault)
    assert rt.status("cudaFuncSetAttribute", int(kernel), ATTRIBUTE.cudaFuncAttributeMaxDynamicSharedMemorySize,
                     1 << 30) == "InvalidValue"
    assert rt.status("cudaFuncSetAttribute", 999, ATTRIBUTE.cudaFuncAttributeMaxDynamicSharedMemorySize,
                     8) == "InvalidDeviceFunction"


def test_occupancy(rt: Any, loaded: Any) -> None:
    kernel = int(rt.cudaLibraryGetKernel(loaded, b"add_one"))
    blocks = rt.cudaOccupancyMaxActiveBlocksPerMultiprocessor(kernel, 128, 0)
    assert blocks == rt.cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(kernel, 128, 0, 0) > 0
    assert rt.cudaOccupancyAvailableDynamicSMemPerBlock(kernel, 1, 128) > 0
    assert rt.status("cudaOccupancyMaxActiveBlocksPerMultiprocessor", kernel, -5, 0) == "InvalidValue"
    assert rt.status("cudaOccupancyMaxActiveBlocksPerMultiprocessor", 999, 5, 0) == "InvalidDeviceFunction"


def test_launches(rt: Any, loaded: Any, cudart: Any) -> None:
    values = np.arange(1000, dtype=np.int32)
    address, kernel = rt.put(values), int(rt.cudaLibraryGetKernel(loaded, b"add_one"))
    packed = Packed(np.uint64(address), np.int32(1000))
    assert cudart.cudaLaunchKernel(kernel, Dim3(8, 1, 1), Dim3(128, 1, 1), packed.pointer, 0, None) == 0
    assert cudart.cudaLaunchCooperativeKernel(kernel, Dim3(8, 1, 1), Dim3(128, 1, 1), packed.pointer, 0, None) == 0
    config = Config(Dim3(8, 1, 1), Dim3(128, 1, 1), 0, None, None, 0)
    assert cudart.cudaLaunchKernelExC(ctypes.byref(config), kernel, packed.pointer) == 0
    rt.cudaDeviceSynchronize()
    assert (rt.get(address, values) == values + 3).all()


@pytest.mark.parametrize(("grid", "block"), [
    ((0, 1, 1), (32, 1, 1)), ((1, 1, 1), (2048, 1, 1)), ((1, 1, 1), (1, 1, 65)), ((1, 70000, 1), (1, 1, 1)),
    ((1, 1, 1), (32, 0, 1))])
def test_shapes_that_no_device_has(rt: Any, loaded: Any, cudart: Any, grid: Any, block: Any) -> None:
    kernel = int(rt.cudaLibraryGetKernel(loaded, b"count"))
    assert cudart.cudaLaunchKernel(kernel, Dim3(*grid), Dim3(*block), None, 0, None) == 9
    assert rt.status("cudaGetLastError") == "InvalidConfiguration"
    assert cudart.cudaLaunchCooperativeKernel(kernel, Dim3(*grid), Dim3(*block), None, 0, None) == 9
    config = Config(Dim3(*grid), Dim3(*block), 0, None, None, 0)
    assert cudart.cudaLaunchKernelExC(ctypes.byref(config), kernel, None) == 9


def test_what_is_no_kernel(rt: Any, loaded: Any, cudart: Any) -> None:
    one, out = Dim3(1, 1, 1), ctypes.c_void_p()
    for function in (None, 12345, ctypes.addressof(one)):
        assert cudart.cudaLaunchKernel(function, one, one, None, 0, None) == 98
    assert cudart.cudaLaunchKernelExC(None, None, None) == 1
    for name in ("cudaGetKernel", "cudaGetFuncBySymbol"):
        assert getattr(cudart, name)(ctypes.addressof(out), 12345) == 98
    assert rt.status("cudaGetLastError") == "InvalidDeviceFunction"
    assert cudart.cudaLaunchKernel(int(rt.cudaLibraryGetKernel(loaded, b"count")), one, one, None, 1 << 40, None) == 1


def test_launches_are_seen_by_copies(rt: Any, loaded: Any, cudart: Any) -> None:
    count, one = int(rt.cudaLibraryGetKernel(loaded, b"count")), Dim3(1, 1, 1)
    address = rt.cudaLibraryGetGlobal(loaded, b"counter")[0]
    for _ in range(5):
        assert cudart.cudaLaunchKernel(count, one, Dim3(32, 1, 1), None, 0, None) == 0
    back = np.zeros(1, np.int32)
    rt.cudaMemcpy(back.ctypes.data, address, 4, TO_HOST)
    assert back[0] == 5 + 5 * 32


def test_libraries_are_found_by_name(rt: Any) -> None:
    for name, version in (("libcudart.so", 13050), ("libcudart.so.13", 13050), ("libcudart.so.12", 12090)):
        library, found = ctypes.CDLL(name), ctypes.c_int()
        assert library.cudaRuntimeGetVersion(ctypes.byref(found)) == 0 and found.value == version
        assert name in [path.rpartition("/")[2] for path in libraries.paths()]
