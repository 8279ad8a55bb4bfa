"""Creating, filling, completing and ending links."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.frontends.nvjitlink import options as link_options
from compatlayer.frontends.nvjitlink.linking import Link, get
from compatlayer.frontends.nvjitlink.result import InputType, JitLinkError, JitLinkResult

VERSION = (13, 0)  # the CUDA release whose documented linker we follow


def find(handle: Any) -> Link:
    """The link behind a raw nvJitLinkHandle; INVALID_INPUT otherwise."""
    return get(int(ffi.cast("uintptr_t", handle)))


def _text(pointer: Any) -> str:
    return str(ffi.string(pointer).decode("utf-8", "surrogateescape"))


def _type(number: int) -> InputType:
    if number in (InputType.NONE, InputType.INDEX) or number not in InputType.__members__.values():
        raise JitLinkError(JitLinkResult.ERROR_INVALID_INPUT, f"{number} is no type of linker input")
    return InputType(number)


@entry("nvJitLinkVersion")
def version(major: Any, minor: Any) -> None:
    major[0], minor[0] = VERSION


@entry("nvJitLinkCreate", optional=("options",))
def create(handle: Any, numOptions: int, options: Any) -> None:
    if numOptions and options == ffi.NULL:
        raise JitLinkError(JitLinkResult.ERROR_NULL_INPUT, f"{numOptions} options, without their texts")
    words = []
    for place in range(numOptions):
        if options[place] == ffi.NULL:
            raise JitLinkError(JitLinkResult.ERROR_NULL_INPUT, f"option number {place} is null")
        words.append(_text(options[place]))
    handle[0] = ffi.cast("nvJitLinkHandle", Link(link_options.parse(words)).handle)


@entry("nvJitLinkDestroy")
def destroy(handle: Any) -> None:
    find(handle[0]).close()
    handle[0] = ffi.NULL


@entry("nvJitLinkAddData")
def add_data(handle: Any, inputType: int, data: Any, size: int, name: Any) -> None:
    link = find(handle)
    kind = _type(inputType)
    if data == ffi.NULL or size == 0:
        raise JitLinkError(JitLinkResult.ERROR_NULL_INPUT, "the input is null or empty")
    link.add(kind, ffi.buffer(data, size)[:], _text(name) if name != ffi.NULL else "")


@entry("nvJitLinkAddFile")
def add_file(handle: Any, inputType: int, fileName: Any) -> None:
    link = find(handle)
    kind = _type(inputType)
    if fileName == ffi.NULL:
        raise JitLinkError(JitLinkResult.ERROR_NULL_INPUT, "the file's name is null")
    path = _text(fileName)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        link.errors.append(f"{path}: {error.strerror}")
        raise JitLinkError(JitLinkResult.ERROR_INVALID_INPUT, f"{path} cannot be read: {error.strerror}") from None
    link.add(kind, data, path)


@entry("nvJitLinkComplete")
def complete(handle: Any) -> None:
    find(handle).complete()
