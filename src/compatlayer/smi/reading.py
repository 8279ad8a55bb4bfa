"""One look at a device: everything that the outputs show, read at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from compatlayer.backends.base import Sensors
from compatlayer.core.monitor import Card, Client, Load, added

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """A device's state. Memory in bytes; loads from 0 to 1."""

    card: Card
    sensors: Sensors
    clients: tuple[Client, ...]
    load: Load
    used_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.card.caps.memory_bytes

    @property
    def bus_id(self) -> str:
        """As NVML writes it: eight digits of domain."""
        domain, rest = self.card.pci_bus_id.upper().split(":", 1)
        return f"{domain:0>8}:{rest}"


def read(card: Card, sensors: bool = True) -> Reading:
    """Look at a device; without `sensors` they are left out, since they may make one wait."""
    everybody = card.clients(idle=True)
    used = min(sum(client.used_bytes for client in everybody), card.caps.memory_bytes)
    return Reading(card, card.sensors() if sensors else Sensors(), tuple(card.clients()),
                   added([client.load for client in everybody]), used)


def process_name(process: int) -> str:
    """The program of a process, as it was started; "[Not Found]" when it has ended."""
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return "[Not Found]"
    return words[0].decode("utf-8", "replace") or "[Not Found]"
