"""NVRTC programs: source, what was asked of it, and what compiling it gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compatlayer.compiler.image import DeviceCode
from compatlayer.core import handles
from compatlayer.errors import CompilerError, CudaError, Status
from compatlayer.frontends.nvrtc.result import NvrtcError, NvrtcResult

DEFAULT_NAME = "default_program"


class Program:
    """One program. It may be compiled again; results of the last successful compilation are kept."""

    handle_error = Status.INVALID_HANDLE  # never seen: get() below answers in NVRTC's codes

    def __init__(self, source: str, name: str, headers: dict[str, str]) -> None:
        self.source = source
        self.name = name
        self.headers = headers
        self.expressions: list[str] = []
        self.compiled = False  # compilation was tried
        self.code: DeviceCode | None = None
        self.log = ""
        self.lto = False
        self.virtual = False  # compute_XX was asked: there is no cubin
        self.cancelled: Callable[[], bool] | None = None
        self.kept: dict[str, object] = {}  # C strings that the program's caller was given
        self._outputs: dict[str, bytes] = {}
        self.handle = handles.add(self)

    def compile(self, options: Sequence[str]) -> None:
        """Compile; the log is kept whatever happens. Raises NvrtcError."""
        self.compiled = True
        self.code = None
        self.log = ""
        self._outputs.clear()
        self.kept.clear()
        self._stop_if_cancelled()
        try:
            self._compile(options)
        except CompilerError as error:
            raise self._translated(error) from None
        except CudaError as error:  # the program lacks a function that it calls
            self.log += f"{self.name}: error: {error.text}\n"
            raise NvrtcError(NvrtcResult.ERROR_COMPILATION, f"{self.name}: {error.text}") from None
        self._stop_if_cancelled()

    def _compile(self, options: Sequence[str]) -> None:
        from compatlayer import compiler
        from compatlayer.compiler.frontends import nvrtc_options

        parsed = nvrtc_options.parse(options)
        code = compiler.compile_cuda(self.source, self.name, options, self.headers, tuple(self.expressions))
        self.log = code.log
        self.lto = parsed.lto
        self.virtual = parsed.architecture.startswith("compute_")
        if not (parsed.lto or parsed.relocatable or self.virtual):
            # What cannot be made native is an error now, not at load; loading then finds it in the cache.
            compiler.build_native(code)
        self.code = code

    def _translated(self, error: CompilerError) -> NvrtcError:
        from compatlayer.compiler.frontends.cuda_cpp import CompileFailure
        from compatlayer.compiler.frontends.nvrtc_options import InvalidOption
        from compatlayer.errors import SetupError

        if isinstance(error, CompileFailure):
            self.log = error.log
            return NvrtcError(NvrtcResult.ERROR_COMPILATION, f"{self.name} does not compile; see its log")
        if isinstance(error, InvalidOption):
            self.log = error.log + "\n"
            return NvrtcError(NvrtcResult.ERROR_INVALID_OPTION, error.log)
        self.log += f"{self.name}: error: {error}\n"
        if isinstance(error, SetupError):
            return NvrtcError(NvrtcResult.ERROR_BUILTIN_OPERATION_FAILURE, str(error))
        return NvrtcError(NvrtcResult.ERROR_COMPILATION, f"{self.name}: {error}")

    def _stop_if_cancelled(self) -> None:
        if self.cancelled is not None and self.cancelled():
            self.code = None
            raise NvrtcError(NvrtcResult.ERROR_CANCELLED, f"the flow callback of {self.name} asked to stop")

    def result(self) -> DeviceCode:
        """The device code; INVALID_PROGRAM before a successful compilation."""
        if self.code is None:
            raise NvrtcError(NvrtcResult.ERROR_INVALID_PROGRAM, f"{self.name} has not been compiled successfully")
        return self.code

    def ptx(self) -> bytes:
        """PTX text with its NUL; empty for a program compiled with -dlto."""
        code = self.result()
        if self.lto:
            return b""
        return self._output("ptx", lambda: _ptx(code))

    def cubin(self) -> bytes:
        """The binary image; empty when the architecture is a virtual one, or with -dlto."""
        from compatlayer.compiler import container

        code = self.result()
        if self.lto or self.virtual:
            return b""
        return self._output("cubin", lambda: container.pack(code))

    def ltoir(self) -> bytes:
        """The image for linking; empty without -dlto."""
        from compatlayer.compiler import container

        code = self.result()
        if not self.lto:
            return b""
        return self._output("ltoir", lambda: container.pack(code, container.Kind.LTOIR))

    def _output(self, kind: str, make: Callable[[], bytes]) -> bytes:
        made = self._outputs.get(kind)
        if made is None:
            try:
                made = self._outputs[kind] = make()
            except CompilerError as error:
                raise NvrtcError(NvrtcResult.ERROR_INTERNAL_ERROR, str(error)) from None
        return made

    def lowered_name(self, expression: str) -> str:
        """The mangled name of a name expression given before compiling."""
        if not self.compiled:
            raise NvrtcError(NvrtcResult.ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION,
                             f"compile {self.name} before asking for the lowered name of '{expression}'")
        found = self.code.lowered_names.get(expression) if self.code is not None else None
        if found is None:
            raise NvrtcError(NvrtcResult.ERROR_NAME_EXPRESSION_NOT_VALID,
                             f"'{expression}' was not given to nvrtcAddNameExpression before compiling {self.name}")
        return found

    def close(self) -> None:
        handles.remove(self.handle)
        self.kept.clear()


def _ptx(code: DeviceCode) -> bytes:
    from compatlayer.compiler import ptx_text

    return ptx_text.ptx_image(code)


def get(handle: int) -> Program:
    """The live program behind a handle; INVALID_PROGRAM otherwise."""
    found = handles.find(handle)
    if type(found) is not Program:
        raise NvrtcError(NvrtcResult.ERROR_INVALID_PROGRAM, f"{handle:#x} is no live program")
    return found
