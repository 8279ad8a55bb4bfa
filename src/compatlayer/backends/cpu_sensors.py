"""The processor's sensors, as Linux shows them: temperature, power (hwmon, thermal zones, powercap), clocks (cpufreq).

Looked at anew for each question. What the machine does not show, or shows only to the administrator, is None.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from compatlayer.backends import machine
from compatlayer.backends.base import Sensors

# Drivers of hwmon that are about the processor, and the labels of the sensors that are about all of it.
_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "amd_energy", "fam15h_power", "xgene-hwmon")
_WHOLE = ("package id 0", "tdie", "tctl", "socpower", "rapl_p_package", "esocket0")
_ZONES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc_thermal", "CPU-therm", "soc-thermal")
_LEAST_S, _MOST_S = 0.02, 5.0  # between the readings of a counter of energy that make a power

_last_energy: dict[str, tuple[float, int]] = {}  # by counter: when it was read, and its microjoules


def read(root: str = "/sys") -> Sensors:
    """Look at the sensors. Waits for 20 ms where power comes from a counter of energy that was not read lately."""
    chips = _chips(root)
    temperature = _first(chips, "temp") or _zone(root)
    limit, most = _limits(root)
    counter = _counter(root)
    energy = _number(counter) if counter else None
    power = _first(chips, "power")
    if power is None and counter:
        power = _power(counter)
    clock, top = _clocks(root)
    return Sensors(
        temperature_c=None if temperature is None else temperature[0] / 1000,
        slowdown_c=None if temperature is None or temperature[1] is None else temperature[1] / 1000,
        shutdown_c=None if temperature is None or temperature[2] is None else temperature[2] / 1000,
        power_w=None if power is None else power[0] / 1e6,
        energy_j=None if energy is None else energy / 1e6,
        power_limit_w=limit,
        most_power_limit_w=most,
        clock_mhz=clock,
        most_clock_mhz=top,
    )


_Reading = tuple[float, float | None, float | None]  # a value, its limit, its critical limit; in small units


def _chips(root: str) -> list[str]:
    """Folders of the sensors that are about the processor."""
    found = []
    base = os.path.join(root, "class", "hwmon")
    for name in _listed(base):
        folder = os.path.join(base, name)
        if _text(os.path.join(folder, "name")) in _CHIPS:
            found.append(folder)
    return found


def _first(chips: list[str], kind: str) -> _Reading | None:
    """The sensor about the whole processor, or the first one."""
    best: _Reading | None = None
    for folder in chips:
        for entry in _listed(folder):
            if not entry.startswith(kind) or not entry.endswith(("_input", "_average")):
                continue
            stem = os.path.join(folder, entry.rpartition("_")[0])
            value = _number(os.path.join(folder, entry))
            if value is None:
                continue
            reading = (float(value), _number(f"{stem}_max"), _number(f"{stem}_crit"))
            if _text(f"{stem}_label").lower() in _WHOLE:
                return reading
            best = best or reading
    return best


def _zone(root: str) -> _Reading | None:
    base = os.path.join(root, "class", "thermal")
    for name in _listed(base):
        folder = os.path.join(base, name)
        value = _number(os.path.join(folder, "temp"))
        if _text(os.path.join(folder, "type")) not in _ZONES or value is None:
            continue
        critical = None
        for index in range(16):
            if _text(os.path.join(folder, f"trip_point_{index}_type")) == "critical":
                critical = _number(os.path.join(folder, f"trip_point_{index}_temp"))
        return float(value), None, critical
    return None


def _package(root: str) -> str | None:
    """The folder of the first processor package's power (RAPL)."""
    base = os.path.join(root, "class", "powercap")
    for name in _listed(base):
        folder = os.path.join(base, name)
        if _text(os.path.join(folder, "name")).startswith("package-"):
            return folder
    return None


def _counter(root: str) -> str | None:
    folder = _package(root)
    return None if folder is None else os.path.join(folder, "energy_uj")


def _limits(root: str) -> tuple[float | None, float | None]:
    """The long-term limit of power, and the most that it can be; in watts."""
    folder = _package(root)
    if folder is None or _text(os.path.join(folder, "constraint_0_name")) not in ("long_term", ""):
        return None, None
    limit = _number(os.path.join(folder, "constraint_0_power_limit_uw"))
    most = _number(os.path.join(folder, "constraint_0_max_power_uw"))
    return None if not limit else limit / 1e6, None if not most else most / 1e6


def _power(counter: str) -> _Reading | None:
    """Microwatts since the counter was read last, or within a moment from now."""
    now, energy = time.monotonic(), _number(counter)
    if energy is None:
        return None
    before = _last_energy.get(counter)
    if before is None or now - before[0] > _MOST_S:
        before = (now, energy)
        time.sleep(_LEAST_S)
        now, energy = time.monotonic(), _number(counter)
    elif now - before[0] < _LEAST_S:
        time.sleep(_LEAST_S)
        now, energy = time.monotonic(), _number(counter)
    if energy is None or now <= before[0]:
        return None
    if energy < before[1]:  # it has begun again
        energy += _number(os.path.join(os.path.dirname(counter), "max_energy_range_uj")) or before[1] - energy
    _last_energy[counter] = (now, _number(counter) or energy)
    return (energy - before[1]) / (now - before[0]), None, None


def _clocks(root: str) -> tuple[int | None, int | None]:
    """The fastest clock of the processors that this process may use, and the most it can be; in MHz."""
    now, most = [], []
    for number in os.sched_getaffinity(0):
        folder = os.path.join(root, "devices", "system", "cpu", f"cpu{number}", "cpufreq")
        now += [value for value in [_number(os.path.join(folder, "scaling_cur_freq"))] if value]
        most += [value for value in [_number(os.path.join(folder, "cpuinfo_max_freq"))] if value]
    shown = machine.clocks_mhz() if root == "/sys" else []
    current = round(max(now) / 1000) if now else round(max(shown)) if shown else None
    return current, round(max(most) / 1000) if most else None


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _number(path: str) -> int | None:
    with suppress(ValueError):
        return int(_text(path))
    return None
