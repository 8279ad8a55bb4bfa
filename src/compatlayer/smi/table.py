"""The table that the command shows without options: each device on two lines, then the processes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from compatlayer.core.monitor import driver_version
from compatlayer.smi.fields import cuda_version
from compatlayer.smi.reading import MIB, Reading, process_name

_INNER = 87  # characters between the outer bars
_LEFT, _MIDDLE, _RIGHT = 38, 22, 25


def text(readings: Sequence[Reading]) -> str:
    """The whole table. Programs look in it for "Driver Version:", "CUDA Version:" and "MiB / ...MiB"."""
    versions = f"Driver Version: {driver_version()}"
    head = f"compatlayer nvidia-smi{'':<6}{versions:<36}CUDA Version: {cuda_version()}"
    lines = [time.strftime("%a %b %d %H:%M:%S %Y"), _rule("-"), _bar(head), _cells("-", "+"),
             _row("GPU  Name", "Bus-Id", "GPU-Util  Copy-Util"),
             _row("     Temp   Power: Usage / Limit", "Memory-Usage", "Compute M."), _cells("=", "+")]
    for reading in readings:
        lines += _device(reading)
    lines += ["", _rule("-"), _bar("Processes:"), _bar(_process("GPU", "PID", "Type", "Process name", "GPU Memory")),
              _rule("=")]
    rows = [_process(str(reading.card.index), str(client.process), "C", process_name(client.process),
                     f"{-(-client.used_bytes // MIB)}MiB") for reading in readings for client in reading.clients]
    lines += [_bar(row) for row in rows or ["No running processes found"]]
    return "\n".join([*lines, _rule("-")]) + "\n"


def _device(reading: Reading) -> list[str]:
    sensors = reading.sensors
    temperature = "N/A" if sensors.temperature_c is None else f"{sensors.temperature_c:.0f}C"
    usage = "N/A" if sensors.power_w is None else f"{sensors.power_w:.0f}W"
    limit = "N/A" if sensors.power_limit_w is None else f"{sensors.power_limit_w:.0f}W"
    memory = f"{-(-reading.used_bytes // MIB)}MiB / {reading.total_bytes // MIB}MiB"
    load = f"{round(100 * reading.load.kernels)}%  {round(100 * reading.load.copies):>8}%"
    name = reading.card.caps.name
    room = _LEFT - 7
    shown = name if len(name) <= room else name[:room - 2] + ".."
    return [_row(f"{reading.card.index:>3}  {shown}", reading.bus_id, load),
            _row(f"     {temperature:<6} {usage + ' / ' + limit:>20}", memory, "Default"), _cells("-", "+")]


def _row(left: str, middle: str, right: str) -> str:
    return f"| {left:<{_LEFT - 2}} | {middle:>{_MIDDLE - 2}} | {right:>{_RIGHT - 2}} |"


def _process(device: str, number: str, kind: str, name: str, memory: str) -> str:
    room = _INNER - 42
    shown = name if len(name) <= room else "..." + name[3 - room:]
    return f"{device:>4} {number:>12} {kind:>6}   {shown:<{room}} {memory:>11}"


def _bar(content: str) -> str:
    return f"| {content:<{_INNER - 2}} |"


def _rule(character: str) -> str:
    return f"+{character * _INNER}+" if character == "-" else f"|{character * _INNER}|"


def _cells(character: str, joint: str) -> str:
    end = "+" if character == "-" else "|"
    return end + joint.join(character * width for width in (_LEFT, _MIDDLE, _RIGHT)) + end
