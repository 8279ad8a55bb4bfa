"""Libraries: code that belongs to no context; each context that uses it gets a module of its own, when it does.

Follows "Library Management" of the CUDA driver API. Kernels' attributes are kept by device.
"""

from __future__ import annotations

from typing import ClassVar

from compatlayer.compiler.image import KernelInfo
from compatlayer.core import handles
from compatlayer.core.context import Context, current
from compatlayer.core.device import Device
from compatlayer.core.function import Function, KernelAttributes
from compatlayer.core.image import LoadedImage
from compatlayer.core.module import Module
from compatlayer.errors import CudaError, Status


class Library:
    """Loaded code and its kernels; lives until unload()."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, image: LoadedImage) -> None:
        self.image = image
        self._kernels: dict[str, LibraryKernel] = {}
        self._modules: dict[Context, Module] = {}
        self._attributes: dict[int, dict[str, KernelAttributes]] = {}  # by device ordinal
        self.handle = handles.add(self)

    def kernel(self, name: str) -> LibraryKernel:
        """The kernel of that (mangled) name; NOT_FOUND otherwise."""
        found = self._kernels.get(name)
        if found is None:
            info = self.image.kernel(name)
            made = LibraryKernel(self, info)
            found = self._kernels.setdefault(name, made)
            if found is not made:  # another thread was first
                made.close()
        return found

    def kernels(self) -> list[LibraryKernel]:
        return [self.kernel(info.name) for info in self.image.native.kernels]

    def attributes(self, name: str, device: Device) -> KernelAttributes:
        """A kernel's attributes on `device`, shared by every context of it."""
        made = KernelAttributes(self.image.kernel(name), device, self.image.version)
        return self._attributes.setdefault(device.ordinal, {}).setdefault(name, made)

    def module(self) -> Module:
        """The library's module in the current context, loaded now if it is the first use there."""
        context = current()
        found = self._modules.get(context)
        if found is None:
            made = Module(context, self.image, self)
            found = self._modules.setdefault(context, made)
            if found is not made:  # another thread was first
                context.modules.remove(made)
                made.close()
        return found

    def forget(self, module: Module) -> None:
        """A module ended, with its context or with this library."""
        if self._modules.get(module.context) is module:
            del self._modules[module.context]
            for kernel in list(self._kernels.values()):
                kernel.forget(module.context)

    def symbol(self, name: str) -> tuple[int, int]:
        """Address and size in bytes of a global variable in the current context."""
        self.image.symbol(name)
        return self.module().symbol(name)

    def managed(self, name: str) -> tuple[int, int]:
        """Address and size of a managed variable. Host and device share one memory, so every variable is one."""
        if self.image.symbol(name).constant:
            raise CudaError(Status.NOT_FOUND, f"'{name}' is a constant, not a managed variable")
        return self.symbol(name)

    def unload(self) -> None:
        """End the library, its kernels, and its module in every context, after the work that may use them."""
        for context in list(self._modules):
            context.wait_idle()
        handles.remove(self.handle)
        for kernel in list(self._kernels.values()):
            kernel.close()
        self._kernels.clear()
        for module in list(self._modules.values()):
            module.end()


class LibraryKernel:
    """A kernel that belongs to no context (CUkernel)."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE
    __slots__ = ("_functions", "handle", "info", "library")

    def __init__(self, library: Library, info: KernelInfo) -> None:
        self.library = library
        self.info = info
        self._functions: dict[Context, Function] = {}
        self.handle = handles.add(self)

    def function(self) -> Function:
        """The kernel in the current context."""
        context = current()
        found = self._functions.get(context)
        if found is None:
            found = self._functions[context] = self.library.module().function(self.info.name)
        return found

    def forget(self, context: Context) -> None:
        """The module in `context` ended."""
        self._functions.pop(context, None)

    def attributes(self, device: Device) -> KernelAttributes:
        return self.library.attributes(self.info.name, device)

    def close(self) -> None:
        handles.remove(self.handle)
        self._functions.clear()


def function_of(handle: int) -> Function:
    """The function behind a CUfunction, or behind a CUkernel in the current context; INVALID_HANDLE otherwise."""
    found = handles.find(handle)
    if type(found) is Function:
        return found
    if type(found) is LibraryKernel:
        return found.function()
    noun = "a null handle" if handle == 0 else f"{handle:#x}"
    raise CudaError(Status.INVALID_HANDLE, f"{noun} is no live function or kernel; get one with cuModuleGetFunction "
                                           "or cuLibraryGetKernel, before the module is unloaded")
