"""A shown device: the backend's device with the ordinal, capability and state that CUDA gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from compatlayer.backends import base

if TYPE_CHECKING:
    from compatlayer.core.context import Context
    from compatlayer.core.pool import Pool


def _nothing(context: Context) -> None:
    """What there is to do after a wait while no memory pool exists."""


class Device:
    """One CUDA device. `hardware` is the backend's device; memory of both is counted in bytes."""

    def __init__(self, ordinal: int, hardware: base.Device, capability: tuple[int, int]) -> None:
        self.ordinal = ordinal
        self.hardware = hardware
        self.caps = hardware.caps
        self.capability = capability
        self.primary_context: Context | None = None  # made by context.primary()
        self.primary_flags = 0
        self.launch_blocking = False  # a launch returns when the kernel is done
        self.watchdog = False  # kernels that run for too long are ended
        self.current_pool: Pool | None = None  # None: the default one (core/pool.py)
        self.after_wait: Callable[[Context], None] = _nothing  # set with the first memory pool

    def __repr__(self) -> str:
        return f"device {self.ordinal} ({self.caps.name})"

    @property
    def uuid(self) -> bytes:
        """16 bytes, stable on this machine and distinct for each ordinal."""
        return self.caps.uuid

    @property
    def free_bytes(self) -> int:
        return max(0, self.caps.memory_bytes - self.hardware.used_bytes())

    @property
    def pci_bus_id(self) -> str:
        """A bus address that no real device of the machine uses (domain ffff), one for each backend device."""
        return pci_bus_id(self.hardware.ordinal)


PCI_DOMAIN = 0xFFFF
PCI_FIRST_BUS = 1


def pci_bus_id(ordinal: int) -> str:
    """The made-up bus address of a backend's device number `ordinal`."""
    return f"{PCI_DOMAIN:04x}:{PCI_FIRST_BUS + ordinal:02x}:00.0"
