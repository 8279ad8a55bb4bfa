"""Settings: everything the environment decides, read once when the process first needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple


class SettingsError(Exception):
    """A variable holds something we do not understand: one sentence that names it and what to write."""


class DeviceRequest(NamedTuple):
    """`wanted` devices of one backend; None means all that it has."""

    backend: str
    wanted: int | None


class Settings(NamedTuple):
    """The process's settings.

    COMPATLAYER_DEVICES             devices shown, in order: `cpu`, `cpu:2`, `opencl`, a comma list; default `cpu`
    COMPATLAYER_WORKERS             worker threads of the CPU device; default one for each usable CPU
    COMPATLAYER_MEMORY              memory of a CPU device in bytes (suffix K, M, G); default the machine's, shared out
    COMPATLAYER_COMPUTE_CAPABILITY  reported compute capability, default 8.6

    CUDA_VISIBLE_DEVICES and CUDA_LAUNCH_BLOCKING mean what CUDA documents.
    """

    devices: tuple[DeviceRequest, ...]
    workers: int  # 0: one for each CPU this process may use
    memory_bytes: int  # 0: what the machine has
    compute_capability: tuple[int, int]
    visible: str | None  # CUDA_VISIBLE_DEVICES, which programs set themselves
    launch_blocking: bool  # CUDA_LAUNCH_BLOCKING=1: a launch returns when the kernel is done


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises SettingsError."""
    return Settings(
        devices=_devices(environment.get("COMPATLAYER_DEVICES", "cpu")),
        workers=_workers(environment.get("COMPATLAYER_WORKERS", "")),
        memory_bytes=_bytes(environment.get("COMPATLAYER_MEMORY", "")),
        compute_capability=_capability(environment.get("COMPATLAYER_COMPUTE_CAPABILITY", "8.6")),
        visible=environment.get("CUDA_VISIBLE_DEVICES"),
        launch_blocking=environment.get("CUDA_LAUNCH_BLOCKING", "0") == "1",
    )


def _devices(text: str) -> tuple[DeviceRequest, ...]:
    requests = []
    for part in text.split(","):
        name, colon, number = part.strip().partition(":")
        if not name and not colon:
            continue
        count = None
        if colon:
            if not number.isdecimal() or not 1 <= int(number) <= 64:
                raise SettingsError(f"COMPATLAYER_DEVICES={text}: '{part}' needs a count from 1 to 64, as in cpu:2")
            count = int(number)
        if not name.isidentifier():
            raise SettingsError(f"COMPATLAYER_DEVICES={text}: '{part}' names no backend; write cpu or cpu:2")
        requests.append(DeviceRequest(name, count))
    return tuple(requests)


def _workers(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise SettingsError(f"COMPATLAYER_WORKERS={text} is not a number of threads from 1 to 1024")
    return int(text)


def _bytes(text: str) -> int:
    if not text:
        return 0
    scale = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1].upper(), 1)
    digits = text if scale == 1 else text[:-1]
    if not digits.isdecimal() or int(digits) == 0:
        raise SettingsError(f"COMPATLAYER_MEMORY={text} is not a size; write bytes, or 512M, or 4G")
    return int(digits) * scale


def _capability(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise SettingsError(f"COMPATLAYER_COMPUTE_CAPABILITY={text} is not of the form 8.6")
    return int(major), int(minor)
