"""NVVM programs: modules, what was asked of them, and what compiling them gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compatlayer.core import handles
from compatlayer.errors import CompilerError, SetupError, Status
from compatlayer.frontends.nvvm.result import NvvmError, NvvmResult

if TYPE_CHECKING:
    from compatlayer.compiler.frontends.nvvm_ir import IrModule
    from compatlayer.compiler.frontends.nvvm_options import Options
    from compatlayer.compiler.image import DeviceCode


class Program:
    """One compilation unit. It may be verified and compiled again, with other options."""

    handle_error = Status.INVALID_HANDLE  # never seen: get() below answers in NVVM's codes

    def __init__(self) -> None:
        self.modules: list[IrModule] = []
        self.lazy: list[IrModule] = []
        self.log = ""
        self.output: bytes | None = None
        self.handle = handles.add(self)

    def add(self, data: bytes, name: str, lazily: bool) -> None:
        """Take a module; it is read when the program is verified or compiled."""
        from compatlayer.compiler.frontends.nvvm_ir import IrModule

        (self.lazy if lazily else self.modules).append(IrModule(data, name))

    def verify(self, words: Sequence[str]) -> None:
        """Check options and modules. Raises NvvmError; the log names the option, or the line."""
        self._code(words, lazily=False)

    def compile(self, words: Sequence[str]) -> None:
        """PTX text, or LTO IR with -gen-lto. Raises what verify() does."""
        from compatlayer.compiler import container, ptx_text

        self.output = None
        code, options = self._code(words, lazily=True)
        try:
            if options.lto:
                self.output = container.pack(code, container.Kind.LTOIR)
            else:
                self.output = ptx_text.ptx_image(code)
        except CompilerError as error:
            self.log += f"error: {error}\n"
            raise NvvmError(NvvmResult.ERROR_COMPILATION, str(error)) from None

    def _code(self, words: Sequence[str], lazily: bool) -> tuple[DeviceCode, Options]:
        """The device code of all modules; verifying makes it too, and compiling then finds it in the cache."""
        from compatlayer.compiler.frontends import nvvm_ir, nvvm_options

        self.log = ""
        if not self.modules:
            raise NvvmError(NvvmResult.ERROR_NO_MODULE_IN_PROGRAM, "add a module with nvvmAddModuleToProgram first")
        try:
            options = nvvm_options.parse(words)
            code = nvvm_ir.compile_modules(self.modules, self.lazy if lazily else (), options)
            self.log = code.log
            return code, options
        except nvvm_options.InvalidOption as error:
            raise self._failed(NvvmResult.ERROR_INVALID_OPTION, f"libnvvm : error: {error}") from None
        except nvvm_ir.InvalidIr as error:
            raise self._failed(NvvmResult.ERROR_INVALID_IR, str(error)) from None
        except CompilerError as error:
            if isinstance(error, SetupError):
                raise self._failed(NvvmResult.ERROR_COMPILATION, f"error: {error}\n") from error
            raise self._failed(NvvmResult.ERROR_COMPILATION, f"error: {error}\n") from None

    def _failed(self, status: NvvmResult, log: str) -> NvvmError:
        self.log = log
        return NvvmError(status, log.strip())

    def result(self) -> bytes:
        """What compiling gave; INVALID_PROGRAM before it succeeded."""
        if self.output is None:
            raise NvvmError(NvvmResult.ERROR_INVALID_PROGRAM, "the program has not been compiled successfully")
        return self.output

    def close(self) -> None:
        handles.remove(self.handle)


def get(handle: int) -> Program:
    """The live program behind a handle; INVALID_PROGRAM otherwise."""
    found = handles.find(handle)
    if type(found) is not Program:
        raise NvvmError(NvvmResult.ERROR_INVALID_PROGRAM, f"{handle:#x} is no live program")
    return found
