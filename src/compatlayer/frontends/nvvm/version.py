"""Which compiler of NVVM IR this is."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.frontends.nvvm.result import NvvmError, NvvmResult

VERSION = (2, 0)  # libNVVM's, as of CUDA 13.0
IR_VERSION = (2, 0)
DEBUG_VERSION = (3, 2)
_CLASSIC_LLVM, _MODERN_LLVM = 7, 20  # the dialects of NVVM IR; both are read for every architecture
_MODERN_FROM = 100


@entry("nvvmVersion")
def version(major: Any, minor: Any) -> None:
    major[0], minor[0] = VERSION


@entry("nvvmIRVersion")
def ir_version(majorIR: Any, minorIR: Any, majorDbg: Any, minorDbg: Any) -> None:
    majorIR[0], minorIR[0] = IR_VERSION
    majorDbg[0], minorDbg[0] = DEBUG_VERSION


@entry("nvvmLLVMVersion")
def llvm_version(arch: Any, major: Any) -> None:
    from compatlayer.compiler.frontends import nvvm_options

    if arch == ffi.NULL:
        raise NvvmError(NvvmResult.ERROR_INVALID_INPUT, "a null architecture; pass compute_86, for example")
    name = ffi.string(arch).decode("utf-8", "replace")
    try:
        options = nvvm_options.parse([f"-arch={name}"])
    except nvvm_options.InvalidOption as error:
        raise NvvmError(NvvmResult.ERROR_INVALID_INPUT, str(error)) from None
    number = int(options.architecture.partition("_")[2].rstrip("af"))
    major[0] = _MODERN_LLVM if number >= _MODERN_FROM else _CLASSIC_LLVM
