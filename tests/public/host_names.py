"""Made-up declarations of what host code names: the runtime's functions and types, and those of other libraries.

A survey of device code reads whole files, host code too, but runs nothing of it. So a function of the host is a
template that takes anything, and our headers, which are for device code alone, leave to the host's what those define.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

INCLUDE = Path(__file__).parents[2] / "include"
_DECLARED = re.compile(r"\b(cuda[A-Z]\w+)\s*\(")
_ON_DEVICE = frozenset((
    "cudaDeviceSynchronize", "cudaGetLastError", "cudaPeekAtLastError", "cudaMalloc", "cudaFree", "cudaGetDevice",
    "cudaGetDeviceCount", "cudaDeviceGetAttribute", "cudaFuncGetAttributes", "cudaMemcpyAsync", "cudaMemsetAsync",
    "cudaStreamCreateWithFlags", "cudaStreamDestroy", "cudaEventDestroy",
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor"))
_OLDER = ("ThreadSynchronize", "ThreadExit", "ThreadSetCacheConfig", "UnbindTexture", "BindTexture", "BindTexture2D",
          "BindTextureToArray", "MemcpyToArray", "MemcpyFromArray", "MemcpyArrayToArray", "GetTextureReference",
          "ProfilerStart", "ProfilerStop")
_SPECIAL = frozenset(("cudaGetErrorString", "cudaGetErrorName", "cudaCreateChannelDesc", "cudaMalloc"))
_FIELDS = """char name[256]; size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerMultiprocessor, totalConstMem,
  textureAlignment, texturePitchAlignment, sharedMemPerBlockOptin, memPitch, surfaceAlignment;
int regsPerBlock, warpSize, maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], clockRate, major, minor,
  multiProcessorCount, deviceOverlap, kernelExecTimeoutEnabled, integrated, canMapHostMemory, computeMode, maxTexture1D,
  maxTexture2D[2], maxTexture3D[3], concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver,
  asyncEngineCount, unifiedAddressing, memoryClockRate, memoryBusWidth, l2CacheSize, maxThreadsPerMultiProcessor,
  streamPrioritiesSupported, managedMemory, isMultiGpuBoard, multiGpuBoardGroupID, cooperativeLaunch,
  cooperativeMultiDeviceLaunch, concurrentManagedAccess, pageableMemoryAccess, persistingL2CacheMaxSize,
  accessPolicyMaxWindowSize, regsPerMultiprocessor, maxBlocksPerMultiProcessor, maxTexture1DLayered[2],
  maxTexture2DLayered[3], hostNativeAtomicSupported, computePreemptionSupported, singleToDoublePrecisionPerfRatio,
  maxTexture1DLinear, globalL1CacheSupported, localL1CacheSupported;"""
_TYPES = f"""#define __DRIVER_TYPES_H__
#include <cuda.h>
enum cudaResourceType {{ cudaResourceTypeArray, cudaResourceTypeMipmappedArray, cudaResourceTypeLinear,
  cudaResourceTypePitch2D }};
struct cudaDeviceProp {{ {_FIELDS} }};
struct cudaPointerAttributes {{ int type, device; void *devicePointer, *hostPointer; }};
struct cudaFuncAttributes {{ size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, maxDynamicSharedSizeBytes, preferredShmemCarveout; }};
enum cudaChannelFormatKind {{ cudaChannelFormatKindSigned, cudaChannelFormatKindUnsigned, cudaChannelFormatKindFloat,
  cudaChannelFormatKindNone }};
struct cudaChannelFormatDesc {{ int x, y, z, w; cudaChannelFormatKind f; }};
typedef struct cudaArray *cudaArray_t;
typedef const cudaArray *cudaArray_const_t;
typedef struct cudaMipmappedArray *cudaMipmappedArray_t;
struct cudaResourceDesc {{ cudaResourceType resType; union {{ struct {{ cudaArray_t array; }} array;
  struct {{ cudaMipmappedArray_t mipmap; }} mipmap;
  struct {{ void *devPtr; cudaChannelFormatDesc desc; size_t sizeInBytes; }} linear;
  struct {{ void *devPtr; cudaChannelFormatDesc desc; size_t width, height, pitchInBytes; }} pitch2D; }} res; }};
struct cudaTextureDesc {{ cudaTextureAddressMode addressMode[3]; cudaTextureFilterMode filterMode;
  cudaTextureReadMode readMode; int sRGB; float borderColor[4]; int normalizedCoords; unsigned maxAnisotropy;
  cudaTextureFilterMode mipmapFilterMode; float mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp; }};
struct cudaResourceViewDesc {{ int format; size_t width, height, depth; unsigned firstMipmapLevel, lastMipmapLevel; }};
struct cudaExtent {{ size_t width, height, depth; }};
struct cudaPos {{ size_t x, y, z; }};
struct cudaPitchedPtr {{ void *ptr; size_t pitch, xsize, ysize; }};
struct cudaMemcpy3DParms {{ cudaArray_t srcArray; cudaPos srcPos; cudaPitchedPtr srcPtr; cudaArray_t dstArray;
  cudaPos dstPos; cudaPitchedPtr dstPtr; cudaExtent extent; enum cudaMemcpyKind kind; }};
inline cudaExtent make_cudaExtent(size_t w, size_t h, size_t d) {{ return {{w, h, d}}; }}
inline cudaPos make_cudaPos(size_t x, size_t y, size_t z) {{ return {{x, y, z}}; }}
inline cudaPitchedPtr make_cudaPitchedPtr(void *d, size_t p, size_t x, size_t y) {{ return {{d, p, x, y}}; }}
enum cudaLaunchAttributeID {{ cudaLaunchAttributeProgrammaticStreamSerialization, cudaLaunchAttributeCooperative,
  cudaLaunchAttributeClusterDimension }};
struct cudaLaunchAttribute {{ cudaLaunchAttributeID id; union {{
  int programmaticStreamSerializationAllowed, cooperative; struct {{ unsigned x, y, z; }} clusterDim; }} val; }};
struct cudaLaunchConfig_t {{ dim3 gridDim, blockDim; size_t dynamicSmemBytes; cudaStream_t stream;
  cudaLaunchAttribute *attrs; unsigned numAttrs; }};
struct cudaIpcMemHandle_t {{ char reserved[64]; }};
struct cudaIpcEventHandle_t {{ char reserved[64]; }};
typedef struct CUgraphExec_st *cudaGraphExec_t;
typedef void (*cudaHostFn_t)(void *);
typedef void (*cudaStreamCallback_t)(cudaStream_t, cudaError_t, void *);
enum {{ cudaFuncCachePreferNone, cudaFuncCachePreferShared, cudaFuncCachePreferL1, cudaFuncCachePreferEqual }};
extern "C" __host__ void __assert_fail(const char *, const char *, unsigned, const char *);
extern "C" __host__ void __assertfail(const char *, const char *, unsigned, const char *, size_t);
extern "C" unsigned __cudaPushCallConfiguration(dim3, dim3, size_t = 0, void * = 0);
template <class A, class B> __host__ inline auto max(A a, B b) -> decltype(a + b) {{ return a < b ? b : a; }}
template <class A, class B> __host__ inline auto min(A a, B b) -> decltype(a + b) {{ return b < a ? b : a; }}
__host__ __device__ const char *cudaGetErrorString(cudaError_t);
__host__ __device__ const char *cudaGetErrorName(cudaError_t);
template <class T> __host__ __device__ cudaError_t cudaMalloc(T **, size_t);
template <class T> cudaChannelFormatDesc cudaCreateChannelDesc();
cudaChannelFormatDesc cudaCreateChannelDesc(int, int, int, int, cudaChannelFormatKind);
template <class T> cudaError_t cudaMemcpyToSymbol(const T &, const void *, size_t, size_t = 0, int = 0);
"""
_FIRST = ("cmath", "math.h", "cstdlib", "cstdio", "cstring", "algorithm", "climits", "cuda_runtime_api.h",
          "driver_types.h", "texture_types.h", "surface_types.h")


def header() -> str:
    """What stands before every file."""
    lines = ["#pragma once", *(f"#include <{each}>" for each in _FIRST), _TYPES]
    for name in sorted(set(_names())):
        where = "__host__ __device__ " if name in _ON_DEVICE else ""
        lines.append(f"template <class... A> {where}cudaError_t {name}(A...);")
        if "Symbol" in name:
            lines.append(f"template <class X, class... A> {where}cudaError_t {name}(const X &, A...);")
    return "\n".join(lines) + "\n"


def _names() -> Iterator[str]:
    for path in sorted((INCLUDE / "compatlayer" / "cudart").glob("*.h")):
        yield from (each for each in _DECLARED.findall(path.read_text(encoding="utf-8"))
                    if each not in _SPECIAL and not each.endswith("_t"))
    yield from (f"cuda{each}" for each in _OLDER)


_DEVICE_ONLY = ("#pragma push_macro(\"CPL_FN\")\n#undef CPL_FN\n"
                "#define CPL_FN static __inline__ __attribute__((device, always_inline, nodebug, unused))\n")
_OF_THE_HOST = re.compile(r"(?m)^.*(void \*p\) CPL_NOEXCEPT \{ return p|\(void \*, void \*\)|align_val_t : ).*$")


def device_headers(folder: Path) -> None:
    """A copy of our headers in which C's functions are the device's alone, beside those of the host's headers."""
    shutil.copytree(INCLUDE / "device", folder)
    for path in INCLUDE.glob("cuda*.h"):
        if not (folder / path.name).exists():
            shutil.copy(path, folder)
    for path in (INCLUDE / "compatlayer").rglob("*.h"):
        place = folder / path.relative_to(INCLUDE)
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            shutil.copy(path, place)
    for name in ("math", "memory", "language"):
        path = folder / "compatlayer" / f"{name}.h"
        text = path.read_text(encoding="utf-8")
        if name == "memory":
            text = _OF_THE_HOST.sub("", text)
        start = text.index("\n", text.index("#define CPL_")) + 1
        end = text.rindex("#endif")
        path.write_text(text[:start] + "#include <new>\n" + _DEVICE_ONLY + text[start:end] +
                        '#pragma pop_macro("CPL_FN")\n' + text[end:], encoding="utf-8")
    path = folder / "compatlayer" / "registers.h"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("CPL_FN clock_t clock()", "__device__ inline clock_t clock()"), encoding="utf-8")


# ---- other libraries --------------------------------------------------------------------------
_MISSING = re.compile(r"'([\w./]+)' file not found")
_UNKNOWN = re.compile(r"(?:use of undeclared identifier|unknown type name|no template named|no type named) '(\w+)'")
_LIBRARIES = re.compile(
    r"(cublas|cusparse|cufft|cusolver|curand|cudnn|nccl|nvml|npp|cutensor|mpi|omp|GL/|hip|nvToolsExt|nvtx3|cudaTypedefs"
    r"|cuda_profiler|cuda_gl|cuda_egl|drvapi|helper|shrUtils|gsl|boost|ATen|torch|c10)")
_THEIRS = re.compile(r"(cu[a-z]+[A-Z]|CU[A-Z]+_|cuda[A-Z_]|CUDA_|nccl|NCCL|MPI_|nvtx|omp_|GL|gsl_|find|gpu|sdk|shr|cut"
                     r"|check)")


class Inventions:
    """What is made up for one file as clang's messages ask for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: dict[str, str] = {}
        self.path.write_text("", encoding="utf-8")

    @property
    def path(self) -> Path:
        """The header to include before the file."""
        return self.folder / "invented.h"

    def learn(self, messages: str, text: str) -> bool:
        """Whether the messages asked for something that could be made up."""
        before = dict(self.lines)
        found = False
        for name in _MISSING.findall(messages):
            if _LIBRARIES.match(name):
                place = self.folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text("#include <cuda.h>\n" if "Typedefs" in name else
                                 "#include <cuComplex.h>\n#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n",
                                 encoding="utf-8")
                found = True
        for name in set(_UNKNOWN.findall(messages)):
            if _THEIRS.match(name):
                self.lines[name] = _declaration(name, messages, text)
        self.path.write_text("\n".join(self.lines.values()) + "\n", encoding="utf-8")
        return found or self.lines != before


def _declaration(name: str, messages: str, text: str) -> str:
    is_type = f"unknown type name '{name}'" in messages or re.search(rf"\b{name}\s+\w+\s*[;=,(\[{{]", text)
    if is_type and re.search("Status|status|Error|Result|Op|Mode|Type|Flag", name):
        return f"typedef int {name};"
    if is_type:
        return (f"struct {name} {{ {name}() = default; template <class T> {name}(T) {{}} "
                "template <class T> operator T() const; };")
    if re.search(rf"\b{name}\s*(<[^<>;]*>)?\s*\(", messages + text):
        return f"template <class... A> int {name}(A...);"
    return f"static const int {name} = 0;"
