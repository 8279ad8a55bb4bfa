"""One declarative row for each vendor whose library has CUDA's call shapes. No source, no row: docs/vendors.md.

Statuses are told apart by what the library calls them (GetErrorName), because the numbers are not published by all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from compatlayer.backends.vendor_calls import DRIVER, RUNTIME

_NONE: Mapping[str, str] = MappingProxyType({})
NOT_CONFIRMED = "not confirmed on hardware"
_DEBIAN = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


class Row(NamedTuple):
    """What is particular about one vendor's library.

    `names` and `parameters` are the template's exceptions by operation (an empty name: there is no such call);
    `attributes` the numbers of the device attributes, by our names; `direction` the number of the copy direction that
    is found out by the addresses. `image` is the kind of code that modules are made of; empty: none that can be made
    from device IR by published means, so kernels are refused and `why_no_kernels` says why. `source` is public.
    """

    name: str
    title: str
    libraries: tuple[str, ...]
    folders: tuple[str, ...]
    form: int
    prefix: str
    source: str
    names: Mapping[str, str] = _NONE
    parameters: Mapping[str, str] = _NONE
    attributes: Mapping[str, int] = MappingProxyType({})
    direction: int = 4
    warp_size: int = 32
    image: str = ""
    run_time_compiler: str = ""
    why_no_kernels: str = ""
    state: str = NOT_CONFIRMED


# The driver API's documented CUdevice_attribute values.
_CUDA_ATTRIBUTES = MappingProxyType({
    "max_block_threads": 1, "block_x": 2, "block_y": 3, "block_z": 4, "grid_x": 5, "grid_y": 6, "grid_z": 7,
    "shared_bytes": 8, "constant_bytes": 9, "warp_size": 10, "clock_khz": 13, "compute_units": 16, "integrated": 18,
    "memory_clock_khz": 36, "memory_bus_bits": 37, "l2_bytes": 38, "cooperative": 95, "shared_optin_bytes": 97})
# hipDeviceAttribute_t since HIP 5.
_HIP_ATTRIBUTES = MappingProxyType({
    "clock_khz": 5, "cooperative": 10, "integrated": 16, "l2_bytes": 19, "block_x": 26, "block_y": 27, "block_z": 28,
    "grid_x": 29, "grid_y": 30, "grid_z": 31, "max_block_threads": 56, "memory_bus_bits": 59, "memory_clock_khz": 60,
    "compute_units": 63, "shared_bytes": 74, "constant_bytes": 83, "warp_size": 87})
# mcDeviceAttribute_t, in the order of its enumeration.
_MC_ATTRIBUTES = MappingProxyType({
    "max_block_threads": 0, "block_x": 1, "block_y": 2, "block_z": 3, "grid_x": 4, "grid_y": 5, "grid_z": 6,
    "shared_bytes": 7, "constant_bytes": 8, "warp_size": 9, "clock_khz": 13, "memory_clock_khz": 14,
    "memory_bus_bits": 15, "compute_units": 16, "l2_bytes": 18})

NVIDIA = Row(
    name="nvidia", title="NVIDIA", libraries=("libcuda.so.1",),
    folders=(*_DEBIAN, "/usr/lib/wsl/lib", "/usr/lib/x86_64-linux-gnu/nvidia/current",
             "/usr/lib/aarch64-linux-gnu/tegra", "/usr/lib/aarch64-linux-gnu/nvidia"),
    form=DRIVER, prefix="cu", source="https://docs.nvidia.com/cuda/cuda-driver-api/",
    attributes=_CUDA_ATTRIBUTES, image="ptx", run_time_compiler="the driver's own, from PTX text")

ROCM = Row(
    name="rocm", title="AMD ROCm", libraries=("libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                                              "libamdhip64.so"),
    folders=("/opt/rocm/lib", "/opt/rocm/hip/lib", *_DEBIAN), form=RUNTIME, prefix="hip",
    source="https://github.com/ROCm/HIP include/hip/hip_runtime_api.h (MIT)",
    attributes=_HIP_ATTRIBUTES, image="amdgcn", run_time_compiler="hiprtc* (libhiprtc.so), not used")

HYGON = ROCM._replace(
    name="hygon", title="Hygon DTK", libraries=("libgalaxyhip.so.5", "libgalaxyhip.so", "libamdhip64.so"),
    folders=("/opt/dtk/hip/lib", "/opt/dtk/lib"),
    source="HIP's names; library and folder as public users of DTK have them (docs/vendors.md)",
    image="", why_no_kernels="the instruction sets of its devices (such as gfx926) are not among LLVM's")

MUSA = Row(
    name="musa", title="Moore Threads", libraries=("libmusa.so",),
    folders=("/usr/local/musa/lib",),
    form=DRIVER, prefix="mu",
    source="https://github.com/MooreThreads/torch_musa; OpenXLA's stream_executor/musa/musa_driver.cc",
    run_time_compiler="mtrtc* takes MUSA C++",
    why_no_kernels="what its driver loads (mubin) has no published way from LLVM IR")

METAX = Row(
    name="metax", title="MetaX MACA", libraries=("libmcruntime.so",), folders=("/opt/maca/lib",), form=RUNTIME,
    prefix="mc", source="https://github.com/FlagOpen/FlagCX maca_adaptor.cc; https://github.com/MetaX-MACA/mcTriton",
    names=MappingProxyType({"alloc_host": "mcMallocHost", "free_host": "mcFreeHost"}),
    parameters=MappingProxyType({"alloc_host": "void **pointer, size_t bytes"}),
    attributes=_MC_ATTRIBUTES, warp_size=64, run_time_compiler="mcrtc* takes MACA C++",
    why_no_kernels="what its runtime loads (mcbin) has no published way from LLVM IR")

BIREN = Row(
    name="biren", title="Biren SUPA", libraries=("libsupa-runtime.so",),
    folders=(), form=RUNTIME, prefix="su",  # no public source says where it lies
    source="https://github.com/kvcache-ai/Mooncake (SUPA's names); https://github.com/DeepLink-org/deeplink.framework "
           "dipu vendor supa; Biren's runtime API guide",
    names=MappingProxyType({
        "init": "", "name": "", "alloc": "suMallocDevice", "alloc_host": "suMallocHost", "free_host": "suFreeHost",
        "alloc_managed": "", "register": "suRegisterHostMemory", "unregister": "suUnregisterHostMemory"}),
    parameters=MappingProxyType({  # the stream comes before the direction
        "copy_async": "uintptr_t to, uintptr_t from, size_t bytes, void *stream, int kind"}),
    run_time_compiler="none published", why_no_kernels="no format of its modules is published")

ENFLAME = Row(
    name="enflame", title="Enflame TopsRider", libraries=("libtopsrt.so",), folders=("/opt/tops/lib",), form=RUNTIME,
    prefix="tops",
    source="https://github.com/FlagOpen/FlagCX tops_adaptor.cc; tops_runtime_api.h (Apache-2.0) in public projects",
    run_time_compiler="topsrtc* takes TOPS C++",
    why_no_kernels="what its runtime loads has no published way from LLVM IR")

KUNLUNXIN = Row(
    name="kunlunxin", title="Kunlunxin", libraries=("libcudart.so",),
    folders=(), form=RUNTIME, prefix="cuda",  # no public source says where it lies
    source="https://github.com/FlagOpen/FlagCX kunlunxin_adaptor.cc (CUDA's runtime names)",
    names=MappingProxyType({
        "init": "", "name": "", "alloc_host": "cudaHostAlloc", "free_host": "cudaFreeHost", "set8": "", "set16": "",
        "set32": "", "wait32": "", "wait64": "", "write32": "", "write64": "", "load": "", "unload": "",
        "function": "", "global": "", "launch": ""}),
    run_time_compiler="none published", why_no_kernels="its runtime has no calls that load modules")

COREX = Row(
    name="corex", title="Iluvatar CoreX", libraries=("libcuda.so.1", "libcuda.so"),
    folders=("/usr/local/corex/lib64", "/usr/local/corex/lib"), form=DRIVER, prefix="cu",
    source="https://github.com/FlagOpen/FlagCX ixcuda_adaptor.cc (CUDA's names); /usr/local/corex in public projects",
    attributes=_CUDA_ATTRIBUTES, run_time_compiler="none that is known to take PTX",
    why_no_kernels="what its driver loads has no published way from LLVM IR")

ROWS = {row.name: row for row in (NVIDIA, ROCM, HYGON, MUSA, METAX, BIREN, ENFLAME, KUNLUNXIN, COREX)}
