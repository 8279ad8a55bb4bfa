"""Choosing the engine that kernels are compiled for, within a process that has started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from compatlayer import Device

ENGINES = ("vector", "naive")


@contextlib.contextmanager
def engine_of(device: Device, engine: str) -> Iterator[None]:
    """What is compiled for the device meanwhile is for `engine`: each kernel for a class of blocks at first launch."""
    hardware: Any = device.core.hardware
    kept = hardware.settings
    hardware.settings = kept._replace(engine=engine)
    try:
        yield
    finally:
        hardware.settings = kept
