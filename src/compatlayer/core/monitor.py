"""What a monitoring tool wants to know of the devices, without opening one: memory, load and who uses them.

The devices are those that COMPATLAYER_DEVICES shows; CUDA_VISIBLE_DEVICES hides none here, as NVML documents.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import compatlayer
from compatlayer import config
from compatlayer.backends import ledger
from compatlayer.backends.base import Backend, DeviceCaps, Sensors
from compatlayer.core import runtime
from compatlayer.core.device import pci_bus_id, shown_caps

# The least series of drivers that CUDA 13's release notes name: programs compare the number.
DRIVER_SERIES = 580
PERIOD_NS = ledger.PERIOD_NS
WINDOW = 6  # periods of a sixth of a second: what a load is the average of


class Load(NamedTuple):
    """Parts of a time in which something ran, from 0 to 1."""

    kernels: float
    copies: float


class Sample(NamedTuple):
    """The load of one period that ended at `end_ns` (CLOCK_REALTIME)."""

    end_ns: int
    load: Load


class Client(NamedTuple):
    """One process that uses a device."""

    process: int
    used_bytes: int
    load: Load  # over the last WINDOW periods
    end_ns: int  # when the last of them ended (CLOCK_REALTIME)


class Card:
    """One device as a monitoring tool sees it."""

    def __init__(self, index: int, count: int, backend: Backend, ordinal: int, settings: config.Settings) -> None:
        self.index = index
        self.count = count  # of devices in all
        self.backend = backend
        self.ordinal = ordinal
        self.capability = settings.compute_capability
        self.board = settings.board
        self.caps: DeviceCaps = shown_caps(backend.devices()[ordinal], settings)
        if settings.board is not None:  # on Jetson NVML has another name for it than CUDA
            self.caps = self.caps._replace(name=settings.board.monitor_name)

    @property
    def uuid(self) -> str:
        """As CUDA_VISIBLE_DEVICES and NVML write it."""
        digits = self.caps.uuid.hex()
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return f"GPU-{'-'.join(parts)}"

    @property
    def pci_bus_id(self) -> str:
        return pci_bus_id(self.ordinal)

    def sensors(self) -> Sensors:
        return self.backend.sensors(self.ordinal)

    def used_bytes(self) -> int:
        """What all processes of this user have allocated."""
        return sum(use.used_bytes for use in ledger.read(self.caps.uuid))

    def load(self) -> Load:
        """The load of all processes over the last WINDOW periods that are over."""
        return added([client.load for client in self.clients(idle=True)])

    def clients(self, idle: bool = False) -> list[Client]:
        """The processes that have a context or memory on the device; with `idle` also those that have none yet."""
        now = time.monotonic_ns()
        last = now // PERIOD_NS - 1
        end = _wall(now, (last + 1) * PERIOD_NS)
        return [Client(use.process, use.used_bytes, _load(use, range(last - WINDOW + 1, last + 1), now), end)
                for use in ledger.read(self.caps.uuid) if idle or use.contexts or use.used_bytes]

    def samples(self) -> list[Sample]:
        """The load of all processes in each period that is remembered, the oldest first."""
        now = time.monotonic_ns()
        uses = ledger.read(self.caps.uuid)
        last = now // PERIOD_NS - 1
        numbers = range(max(0, last - ledger.PERIODS + 2), last + 1)
        return [Sample(_wall(now, (number + 1) * PERIOD_NS),
                       added([_load(use, range(number, number + 1), now) for use in uses])) for number in numbers]


def cards() -> list[Card]:
    """All devices; raises SettingsError when a setting makes no sense."""
    settings = config.from_environment()
    found = runtime.there(settings)
    return [Card(index, len(found), backend, ordinal, settings)
            for index, (backend, ordinal) in enumerate(found)]


def driver_version() -> str:
    """What tools are told to be the driver's version: the series that CUDA 13 needs, then this package's own first two
    numbers. A driver's version has three numbers, and cuda-core takes no more."""
    return ".".join([str(DRIVER_SERIES), *compatlayer.__version__.split(".")[:2]])


def _load(use: ledger.Use, numbers: range, now: int) -> Load:
    kernels, copies = (sum(use.busy_in(number, kind, now) for number in numbers) / (len(numbers) * PERIOD_NS)
                       for kind in (ledger.KERNELS, ledger.COPIES))
    return Load(kernels, copies)


def added(loads: list[Load]) -> Load:
    """The load of several processes together: they may overlap, so the sum is the most that it can be."""
    return Load(min(1.0, sum(load.kernels for load in loads)), min(1.0, sum(load.copies for load in loads)))


def _wall(now: int, moment: int) -> int:
    """A moment of CLOCK_MONOTONIC in CLOCK_REALTIME."""
    return time.time_ns() - (now - moment)
