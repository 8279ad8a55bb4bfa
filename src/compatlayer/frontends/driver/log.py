"""The error log (cuLogs*): the texts of this process's last errors. Follows "Error Log Management"."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from compatlayer._native import ffi
from compatlayer.api import log
from compatlayer.api.entry import entry
from compatlayer.core import handles
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import needed, number, pointer

MOST_BYTES = 25600  # of one dump into memory
WRAP = 0xFFFF_FFFF  # of an iterator
LOST = "[earlier messages are no longer kept]\n"


class LogCallback:
    """A C function that is told of every message."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, function: Any, data: Any) -> None:
        self._function = function
        self._data = data
        self.handle = handles.add(self)
        log.listeners[self.handle] = self.tell

    def tell(self, level: int, line: str) -> None:
        text = line.encode("utf-8", "replace")
        buffer = ffi.new("char[]", text)
        self._function(self._data, level, buffer, len(text))

    def close(self) -> None:
        log.listeners.pop(self.handle, None)
        handles.remove(self.handle)


@entry("cuLogsRegisterCallback", optional=("callback_out",), before_init=True)
def register_callback(callbackFunc, userData, callback_out):
    needed(callbackFunc, "the log callback")
    callback = LogCallback(callbackFunc, userData)
    if callback_out:
        callback_out[0] = pointer(callback.handle)


@entry("cuLogsUnregisterCallback", before_init=True)
def unregister_callback(callback):
    handles.get(number(callback), LogCallback).close()


@entry("cuLogsCurrent", before_init=True)
def current(iterator_out, flags):
    _no_flags(flags)
    iterator_out[0] = log.end() & WRAP


@entry("cuLogsDumpToFile", optional=("iterator",), before_init=True)
def dump_to_file(iterator, pathToFile, flags):
    _no_flags(flags)
    needed(pathToFile, "the path of the file")
    entries, lost = log.since(_begin(iterator))
    path = os.fsdecode(ffi.string(pathToFile))
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write((LOST if lost else "") + "".join(entry.line() for entry in entries))
    except (OSError, ValueError) as error:
        raise CudaError(Status.INVALID_VALUE, f"the error log cannot be written to {path}: {error}") from None
    if iterator:
        iterator[0] = log.end() & WRAP


@entry("cuLogsDumpToMemory", optional=("iterator",), before_init=True)
def dump_to_memory(iterator, buffer, size, flags):
    _no_flags(flags)
    room = int(size[0])
    size[0] = 0
    entries, lost = log.since(_begin(iterator))
    lines = [LOST.encode()] if lost else []
    lines += [entry.line().encode("utf-8", "replace") for entry in entries]
    text, written = b"", 0
    for line in lines:
        if len(text) + len(line) + 1 > min(room, MOST_BYTES):
            break
        text += line
        written += 1
    if lines and not written:
        raise CudaError(Status.INVALID_VALUE, f"{room} bytes hold no message of the error log")
    if room:
        ffi.memmove(buffer, text + b"\0", len(text) + 1)
    size[0] = len(text)
    if iterator:
        left = len(lines) - written
        iterator[0] = (entries[-left].number if left else log.end()) & WRAP


def _begin(iterator: Any) -> int:
    """The number of the first message that is asked for; an iterator has its lower 32 bits."""
    if not iterator:
        return 0
    end = log.end()
    return end - ((end - int(iterator[0])) & WRAP)


def _no_flags(flags: int) -> None:
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"flags of the error log must be 0, not {flags:#x}")
