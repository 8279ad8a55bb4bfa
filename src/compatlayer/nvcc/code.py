"""--cubin, --ptx and --fatbin: device code into a file."""

from __future__ import annotations

import os

from compatlayer import compiler
from compatlayer.nvcc import source, target
from compatlayer.nvcc.command import output_path
from compatlayer.nvcc.options import Command, Fatal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from compatlayer.compiler.image import DeviceCode


def write(path: str, command: Command) -> int:
    """Compile one file; the exit status."""
    from compatlayer.compiler.frontends.cuda_cpp import CompileFailure
    from compatlayer.compiler.frontends.nvrtc_options import InvalidOption

    architecture = target.single(command)
    if command.phase == "cubin" and not architecture.startswith("sm_"):
        raise Fatal(f"--cubin needs a real architecture such as -arch=sm_86, not {architecture}")
    words = source.words(command, architecture)
    try:
        code = _ptx(path) if path.endswith(".ptx") else compiler.compile_cuda(source.read(path), path, words, nvcc=True)
    except CompileFailure as failure:
        source.tell(failure.log)
        return 1
    except InvalidOption as error:
        raise Fatal(error.log.replace("nvrtc: error: ", "")) from None
    if command.errors_of_warnings and "warning:" in code.log:
        source.tell(code.log.replace("warning:", "error:"))
        return 1
    source.tell(code.log)
    data = _image(code, command, whole="-rdc=true" not in words)
    _store(output_path(path, command), data)
    if command.keep:
        _keep(path, code, command)
    if command.also_rule:
        from compatlayer.nvcc import text

        text.write_rule(path, text.preprocess(path, command).dependencies, command)
    return 0


def _ptx(path: str) -> DeviceCode:
    """A file of PTX text."""
    from compatlayer.compiler import container
    from compatlayer.compiler.frontends import ptx

    text = source.read(path).encode("utf-8", "surrogateescape")
    try:
        return container.unpack(text + b"\0")[0]
    except container.ImageError as error:
        if error.reason is not container.Reason.PLAIN_PTX:
            raise
    return ptx.compile_ptx(text)


def _image(code: DeviceCode, command: Command, whole: bool) -> bytes:
    """The file's content. Native code is built and kept for the load that follows, and to report what cannot be."""
    from compatlayer.compiler import container

    if command.phase == "ptx":
        from compatlayer.compiler import ptx_text

        return ptx_text.ptx_image(code).rstrip(b"\0")
    if whole:
        compiler.build_native(code)
    if command.phase == "fatbin" and code.architecture.startswith("compute_"):
        from compatlayer.compiler import ptx_text

        return ptx_text.ptx_image(code).rstrip(b"\0")
    return container.pack(code)


def _keep(path: str, code: DeviceCode, command: Command) -> None:
    """--keep: the files between source and result, beside it or in --keep-dir."""
    from compatlayer.compiler import container, ptx_text

    base = os.path.join(command.keep_folder, os.path.splitext(os.path.basename(path))[0])
    _store(f"{base}.ptx", ptx_text.ptx_image(code).rstrip(b"\0"))
    _store(f"{base}.{code.architecture}.cubin", container.pack(code))
    if not path.endswith(".ptx"):
        from compatlayer.nvcc import text

        _store(f"{base}.cpp1.ii", text.preprocess(path, command).text.encode("utf-8", "surrogateescape"))


def _store(path: str, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise Fatal(f"Could not open output file '{path}': {error.strerror}") from None
