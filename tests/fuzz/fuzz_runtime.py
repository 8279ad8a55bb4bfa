"""What the API fuzzer knows of the runtime library (libcudart): its types, and what its plain pointers stand for.

The package's own cffi declarations have none of its structures, so they are read from include/ here. Its handles are
the driver's under other names: an object that one library made is given to functions of both.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from cffi import FFI

from compatlayer.api.header import Function, read_library
from compatlayer.api.library import CUDART
from compatlayer.api.toolchain import find_toolchain
from compatlayer.paths import library_dir

# Handles by what they point to, and numbers that are handles, under the driver's names.
HANDLES = {
    "cudaArray": "CUarray_st",
    "cudaMipmappedArray": "CUmipmappedArray_st",
    "cudaGraphicsResource": "CUgraphicsResource_st",
    "cudaAsyncCallbackEntry": "CUasyncCallbackEntry_st",
}
NUMBER_HANDLES = {
    "cudaTextureObject_t": "CUtexObject",
    "cudaSurfaceObject_t": "CUsurfObject",
    "cudaGraphConditionalHandle": "CUgraphConditionalHandle",
    "cudaLogIterator": "CUlogIterator",
}
UNIONS = {
    "cudaGraphNodeParams": {
        "kernel": 0,
        "memcpy": 1,
        "memset": 2,
        "host": 3,
        "graph": 4,
        "eventWait": 6,
        "eventRecord": 7,
        "extSemSignal": 8,
        "extSemWait": 9,
        "alloc": 10,
        "free": 11,
        "conditional": 13,
        "memcpyBatch": 14,
    },
}
EXCLUDED = {
    "cudaGetExportTable": "its tables are private",
    **dict.fromkeys(
        (
            "__cudaRegisterFatBinary",
            "__cudaRegisterFatBinaryEnd",
            "__cudaUnregisterFatBinary",
            "__cudaInitModule",
            "__cudaRegisterFunction",
            "__cudaRegisterVar",
            "__cudaRegisterManagedVar",
        ),
        "compilers write these calls, with data that lives as long as the program",
    ),
}
# Sizes here are of memory that another argument names, or of none.
SIZED_ELSEWHERE = re.compile(r"cuda(Mem(cpy|set|Advise|Prefetch)|Malloc|Host(Alloc|Register)|Graph\w*Mem(cpy|set))")
BYTE_COUNTS = re.compile(r"cuda(Mem(cpy|set|Prefetch|Advise|RangeGet|Discard)|Graph\w*Memcpy)(?!.*Batch)")
_KERNEL = re.compile(r"^(func|entryFuncAddr|symbolPtr)$")
_MEMORY = re.compile(r"^(dst|src|ptr|dptr|devPtr|pHost|base_ptr)$")


@functools.cache
def _ffi() -> Any:
    ffi = FFI()
    ffi.cdef(_read()[0])
    return ffi


@functools.cache
def _read() -> tuple[str, list[Function]]:
    return read_library(find_toolchain().command, Path(__file__).resolve().parents[2] / "include", CUDART)


def ctype(spelled: str) -> Any:
    """A type of the runtime library, as cffi has it; raises cffi's error for another name."""
    return _ffi().typeof(spelled)


def stands_for(name: str, text: str) -> str:
    """What a `void *` of this name is: "CUkern_st", "CUdeviceptr", or "" for plain bytes."""
    if text.replace("const", "").replace(" ", "") != "void*":
        return ""
    return "CUkern_st" if _KERNEL.search(name) else "CUdeviceptr" if _MEMORY.search(name) else ""


def older() -> dict[str, tuple[str, str]]:
    """Functions that only the library of another number has: where it lies, and what it calls them."""
    found = {}
    for soname, names in CUDART.renamed.items():
        found |= {ours: (str(library_dir() / soname), theirs) for theirs, ours in names.items()}
    return found
