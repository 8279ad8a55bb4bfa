"""The C libraries that are emulated: their headers, file names and result codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Library(NamedTuple):
    """One emulated library; `number` is its CPL_LIBRARY_* number."""

    number: int
    name: str  # as in generated C names
    folder: str  # of its handlers, under frontends/
    headers: tuple[str, ...]
    sonames: tuple[str, ...]
    result: str  # the C type of a result
    not_supported: int
    not_initialized: int
    deinitialized: int
    unknown: int
    invalid_value: int
    out_of_memory: int
    in_c: frozenset[str]  # functions answered in native/answers.c
    looked_up: frozenset[str] = frozenset()  # functions that hand out entry points: the stub library answers them
    initializes: bool = False  # its calls answer not_initialized until its own initialisation has succeeded
    c_folder: str = ""  # all functions are answered in C, by files of this folder of native/ and by api/forwarding.py
    renamed: Mapping[str, Mapping[str, str]] = {}  # soname -> exported name -> function, where it is another one


CUDA = Library(
    number=0,
    name="cuda",
    folder="driver",
    headers=("cuda.h", "cudaProfiler.h", "cudaGL.h", "cudaEGL.h", "cudaVDPAU.h"),
    sonames=("libcuda.so.1", "libcuda.so"),
    result="CUresult",
    not_supported=801,
    not_initialized=3,
    deinitialized=4,
    unknown=999,
    invalid_value=1,
    out_of_memory=2,
    in_c=frozenset({"cuGetErrorName", "cuGetErrorString", "cuDriverGetVersion", "cuGetExportTable"}),
    looked_up=frozenset({"cuGetProcAddress", "cuGetProcAddress_v2"}),
    initializes=True,
)

# The compiler library has one code for all that is not the program's mistake.
NVRTC = Library(
    number=1,
    name="nvrtc",
    folder="nvrtc",
    headers=("nvrtc.h",),
    sonames=("libnvrtc.so.13", "libnvrtc.so.12"),
    result="nvrtcResult",
    not_supported=11,
    not_initialized=11,
    deinitialized=11,
    unknown=11,
    invalid_value=3,
    out_of_memory=1,
    in_c=frozenset({"nvrtcGetErrorString"}),
)

NVVM = Library(
    number=2,
    name="nvvm",
    folder="nvvm",
    headers=("nvvm.h",),
    sonames=("libnvvm.so.4",),
    result="nvvmResult",
    not_supported=9,
    not_initialized=9,
    deinitialized=9,
    unknown=9,
    invalid_value=4,
    out_of_memory=1,
    in_c=frozenset({"nvvmGetErrorString"}),
)

NVJITLINK = Library(
    number=3,
    name="nvJitLink",
    folder="nvjitlink",
    headers=("nvJitLink.h",),
    sonames=("libnvJitLink.so.13", "libnvJitLink.so.12"),
    result="nvJitLinkResult",
    not_supported=6,
    not_initialized=6,
    deinitialized=6,
    unknown=6,
    invalid_value=10,
    out_of_memory=6,
    in_c=frozenset(),
)

# What programs link for their kernels' generators; cuRAND's own generators on the host are not there.
CURAND = Library(
    number=4,
    name="curand",
    folder="curand",
    headers=("curand.h",),
    sonames=("libcurand.so.10",),
    result="curandStatus_t",
    not_supported=999,
    not_initialized=101,
    deinitialized=101,
    unknown=999,
    invalid_value=104,
    out_of_memory=102,
    in_c=frozenset(),
)

NVML = Library(
    number=5,
    name="nvml",
    folder="nvml",
    headers=("nvml.h",),
    sonames=("libnvidia-ml.so.1", "libnvidia-ml.so"),
    result="nvmlReturn_t",
    not_supported=3,
    not_initialized=1,
    deinitialized=1,
    unknown=999,
    invalid_value=2,
    out_of_memory=20,
    in_c=frozenset({"nvmlErrorString"}),
    initializes=True,
)

_OLDER = ("cudaGraphAddDependencies", "cudaGraphAddNode", "cudaGraphGetEdges", "cudaGraphNodeGetDependencies",
          "cudaGraphNodeGetDependentNodes", "cudaGraphRemoveDependencies", "cudaMemAdvise", "cudaMemPrefetchAsync",
          "cudaStreamUpdateCaptureDependencies")  # CUDA 12 has today's function under the name with _v2
_CUDART_12 = {
    **{name: f"{name}_v12" for name in _OLDER},
    **{f"{name}_v2": name for name in _OLDER},
    "cudaGetDeviceProperties": "cudaGetDeviceProperties_v11",
    "cudaGetDeviceProperties_v2": "cudaGetDeviceProperties_v12",
    "cudaChooseDevice": "cudaChooseDevice_v12",
    "cudaRuntimeGetVersion": "cudaRuntimeGetVersion_v12",
    "cudaMemcpyBatchAsync": "cudaMemcpyBatchAsync_v12",
    "cudaMemcpy3DBatchAsync": "cudaMemcpy3DBatchAsync_v12",
    "cudaStreamGetCaptureInfo": "cudaStreamGetCaptureInfo_v10",
    "cudaStreamGetCaptureInfo_v2": "cudaStreamGetCaptureInfo_v12",
    "cudaStreamGetCaptureInfo_v3": "cudaStreamGetCaptureInfo",
    "cudaEventElapsedTime_v2": "cudaEventElapsedTime",
    "cudaSignalExternalSemaphoresAsync_v2": "cudaSignalExternalSemaphoresAsync",
    "cudaWaitExternalSemaphoresAsync_v2": "cudaWaitExternalSemaphoresAsync",
}

# The runtime library: its codes are the driver's, by value, with a few of its own (docs/adr/0017-runtime-library.md).
CUDART = Library(
    number=6,
    name="cudart",
    folder="",
    headers=("cuda_runtime_api.h",),
    sonames=("libcudart.so.13", "libcudart.so", "libcudart.so.12"),
    result="cudaError_t",
    not_supported=801,
    not_initialized=3,
    deinitialized=4,
    unknown=999,
    invalid_value=1,
    out_of_memory=2,
    in_c=frozenset(),
    c_folder="cudart",
    renamed={"libcudart.so.12": _CUDART_12},
)

LIBRARIES = (CUDA, NVRTC, NVVM, NVJITLINK, CURAND, NVML, CUDART)


def library_of(function: str) -> Library:
    """The library that exports `function`, by the names' beginnings."""
    return next((each for each in LIBRARIES if each is not CUDA and function.startswith(each.name)), CUDA)
