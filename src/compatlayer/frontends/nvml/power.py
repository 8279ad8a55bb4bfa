"""Power, temperature and fans, as the machine's sensors show them."""

from __future__ import annotations

import time
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.backends.base import Sensors
from compatlayer.frontends.nvml.result import NvmlError, NvmlResult, check_version, known
from compatlayer.frontends.nvml.session import card

_SHUTDOWN, _SLOWDOWN, _THRESHOLDS = 0, 1, 8  # nvmlTemperatureThresholds_t
_ALL_SENSORS, _GPU_TARGET, _INTERNAL_CONTROLLER = 15, 1, 1
_ENERGY, _AVERAGE, _INSTANT, _MOST_LIMIT, _LIMIT, _REQUESTED = 83, 185, 186, 188, 190, 192  # NVML_FI_DEV_*
_UNSIGNED_INT, _UNSIGNED_LONG_LONG = 1, 3  # nvmlValueType_t


@entry("nvmlDeviceGetPowerUsage")
def get_power(device: Any, power: Any) -> None:
    power[0] = round(known(card(device).sensors().power_w, "the processor's power") * 1000)


@entry("nvmlDeviceGetTotalEnergyConsumption")
def get_energy(device: Any, energy: Any) -> None:
    energy[0] = round(known(card(device).sensors().energy_j, "the processor's energy") * 1000)


@entry("nvmlDeviceGetPowerManagementMode")
def get_power_mode(device: Any, mode: Any) -> None:
    mode[0] = int(known(card(device).sensors().power_limit_w, "a limit of the processor's power") > 0)


@entry("nvmlDeviceGetPowerManagementLimit")
@entry("nvmlDeviceGetEnforcedPowerLimit")
def get_power_limit(device: Any, limit: Any) -> None:
    limit[0] = round(known(card(device).sensors().power_limit_w, "a limit of the processor's power") * 1000)


@entry("nvmlDeviceGetTemperature")
def get_temperature(device: Any, sensorType: int, temp: Any) -> None:
    temp[0] = _temperature(device, sensorType)


@entry("nvmlDeviceGetTemperatureV")
def get_temperature_structure(device: Any, temperature: Any) -> None:
    check_version(temperature.version, "nvmlTemperature_v1_t", 1)
    temperature.temperature = _temperature(device, temperature.sensorType)


def _temperature(device: Any, sensor: int) -> int:
    this = card(device)
    if sensor != 0:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"temperature sensor {sensor} is not known")
    return round(known(this.sensors().temperature_c, "the processor's temperature"))


@entry("nvmlDeviceGetTemperatureThreshold")
def get_threshold(device: Any, thresholdType: int, temp: Any) -> None:
    this = card(device)
    if not 0 <= thresholdType < _THRESHOLDS:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"temperature threshold {thresholdType} is not known")
    sensors = this.sensors()
    value = {_SHUTDOWN: sensors.shutdown_c, _SLOWDOWN: sensors.slowdown_c}.get(thresholdType)
    temp[0] = round(known(value, "this limit of the processor's temperature"))


@entry("nvmlDeviceGetMarginTemperature")
def get_margin(device: Any, marginTempInfo: Any) -> None:
    check_version(marginTempInfo.version, "nvmlMarginTemperature_v1_t", 1)
    sensors = card(device).sensors()
    slow = known(sensors.slowdown_c, "the temperature from which the processor is made slower")
    marginTempInfo.marginTemperature = round(slow - known(sensors.temperature_c, "the processor's temperature"))


@entry("nvmlDeviceGetThermalSettings")
def get_thermal_settings(device: Any, sensorIndex: int, pThermalSettings: Any) -> None:
    this = card(device)
    if sensorIndex not in (0, _ALL_SENSORS):
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"sensor {sensorIndex} is not the only one, 0")
    sensors = this.sensors()
    now = round(known(sensors.temperature_c, "the processor's temperature"))
    size_bytes = ffi.sizeof("nvmlGpuThermalSettings_t")
    ffi.memmove(pThermalSettings, b"\0" * size_bytes, size_bytes)
    pThermalSettings.count = 1
    most = round(sensors.shutdown_c or 0)
    pThermalSettings.sensor[0] = (_INTERNAL_CONTROLLER, 0, most, now, _GPU_TARGET)


@entry("nvmlDeviceGetNumFans")
def get_fan_count(device: Any, numFans: Any) -> None:
    """None: the machine's fans are not this device's."""
    card(device)
    numFans[0] = 0


@entry("nvmlDeviceGetFieldValues")
def get_fields(device: Any, valuesCount: int, values: Any) -> None:
    """Each field has an answer of its own: the value, or why there is none."""
    sensors = card(device).sensors()
    if valuesCount < 1:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"{valuesCount} fields are asked for")
    now = time.time_ns() // 1000
    for place in range(valuesCount):
        row = values[place]
        value = _field(sensors, row.fieldId)
        row.timestamp, row.latencyUsec = now, 0
        row.nvmlReturn = NvmlResult.NOT_SUPPORTED if value is None else NvmlResult.SUCCESS
        if value is not None and row.fieldId == _ENERGY:
            row.valueType, row.value.ullVal = _UNSIGNED_LONG_LONG, value
        elif value is not None:
            row.valueType, row.value.uiVal = _UNSIGNED_INT, value


def _field(sensors: Sensors, number: int) -> int | None:
    """In milliwatts or millijoules."""
    readings = {_ENERGY: sensors.energy_j, _AVERAGE: sensors.power_w, _INSTANT: sensors.power_w,
                _MOST_LIMIT: sensors.most_power_limit_w, _LIMIT: sensors.power_limit_w,
                _REQUESTED: sensors.power_limit_w}
    value = readings.get(number)
    return None if value is None else round(value * 1000)
