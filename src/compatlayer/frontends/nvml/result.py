"""NVML's result codes (NVML API reference, "nvmlReturn_t"), and what its functions have in common."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from compatlayer._native import ffi
from compatlayer.errors import ApiError


class NvmlResult(IntEnum):
    """nvmlReturn_t values that our handlers answer."""

    SUCCESS = 0
    UNINITIALIZED = 1
    INVALID_ARGUMENT = 2
    NOT_SUPPORTED = 3
    NO_PERMISSION = 4
    NOT_FOUND = 6
    INSUFFICIENT_SIZE = 7
    MEMORY = 20
    ARGUMENT_VERSION_MISMATCH = 25
    UNKNOWN = 999


class NvmlError(ApiError):
    """An NVML call failed. `status` is the nvmlReturn_t; the text says what, which value and what to do."""

    status: NvmlResult

    def __init__(self, status: NvmlResult, text: str) -> None:
        super().__init__(f"NVML_ERROR_{status.name}: {text}")
        self.status = status
        self.text = text


def text_into(target: Any, length: int, text: str) -> None:
    """Write `text` with its NUL into a buffer of `length` bytes; INSUFFICIENT_SIZE when it does not fit."""
    data = text.encode("utf-8", "replace")
    if length <= len(data):
        raise NvmlError(NvmlResult.INSUFFICIENT_SIZE, f"'{text}' needs {len(data) + 1} bytes, not {length}")
    ffi.memmove(target, data + b"\0", len(data) + 1)


def check_version(given: int, kind: str, version: int) -> None:
    """Refuse a structure of another layout than `kind`'s, whose number of layout is `version`."""
    wanted = ffi.sizeof(kind) | version << 24
    if given != wanted:
        raise NvmlError(NvmlResult.ARGUMENT_VERSION_MISMATCH,
                        f"a {kind} has version {wanted:#x}, not {given:#x}; set its field version")


def listed(count: Any, array: Any, items: list[Any]) -> NvmlResult:
    """The form in which NVML gives lists: `count` has the array's room, and then the number of items. Returns
    INSUFFICIENT_SIZE when there is no room, which is how a caller asks for the number."""
    room, count[0] = count[0], len(items)
    if room < len(items):
        return NvmlResult.INSUFFICIENT_SIZE
    if items and not array:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"the array for {len(items)} items is null")
    for place, item in enumerate(items):
        array[place] = item
    return NvmlResult.SUCCESS


def counted(count: Any, array: Any, items: list[Any]) -> NvmlResult:
    """As `listed`, for functions that give the number of items, with success, to who asks without an array."""
    if not array:
        count[0] = len(items)
        return NvmlResult.SUCCESS
    return listed(count, array, items)


def known(reading: float | None, what: str) -> float:
    """A reading of a sensor; NOT_SUPPORTED when the machine does not show it."""
    if reading is None:
        raise NvmlError(NvmlResult.NOT_SUPPORTED, f"this machine does not show {what}")
    return reading
