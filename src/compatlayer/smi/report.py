"""The report of -q: every device, in sections that -d chooses from."""

from __future__ import annotations

import time
from collections.abc import Sequence

from compatlayer.core.monitor import driver_version
from compatlayer.smi.fields import cuda_version
from compatlayer.smi.reading import MIB, Reading, process_name

SECTIONS = ("MEMORY", "UTILIZATION", "TEMPERATURE", "POWER", "CLOCK", "COMPUTE", "PIDS")
_Lines = list[tuple[int, str, str | None]]  # depth, name, value; None: a heading


def text(readings: Sequence[Reading], sections: Sequence[str], count: int) -> str:
    """The report; all of it when no section is named."""
    lines: _Lines = [(0, "Timestamp", time.strftime("%a %b %d %H:%M:%S %Y")), (0, "Driver Version", driver_version()),
                     (0, "CUDA Version", cuda_version()), (0, "Attached GPUs", str(count))]
    for reading in readings:
        lines.append((0, f"GPU {reading.bus_id}", None))
        if not sections:
            lines += _identity(reading)
        for section in SECTIONS:
            if not sections or section in sections:
                lines += _BUILDERS[section](reading)
    title = "==============compatlayer NVSMI LOG==============\n\n"
    return title + "\n".join(_line(*line) for line in lines) + "\n"


def _line(depth: int, name: str, value: str | None) -> str:
    label = "    " * depth + name
    return label if value is None else f"{label:<50}: {value}"


def _shown(value: float | None, unit: str, digits: int = 0) -> str:
    return "N/A" if value is None else f"{value:.{digits}f} {unit}"


def _identity(reading: Reading) -> _Lines:
    card = reading.card
    domain, bus, device = (int(part, 16) for part in reading.bus_id.partition(".")[0].split(":"))
    return [(1, "Product Name", card.caps.name), (1, "Compute Capability", "{}.{}".format(*card.capability)),
            (1, "Display Active", "Disabled"), (1, "Persistence Mode", "Disabled"), (1, "Serial Number", "N/A"),
            (1, "GPU UUID", card.uuid), (1, "PCI", None), (2, "Bus", f"0x{bus:02X}"), (2, "Device", f"0x{device:02X}"),
            (2, "Domain", f"0x{domain:04X}"), (2, "Bus Id", reading.bus_id),
            (1, "Multiprocessors", str(card.caps.compute_units)), (1, "Fan Speed", "N/A"),
            (1, "Performance State", "N/A")]


def _memory(reading: Reading) -> _Lines:
    used = -(-reading.used_bytes // MIB)
    return [(1, "FB Memory Usage", None), (2, "Total", f"{reading.total_bytes // MIB} MiB"), (2, "Reserved", "0 MiB"),
            (2, "Used", f"{used} MiB"), (2, "Free", f"{(reading.total_bytes - reading.used_bytes) // MIB} MiB")]


def _utilization(reading: Reading) -> _Lines:
    return [(1, "Utilization", None), (2, "GPU", f"{round(100 * reading.load.kernels)} %"),
            (2, "Memory", f"{round(100 * reading.load.copies)} %"), (2, "Encoder", "N/A"), (2, "Decoder", "N/A")]


def _temperature(reading: Reading) -> _Lines:
    sensors = reading.sensors
    return [(1, "Temperature", None), (2, "GPU Current Temp", _shown(sensors.temperature_c, "C")),
            (2, "GPU Shutdown Temp", _shown(sensors.shutdown_c, "C")),
            (2, "GPU Slowdown Temp", _shown(sensors.slowdown_c, "C"))]


def _power(reading: Reading) -> _Lines:
    sensors = reading.sensors
    return [(1, "GPU Power Readings", None), (2, "Power Draw", _shown(sensors.power_w, "W", 2)),
            (2, "Current Power Limit", _shown(sensors.power_limit_w, "W", 2)),
            (2, "Max Power Limit", _shown(sensors.most_power_limit_w, "W", 2))]


def _clock(reading: Reading) -> _Lines:
    now = _shown(reading.sensors.clock_mhz, "MHz")
    most = _shown(reading.sensors.most_clock_mhz or reading.card.caps.clock_khz / 1000, "MHz")
    return [(1, "Clocks", None), (2, "Graphics", now), (2, "SM", now), (2, "Memory", "N/A"), (1, "Max Clocks", None),
            (2, "Graphics", most), (2, "SM", most), (2, "Memory", "N/A")]


def _compute(reading: Reading) -> _Lines:
    return [(1, "Compute Mode", "Default")]


def _processes(reading: Reading) -> _Lines:
    if not reading.clients:
        return [(1, "Processes", "None")]
    lines: _Lines = [(1, "Processes", None)]
    for client in reading.clients:
        lines += [(2, "Process ID", str(client.process)), (3, "Type", "C"), (3, "Name", process_name(client.process)),
                  (3, "Used GPU Memory", f"{-(-client.used_bytes // MIB)} MiB")]
    return lines


_BUILDERS = {"MEMORY": _memory, "UTILIZATION": _utilization, "TEMPERATURE": _temperature, "POWER": _power,
             "CLOCK": _clock, "COMPUTE": _compute, "PIDS": _processes}
