"""Kernels that kernels launch on the CPU: where they are, and their code for blocks of a size nobody launched yet."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

from compatlayer._native import ffi, lib
from compatlayer.backends.base import BackendError
from compatlayer.backends.cpu import LAUNCHABLE, CpuKernel, CpuProgram
from compatlayer.errors import CompilerError

_kernels: WeakValueDictionary[int, CpuKernel] = WeakValueDictionary()  # by the address of the native one
_preparers: list[Any] = []


def fill(program: CpuProgram) -> None:
    """Writes each variable that stands in for a kernel (a cpl_launchable)."""
    if not _preparers:
        _preparers.append(ffi.callback("cpl_preparer", _prepare))
        lib.cpl_set_preparer(_preparers[0])
    for symbol in program.image.sharing.symbols:
        if not symbol.startswith(LAUNCHABLE):
            continue
        kernel = program.kernel(symbol[len(LAUNCHABLE):])
        address = int(ffi.cast("uintptr_t", kernel.raw))
        _kernels[address] = kernel
        variable = ffi.cast("cpl_launchable *", lib.cpl_module_symbol(program.raw, symbol.encode()))
        room = program.device.caps.shared_optin_bytes - kernel.info.static_shared_bytes
        variable.kernel, variable.self = kernel.raw, variable
        variable.max_threads, variable.max_dynamic_shared_bytes = kernel.info.max_threads, max(room, 0)


def _prepare(native: Any, x: int, y: int, z: int, error: Any, error_bytes: int) -> int:
    """On the host-callback thread. Nothing of Python's may pass through C."""
    try:
        kernel = _kernels.get(int(ffi.cast("uintptr_t", native)))
        if kernel is None:
            raise BackendError("its module was unloaded")
        kernel.prepare((x, y, z))
    except Exception as problem:
        reason = str(problem) if isinstance(problem, (BackendError, CompilerError)) else repr(problem)
        text = f"no code for blocks of {x} x {y} x {z} threads: {reason}".encode()[:error_bytes - 1]
        ffi.memmove(error, text + b"\0", len(text) + 1)
        return -1
    return 0
