"""Settings: everything the environment decides, read once when the process first needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from compatlayer import board
from compatlayer.errors import SetupError

# What kernels can be compiled for; compiler/frontends/nvrtc_options.py has the same as numbers.
CAPABILITIES = ("7.5", "8.0", "8.6", "8.7", "8.8", "8.9", "9.0", "10.0", "10.3", "11.0", "12.0", "12.1")
ENGINES = ("vector", "naive")
NATIVE_CPU = "native"
_LEAST_BYTES, _MOST_BYTES = 1 << 20, 1 << 46  # an address has 47 bits, and not all are memory's


class SettingsError(SetupError):
    """A variable holds something we do not understand: one sentence that names it and what to write."""


class DeviceRequest(NamedTuple):
    """`wanted` devices of one backend; None means all that it has. `choice` is what follows the colon: a backend whose
    devices differ takes it for which ones are meant (Backend.chosen), not for how many."""

    backend: str
    wanted: int | None
    choice: str = ""


class Settings(NamedTuple):
    """The process's settings.

    COMPATLAYER_DEVICES             devices shown, in order: `cpu`, `cpu:2`, `opencl`, `opencl:gpu`, a comma list;
                                    default `cpu`
    COMPATLAYER_WORKERS             worker threads of the CPU device; default one for each usable CPU
    COMPATLAYER_MEMORY              memory of a CPU device: bytes, or 512M, 4G, 1T; default the machine's, shared out
    COMPATLAYER_COMPUTE_CAPABILITY  reported compute capability, default 8.6, or the profile's
    COMPATLAYER_PROFILE             the board that programs are told of (board.py): orin-agx-64, orin-nano-8, ...
    COMPATLAYER_FAST_LAUNCH         0: every launch goes through Python, which stays the reference; default 1
    COMPATLAYER_ENGINE              vector, or naive for the reference engine, which is slower; default vector
    COMPATLAYER_CPU                 the processor that kernels are compiled for: a name of clang's such as x86-64-v3;
                                    default native, this machine's
    COMPATLAYER_ENGINE_REPORT       1: tell on stderr which kernels the vector engine could not run; default 0
    COMPATLAYER_KERNEL_FILES        a folder where every loaded kernel's library is kept for debuggers and profilers
    COMPATLAYER_WATCHDOG_S          seconds after which a kernel that still runs is ended with
                                    CUDA_ERROR_LAUNCH_TIMEOUT; default: never

    CUDA_VISIBLE_DEVICES and CUDA_LAUNCH_BLOCKING mean what CUDA documents.
    """

    devices: tuple[DeviceRequest, ...]
    workers: int  # 0: one for each CPU this process may use
    memory_bytes: int  # 0: what the machine has
    compute_capability: tuple[int, int]
    visible: str | None  # CUDA_VISIBLE_DEVICES, which programs set themselves
    launch_blocking: bool  # CUDA_LAUNCH_BLOCKING=1: a launch returns when the kernel is done
    fast_launch: bool  # C callers may launch without Python
    engine: str  # one of ENGINES
    engine_report: bool  # say which kernels run in the naive engine though the vector one was wanted
    cpu: str  # NATIVE_CPU or a name of clang's, which the CPU backend checks
    watchdog_s: float = 0.0  # 0: kernels may run for ever
    kernel_files: str = ""  # a folder; empty: libraries are loaded from the cache, or from memory
    board: board.Board | None = None  # what devices are shown as; None: as what they are


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises SettingsError."""
    shown = _board(environment)
    capability = "{}.{}".format(*shown.capability) if shown else "8.6"
    return Settings(
        devices=_devices(environment.get("COMPATLAYER_DEVICES", "cpu")),
        workers=_workers(environment.get("COMPATLAYER_WORKERS", "")),
        memory_bytes=_bytes(environment.get("COMPATLAYER_MEMORY", "")),
        compute_capability=_capability(environment.get("COMPATLAYER_COMPUTE_CAPABILITY") or capability),
        visible=environment.get("CUDA_VISIBLE_DEVICES"),
        launch_blocking=environment.get("CUDA_LAUNCH_BLOCKING", "0") == "1",
        fast_launch=_switch(environment, "COMPATLAYER_FAST_LAUNCH", "1"),
        engine=_engine(environment.get("COMPATLAYER_ENGINE") or ENGINES[0]),
        engine_report=_switch(environment, "COMPATLAYER_ENGINE_REPORT", "0"),
        cpu=chosen_cpu(environment),
        watchdog_s=_seconds(environment.get("COMPATLAYER_WATCHDOG_S", "")),
        kernel_files=environment.get("COMPATLAYER_KERNEL_FILES", ""),
        board=shown,
    )


def _board(environment: Mapping[str, str]) -> board.Board | None:
    try:
        return board.chosen(environment)
    except board.UnknownBoard as error:
        raise SettingsError(str(error)) from None


def chosen_cpu(environment: Mapping[str, str] = os.environ) -> str:
    """What COMPATLAYER_CPU says, which is part of the keys of the compile cache. Raises SettingsError."""
    text = environment.get("COMPATLAYER_CPU") or NATIVE_CPU
    if not all(each.isalnum() or each in "-._+" for each in text) or len(text) > 64 or not text.isascii():
        raise SettingsError(f"COMPATLAYER_CPU={text} is no processor's name; write {NATIVE_CPU}, or a level such as "
                            "x86-64-v3")
    return text


def _engine(text: str) -> str:
    if text not in ENGINES:
        raise SettingsError(f"COMPATLAYER_ENGINE={text} is not one of {', '.join(ENGINES)}")
    return text


def _switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    text = environment.get(name) or default
    if text not in ("0", "1"):
        raise SettingsError(f"{name}={text} is neither 0 nor 1")
    return text == "1"


def _devices(text: str) -> tuple[DeviceRequest, ...]:
    requests = []
    for part in text.split(","):
        name, colon, number = part.strip().partition(":")
        if not name and not colon:
            continue
        count, choice = None, number.lower()
        if colon and (name == "cpu" or (choice != "0" and not choice.isidentifier())):
            count = _number(number)
            if not 1 <= count <= 64:
                raise SettingsError(f"COMPATLAYER_DEVICES={text}: '{part}' needs a count from 1 to 64, as in cpu:2")
        if not name.isidentifier():
            raise SettingsError(f"COMPATLAYER_DEVICES={text}: '{part}' names no backend; write cpu or cpu:2")
        requests.append(DeviceRequest(name, count, choice))
    return tuple(requests)


def _workers(text: str) -> int:
    if not text:
        return 0
    count = _number(text)
    if not 1 <= count <= 1024:
        raise SettingsError(f"COMPATLAYER_WORKERS={text} is not a number of threads from 1 to 1024; leave it out for "
                            "one for each usable CPU")
    return count


def _bytes(text: str) -> int:
    if not text:
        return 0
    scale = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}.get(text[-1].upper(), 1)
    size_bytes = _number(text if scale == 1 else text[:-1]) * scale
    if not _LEAST_BYTES <= size_bytes <= _MOST_BYTES:
        raise SettingsError(f"COMPATLAYER_MEMORY={text} is not a size from 1M to 64T; write bytes, or 512M, or 4G")
    return size_bytes


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 1e6:
        raise SettingsError(f"COMPATLAYER_WATCHDOG_S={text} is not a time from 0.01 to 1000000 seconds; leave it out "
                            "for kernels that may run for ever")
    return seconds


def _number(text: str) -> int:
    """The number that `text` writes in decimal, or 0 for anything else: no setting may be 0."""
    return int(text) if text.isdecimal() and len(text) <= 20 else 0


def _capability(text: str) -> tuple[int, int]:
    if text in CAPABILITIES:
        major, _, minor = text.partition(".")
        return int(major), int(minor)
    raise SettingsError(f"COMPATLAYER_COMPUTE_CAPABILITY={text} is not one of {', '.join(CAPABILITIES)}")
