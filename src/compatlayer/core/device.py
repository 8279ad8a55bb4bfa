"""A shown device: the backend's device with the ordinal, capability and state that CUDA gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from compatlayer import config
from compatlayer.backends import base

if TYPE_CHECKING:
    from compatlayer.core.context import Context
    from compatlayer.core.pool import Pool


def _nothing(context: Context) -> None:
    """What there is to do after a wait while no memory pool exists."""


def shown_caps(caps: base.DeviceCaps, settings: config.Settings) -> base.DeviceCaps:
    """What programs are told of a device: its own capabilities, with the figures of the chosen board."""
    board = settings.board
    if board is None:
        return caps
    return caps._replace(
        name=board.name, memory_bytes=settings.memory_bytes or board.memory_bytes, compute_units=board.compute_units,
        clock_khz=board.clock_khz, memory_clock_khz=board.memory_clock_khz, memory_bus_bits=board.memory_bus_bits,
        l2_bytes=board.l2_bytes, integrated=True)


class Device:
    """One CUDA device. `hardware` is the backend's device; memory of both is counted in bytes.

    `caps` is what programs are told, which differs from the hardware's where a board was chosen."""

    def __init__(self, ordinal: int, hardware: base.Device, settings: config.Settings) -> None:
        self.ordinal = ordinal
        self.hardware = hardware
        self.caps = shown_caps(hardware.caps, settings)
        self.capability = settings.compute_capability
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
        """What can still be allocated: of a board with more memory than this machine has, the machine's."""
        return max(0, min(self.caps.memory_bytes, self.hardware.caps.memory_bytes) - self.hardware.used_bytes())

    @property
    def pci_bus_id(self) -> str:
        """A bus address that no real device of the machine uses (domain FFFF), one for each backend device."""
        return pci_bus_id(self.hardware.ordinal)


PCI_DOMAIN = 0xFFFF
PCI_FIRST_BUS = 1


def pci_bus_id(ordinal: int) -> str:
    """The made-up bus address of a backend's device number `ordinal`."""
    return f"{PCI_DOMAIN:04X}:{PCI_FIRST_BUS + ordinal:02X}:00.0"
