"""Linking: several images joined into one cubin. One image passes as it is; more are joined at the level of IR."""

from __future__ import annotations

import re
from typing import ClassVar

from compatlayer.compiler.image import DeviceCode
from compatlayer.core import handles, image
from compatlayer.core.context import Context
from compatlayer.errors import CudaError, Status, UnresolvedSymbol

_ARCHIVE, _DEVICE_RUNTIME = b"!<arch>\n", (b"cudaLaunchDevice", b"cudaGetParameterBuffer")


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
        """Take one image: cubin, PTX or LTO IR of ours. The documented image errors otherwise.

        libcudadevrt.a, which launches from kernels are linked with, adds nothing: what it defines is always there."""
        from compatlayer.compiler import container

        if data.startswith(_ARCHIVE) and all(each in data for each in _DEVICE_RUNTIME):
            return
        try:
            code, _ = container.unpack(data)
        except container.ImageError as error:
            if error.reason is not container.Reason.PLAIN_PTX:
                foreign = error.reason is container.Reason.FOREIGN
                status = Status.NO_BINARY_FOR_GPU if foreign else Status.INVALID_IMAGE
                raise CudaError(status, f"{name or 'input'}: {error}") from None
            try:
                code = image.read_ptx(data, self.context.device)
            except CudaError as error:
                raise CudaError(error.status, f"{name or 'input'}: {error.text}") from None
        self.inputs.append(code)
        self.names.append(name)

    def complete(self) -> bytes:
        """The linked cubin; INVALID_VALUE without inputs."""
        from compatlayer.compiler import container, linking

        if not self.inputs:
            raise CudaError(Status.INVALID_VALUE, "nothing to link; add an image with cuLinkAddData first")
        code = self.inputs[0]
        if len(self.inputs) > 1:
            with image.compiling():
                code = linking.link(self.inputs)
        major, minor = self.context.device.capability
        self.output = container.pack(_for_device(code, major * 10 + minor))
        try:
            image.build(code, self.context.device)  # errors show here, and the load that follows is a cache hit
        except UnresolvedSymbol as error:
            raise CudaError(error.status, f"error   : Undefined reference to '{error.symbol}' in "
                                          f"'{self._user_of(error.symbol)}'") from None
        return self.output

    def _user_of(self, symbol: str) -> str:
        """The name of the first input that mentions `symbol`."""
        mention = re.compile(rf'@"?{re.escape(symbol)}\b')
        return next((name for name, code in zip(self.names, self.inputs, strict=True) if mention.search(code.ir)), "")

    def close(self) -> None:
        handles.remove(self.handle)
        self.inputs.clear()


def _for_device(code: DeviceCode, number: int) -> DeviceCode:
    return DeviceCode(ir=code.ir, architecture=f"sm_{number}", lowered_names=code.lowered_names, log=code.log)
