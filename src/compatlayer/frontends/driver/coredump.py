"""Core dump attributes of the driver API.

What is set is remembered. No core dump is ever written (a fault's report names kernel, thread and line instead), so the
attributes that ask for one cannot be switched on.
"""

from __future__ import annotations

import os
from typing import Any
from weakref import WeakKeyDictionary

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.context import Context, current
from compatlayer.errors import CudaError, Status

ON_EXCEPTION, TRIGGER_HOST, LIGHTWEIGHT, USER_TRIGGER, FILE, PIPE, GENERATION_FLAGS = range(1, 8)  # CUcoredumpSettings
ASKING = (ON_EXCEPTION, USER_TRIGGER)
GLOBAL_ONLY = (USER_TRIGGER, PIPE)
TEXT_BYTES = 1024
_BYTES = {ON_EXCEPTION: 1, TRIGGER_HOST: 1, LIGHTWEIGHT: 1, USER_TRIGGER: 1, FILE: TEXT_BYTES, PIPE: TEXT_BYTES,
          GENERATION_FLAGS: 4}
_global: dict[int, bytes] = {}
_of_contexts: WeakKeyDictionary[Context, dict[int, bytes]] = WeakKeyDictionary()


@entry("cuCoredumpGetAttribute")
def get(attrib, value, size):
    _read(attrib, _of_contexts.get(current(), {}), value, size)


@entry("cuCoredumpGetAttributeGlobal")
def get_global(attrib, value, size):
    _read(attrib, {}, value, size)


@entry("cuCoredumpSetAttribute")
def set_for_context(attrib, value, size):
    context = current()
    if attrib in GLOBAL_ONLY:
        raise CudaError(Status.NOT_PERMITTED, f"core dump attribute {attrib} can be set for the whole process only")
    _write(attrib, _of_contexts.setdefault(context, {}), value, size)


@entry("cuCoredumpSetAttributeGlobal")
def set_for_all(attrib, value, size):
    _write(attrib, _global, value, size)


def _default(attribute: int) -> bytes:
    if attribute in (FILE, PIPE):
        stem = "core" if attribute == FILE else "corepipe"
        return os.fsencode(f"{stem}.cuda.{os.uname().nodename}.{os.getpid()}")[: TEXT_BYTES - 1]
    return b"\1" if attribute == TRIGGER_HOST else bytes(_BYTES[attribute])


def _size(attribute: int) -> int:
    if attribute not in _BYTES:
        raise CudaError(Status.INVALID_VALUE, f"core dump attribute {attribute} is not known")
    return _BYTES[attribute]


def _read(attribute: int, own: dict[int, bytes], value: Any, size: Any) -> None:
    wanted = _size(attribute)
    if value:
        room = int(size[0])
        data = own.get(attribute, _global.get(attribute, _default(attribute)))
        if attribute in (FILE, PIPE):
            wanted = min(max(room, len(data) + 1), TEXT_BYTES)
            data = data.ljust(wanted, b"\0")
        if room < wanted:
            raise CudaError(Status.INVALID_VALUE, f"core dump attribute {attribute} has {wanted} bytes, not {room}")
        ffi.memmove(value, data, wanted)
    size[0] = wanted


def _write(attribute: int, kept: dict[int, bytes], value: Any, size: Any) -> None:
    wanted = _size(attribute)
    if not value:
        size[0] = wanted
        return
    given = int(size[0])
    text = attribute in (FILE, PIPE)
    if (given >= wanted and text and b"\0" not in bytes(ffi.buffer(value, wanted))) or (given != wanted and not text):
        raise CudaError(Status.INVALID_VALUE, f"core dump attribute {attribute}: {given} bytes of at most {wanted}")
    data = bytes(ffi.buffer(value, min(given, wanted)))
    if text:
        data = data.partition(b"\0")[0]
    if attribute in ASKING and any(data):
        raise CudaError(Status.NOT_SUPPORTED, "no core dump is ever written; a fault's report names kernel, thread and "
                                              "line instead")
    kept[attribute] = data
