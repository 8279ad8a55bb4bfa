"""Images: from the bytes that a program loads to native code, with the documented error for what is wrong."""

from __future__ import annotations

import os

from compatlayer.compiler.image import DeviceCode, GlobalInfo, KernelInfo, NativeImage
from compatlayer.core.device import Device
from compatlayer.errors import CompilerError, CudaError, Status


class LoadedImage:
    """Device code built for this machine; any number of modules are made of it."""

    __slots__ = ("_globals", "_kernels", "architecture", "native", "version")

    def __init__(self, native: NativeImage, architecture: str) -> None:
        self.native = native
        self.architecture = architecture
        self.version = architecture_number(architecture)
        self._kernels = {info.name: info for info in native.kernels}
        self._globals = {info.name: info for info in native.globals}

    def kernel(self, name: str) -> KernelInfo:
        """Facts about a kernel; NOT_FOUND when the image has none of that name."""
        info = self._kernels.get(name)
        if info is None:
            raise CudaError(Status.NOT_FOUND, f"the module has no kernel '{name}'; it has {_listed(self._kernels)}"
                                              "; C++ names are mangled unless extern \"C\"")
        return info

    def symbol(self, name: str) -> GlobalInfo:
        """Facts about a global variable; NOT_FOUND when the image has none of that name."""
        info = self._globals.get(name)
        if info is None:
            raise CudaError(Status.NOT_FOUND, f"the module has no global '{name}'; it has {_listed(self._globals)}")
        return info


def _listed(names: dict[str, KernelInfo] | dict[str, GlobalInfo]) -> str:
    if not names:
        return "none"
    shown = ", ".join(list(names)[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


def architecture_number(architecture: str) -> int:
    """86 for sm_86, compute_86 or sm_86a."""
    return int("".join(letter for letter in architecture.rpartition("_")[2] if letter.isdecimal()) or 0)
