"""A link in progress: inputs, and what linking them gave."""

from __future__ import annotations

from compatlayer.compiler.image import DeviceCode
from compatlayer.core import handles, link_input
from compatlayer.errors import CompilerError, CudaError, Status, UnresolvedSymbol
from compatlayer.frontends.nvjitlink.options import Options
from compatlayer.frontends.nvjitlink.result import InputType, JitLinkError, JitLinkResult

_REFUSED = {Status.NO_BINARY_FOR_GPU: JitLinkResult.ERROR_UNRECOGNIZED_INPUT,
            Status.INVALID_IMAGE: JitLinkResult.ERROR_UNRECOGNIZED_INPUT}


class Link:
    """What is behind an nvJitLinkHandle."""

    handle_error = Status.INVALID_HANDLE  # never seen: get() below answers in nvJitLink's codes

    def __init__(self, options: Options) -> None:
        self.options = options
        self.inputs: list[link_input.Input] = []
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.code: DeviceCode | None = None
        self._outputs: dict[str, bytes] = {}
        self.handle = handles.add(self)

    def add(self, kind: InputType, data: bytes, name: str) -> None:
        """Take one input. Raises JitLinkError; the reason is in the error log too."""
        number = int(self.options.architecture.partition("_")[2].rstrip("af"))
        try:
            found = link_input.read(data, name, number)
        except CudaError as error:
            status = _REFUSED.get(error.status, JitLinkResult.ERROR_PTX_COMPILE)
            raise self._failed(status, error.text) from None
        except CompilerError as error:
            raise self._failed(JitLinkResult.ERROR_INTERNAL, str(error)) from error
        for each in found:
            self._check(kind, each, number)
        self.inputs += found
        self.code = None

    def _check(self, kind: InputType, given: link_input.Input, number: int) -> None:
        from compatlayer.compiler import container

        label = given.name or "input"
        form = "PTX" if given.kind is None else given.kind.name
        if kind in (InputType.CUBIN, InputType.PTX, InputType.LTOIR) and kind.name != form:
            raise self._failed(JitLinkResult.ERROR_INCORRECT_INPUT_TYPE, f"{label} is {form}, not {kind.name}")
        if given.kind is container.Kind.LTOIR and not self.options.lto:
            raise self._failed(JitLinkResult.ERROR_LTO_NOT_ENABLED, f"{label} is LTO IR; create the linker with -lto")
        if given.kind is container.Kind.CUBIN:
            try:
                container.check_architecture(given.code, number)
            except container.ImageError as error:
                raise self._failed(JitLinkResult.ERROR_ARCH_MISMATCH, f"{label}: {error}") from None

    def complete(self) -> None:
        """Link. Raises JitLinkError; the reason is in the error log too."""
        from compatlayer import compiler
        from compatlayer.compiler import linking

        self._outputs.clear()
        if not self.inputs:
            raise self._failed(JitLinkResult.ERROR_INVALID_INPUT, "nothing to link; add an input first")
        pieces = [each.code for each in self.inputs]
        try:
            code = linking.link(pieces)._replace(architecture=self.options.architecture)
            if not self.options.ptx:
                compiler.build_native(code)  # errors show here, and the load that follows is a cache hit
        except UnresolvedSymbol as error:
            text = link_input.undefined(error.symbol, [each.name for each in self.inputs], pieces)
            raise self._failed(JitLinkResult.ERROR_FINALIZE, text) from None
        except CudaError as error:
            raise self._failed(JitLinkResult.ERROR_FINALIZE, error.text) from None
        except CompilerError as error:
            raise self._failed(JitLinkResult.ERROR_FINALIZE, str(error)) from error
        self.code = code

    def cubin(self) -> bytes:
        """The linked cubin; INVALID_INPUT with -ptx."""
        from compatlayer.compiler import container

        code = self._linked()
        if self.options.ptx:
            raise JitLinkError(JitLinkResult.ERROR_INVALID_INPUT, "the linker was created with -ptx: there is no cubin")
        if "cubin" not in self._outputs:
            self._outputs["cubin"] = container.pack(code)
        return self._outputs["cubin"]

    def ltoir(self) -> bytes:
        """The linked LTO IR; LTO_NOT_ENABLED without -lto."""
        from compatlayer.compiler import container

        code = self._linked()
        if not self.options.lto:
            raise JitLinkError(JitLinkResult.ERROR_LTO_NOT_ENABLED, "create the linker with -lto")
        if "ltoir" not in self._outputs:
            self._outputs["ltoir"] = container.pack(code, container.Kind.LTOIR)
        return self._outputs["ltoir"]

    def ptx(self) -> bytes:
        """The linked PTX text with its NUL; INVALID_INPUT without -ptx."""
        from compatlayer.compiler import ptx_text

        code = self._linked()
        if not self.options.ptx:
            raise JitLinkError(JitLinkResult.ERROR_INVALID_INPUT, "create the linker with -lto -ptx to link to PTX")
        if "ptx" not in self._outputs:
            self._outputs["ptx"] = ptx_text.ptx_image(code)
        return self._outputs["ptx"]

    def _linked(self) -> DeviceCode:
        if self.code is None:
            raise JitLinkError(JitLinkResult.ERROR_INVALID_INPUT, "nothing was linked; call nvJitLinkComplete first")
        return self.code

    def _failed(self, status: JitLinkResult, text: str) -> JitLinkError:
        self.errors.append(text)
        return JitLinkError(status, text)

    def close(self) -> None:
        handles.remove(self.handle)
        self.inputs.clear()


def get(handle: int) -> Link:
    """The live link behind a handle; INVALID_INPUT otherwise."""
    found = handles.find(handle)
    if type(found) is not Link:
        raise JitLinkError(JitLinkResult.ERROR_INVALID_INPUT, f"{handle:#x} is no live linker")
    return found
