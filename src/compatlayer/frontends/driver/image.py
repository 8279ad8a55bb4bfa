"""Reading what a program passes as code: images behind bare pointers, files, JIT options and their log buffers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compatlayer._native import ffi
from compatlayer.backends.base import BadArgument, Box
from compatlayer.core import image
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import number

PAGE_BYTES = 4096
NVVM_INPUT = 5  # CU_JIT_INPUT_NVVM
_WALL_TIME = 2
_INFO_LOG, _INFO_LOG_BYTES = 3, 4
_ERROR_LOG, _ERROR_LOG_BYTES = 5, 6
_OPTIONS = 36  # CU_JIT_NUM_OPTIONS


def text(pointer: Any, what: str) -> str:
    """A C string; INVALID_VALUE when it is null."""
    if pointer == ffi.NULL:
        raise CudaError(Status.INVALID_VALUE, f"{what} is null")
    raw: bytes = ffi.string(pointer)
    return raw.decode("utf-8", "surrogateescape")


def at(pointer: Any, what: str) -> bytes:
    """The image behind a pointer without a size: NUL-terminated text, or a header that tells the length."""
    base = number(pointer)
    if base == 0:
        raise CudaError(Status.INVALID_VALUE, f"{what} is null")
    size = image.length(lambda offset, count: _read_some(base + offset, count))
    data = _read(base, size)
    if data is None:
        raise CudaError(Status.INVALID_IMAGE, f"{what} claims {size} bytes, and memory ends before that")
    return data


def file(pointer: Any) -> bytes:
    """The content of a file named by a C string; FILE_NOT_FOUND when it cannot be read."""
    path = text(pointer, "the file name")
    try:
        with open(path, "rb") as opened:
            return opened.read()
    except OSError as error:
        raise CudaError(Status.FILE_NOT_FOUND, f"{path} cannot be read: {error.strerror}") from None


def _read_some(base: int, count: int) -> bytes:
    """Up to `count` bytes: fewer where readable memory ends, none at an address that cannot be read."""
    data = _read(base, count)
    if data is None:
        data = _read(base, min(count, PAGE_BYTES - base % PAGE_BYTES))
    return data or b""


def _read(base: int, count: int) -> bytes | None:
    """A guarded copy: an address that is not mapped gives None and no crash."""
    if count == 0:
        return b""
    buffer = ffi.new("char[]", count)
    try:
        state.device(0).hardware.copy_now(Box(number(buffer), base, count))
    except BadArgument:
        return None
    data: bytes = ffi.buffer(buffer, count)[:]
    return data


class JitOptions:
    """The log buffers that JIT options name. Options that tune code generation are taken and change nothing."""

    def __init__(self, count: int, options: Any, values: Any) -> None:
        if count and (options == ffi.NULL or values == ffi.NULL):
            raise CudaError(Status.INVALID_VALUE, f"{count} JIT options without their numbers or values")
        self._values = values
        self._places: dict[int, int] = {}
        self._rooms: dict[int, int] = {}  # the sizes as given: what is written replaces them
        self._failed = False
        for place in range(count):
            option = int(options[place])
            if not 0 <= option < _OPTIONS:
                raise CudaError(Status.INVALID_VALUE, f"{option} is no JIT option")
            self._places[option] = place
        for option in (_INFO_LOG_BYTES, _ERROR_LOG_BYTES):
            if option in self._places:
                self._rooms[option] = number(values[self._places[option]]) & 0xFFFFFFFF

    def finish(self, error: str) -> None:
        """Write the logs and their lengths: the info log stays empty, the error log holds the last error."""
        self._write(_INFO_LOG, _INFO_LOG_BYTES, "")
        if error or not self._failed:
            self._write(_ERROR_LOG, _ERROR_LOG_BYTES, error)
        self._failed = self._failed or bool(error)
        if _WALL_TIME in self._places:
            self._values[self._places[_WALL_TIME]] = ffi.NULL

    def _write(self, log: int, log_bytes: int, message: str) -> None:
        room = self._rooms.get(log_bytes)
        if room is None:
            return
        written = 0
        if log in self._places and room:
            buffer = self._values[self._places[log]]
            if buffer != ffi.NULL:
                data = message.encode("utf-8", "replace")[: room - 1]
                ffi.memmove(buffer, data + b"\0", len(data) + 1)
                written = len(data)
        self._values[self._places[log_bytes]] = ffi.cast("void *", written)


@contextmanager
def logged(options: JitOptions) -> Iterator[None]:
    """Write the option's log buffers when the work inside ends, well or badly."""
    try:
        yield
    except CudaError as error:
        options.finish(error.text)
        raise
    options.finish("")
