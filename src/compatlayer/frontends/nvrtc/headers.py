"""Precompiled and bundled headers. Ours are built in and precompiled without being asked, so most of this is empty."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.frontends.nvrtc.compilation import find
from compatlayer.frontends.nvrtc.result import NvrtcError, NvrtcResult


class HeapSize:
    """The PCH heap size in bytes; kept because programs read back what they set."""

    size_bytes = 256 << 20


@entry("nvrtcGetPCHHeapSize")
def heap_size(ret: Any) -> None:
    ret[0] = HeapSize.size_bytes


@entry("nvrtcSetPCHHeapSize")
def set_heap_size(size: int) -> None:
    HeapSize.size_bytes = size


@entry("nvrtcGetPCHCreateStatus")
def create_status(prog: Any) -> None:
    found = find(prog)
    raise NvrtcError(NvrtcResult.ERROR_NO_PCH_CREATE_ATTEMPTED, f"{found.name}: no precompiled header file is ever "
                                                                "written; our headers are precompiled already")


@entry("nvrtcGetPCHHeapSizeRequired")
def heap_size_required(prog: Any, size: Any) -> None:
    find(prog)
    size[0] = 0


_NOT_BUNDLED = b"the compiler's headers are built in; there is no folder of them to install or remove"
_log_text = ffi.new("char[]", _NOT_BUNDLED)


@entry("nvrtcGetBundledHeadersInfo", optional=("errorLog",))
def bundled_info(info: Any, errorLog: Any) -> None:
    ffi.memmove(info, bytes(ffi.sizeof("nvrtcBundledHeadersInfo")), ffi.sizeof("nvrtcBundledHeadersInfo"))
    if errorLog != ffi.NULL:
        errorLog[0] = ffi.NULL


@entry("nvrtcInstallBundledHeaders", optional=("errorLog",))
def install_bundled(installPath: Any, flags: int, errorLog: Any) -> None:
    raise _refused(errorLog)


@entry("nvrtcRemoveBundledHeaders", optional=("errorLog",))
def remove_bundled(installPath: Any, errorLog: Any) -> None:
    raise _refused(errorLog)


def _refused(error_log: Any) -> NvrtcError:
    if error_log != ffi.NULL:
        error_log[0] = _log_text
    return NvrtcError(NvrtcResult.ERROR_BUILTIN_OPERATION_FAILURE, _NOT_BUNDLED.decode())
