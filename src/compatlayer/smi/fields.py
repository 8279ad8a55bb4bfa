"""The fields of --query-gpu and --query-compute-apps: name, unit, and value of each; None stands for [N/A]."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from compatlayer.core.monitor import Client, driver_version
from compatlayer.core.runtime import DRIVER_VERSION
from compatlayer.smi.reading import MIB, Reading, process_name

Value = str | int | float | None
_DISABLED = "Disabled"


class UnknownField(Exception):
    """The text names a field that is not known."""


def _none(reading: Reading) -> Value:
    return None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _bus(reading: Reading, place: int) -> str:
    return f"0x{int(reading.bus_id.partition('.')[0].split(':')[place], 16):02X}"


def _percent(part: float) -> int:
    return round(100 * part)


def _stamp(reading: object) -> str:
    now = time.time()
    return time.strftime("%Y/%m/%d %H:%M:%S", time.localtime(now)) + f".{int(now * 1000) % 1000:03d}"


_Gpu = tuple[str, Callable[[Reading], Value]]  # unit, value

_GPU: dict[str, _Gpu] = {
    "timestamp": ("", _stamp),
    "driver_version": ("", lambda r: driver_version()),
    "cuda_version": ("", lambda r: cuda_version()),
    "count": ("", lambda r: r.card.count),
    "name": ("", lambda r: r.card.caps.name.replace(",", ";")),
    "uuid": ("", lambda r: r.card.uuid),
    "index": ("", lambda r: r.card.index),
    "pci.bus_id": ("", lambda r: r.bus_id),
    "pci.domain": ("", lambda r: _bus(r, 0)),
    "pci.bus": ("", lambda r: _bus(r, 1)),
    "pci.device": ("", lambda r: _bus(r, 2)),
    "compute_cap": ("", lambda r: "{}.{}".format(*r.card.capability)),
    "compute_mode": ("", lambda r: "Default"),
    "persistence_mode": ("", lambda r: _DISABLED),
    "display_mode": ("", lambda r: _DISABLED),
    "display_active": ("", lambda r: _DISABLED),
    "display_attached": ("", lambda r: "No"),
    "addressing_mode": ("", lambda r: "ATS"),
    "memory.total": ("MiB", lambda r: r.total_bytes // MIB),
    "memory.reserved": ("MiB", lambda r: 0),
    "memory.used": ("MiB", lambda r: -(-r.used_bytes // MIB)),
    "memory.free": ("MiB", lambda r: (r.total_bytes - r.used_bytes) // MIB),
    "utilization.gpu": ("%", lambda r: _percent(r.load.kernels)),
    "utilization.memory": ("%", lambda r: _percent(r.load.copies)),
    "temperature.gpu": ("", lambda r: _whole(r.sensors.temperature_c)),
    "power.management": ("", lambda r: None if r.sensors.power_limit_w is None else "Enabled"),
    "power.draw": ("W", lambda r: r.sensors.power_w),
    "power.draw.average": ("W", lambda r: r.sensors.power_w),
    "power.draw.instant": ("W", lambda r: r.sensors.power_w),
    "power.limit": ("W", lambda r: r.sensors.power_limit_w),
    "enforced.power.limit": ("W", lambda r: r.sensors.power_limit_w),
    "clocks.current.graphics": ("MHz", lambda r: r.sensors.clock_mhz),
    "clocks.current.sm": ("MHz", lambda r: r.sensors.clock_mhz),
    "clocks.max.graphics": ("MHz", lambda r: r.sensors.most_clock_mhz or r.card.caps.clock_khz // 1000),
    "clocks.max.sm": ("MHz", lambda r: r.sensors.most_clock_mhz or r.card.caps.clock_khz // 1000),
}
# Fields that are documented and say nothing about a CPU device.
_NOT_HERE = {
    "": """serial pci.device_id pci.sub_device_id vgpu_driver_capability.heterogenous_multivGPU pcie.link.gen.current
        pcie.link.gen.gpucurrent pcie.link.gen.max pcie.link.gen.gpumax pcie.link.gen.hostmax pcie.link.width.current
        pcie.link.width.max accounting.mode accounting.buffer_size driver_model.current driver_model.pending
        vbios_version inforom.img inforom.oem inforom.ecc inforom.pwr gom.current gom.pending pstate
        clocks_event_reasons.supported clocks_event_reasons.active clocks_event_reasons.gpu_idle
        clocks_event_reasons.applications_clocks_setting clocks_event_reasons.sw_power_cap
        clocks_event_reasons.hw_slowdown clocks_event_reasons.hw_thermal_slowdown
        clocks_event_reasons.hw_power_brake_slowdown clocks_event_reasons.sw_thermal_slowdown
        clocks_event_reasons.sync_boost encoder.stats.sessionCount encoder.stats.averageFps
        encoder.stats.averageLatency ecc.mode.current ecc.mode.pending
        ecc.errors.corrected.volatile.total ecc.errors.corrected.aggregate.total
        ecc.errors.uncorrected.volatile.total ecc.errors.uncorrected.aggregate.total
        retired_pages.single_bit_ecc.count retired_pages.sbe retired_pages.double_bit.count retired_pages.dbe
        retired_pages.pending temperature.gpu.tlimit temperature.memory mig.mode.current mig.mode.pending
        gsp.mode.current gsp.mode.default c2c.mode""",
    "%": """fan.speed utilization.encoder utilization.decoder utilization.jpeg utilization.ofa""",
    "W": "power.default_limit power.min_limit power.max_limit",
    "MHz": """clocks.current.memory clocks.current.video clocks.max.memory clocks.applications.graphics
        clocks.applications.memory clocks.default_applications.graphics clocks.default_applications.memory""",
}
_OTHER_NAMES = {
    "gpu_name": "name", "gpu_uuid": "uuid", "gpu_serial": "serial", "gpu_bus_id": "pci.bus_id",
    "clocks.gr": "clocks.current.graphics", "clocks.sm": "clocks.current.sm", "clocks.mem": "clocks.current.memory",
    "clocks.video": "clocks.current.video", "clocks.max.gr": "clocks.max.graphics",
    "clocks.max.mem": "clocks.max.memory",
    "clocks.applications.gr": "clocks.applications.graphics", "clocks.applications.mem": "clocks.applications.memory",
    "clocks.default_applications.gr": "clocks.default_applications.graphics",
    "clocks.default_applications.mem": "clocks.default_applications.memory",
}
GPU: dict[str, _Gpu] = _GPU | {name: (unit, _none) for unit, names in _NOT_HERE.items() for name in names.split()}
GPU |= {name: GPU[same] for name, same in _OTHER_NAMES.items()}
GPU |= {name.replace("_event_", "_throttle_"): field for name, field in GPU.items() if "_event_" in name}

APPS: dict[str, tuple[str, Callable[[Reading, Client], Value]]] = {
    "timestamp": ("", lambda r, c: _stamp(r)),
    "gpu_name": ("", lambda r, c: r.card.caps.name.replace(",", ";")),
    "gpu_bus_id": ("", lambda r, c: r.bus_id),
    "gpu_serial": ("", lambda r, c: None),
    "gpu_uuid": ("", lambda r, c: r.card.uuid),
    "pid": ("", lambda r, c: c.process),
    "process_name": ("", lambda r, c: process_name(c.process).replace(",", ";")),
    "name": ("", lambda r, c: process_name(c.process).replace(",", ";")),
    "used_gpu_memory": ("MiB", lambda r, c: -(-c.used_bytes // MIB)),
    "used_memory": ("MiB", lambda r, c: -(-c.used_bytes // MIB)),
}


def cuda_version() -> str:
    return f"{DRIVER_VERSION // 1000}.{DRIVER_VERSION % 1000 // 10}"


def names(text: str, known: Mapping[str, object]) -> list[str]:
    """The fields that a list with commas names. Raises UnknownField."""
    found = [name.strip() for name in text.split(",")]
    for name in found:
        if name not in known:
            raise UnknownField(f'Field "{name}" is not a valid field to query.')
    return found


def heading(chosen: Sequence[str], units: Sequence[str]) -> str:
    return ", ".join(f"{name} [{unit}]" if unit else name for name, unit in zip(chosen, units, strict=True))


def line(values: Sequence[Value], units: Sequence[str], with_units: bool) -> str:
    """One line of CSV, as the documented command separates and rounds."""
    words = []
    for value, unit in zip(values, units, strict=True):
        text = "[N/A]" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
        words.append(f"{text} {unit}" if unit and with_units and value is not None else text)
    return ", ".join(words)
