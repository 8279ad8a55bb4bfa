"""Values and steps that several files of API programs need."""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_size_t, c_uint, c_uint64

from compatlayer.oracle.calls import Cuda

WRONG = 0xDEAD0000  # an enumerator or a flag that no CUDA has


class Memcpy2D(ctypes.Structure):
    """CUDA_MEMCPY2D."""

    _fields_ = [("src_x", c_size_t), ("src_y", c_size_t), ("src_type", c_uint), ("src_host", c_uint64),
                ("src_device", c_uint64), ("src_array", c_uint64), ("src_pitch", c_size_t), ("dst_x", c_size_t),
                ("dst_y", c_size_t), ("dst_type", c_uint), ("dst_host", c_uint64), ("dst_device", c_uint64),
                ("dst_array", c_uint64), ("dst_pitch", c_size_t), ("width", c_size_t), ("height", c_size_t)]


class PoolProperties(ctypes.Structure):
    """CUmemPoolProps."""

    _fields_ = [("allocation", c_int), ("handles", c_int), ("place", c_int), ("device", c_int),
                ("security", c_uint64), ("max_bytes", c_size_t), ("usage", ctypes.c_ushort),
                ("reserved", ctypes.c_ubyte * 54)]


class KernelNode(ctypes.Structure):
    """CUDA_KERNEL_NODE_PARAMS of version 2."""

    _fields_ = [("function", c_uint64), ("grid_x", c_uint), ("grid_y", c_uint), ("grid_z", c_uint),
                ("block_x", c_uint), ("block_y", c_uint), ("block_z", c_uint), ("shared", c_uint),
                ("parameters", c_uint64), ("extra", c_uint64), ("kernel", c_uint64), ("context", c_uint64)]


class MemsetNode(ctypes.Structure):
    """CUDA_MEMSET_NODE_PARAMS."""

    _fields_ = [("dst", c_uint64), ("pitch", c_size_t), ("value", c_uint), ("element", c_uint), ("width", c_size_t),
                ("height", c_size_t)]


def u64(value: int = 0) -> c_uint64:
    """A handle, pointer or size for the library to write."""
    return c_uint64(value)


def i32(value: int = 0) -> c_int:
    """An int for the library to write."""
    return c_int(value)


def alloc(cuda: Cuda, size: int = 4096) -> int:
    """Device memory."""
    pointer = u64()
    cuda.cuMemAlloc_v2(pointer, size)
    return pointer.value


def stream(cuda: Cuda, flags: int = 1) -> int:
    """A stream, non-blocking without other flags."""
    handle = u64()
    cuda.cuStreamCreate(handle, flags)
    return handle.value


def event(cuda: Cuda, flags: int = 0) -> int:
    """An event."""
    handle = u64()
    cuda.cuEventCreate(handle, flags)
    return handle.value


def module(cuda: Cuda) -> int:
    """The kernels, loaded."""
    handle = u64()
    cuda.cuModuleLoadData(handle, cuda.kernels)
    return handle.value


def function(cuda: Cuda, name: str, of: int | None = None) -> int:
    """A kernel of the module `of`, or of one that is loaded for it."""
    handle = u64()
    cuda.cuModuleGetFunction(handle, module(cuda) if of is None else of, name.encode())
    return handle.value


class Packed:
    """Arguments of a kernel, as the array of addresses that launches take; keep it alive until the launch is over."""

    def __init__(self, *values: ctypes._SimpleCData | ctypes.Structure) -> None:  # type: ignore[type-arg]
        self._values = values
        self.addresses = (ctypes.c_void_p * len(values))(*[ctypes.addressof(each) for each in values])


def launch(cuda: Cuda, kernel: int, *values: object, grid: tuple[int, ...] = (1, 1, 1),
           block: tuple[int, ...] = (32, 1, 1), shared: int = 0, on: int = 0) -> str:
    """cuLaunchKernel with ctypes values as arguments."""
    packed = Packed(*values)  # type: ignore[arg-type]
    return cuda.cuLaunchKernel(kernel, *grid, *block, shared, on, packed.addresses if values else None, None)


def words(count: int) -> ctypes.Array[c_uint]:
    """Distinct numbers."""
    return (c_uint * count)(*[i * 2654435761 % 2**32 for i in range(count)])


def fetch(cuda: Cuda, pointer: int, count: int, label: str) -> None:
    """Note `count` unsigned ints of device memory."""
    out = (c_uint * count)()
    cuda.cuMemcpyDtoH_v2(out, pointer, 4 * count)
    cuda.note(label, list(out))
