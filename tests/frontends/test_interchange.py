"""Arrays pass between packages without a copy: DLPack and __cuda_array_interface__ on a device that is the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

core = pytest.importorskip("cuda.core")
runtime = pytest.importorskip("cuda.bindings.runtime")
StridedMemoryView = pytest.importorskip("cuda.core.utils").StridedMemoryView


@pytest.fixture
def device() -> Iterator[Any]:
    device = core.Device(0)
    device.set_current()
    yield device
    device.sync()


class Holder:
    """Memory of the runtime library as other packages take it."""

    def __init__(self, address: int, count: int) -> None:
        self.__cuda_array_interface__ = {"shape": (count,), "typestr": "<i4", "data": (address, False), "version": 3,
                                         "strides": None}


def own_memory(values: np.ndarray) -> int:
    status, address = runtime.cudaMalloc(values.nbytes)
    assert int(status) == 0
    runtime.cudaMemcpy(address, values.ctypes.data, values.nbytes, runtime.cudaMemcpyKind.cudaMemcpyHostToDevice)
    return int(address)


@pytest.mark.parametrize("resource", ["LegacyPinnedMemoryResource", "PinnedMemoryResource", "ManagedMemoryResource"])
def test_numpy_reads_a_buffer_in_place(device: Any, resource: str) -> None:
    buffer = getattr(core, resource)().allocate(256, stream=device.default_stream)
    view = np.from_dlpack(buffer)
    assert view.ctypes.data == int(buffer.handle)
    view[:] = 3
    status, = runtime.cudaMemset(int(buffer.handle), 4, 128)
    runtime.cudaDeviceSynchronize()
    assert int(status) == 0 and (view[:128] == 4).all() and (view[128:] == 3).all()


def test_core_views_memory_of_the_runtime_library(device: Any) -> None:
    values = np.arange(64, dtype=np.int32)
    address = own_memory(values)
    view = StridedMemoryView.from_any_interface(Holder(address, 64), stream_ptr=-1)
    assert (view.ptr, view.shape, view.dtype) == (address, (64,), np.dtype(np.int32)) and view.is_device_accessible
    runtime.cudaFree(address)


def test_core_views_numpys_memory(device: Any) -> None:
    values = np.arange(64, dtype=np.float32)
    view = StridedMemoryView.from_any_interface(values, stream_ptr=-1)
    assert view.ptr == values.ctypes.data and not view.is_device_accessible


def test_our_buffer_for_both(device: Any) -> None:
    import compatlayer

    buffer = compatlayer.Device(0).array(32, np.int32)
    view = StridedMemoryView.from_any_interface(Holder(buffer.__cuda_array_interface__["data"][0], 32), stream_ptr=-1)
    assert view.ptr == np.from_dlpack(buffer).ctypes.data == buffer.__cuda_array_interface__["data"][0]


def test_numba_shares_memory(device: Any) -> None:
    cuda = pytest.importorskip("numba.cuda", reason="numba-cuda is not installed")
    values = np.arange(64, dtype=np.int32)
    address = own_memory(values)
    array = cuda.as_cuda_array(Holder(address, 64))
    assert array.__cuda_array_interface__["data"][0] == address and (array.copy_to_host() == values).all()
    status, = runtime.cudaMemset(address, 0, 128)
    assert int(status) == 0 and (array.copy_to_host()[:32] == 0).all()
    assert StridedMemoryView.from_any_interface(array, stream_ptr=-1).ptr == address


def test_pycuda_shares_memory(device: Any) -> None:
    gpuarray = pytest.importorskip("pycuda.gpuarray", reason="PyCUDA is not installed")
    values = np.arange(64, dtype=np.int32)
    address = own_memory(values)
    array = gpuarray.GPUArray((64,), np.int32, gpudata=address)
    assert (array.get() == values).all() and array.__cuda_array_interface__["data"][0] == address
    assert StridedMemoryView.from_any_interface(array, stream_ptr=-1).ptr == address
