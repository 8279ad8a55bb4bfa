"""One line for each device (dmon) or process (pmon) in each turn, under headings that come again now and then."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from compatlayer.smi.reading import MIB, Reading, process_name

# Groups of columns by their letter: heading, unit, value.
_Column = tuple[str, str, Callable[[Reading], float | None]]
DEVICE: dict[str, list[_Column]] = {
    "p": [("pwr", "W", lambda r: r.sensors.power_w), ("gtemp", "C", lambda r: r.sensors.temperature_c),
          ("mtemp", "C", lambda r: None)],
    "u": [("sm", "%", lambda r: 100 * r.load.kernels), ("mem", "%", lambda r: 100 * r.load.copies),
          ("enc", "%", lambda r: None), ("dec", "%", lambda r: None)],
    "c": [("mclk", "MHz", lambda r: None), ("pclk", "MHz", lambda r: r.sensors.clock_mhz)],
    "m": [("fb", "MB", lambda r: r.used_bytes / MIB), ("bar1", "MB", lambda r: None)],
}
DEFAULT = "puc"


def device_heading(groups: str) -> str:
    columns = [column for letter in groups for column in DEVICE[letter]]
    return ("# gpu " + " ".join(f"{name:>6}" for name, _, _ in columns) + "\n"
            + "# Idx " + " ".join(f"{unit:>6}" for _, unit, _ in columns) + "\n")


def device_rows(readings: Sequence[Reading], groups: str) -> str:
    lines = []
    for reading in readings:
        values = [value(reading) for letter in groups for _, _, value in DEVICE[letter]]
        words = ["     -" if each is None else f"{round(each):>6}" for each in values]
        lines.append(f"{reading.card.index:>5} " + " ".join(words) + "\n")
    return "".join(lines)


PROCESS_HEADING = ("# gpu        pid  type     sm    mem    enc    dec     fb  command\n"
                   "# Idx          #   C/G      %      %      %      %     MB  name\n")


def process_rows(readings: Sequence[Reading]) -> str:
    lines = []
    for reading in readings:
        for client in reading.clients:
            loads = f"{round(100 * client.load.kernels):>6} {round(100 * client.load.copies):>6}"
            memory = -(-client.used_bytes // MIB)
            name = os.path.basename(process_name(client.process))
            start = f"{reading.card.index:>5} {client.process:>10}     C {loads}"
            lines.append(f"{start}      -      - {memory:>6}  {name}\n")
        if not reading.clients:
            lines.append(f"{reading.card.index:>5} {'-':>10}     -      -      -      -      -      -  -\n")
    return "".join(lines)
