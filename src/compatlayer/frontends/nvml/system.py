"""Versions, processes and what NVML lists beside devices."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.monitor import driver_version
from compatlayer.core.runtime import DRIVER_VERSION
from compatlayer.frontends.nvml.result import NvmlError, NvmlResult, check_version, counted, listed, text_into
from compatlayer.frontends.nvml.session import cards, handle_of


@entry("nvmlSystemGetDriverVersion")
def get_driver_version(version: Any, length: int) -> None:
    text_into(version, length, driver_version())


@entry("nvmlSystemGetNVMLVersion")
def get_nvml_version(version: Any, length: int) -> None:
    text_into(version, length, f"{DRIVER_VERSION // 1000}.{driver_version()}")


@entry("nvmlSystemGetDriverBranch")
def get_driver_branch(branchInfo: Any, length: int) -> None:
    check_version(branchInfo.version, "nvmlSystemDriverBranchInfo_v1_t", 1)
    text_into(branchInfo.branch, min(length, 80), "compatlayer")


@entry("nvmlSystemGetCudaDriverVersion", before_init=True)
@entry("nvmlSystemGetCudaDriverVersion_v2", before_init=True)
def get_cuda_driver_version(cudaDriverVersion: Any) -> None:
    cudaDriverVersion[0] = DRIVER_VERSION


@entry("nvmlSystemGetProcessName")
def get_process_name(pid: int, name: Any, length: int) -> None:
    """The path of the program and its arguments, cut to the room that there is, as NVML documents."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().rstrip(b"\0").replace(b"\0", b" ")
    except OSError:
        raise NvmlError(NvmlResult.NOT_FOUND, f"there is no process {pid}") from None
    if not length:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, "the buffer for the name has no room")
    data = words[: length - 1]
    ffi.memmove(name, data + b"\0", len(data) + 1)


@entry("nvmlSystemGetHicVersion", optional=("hwbcEntries",))
def get_hic_version(hwbcCount: Any, hwbcEntries: Any) -> NvmlResult:
    return listed(hwbcCount, hwbcEntries, [])


@entry("nvmlUnitGetCount")
def get_unit_count(unitCount: Any) -> None:
    unitCount[0] = 0


@entry("nvmlUnitGetHandleByIndex")
def get_unit_by_index(index: int, unit: Any) -> None:
    raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"unit {index} is not one of the 0 units")


@entry("nvmlGetExcludedDeviceCount", before_init=True)
def get_excluded_count(deviceCount: Any) -> None:
    deviceCount[0] = 0


@entry("nvmlGetExcludedDeviceInfoByIndex", before_init=True)
def get_excluded_by_index(index: int, info: Any) -> None:
    raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"device {index} is not one of the 0 excluded devices")


@entry("nvmlSystemGetTopologyGpuSet", optional=("deviceArray",))
def get_topology_set(cpuNumber: int, count: Any, deviceArray: Any) -> NvmlResult:
    """The devices near a processor: all, since they are processors of the machine themselves."""
    import os

    if cpuNumber >= (os.cpu_count() or 1):
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"processor {cpuNumber} is not one of the {os.cpu_count()}")
    return counted(count, deviceArray, [handle_of(card) for card in cards()])


@entry("nvmlDeviceGetSupportedEventTypes")
def get_supported_events(device: Any, eventTypes: Any) -> None:
    """None: what happens to a device here is told by the calls that it happens to."""
    eventTypes[0] = 0
