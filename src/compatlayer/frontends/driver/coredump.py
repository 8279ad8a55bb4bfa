"""Core dump attributes of the driver API. No core dump is ever written, and the attributes say so."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.context import current
from compatlayer.errors import CudaError, Status

FILE, PIPE, GENERATION_FLAGS = 5, 6, 7  # CUcoredumpSettings
TEXT_BYTES = 1024
# On exception, of the host, lightweight, by user trigger: none of them happens.
_VALUES = {1: b"\0", 2: b"\0", 3: b"\0", 4: b"\0", FILE: bytes(TEXT_BYTES), PIPE: bytes(TEXT_BYTES),
           GENERATION_FLAGS: bytes(4)}


@entry("cuCoredumpGetAttribute")
def get(attrib, value, size):
    current()
    _read(attrib, value, size)


@entry("cuCoredumpGetAttributeGlobal")
def get_global(attrib, value, size):
    _read(attrib, value, size)


def _read(attribute: int, value: Any, size: Any) -> None:
    data = _VALUES.get(attribute)
    if data is None:
        raise CudaError(Status.INVALID_VALUE, f"core dump attribute {attribute} is not known")
    if value:
        room = int(size[0])
        if attribute in (FILE, PIPE):
            data = data[:room]
        if not 0 < len(data) <= room:
            raise CudaError(Status.INVALID_VALUE, f"core dump attribute {attribute} has "
                                                  f"{len(_VALUES[attribute])} bytes, not {room}")
        ffi.memmove(value, data, len(data))
    size[0] = len(data)
