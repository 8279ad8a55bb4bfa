"""Images: from the bytes that a program loads to native code, with the documented error for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from compatlayer.compiler.image import DeviceCode, GlobalInfo, KernelInfo, NativeImage
from compatlayer.core.device import Device
from compatlayer.errors import CompilerError, CompilerHindered, CompilerMissing, CudaError, Status


class LoadedImage:
    """Device code built for a target; any number of modules are made of it."""

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


def load(data: bytes, device: Device) -> LoadedImage:
    """Read an image and build it for `device`. Bytes after its end are ignored."""
    return build(read(data, device), device)


def read(data: bytes, device: Device) -> DeviceCode:
    """The device code of an image that may run on `device`: INVALID_IMAGE, NO_BINARY_FOR_GPU or INVALID_PTX else."""
    from compatlayer.compiler import container

    is_text = False
    limit = device.capability[0] * 10 + device.capability[1]
    try:
        code, kind = container.unpack(data)
        if kind is container.Kind.LTOIR:
            raise CudaError(Status.INVALID_IMAGE, "LTO IR is not code yet; link it to a cubin first")
        is_text = kind is None
        container.check_architecture(_virtual(code) if is_text else code, limit)
    except container.ImageError as error:
        if error.reason is container.Reason.PLAIN_PTX:
            return read_ptx(data, limit)
        status = _status(error.reason)
        if error.reason is container.Reason.ARCHITECTURE and is_text:
            status = Status.INVALID_PTX
        raise CudaError(status, str(error)) from None
    return code


def read_ptx(data: bytes, limit: int) -> DeviceCode:
    """The device code of PTX text that our NVRTC did not make, for compute capability `limit` / 10 at most:
    INVALID_PTX, or UNSUPPORTED_PTX_VERSION."""
    from compatlayer.compiler import container
    from compatlayer.compiler.frontends import ptx

    with compiling():
        try:
            code = ptx.compile_ptx(data)
            container.check_architecture(code, limit)
        except ptx.PtxVersionFault as error:
            raise CudaError(Status.UNSUPPORTED_PTX_VERSION, str(error)) from None
    return code


def length(read_memory: Callable[[int, int], bytes]) -> int:
    """Bytes of the image behind a bare pointer; `read_memory(offset, size)` reads there."""
    from compatlayer.compiler import container

    try:
        return container.image_length(read_memory)
    except container.ImageError as error:
        raise CudaError(_status(error.reason), str(error)) from None


def build(code: DeviceCode, device: Device) -> LoadedImage:
    """Native code of device code; the errors of `compiling`."""
    from compatlayer import compiler

    with compiling():
        return LoadedImage(compiler.build_native(code, device.caps.target), code.architecture)


@contextmanager
def compiling() -> Iterator[None]:
    """What the compiler raises, in CUDA's terms."""
    try:
        yield
    except CompilerError as error:
        raise compiler_error(error) from None


def compiler_error(error: CompilerError) -> CudaError:
    """INVALID_PTX for code that cannot be built, JIT_COMPILER_NOT_FOUND without a compiler, OPERATING_SYSTEM where the
    machine hinders it."""
    if isinstance(error, CompilerMissing):
        return CudaError(Status.JIT_COMPILER_NOT_FOUND, str(error))
    if isinstance(error, CompilerHindered):
        return CudaError(Status.OPERATING_SYSTEM, str(error))
    return CudaError(Status.INVALID_PTX, str(error))


def architecture_number(architecture: str) -> int:
    """86 for sm_86, compute_86 or sm_86a."""
    return int("".join(letter for letter in architecture.rpartition("_")[2] if letter.isdecimal()) or 0)


def _virtual(code: DeviceCode) -> DeviceCode:
    """PTX text runs on every later device, whichever architecture it was made for."""
    return code._replace(architecture="compute_" + code.architecture.rpartition("_")[2])


def _status(reason: object) -> Status:
    from compatlayer.compiler.container import Reason

    if reason in (Reason.FOREIGN, Reason.ARCHITECTURE):
        return Status.NO_BINARY_FOR_GPU
    return Status.INVALID_IMAGE


def _listed(names: dict[str, KernelInfo] | dict[str, GlobalInfo]) -> str:
    if not names:
        return "none"
    shown = ", ".join(list(names)[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
