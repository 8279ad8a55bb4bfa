"""Program: CUDA C++ source, compiled and loaded; Kernel: one of its entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compatlayer import compiler
from compatlayer.compiler.image import DeviceCode
from compatlayer.core.function import Function
from compatlayer.core.image import LoadedImage
from compatlayer.core.module import Module
from compatlayer.errors import CompilerError, CudaError, Status
from compatlayer.frontends.python.arguments import Kind, parameter_kinds
from compatlayer.frontends.python.lifetime import Owned

if TYPE_CHECKING:
    from compatlayer.frontends.python.device import Device


class CompileError(CudaError):
    """The source does not compile (status INVALID_SOURCE); `log` is the compiler's, with line and caret."""

    def __init__(self, log: str) -> None:
        super().__init__(Status.INVALID_SOURCE, f"the source does not compile:\n{log}")
        self.log = log


class Program(Owned):
    """CUDA C++ `source` for `device`, compiled as NVRTC would and loaded into the device's primary context.

    `options` are NVRTC's; `headers` are texts by name; `name_expressions` name template instances and the like, for
    kernel(). Results are kept on disk: the same source compiles once for all processes. Owns the loaded code, so close
    it after its launches. Raises CompileError, or CudaError INVALID_VALUE for an option that NVRTC does not have.
    """

    def __init__(self, device: Device, source: str, *, options: Sequence[str] = (), name: str = "program.cu",
                 headers: Mapping[str, str] | None = None, name_expressions: Sequence[str] = ()) -> None:
        device.check_open()
        self.device = device
        code = _compile(source, name, _with_architecture(options, device), headers, name_expressions)
        self.log = code.log
        self._names = code.lowered_names
        self._ir = code.ir
        try:
            native = compiler.build_native(code, device.core.caps.target)
        except CompilerError as error:
            raise CudaError(Status.JIT_COMPILER_NOT_FOUND, str(error)) from error
        self.core = Module(device.context, LoadedImage(native, code.architecture))
        self.begin(self.core.unload)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The (mangled) names of all kernels, in the source's order."""
        return tuple(info.name for info in self.core.image.native.kernels)

    def kernel(self, name: str) -> Kernel:
        """The kernel of that name: a name expression, an extern "C" or mangled name, or a plain C++ name that only one
        kernel has. Lives as long as this program. Raises CudaError NOT_FOUND."""
        self.check_open()
        function = self.core.function(self._lowered(name))
        return Kernel(self, function, parameter_kinds(self._ir, function.info))

    def symbol(self, name: str) -> tuple[int, int]:
        """Address and size in bytes of a __device__ or __constant__ variable. Raises CudaError NOT_FOUND."""
        self.check_open()
        return self.core.symbol(self._names.get(name, name))

    def _lowered(self, name: str) -> str:
        lowered: str | None = self._names.get(name)
        if lowered is not None:
            return lowered
        if name not in self.kernels:
            # Names of the Itanium C++ ABI begin with _Z, the length and the name.
            fitting = [found for found in self.kernels if re.match(rf"_Z{len(name)}{re.escape(name)}(?!\w*@)", found)]
            if len(fitting) == 1:
                return fitting[0]
        return name


class Kernel:
    """An entry of a program; launch() starts it. Needs no close()."""

    def __init__(self, program: Program, core: Function, kinds: tuple[Kind, ...]) -> None:
        self.program = program
        self.core = core
        self.kinds = kinds

    def __repr__(self) -> str:
        return f"<Kernel {self.name}>"

    @property
    def name(self) -> str:
        """The (mangled) name in the program."""
        return self.core.info.name

    @property
    def max_block_threads(self) -> int:
        return self.core.attributes.max_threads

    @property
    def static_shared_bytes(self) -> int:
        return self.core.info.static_shared_bytes

    @property
    def local_bytes(self) -> int:
        """Stack memory of each thread."""
        return self.core.info.local_bytes

    def allow_shared_bytes(self, size_bytes: int) -> None:
        """Allow launches with up to `size_bytes` of dynamic shared memory. Raises CudaError INVALID_VALUE when the
        device has less."""
        from compatlayer.core.function import FunctionAttribute

        self.check_open()
        self.core.attributes.set(FunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES, size_bytes)

    def check_open(self) -> None:
        """INVALID_HANDLE after the program was closed."""
        self.program.check_open()


def _with_architecture(options: Sequence[str], device: Device) -> list[str]:
    if any(re.match(r"--?(gpu-architecture|arch)\b", option) for option in options):
        return list(options)
    major, minor = device.compute_capability
    return [*options, f"--gpu-architecture=sm_{major}{minor}"]


def _compile(source: str, name: str, options: Sequence[str], headers: Mapping[str, str] | None,
             name_expressions: Sequence[str]) -> DeviceCode:
    try:
        return compiler.compile_cuda(source, name, options, headers, name_expressions)
    except CompilerError as error:
        raise _told(error) from error.__cause__


def _told(error: CompilerError) -> CudaError:
    # Imported here: what is found in the cache needs no compiler.
    from compatlayer.compiler.frontends.cuda_cpp import CompileFailure
    from compatlayer.compiler.frontends.nvrtc_options import InvalidOption

    if isinstance(error, CompileFailure):
        return CompileError(error.log)
    if isinstance(error, InvalidOption):
        return CudaError(Status.INVALID_VALUE, f"option {error.option}: {error.log}")
    return CudaError(Status.JIT_COMPILER_NOT_FOUND, str(error))
