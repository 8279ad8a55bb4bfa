"""What a completed link gives: cubin, PTX, LTO IR and the logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.frontends.nvjitlink.linker import find
from compatlayer.frontends.nvjitlink.result import JitLinkError, JitLinkResult


def _write(destination: Any, data: bytes) -> None:
    """Copy into the caller's buffer, which has the size that the matching Get...Size answered."""
    if destination == ffi.NULL:
        raise JitLinkError(JitLinkResult.ERROR_NULL_INPUT, "the buffer is null")
    ffi.memmove(destination, data, len(data))


def _joined(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape") + b"\0"


@entry("nvJitLinkGetLinkedCubinSize")
def cubin_size(handle: Any, size: Any) -> None:
    size[0] = len(find(handle).cubin())


@entry("nvJitLinkGetLinkedCubin")
def cubin(handle: Any, cubin: Any) -> None:
    _write(cubin, find(handle).cubin())


@entry("nvJitLinkGetLinkedPtxSize")
def ptx_size(handle: Any, size: Any) -> None:
    size[0] = len(find(handle).ptx())


@entry("nvJitLinkGetLinkedPtx")
def ptx(handle: Any, ptx: Any) -> None:
    _write(ptx, find(handle).ptx())


@entry("nvJitLinkGetLinkedLTOIRSize")
def ltoir_size(handle: Any, size: Any) -> None:
    size[0] = len(find(handle).ltoir())


@entry("nvJitLinkGetLinkedLTOIR")
def ltoir(handle: Any, ltoir: Any) -> None:
    _write(ltoir, find(handle).ltoir())


@entry("nvJitLinkGetErrorLogSize")
def error_log_size(handle: Any, size: Any) -> None:
    size[0] = len(_joined(find(handle).errors))


@entry("nvJitLinkGetErrorLog")
def error_log(handle: Any, log: Any) -> None:
    _write(log, _joined(find(handle).errors))


@entry("nvJitLinkGetInfoLogSize")
def info_log_size(handle: Any, size: Any) -> None:
    size[0] = len(_joined(find(handle).notes))


@entry("nvJitLinkGetInfoLog")
def info_log(handle: Any, log: Any) -> None:
    _write(log, _joined(find(handle).notes))
