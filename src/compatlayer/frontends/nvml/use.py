"""Memory, load and processes of a device, across processes (core/monitor.py)."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.monitor import Card, Client, Load
from compatlayer.frontends.nvml.result import NvmlError, NvmlResult, check_version, listed
from compatlayer.frontends.nvml.session import card

_NO_INSTANCE = 0xFFFFFFFF  # of a process on a device without MIG
_UNSIGNED_INT = 1  # nvmlValueType_t
_GPU_SAMPLES, _MEMORY_SAMPLES, _CLOCK_SAMPLES = 1, 2, 5
_COMPUTE, _GRAPHICS, _MPS = 0, 1, 2  # nvmlProcessMode_t


def _percent(part: float) -> int:
    return round(100 * part)


@entry("nvmlDeviceGetMemoryInfo")
def get_memory(device: Any, memory: Any) -> None:
    memory.total, memory.free, memory.used = _memory(card(device))


@entry("nvmlDeviceGetMemoryInfo_v2")
def get_memory_v2(device: Any, memory: Any) -> None:
    check_version(memory.version, "nvmlMemory_v2_t", 2)
    memory.total, memory.free, memory.used = _memory(card(device))
    memory.reserved = 0


def _memory(device: Card) -> tuple[int, int, int]:
    """Total, free, used: what programs have allocated through us, not what else fills the machine's memory."""
    total = device.caps.memory_bytes
    used = min(device.used_bytes(), total)
    return total, total - used, used


@entry("nvmlDeviceGetUtilizationRates")
def get_rates(device: Any, utilization: Any) -> None:
    """Parts of the last second in which kernels ran, and in which copies and fills of memory ran."""
    load = card(device).load()
    utilization.gpu, utilization.memory = _percent(load.kernels), _percent(load.copies)


@entry("nvmlDeviceGetDynamicPstatesInfo")
def get_dynamic_info(device: Any, info: Any) -> None:
    load = card(device).load()
    ffi.memmove(info, b"\0" * ffi.sizeof("nvmlGpuDynamicPstatesInfo_t"), ffi.sizeof("nvmlGpuDynamicPstatesInfo_t"))
    for place, part in enumerate((load.kernels, load.copies)):
        info.utilization[place].bIsPresent = 1
        info.utilization[place].percentage = _percent(part)


@entry("nvmlDeviceGetSamples", optional=("samples",))
def get_samples(device: Any, type: int, lastSeenTimeStamp: int, sampleValType: Any, sampleCount: Any,
                samples: Any) -> NvmlResult | None:
    """One sample for each sixth of a second of the last ten seconds. Asking with null gives the number of places."""
    if not 0 <= type < 10:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"sampling type {type} is not known")
    this = card(device)
    if type not in (_GPU_SAMPLES, _MEMORY_SAMPLES):
        raise NvmlError(NvmlResult.NOT_SUPPORTED, f"samples of type {type} are not taken; 1 and 2 are")
    found = [sample for sample in this.samples() if sample.end_ns // 1000 > lastSeenTimeStamp]
    sampleValType[0] = _UNSIGNED_INT
    if not samples:
        sampleCount[0] = len(found)
        return None
    if not found:
        raise NvmlError(NvmlResult.NOT_FOUND, f"no sample is younger than {lastSeenTimeStamp}")
    found = found[: sampleCount[0]]
    sampleCount[0] = len(found)
    for place, sample in enumerate(found):
        samples[place].timeStamp = sample.end_ns // 1000
        part = sample.load.kernels if type == _GPU_SAMPLES else sample.load.copies
        samples[place].sampleValue.uiVal = _percent(part)
    return None


@entry("nvmlDeviceGetProcessUtilization", optional=("utilization",))
def get_process_utilization(device: Any, utilization: Any, processSamplesCount: Any,
                            lastSeenTimeStamp: int) -> NvmlResult:
    """The load that each process made over the last second; those that made none are left out."""
    items = [(client.process, client.end_ns // 1000, *_loads(client.load), 0, 0)
             for client in _busy(card(device), lastSeenTimeStamp)]
    return listed(processSamplesCount, utilization, items)


@entry("nvmlDeviceGetProcessesUtilizationInfo")
def get_processes_utilization(device: Any, procesesUtilInfo: Any) -> NvmlResult:
    info = procesesUtilInfo
    check_version(info.version, "nvmlProcessesUtilizationInfo_v1_t", 1)
    clients = _busy(card(device), info.lastSeenTimeStamp)
    room, info.processSamplesCount = info.processSamplesCount, len(clients)
    if room < len(clients) or not info.procUtilArray:
        return NvmlResult.INSUFFICIENT_SIZE
    for place, client in enumerate(clients):
        info.procUtilArray[place] = (client.end_ns // 1000, client.process, *_loads(client.load), 0, 0, 0, 0)
    return NvmlResult.SUCCESS


def _loads(load: Load) -> tuple[int, int]:
    return _percent(load.kernels), _percent(load.copies)


def _busy(device: Card, after: int) -> list[Client]:
    """Processes with a load, from samples younger than `after` (microseconds); NOT_FOUND when there is none."""
    found = [each for each in device.clients() if any(_loads(each.load)) and each.end_ns // 1000 > after]
    if not found:
        raise NvmlError(NvmlResult.NOT_FOUND, f"no process has used {device.caps.name} since {after}")
    return found


@entry("nvmlDeviceGetComputeRunningProcesses", optional=("infos",))
def get_compute_processes_v1(device: Any, infoCount: Any, infos: Any) -> NvmlResult:
    return listed(infoCount, infos, [(each.process, each.used_bytes) for each in card(device).clients()])


@entry("nvmlDeviceGetComputeRunningProcesses_v2", optional=("infos",))
@entry("nvmlDeviceGetComputeRunningProcesses_v3", optional=("infos",))
def get_compute_processes(device: Any, infoCount: Any, infos: Any) -> NvmlResult:
    return listed(infoCount, infos, [(each.process, each.used_bytes, _NO_INSTANCE, _NO_INSTANCE)
                                     for each in card(device).clients()])


@entry("nvmlDeviceGetGraphicsRunningProcesses", optional=("infos",))
@entry("nvmlDeviceGetGraphicsRunningProcesses_v2", optional=("infos",))
@entry("nvmlDeviceGetGraphicsRunningProcesses_v3", optional=("infos",))
@entry("nvmlDeviceGetMPSComputeRunningProcesses", optional=("infos",))
@entry("nvmlDeviceGetMPSComputeRunningProcesses_v2", optional=("infos",))
@entry("nvmlDeviceGetMPSComputeRunningProcesses_v3", optional=("infos",))
def get_other_processes(device: Any, infoCount: Any, infos: Any) -> NvmlResult:
    """None: nothing draws here, and no server shares a device among processes."""
    card(device)
    return listed(infoCount, infos, [])


@entry("nvmlDeviceGetRunningProcessDetailList")
def get_process_details(device: Any, plist: Any) -> NvmlResult:
    check_version(plist.version, "nvmlProcessDetailList_v1_t", 1)
    if plist.mode not in (_COMPUTE, _GRAPHICS, _MPS):
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"process mode {plist.mode} is not known")
    clients = card(device).clients() if plist.mode == _COMPUTE else []
    room, plist.numProcArrayEntries = plist.numProcArrayEntries, len(clients)
    if room < len(clients) or (clients and not plist.procArray):
        return NvmlResult.INSUFFICIENT_SIZE
    for place, each in enumerate(clients):
        plist.procArray[place] = (each.process, each.used_bytes, _NO_INSTANCE, _NO_INSTANCE, 0)
    return NvmlResult.SUCCESS
