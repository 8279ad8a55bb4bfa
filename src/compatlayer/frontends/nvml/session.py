"""Beginning and end of NVML's use, and the handles of devices."""

from __future__ import annotations

from threading import Lock
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry, set_initialized
from compatlayer.api.library import NVML
from compatlayer.config import SettingsError
from compatlayer.core import monitor
from compatlayer.frontends.nvml.result import NvmlError, NvmlResult

_FIRST_HANDLE = 0x4E564D4C000  # of device 0; a handle is no small number, which could be passed by mistake
_FLAGS = 0b111  # NO_GPUS, NO_ATTACH, FORCE_INIT: there is nothing to attach to, and no device need be there


class _Session:
    """How often NVML was initialised, and the devices that the first initialisation found."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.count = 0
        self.cards: list[monitor.Card] = []


_session = _Session()


def cards() -> list[monitor.Card]:
    """All devices, in order of their indices."""
    return _session.cards


def card(handle: Any) -> monitor.Card:
    """The device behind a handle; INVALID_ARGUMENT for anything else."""
    number = int(ffi.cast("uintptr_t", handle)) - _FIRST_HANDLE
    if not 0 <= number < len(_session.cards):
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"{number + _FIRST_HANDLE:#x} is no device handle; get one from "
                                                     "nvmlDeviceGetHandleByIndex")
    return _session.cards[number]


def handle_of(device: monitor.Card) -> Any:
    """The handle of a device; the same for as long as the process lives."""
    return ffi.cast("nvmlDevice_t", _FIRST_HANDLE + device.index)


def _begin(flags: int = 0) -> None:
    if flags & ~_FLAGS:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"nvmlInitWithFlags flags {flags:#x} are not known")
    found: list[monitor.Card] = []
    if not _session.count:
        try:
            found = monitor.cards()
        except SettingsError as error:
            raise NvmlError(NvmlResult.UNKNOWN, str(error)) from error
    with _session.lock:
        if not _session.count:
            _session.cards = found
        _session.count += 1
        set_initialized(True, NVML)


@entry("nvmlInit", before_init=True)
def init() -> None:
    _begin()


@entry("nvmlInit_v2", before_init=True)
def init_v2() -> None:
    _begin()


@entry("nvmlInitWithFlags", before_init=True)
def init_with_flags(flags: int) -> None:
    _begin(flags)


@entry("nvmlShutdown")
def shutdown() -> None:
    with _session.lock:
        _session.count -= 1
        if not _session.count:
            set_initialized(False, NVML)
