"""Loaded code of a vendor's device: the image that a target made, its kernels and its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compatlayer.backends import base
from compatlayer.backends.base import Allocation, MemoryKind

if TYPE_CHECKING:
    from compatlayer.backends.vendor_device import VendorDevice
    from compatlayer.compiler.image import KernelInfo, NativeImage


class VendorKernel(base.Kernel):
    """A function of the library's; its code is in the module already."""

    def __init__(self, program: VendorProgram, info: KernelInfo) -> None:
        self.info = info
        self.program = program
        device = program.device
        out = device.calls.ffi.new("void **")
        device.call("function", out, program.raw, info.name.encode(), what=f"kernel {info.name}")
        self.raw = out[0]

    def prepare(self, block: tuple[int, int, int]) -> None:
        """Nothing is left to compile."""


class VendorProgram(base.Program):
    """A module of the library."""

    def __init__(self, device: VendorDevice, image: NativeImage) -> None:
        self.device = device
        self.life = device.life
        self.image = image
        self._kernels: dict[str, VendorKernel] = {}
        self._symbols: dict[str, Allocation] = {}
        data = image.path.read_bytes() if image.path is not None else b""
        self._data = device.calls.ffi.new("char[]", data)  # with a NUL; some libraries go on reading it
        out = device.calls.ffi.new("void **")
        device.call("load", out, self._data, what="a module")
        self.raw = out[0]

    def kernel(self, name: str) -> VendorKernel:
        """The kernel `name`; KeyError when the program has none."""
        found = self._kernels.get(name)
        if found is None:
            info = next((each for each in self.image.kernels if each.name == name), None)
            if info is None:
                raise KeyError(name)
            found = self._kernels.setdefault(name, VendorKernel(self, info))
        return found

    def symbol(self, name: str) -> Allocation:
        """The global variable `name`; BackendError when the library does not know it."""
        found = self._symbols.get(name)
        if found is None:
            ffi = self.device.calls.ffi
            place, size = ffi.new("void **"), ffi.new("size_t *")
            self.device.call("global", place, size, self.raw, name.encode(), what=f"variable {name}")
            address = int(ffi.cast("uintptr_t", place[0]))
            found = self._symbols[name] = self.device.ranges.add(address, int(size[0]), self.device.ordinal,
                                                                 MemoryKind.MODULE)
        return found

    def close(self) -> None:
        for variable in self._symbols.values():
            self.device.ranges.take(variable.base)
        self._symbols, self._kernels = {}, {}
        raw, self.raw = self.raw, None
        if raw is not None and not self.life.over and self.life.fault is None:
            self.device.call("unload", raw, what="a module's end")
