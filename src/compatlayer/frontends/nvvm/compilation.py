"""Creating, filling, verifying, compiling and ending programs; their results and logs."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.frontends.nvvm import program
from compatlayer.frontends.nvvm.result import NvvmError, NvvmResult


def find(handle: Any) -> program.Program:
    """The program behind a raw nvvmProgram; INVALID_PROGRAM otherwise."""
    return program.get(int(ffi.cast("uintptr_t", handle)))


@entry("nvvmCreateProgram")
def create(prog: Any) -> None:
    prog[0] = ffi.cast("nvvmProgram", program.Program().handle)


@entry("nvvmDestroyProgram")
def destroy(prog: Any) -> None:
    find(prog[0]).close()
    prog[0] = ffi.NULL


@entry("nvvmAddModuleToProgram")
def add_module(prog: Any, buffer: Any, size: int, name: Any) -> None:
    _add(prog, buffer, size, name, lazily=False)


@entry("nvvmLazyAddModuleToProgram")
def add_module_lazily(prog: Any, buffer: Any, size: int, name: Any) -> None:
    _add(prog, buffer, size, name, lazily=True)


def _add(prog: Any, buffer: Any, size: int, name: Any, lazily: bool) -> None:
    found = find(prog)
    if buffer == ffi.NULL or size == 0:
        raise NvvmError(NvvmResult.ERROR_INVALID_INPUT, "a module needs IR; the buffer is null or empty")
    label = ffi.string(name).decode("utf-8", "replace") if name != ffi.NULL else ""
    found.add(ffi.buffer(buffer, size)[:], label, lazily)


def _words(count: int, options: Any) -> list[str]:
    if count < 0 or (count and options == ffi.NULL):
        raise NvvmError(NvvmResult.ERROR_INVALID_INPUT, f"{count} options, without their texts")
    words = []
    for place in range(count):
        if options[place] == ffi.NULL:
            raise NvvmError(NvvmResult.ERROR_INVALID_INPUT, f"option number {place} is null")
        words.append(ffi.string(options[place]).decode("utf-8", "surrogateescape"))
    return words


@entry("nvvmVerifyProgram", optional=("options",))
def verify(prog: Any, numOptions: int, options: Any) -> None:
    find(prog).verify(_words(numOptions, options))


@entry("nvvmCompileProgram", optional=("options",))
def compile_program(prog: Any, numOptions: int, options: Any) -> None:
    find(prog).compile(_words(numOptions, options))


@entry("nvvmGetCompiledResultSize")
def result_size(prog: Any, bufferSizeRet: Any) -> None:
    bufferSizeRet[0] = len(find(prog).result())


@entry("nvvmGetCompiledResult")
def result(prog: Any, buffer: Any) -> None:
    data = find(prog).result()
    ffi.memmove(buffer, data, len(data))


@entry("nvvmGetProgramLogSize")
def log_size(prog: Any, bufferSizeRet: Any) -> None:
    bufferSizeRet[0] = len(_log(find(prog)))


@entry("nvvmGetProgramLog")
def log(prog: Any, buffer: Any) -> None:
    data = _log(find(prog))
    ffi.memmove(buffer, data, len(data))


def _log(found: program.Program) -> bytes:
    return found.log.encode("utf-8", "surrogateescape") + b"\0"
