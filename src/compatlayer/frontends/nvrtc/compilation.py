"""Creating, naming, compiling and ending programs, and their logs."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.frontends.nvrtc import program
from compatlayer.frontends.nvrtc.result import NvrtcError, NvrtcResult


def find(handle: Any) -> program.Program:
    """The program behind a raw nvrtcProgram; INVALID_PROGRAM otherwise."""
    return program.get(int(ffi.cast("uintptr_t", handle)))


def text(pointer: Any) -> str:
    """A C string; bytes that are not UTF-8 survive the round trip to the compiler."""
    raw: bytes = ffi.string(pointer)
    return raw.decode("utf-8", "surrogateescape")


def write(destination: Any, data: bytes) -> None:
    """Copy bytes into the caller's buffer, which has the size that the matching Get...Size answered."""
    ffi.memmove(destination, data, len(data))


@entry("nvrtcCreateProgram", optional=("name", "headers", "includeNames"))
def create(prog: Any, src: Any, name: Any, numHeaders: int, headers: Any, includeNames: Any) -> None:
    if src == ffi.NULL:
        raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, "a program needs source text")
    if numHeaders < 0 or (numHeaders and (headers == ffi.NULL or includeNames == ffi.NULL)):
        raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, f"{numHeaders} headers, without their texts and names")
    given = {}
    for place in range(numHeaders):
        if headers[place] == ffi.NULL or includeNames[place] == ffi.NULL:
            raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, f"header number {place} has no text or no name")
        given[text(includeNames[place])] = text(headers[place])
    label = text(name) if name != ffi.NULL else ""
    made = program.Program(text(src), label or program.DEFAULT_NAME, given)
    prog[0] = ffi.cast("nvrtcProgram", made.handle)


@entry("nvrtcDestroyProgram")
def destroy(prog: Any) -> None:
    find(prog[0]).close()
    prog[0] = ffi.NULL


@entry("nvrtcCompileProgram", optional=("options",))
def compile_program(prog: Any, numOptions: int, options: Any) -> None:
    found = find(prog)
    if numOptions < 0 or (numOptions and options == ffi.NULL):
        raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, f"{numOptions} options, without their texts")
    words = []
    for place in range(numOptions):
        if options[place] == ffi.NULL:
            raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, f"option number {place} is null")
        words.append(text(options[place]))
    found.compile(words)


@entry("nvrtcGetProgramLogSize")
def log_size(prog: Any, logSizeRet: Any) -> None:
    logSizeRet[0] = len(_log(find(prog)))


@entry("nvrtcGetProgramLog")
def log(prog: Any, log: Any) -> None:
    write(log, _log(find(prog)))


def _log(found: program.Program) -> bytes:
    return found.log.encode("utf-8", "surrogateescape") + b"\0"


@entry("nvrtcAddNameExpression")
def add_name_expression(prog: Any, name_expression: Any) -> None:
    found = find(prog)
    if name_expression == ffi.NULL:
        raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, "a null name expression")
    if found.compiled:
        raise NvrtcError(NvrtcResult.ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION,
                         f"{found.name} is compiled; name expressions are given before that")
    expression = text(name_expression)
    if expression not in found.expressions:
        found.expressions.append(expression)


@entry("nvrtcGetLoweredName")
def get_lowered_name(prog: Any, name_expression: Any, lowered_name: Any) -> None:
    found = find(prog)
    if name_expression == ffi.NULL:
        raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, "a null name expression")
    lowered = found.lowered_name(text(name_expression))
    kept = found.kept.get(lowered)
    if kept is None:
        kept = found.kept.setdefault(lowered, ffi.new("char[]", lowered.encode("utf-8", "surrogateescape")))
    lowered_name[0] = kept


@entry("nvrtcSetFlowCallback", optional=("payload",))
def set_flow_callback(prog: Any, callback: Any, payload: Any) -> None:
    if callback == ffi.NULL:
        raise NvrtcError(NvrtcResult.ERROR_INVALID_INPUT, "a null flow callback")
    # Asked before and after the compiler runs: it is a process of its own and cannot be asked in between.
    find(prog).cancelled = lambda: callback(payload, ffi.NULL) == 1
