"""Linking: several images joined into one cubin. One image passes as it is; more are joined at the level of IR."""

from __future__ import annotations

from typing import ClassVar

from compatlayer.compiler.image import DeviceCode
from compatlayer.core import handles, image, link_input
from compatlayer.core.context import Context
from compatlayer.errors import CudaError, Status, UnresolvedSymbol


class Linker:
    """A link in progress (CUlinkState). The cubin it made lives as long as the linker."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, context: Context) -> None:
        self.context = context
        self.inputs: list[DeviceCode] = []
        self.names: list[str] = []  # what the program calls them, for the log
        self.output: bytes | None = None
        self.owner: object = None  # what the front end keeps with this linker: its log buffers
        self.buffer: object = None  # and the memory of the output
        self.handle = handles.add(self)

    def add(self, data: bytes, name: str) -> None:
        """Take one image: cubin, PTX, LTO IR or a library of ours. The documented image errors otherwise."""
        major, minor = self.context.device.capability
        for each in link_input.read(data, name, major * 10 + minor):
            self.inputs.append(each.code)
            self.names.append(each.name)

    def complete(self) -> bytes:
        """The linked cubin; INVALID_VALUE without inputs."""
        from compatlayer.compiler import container, linking

        if not self.inputs:
            raise CudaError(Status.INVALID_VALUE, "nothing to link; add an image with cuLinkAddData first")
        with image.compiling():
            code = linking.link(self.inputs)
        major, minor = self.context.device.capability
        self.output = container.pack(_for_device(code, major * 10 + minor))
        try:
            image.build(code, self.context.device)  # errors show here, and the load that follows is a cache hit
        except UnresolvedSymbol as error:
            raise CudaError(error.status, link_input.undefined(error.symbol, self.names, self.inputs)) from None
        return self.output

    def close(self) -> None:
        handles.remove(self.handle)
        self.inputs.clear()


def _for_device(code: DeviceCode, number: int) -> DeviceCode:
    return DeviceCode(ir=code.ir, architecture=f"sm_{number}", lowered_names=code.lowered_names, log=code.log)
