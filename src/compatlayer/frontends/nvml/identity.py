"""Which devices there are, and what they are."""

from __future__ import annotations

import os
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core.device import PCI_DOMAIN
from compatlayer.core.monitor import Card
from compatlayer.frontends.nvml.result import NvmlError, NvmlResult, check_version, counted, text_into
from compatlayer.frontends.nvml.session import card, cards, handle_of

_BRAND_UNKNOWN, _BUS_UNKNOWN, _INTERNAL = 0, 0, 0
_P2P_OK, _P2P_NOT_SUPPORTED = 0, 5
_P2P_MEMORY = (0, 1, 3)  # reads, writes, atomics: devices share the machine's memory
# By compute capability; the newest that is not above it. NVML's numbers of architectures.
_ARCHITECTURES = {(7, 5): 6, (8, 0): 7, (8, 9): 8, (9, 0): 9, (10, 0): 10}


@entry("nvmlDeviceGetCount")
@entry("nvmlDeviceGetCount_v2")
def get_count(deviceCount: Any) -> None:
    deviceCount[0] = len(cards())


@entry("nvmlDeviceGetHandleByIndex")
@entry("nvmlDeviceGetHandleByIndex_v2")
def get_by_index(index: int, device: Any) -> None:
    if index >= len(cards()):
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"device {index} is not one of the {len(cards())} devices")
    device[0] = handle_of(cards()[index])


@entry("nvmlDeviceGetHandleByUUID")
def get_by_uuid(uuid: Any, device: Any) -> None:
    _found(device, _text(uuid, "uuid"), lambda each: each.uuid)


@entry("nvmlDeviceGetHandleByUUIDV")
def get_by_uuid_structure(uuid: Any, device: Any) -> None:
    if not uuid:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, "uuid is null")
    check_version(uuid.version, "nvmlUUID_v1_t", 1)
    if uuid.type == 1:
        _found(device, ffi.string(uuid.value.str).decode("ascii", "replace"), lambda each: each.uuid)
    elif uuid.type == 2:
        _found(device, bytes(ffi.buffer(uuid.value.bytes)).hex(), lambda each: each.caps.uuid.hex())
    else:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"UUID type {uuid.type} is neither text (1) nor bytes (2)")


@entry("nvmlDeviceGetHandleBySerial")
def get_by_serial(serial: Any, device: Any) -> None:
    raise NvmlError(NvmlResult.NOT_FOUND, f"no device has a serial number, so none has '{_text(serial, 'serial')}'")


@entry("nvmlDeviceGetHandleByPciBusId")
@entry("nvmlDeviceGetHandleByPciBusId_v2")
def get_by_pci_bus_id(pciBusId: Any, device: Any) -> None:
    text = _text(pciBusId, "pciBusId")
    wanted = _address(text)
    if wanted is None:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"'{text}' is not a PCI bus id such as 00000000:01:00.0")
    _found(device, wanted, lambda each: _address(each.pci_bus_id), text)


def _text(pointer: Any, what: str) -> str:
    if not pointer:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"{what} is null")
    return str(ffi.string(pointer).decode("utf-8", "replace"))


def _found(device: Any, wanted: object, name: Any, shown: str = "") -> None:
    for each in cards():
        if name(each) == wanted:
            device[0] = handle_of(each)
            return
    raise NvmlError(NvmlResult.NOT_FOUND, f"no device is '{shown or wanted}'")


def _address(text: str) -> tuple[int, int, int] | None:
    """[domain:]bus:device[.function], hexadecimal."""
    try:
        parts = [int(part, 16) for part in text.partition(".")[0].split(":")]
    except ValueError:
        return None
    if len(parts) == 2:
        parts.insert(0, 0)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


@entry("nvmlDeviceGetName")
def get_name(device: Any, name: Any, length: int) -> None:
    text_into(name, length, card(device).caps.name)


@entry("nvmlDeviceGetBrand")
def get_brand(device: Any, type: Any) -> None:
    card(device)
    type[0] = _BRAND_UNKNOWN


@entry("nvmlDeviceGetIndex")
def get_index(device: Any, index: Any) -> None:
    index[0] = card(device).index


@entry("nvmlDeviceGetUUID")
def get_uuid(device: Any, uuid: Any, length: int) -> None:
    text_into(uuid, length, card(device).uuid)


@entry("nvmlDeviceGetPciInfo")
@entry("nvmlDeviceGetPciInfo_v2")
@entry("nvmlDeviceGetPciInfo_v3")
def get_pci_info(device: Any, pci: Any) -> None:
    """The made-up address that the driver gives too (cuDeviceGetPCIBusId); no device id, for there is no board."""
    bus = _bus(card(device))
    ffi.memmove(pci, b"\0" * ffi.sizeof("nvmlPciInfo_t"), ffi.sizeof("nvmlPciInfo_t"))
    pci.domain, pci.bus, pci.device = PCI_DOMAIN, bus, 0
    pci.busId = f"{PCI_DOMAIN:08X}:{bus:02X}:00.0".encode()
    pci.busIdLegacy = f"{PCI_DOMAIN:04X}:{bus:02X}:00.0".encode()


@entry("nvmlDeviceGetPciInfoExt")
def get_pci_info_ext(device: Any, pci: Any) -> None:
    check_version(pci.version, "nvmlPciInfoExt_v1_t", 1)
    bus = _bus(card(device))
    pci.domain, pci.bus, pci.device = PCI_DOMAIN, bus, 0
    pci.pciDeviceId = pci.pciSubSystemId = pci.baseClass = pci.subClass = 0
    pci.busId = f"{PCI_DOMAIN:08X}:{bus:02X}:00.0".encode()


def _bus(device: Card) -> int:
    return int(device.pci_bus_id.split(":")[1], 16)


@entry("nvmlDeviceGetBusType")
def get_bus_type(device: Any, type: Any) -> None:
    card(device)
    type[0] = _BUS_UNKNOWN


@entry("nvmlDeviceGetCudaComputeCapability")
def get_compute_capability(device: Any, major: Any, minor: Any) -> None:
    major[0], minor[0] = card(device).capability


@entry("nvmlDeviceGetArchitecture")
def get_architecture(device: Any, arch: Any) -> None:
    """The architecture whose compute capability is reported."""
    capability = card(device).capability
    arch[0] = _ARCHITECTURES[max(each for each in _ARCHITECTURES if each <= capability)]


@entry("nvmlDeviceGetNumGpuCores")
def get_core_count(device: Any, numCores: Any) -> None:
    """Processors that run blocks."""
    numCores[0] = card(device).caps.compute_units


@entry("nvmlDeviceGetCpuAffinity")
def get_cpu_affinity(device: Any, cpuSetSize: int, cpuSet: Any) -> None:
    """The processors that this process may use: they are the device."""
    card(device)
    _set_bits(cpuSet, cpuSetSize, sorted(os.sched_getaffinity(0)))


@entry("nvmlDeviceGetCpuAffinityWithinScope")
def get_cpu_affinity_within(device: Any, cpuSetSize: int, cpuSet: Any, scope: int) -> None:
    card(device)
    if scope > 1:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"scope {scope} is neither node (0) nor socket (1)")
    _set_bits(cpuSet, cpuSetSize, sorted(os.sched_getaffinity(0)))


def _set_bits(words: Any, count: int, numbers: list[int]) -> None:
    if not count:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, "the set of processors has no room")
    if numbers[-1] >= count * 64:
        raise NvmlError(NvmlResult.INSUFFICIENT_SIZE, f"processor {numbers[-1]} needs {numbers[-1] // 64 + 1} words")
    for place in range(count):
        words[place] = sum(1 << number % 64 for number in numbers if number // 64 == place)


@entry("nvmlDeviceOnSameBoard")
def on_same_board(device1: Any, device2: Any, onSameBoard: Any) -> None:
    onSameBoard[0] = card(device1).backend is card(device2).backend


@entry("nvmlDeviceGetTopologyCommonAncestor")
def get_common_ancestor(device1: Any, device2: Any, pathInfo: Any) -> None:
    _same_machine(card(device1), card(device2))
    pathInfo[0] = _INTERNAL


@entry("nvmlDeviceGetTopologyNearestGpus", optional=("deviceArray",))
def get_nearest(device: Any, level: int, count: Any, deviceArray: Any) -> NvmlResult:
    this = card(device)
    others = [each for each in cards() if each is not this and each.backend is this.backend]
    return counted(count, deviceArray, [handle_of(each) for each in others] if level == _INTERNAL else [])


@entry("nvmlDeviceGetP2PStatus")
def get_p2p_status(device1: Any, device2: Any, p2pIndex: int, p2pStatus: Any) -> None:
    first, second = card(device1), card(device2)
    if p2pIndex > 4:
        raise NvmlError(NvmlResult.INVALID_ARGUMENT, f"P2P capability {p2pIndex} is not known")
    near = first.backend is second.backend and first is not second
    p2pStatus[0] = _P2P_OK if near and p2pIndex in _P2P_MEMORY else _P2P_NOT_SUPPORTED


def _same_machine(first: Card, second: Card) -> None:
    if first.backend is not second.backend:
        raise NvmlError(NvmlResult.NOT_SUPPORTED, f"nobody knows how {first.caps.name} and {second.caps.name} connect")


@entry("nvmlDeviceIsMigDeviceHandle")
def is_mig_handle(device: Any, isMigDevice: Any) -> None:
    card(device)
    isMigDevice[0] = 0


@entry("nvmlDeviceGetMaxMigDeviceCount")
def get_max_mig_count(device: Any, count: Any) -> None:
    card(device)
    count[0] = 0
