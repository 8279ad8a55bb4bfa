"""Functions of the driver API that share memory and events with other processes by handles of 64 bytes."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import ipc as core
from compatlayer.core import ipc_event
from compatlayer.core.context import current
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import event_of, pointer


@entry("cuIpcGetMemHandle")
def get_memory_handle(pHandle, dptr):
    _store(pHandle.reserved, core.export(current(), dptr))


@entry("cuIpcOpenMemHandle")
@entry("cuIpcOpenMemHandle_v2")
def open_memory_handle(pdptr, handle, Flags):
    pdptr[0] = core.open_handle(current(), _load(handle.reserved), Flags)


@entry("cuIpcCloseMemHandle")
def close_memory_handle(dptr):
    core.close_handle(dptr)


@entry("cuIpcGetEventHandle")
def get_event_handle(pHandle, event):
    shared = event_of(event).shared
    if shared is None:
        raise CudaError(Status.INVALID_VALUE, "the event was not created for other processes; set "
                                              "CU_EVENT_INTERPROCESS and CU_EVENT_DISABLE_TIMING")
    _store(pHandle.reserved, shared.handle())


@entry("cuIpcOpenEventHandle")
def open_event_handle(phEvent, handle):
    phEvent[0] = pointer(ipc_event.open_handle(current(), _load(handle.reserved)).handle)


def _store(target: Any, data: bytes) -> None:
    ffi.memmove(target, data, core.HANDLE_BYTES)


def _load(source: Any) -> bytes:
    return bytes(ffi.buffer(source, core.HANDLE_BYTES))
