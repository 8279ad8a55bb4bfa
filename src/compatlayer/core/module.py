"""Modules: native code loaded into one context, its functions and its global variables.

Follows "Module Management" of the CUDA driver API. A module dies with its context or by unload(); before its code
goes away, the work that may still use it is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from compatlayer.backends.base import BackendError, DomainFaulted, OutOfMemory, Program, Unsupported
from compatlayer.core import handles
from compatlayer.core.context import Context
from compatlayer.core.device import Device
from compatlayer.core.function import Function, KernelAttributes
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.image import LoadedImage
    from compatlayer.core.reference import Reference


class Owner(Protocol):
    """A library: it keeps its kernels' attributes for each device, and forgets a module that ends."""

    def attributes(self, name: str, device: Device) -> KernelAttributes: ...

    def forget(self, module: Module) -> None: ...


class Module:
    """Code in one context, loaded by the program itself or by a library (`owner`)."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, context: Context, image: LoadedImage, owner: Owner | None = None) -> None:
        context.check()
        self.context = context
        self.image = image
        self._owner = owner
        self._functions: dict[str, Function] = {}
        self.references: dict[str, Reference] = {}  # core/reference.py
        domain = context.live_domain()
        try:
            self.program: Program | None = context.device.hardware.load(image.native)
        except (DomainFaulted, OutOfMemory, Unsupported) as error:
            raise context.translate(error) from None
        except BackendError as error:
            raise CudaError(Status.INVALID_IMAGE, f"the module could not be loaded: {error}") from None
        context.modules.append(self)
        self.handle = handles.add(self)
        context.confirm(domain, self)

    def live_program(self) -> Program:
        program = self.program
        if program is None:
            raise CudaError(Status.INVALID_HANDLE, "the module was unloaded")
        return program

    def function(self, name: str) -> Function:
        """The kernel of that (mangled) name; NOT_FOUND otherwise."""
        found = self._functions.get(name)
        if found is None:
            made = self._make(name)
            found = self._functions.setdefault(name, made)
            if found is not made:  # another thread was first
                made.close()
        return found

    def _make(self, name: str) -> Function:
        info = self.image.kernel(name)
        device = self.context.device
        if self._owner is not None:
            attributes = self._owner.attributes(name, device)
        else:
            attributes = KernelAttributes(info, device, self.image.version)
        try:
            kernel = self.live_program().kernel(name)
        except BackendError as error:
            raise self.context.translate(error) from None
        return Function(self, info, kernel, attributes)

    def functions(self) -> list[Function]:
        """Every kernel, in the module's order."""
        return [self.function(info.name) for info in self.image.native.kernels]

    def symbol(self, name: str) -> tuple[int, int]:
        """Address and size in bytes of a global variable; NOT_FOUND otherwise."""
        self.image.symbol(name)
        try:
            allocation = self.live_program().symbol(name)
        except BackendError as error:
            raise self.context.translate(error) from None
        return allocation.base, allocation.size_bytes

    def unload(self) -> None:
        """cuModuleUnload: NOT_PERMITTED for a library's module, which ends with its library."""
        if self._owner is not None:
            raise CudaError(Status.NOT_PERMITTED, "the module belongs to a library; use cuLibraryUnload")
        self.end()

    def end(self) -> None:
        """Wait for work that may use the code, then end the module; a sticky fault does not stop it."""
        self.context.wait_idle()
        if self in self.context.modules:
            self.context.modules.remove(self)
        self.close()

    def close(self) -> None:
        """End the module; the caller has waited, but another thread may have launched since. Twice is fine."""
        program, self.program = self.program, None
        if program is None:
            return
        handles.remove(self.handle)
        for function in list(self._functions.values()):
            function.close()
        self._functions.clear()
        while self.references:
            self.references.popitem()[1].close()
        self.context.wait_idle()  # whoever launches later sees that there is no program, and waits; see core/launch.py
        program.close()
        if self._owner is not None:
            self._owner.forget(self)
