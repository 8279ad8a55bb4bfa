"""What the tests of graphs share: parameters of nodes, and running a graph once."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

COUNT = 1000

SOURCE = """
extern "C" __global__ void add(int *data, int n, int what)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        data[i] += what;
}
extern "C" __global__ void scale(int *data, int n, int factor)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        data[i] *= factor;
}
extern "C" __global__ void empty() {}
extern "C" __global__ void meet(volatile int *flags, int own, int other)
{
    flags[own] = 1;
    while (!flags[other]) {}
}
extern "C" __global__ void wide(long long a, char b, double c, double *out) { *out = a + b + c; }
extern "C" __global__ void bad() { *(int *)8 = 1; }
"""


class Arguments:
    """Arguments of a kernel as the addresses that kernelParams takes; keep it until the call is over."""

    def __init__(self, *values: Any) -> None:
        self.values = [np.array(value) for value in values]
        self.addresses = np.array([value.ctypes.data for value in self.values] or [0], np.uint64)

    @property
    def pointer(self) -> int:
        return self.addresses.ctypes.data if self.values else 0


def kernel_params(cu: Any, function: Any, arguments: Arguments, grid: int = 8, block: int = 128) -> Any:
    """CUDA_KERNEL_NODE_PARAMS of a one-dimensional launch."""
    params = cu.CUDA_KERNEL_NODE_PARAMS()
    params.func = function
    params.gridDimX, params.gridDimY, params.gridDimZ = grid, 1, 1
    params.blockDimX, params.blockDimY, params.blockDimZ = block, 1, 1
    params.sharedMemBytes = 0
    params.kernelParams = arguments.pointer
    return params


def add_params(cu: Any, function: Any, data: Any, what: int, count: int = COUNT) -> Any:
    """A launch of `add` or `scale`; the arguments live as long as the parameters."""
    arguments = Arguments(np.uint64(int(data)), np.int32(count), np.int32(what))
    params = kernel_params(cu, function, arguments)
    _kept.append(arguments)
    del _kept[:-64]
    return params


_kept: list[Arguments] = []


def fill_params(cu: Any, data: Any, value: int, count: int = COUNT) -> Any:
    """CUDA_MEMSET_NODE_PARAMS of words."""
    params = cu.CUDA_MEMSET_NODE_PARAMS()
    params.dst, params.value, params.elementSize = data, value, 4
    params.width, params.height, params.pitch = count, 1, 0
    return params


def copy_params(cu: Any, destination: Any, source: Any, size_bytes: int = COUNT * 4) -> Any:
    """CUDA_MEMCPY3D of one row; arrays of NumPy's are host memory."""
    params = cu.CUDA_MEMCPY3D()
    kinds = cu.CUmemorytype
    for end, place in (("src", source), ("dst", destination)):
        host = isinstance(place, np.ndarray)
        setattr(params, f"{end}MemoryType", kinds.CU_MEMORYTYPE_HOST if host else kinds.CU_MEMORYTYPE_DEVICE)
        setattr(params, f"{end}{'Host' if host else 'Device'}", place.ctypes.data if host else place)
        setattr(params, f"{end}Pitch", size_bytes)
    params.WidthInBytes, params.Height, params.Depth = size_bytes, 1, 1
    return params


class HostCall:
    """A host function that notes its calls."""

    def __init__(self, cu: Any, do: Any = None) -> None:
        self.calls: list[int] = []

        def run(data: int | None) -> None:
            self.calls.append(data or 0)
            if do is not None:
                do()

        self._function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(run)
        self.function = cu.CUhostFn(ctypes.cast(self._function, ctypes.c_void_p).value)

    def params(self, cu: Any, data: int = 0) -> Any:
        params = cu.CUDA_HOST_NODE_PARAMS()
        params.fn, params.userData = self.function, data
        return params


def values(api: Any, data: Any, count: int = COUNT) -> np.ndarray:
    out = np.zeros(count, np.int32)
    api.cuMemcpyDtoH(out, data, out.nbytes)
    return out


def run(api: Any, graph: Any, stream: Any, times: int = 1) -> None:
    """Instantiate, launch, wait, destroy what was made."""
    executable = api.cuGraphInstantiate(graph, 0)
    for _ in range(times):
        api.cuGraphLaunch(executable, stream)
    api.cuStreamSynchronize(stream)
    api.cuGraphExecDestroy(executable)
