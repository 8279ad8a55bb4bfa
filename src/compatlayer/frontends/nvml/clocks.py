"""Clocks: the processor's, where the machine shows them. There is one clock for what NVML calls graphics and SM."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.frontends.nvml.result import NvmlError, NvmlResult, known
from compatlayer.frontends.nvml.session import card

_KINDS = {0: "graphics", 1: "SM", 2: "memory", 3: "video"}
_CURRENT, _BOOST = 0, 3  # nvmlClockId_t


def _check(kind: int) -> None:
    if kind not in _KINDS:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"clock type {kind} is not known")
    if kind > 1:
        raise NvmlError(NvmlResult.NOT_SUPPORTED, f"this machine does not show a {_KINDS[kind]} clock")


def _now(device: Any) -> int:
    return int(known(card(device).sensors().clock_mhz, "the processor's clock"))


def _most(device: Any) -> int:
    this = card(device)
    shown = None if this.board is not None else this.sensors().most_clock_mhz
    return shown or this.caps.clock_khz // 1000


@entry("nvmlDeviceGetClockInfo")
def get_clock_info(device: Any, type: int, clock: Any) -> None:
    card(device)
    _check(type)
    clock[0] = _now(device)


@entry("nvmlDeviceGetMaxClockInfo")
def get_max_clock_info(device: Any, type: int, clock: Any) -> None:
    card(device)
    _check(type)
    clock[0] = _most(device)


@entry("nvmlDeviceGetMaxCustomerBoostClock")
def get_boost_clock(device: Any, clockType: int, clockMHz: Any) -> None:
    card(device)
    _check(clockType)
    clockMHz[0] = _most(device)


@entry("nvmlDeviceGetClock")
def get_clock(device: Any, clockType: int, clockId: int, clockMHz: Any) -> None:
    card(device)
    _check(clockType)
    if not 0 <= clockId <= _BOOST:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"clock id {clockId} is not known")
    if clockId not in (_CURRENT, _BOOST):
        raise NvmlError(NvmlResult.NOT_SUPPORTED, "programs cannot choose a clock, so there is no application clock")
    clockMHz[0] = _now(device) if clockId == _CURRENT else _most(device)
