"""The processor's sensors, from folders that look like Linux's /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("compatlayer._native")

from compatlayer.backends import cpu_sensors
from compatlayer.backends.base import Sensors


def write(root: Path, files: dict[str, object]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return str(root)


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_sensors, "_last_energy", {})


def test_a_machine_without_sensors_shows_nothing(tmp_path: Path) -> None:
    assert cpu_sensors.read(str(tmp_path)) == Sensors()


def test_the_whole_processors_temperature_is_taken_and_no_disks(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "class/hwmon/hwmon0/name": "nvme", "class/hwmon/hwmon0/temp1_input": 99000,
        "class/hwmon/hwmon1/name": "coretemp", "class/hwmon/hwmon1/temp2_input": 71000,
        "class/hwmon/hwmon1/temp2_label": "Core 0", "class/hwmon/hwmon1/temp1_label": "Package id 0",
        "class/hwmon/hwmon1/temp3_input": 51000, "class/hwmon/hwmon1/temp3_label": "Package id 0",
        "class/hwmon/hwmon1/temp3_max": 80000, "class/hwmon/hwmon1/temp3_crit": 100000})
    sensors = cpu_sensors.read(root)
    assert (sensors.temperature_c, sensors.slowdown_c, sensors.shutdown_c) == (51, 80, 100)


def test_a_thermal_zone_serves_where_no_chip_is_known(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "class/thermal/thermal_zone0/type": "acpitz", "class/thermal/thermal_zone0/temp": 20000,
        "class/thermal/thermal_zone1/type": "cpu-thermal", "class/thermal/thermal_zone1/temp": 46500,
        "class/thermal/thermal_zone1/trip_point_0_type": "passive", "class/thermal/thermal_zone1/trip_point_0_temp": 1,
        "class/thermal/thermal_zone1/trip_point_1_type": "critical",
        "class/thermal/thermal_zone1/trip_point_1_temp": 105000})
    sensors = cpu_sensors.read(root)
    assert (sensors.temperature_c, sensors.slowdown_c, sensors.shutdown_c) == (46.5, None, 105)


def test_power_is_that_of_a_sensor(tmp_path: Path) -> None:
    root = write(tmp_path, {"class/hwmon/hwmon0/name": "fam15h_power", "class/hwmon/hwmon0/power1_input": 42_500_000})
    assert cpu_sensors.read(root).power_w == 42.5


def test_power_is_the_difference_of_two_energies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = "class/powercap/intel-rapl:0"
    root = write(tmp_path, {f"{package}/name": "package-0", f"{package}/energy_uj": 1_000_000,
                            f"{package}/max_energy_range_uj": 5_000_000,
                            f"{package}/constraint_0_name": "long_term",
                            f"{package}/constraint_0_power_limit_uw": 65_000_000,
                            f"{package}/constraint_0_max_power_uw": 90_000_000})
    moments = iter([0.0, 0.02, 1.02, 2.02])
    monkeypatch.setattr(cpu_sensors.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(cpu_sensors.time, "sleep", lambda seconds: write(tmp_path, {f"{package}/energy_uj": 1_600_000}))
    first = cpu_sensors.read(root)
    assert first.power_w == pytest.approx(30) and first.energy_j == 1
    assert (first.power_limit_w, first.most_power_limit_w) == (65, 90)
    write(tmp_path, {f"{package}/energy_uj": 4_600_000})
    assert cpu_sensors.read(root).power_w == pytest.approx(3)
    write(tmp_path, {f"{package}/energy_uj": 600_000})  # it began again at 5,000,000
    assert cpu_sensors.read(root).power_w == pytest.approx(1)


def test_clocks_are_the_fastest_of_the_processors_that_may_be_used(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_sensors.os, "sched_getaffinity", lambda process: {0, 2})
    root = write(tmp_path, {f"devices/system/cpu/cpu{number}/cpufreq/{name}": value for number, name, value in (
        (0, "scaling_cur_freq", 1_200_000), (1, "scaling_cur_freq", 4_900_000), (2, "scaling_cur_freq", 3_100_400),
        (0, "cpuinfo_max_freq", 4_000_000), (1, "cpuinfo_max_freq", 5_000_000), (2, "cpuinfo_max_freq", 4_200_000))})
    sensors = cpu_sensors.read(root)
    assert (sensors.clock_mhz, sensors.most_clock_mhz) == (3100, 4200)


def test_what_only_the_administrator_may_read_is_not_there(tmp_path: Path) -> None:
    root = write(tmp_path, {"class/powercap/intel-rapl:0/name": "package-0", "class/hwmon/hwmon0/name": "k10temp",
                            "class/hwmon/hwmon0/temp1_input": "what"})
    assert cpu_sensors.read(root) == Sensors()
