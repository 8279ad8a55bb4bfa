"""Device functions of the driver API."""

from __future__ import annotations

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import attributes
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import needed, text_into


@entry("cuDeviceGet")
def get(device, ordinal):
    device[0] = state.device(ordinal).ordinal


@entry("cuDeviceGetCount")
def get_count(count):
    count[0] = len(state.devices)


@entry("cuDeviceGetName")
def get_name(name, len, dev):
    text_into(name, len, state.device(dev).caps.name)


@entry("cuDeviceGetUuid")
@entry("cuDeviceGetUuid_v2")
def get_uuid(uuid, dev):
    ffi.memmove(uuid, state.device(dev).uuid, 16)


@entry("cuDeviceTotalMem_v2")
def total_mem(bytes, dev):
    bytes[0] = state.device(dev).caps.memory_bytes


@entry("cuDeviceGetAttribute")
def get_attribute(pi, attrib, dev):
    pi[0] = attributes.attribute(state.device(dev), attrib)


@entry("cuDeviceComputeCapability")
def compute_capability(major, minor, dev):
    major[0], minor[0] = state.device(dev).capability


@entry("cuDeviceGetProperties")
def get_properties(prop, dev):
    device = state.device(dev)
    caps = device.caps
    prop.maxThreadsPerBlock = caps.max_block_threads
    prop.maxThreadsDim = caps.max_block_dim
    prop.maxGridSize = caps.max_grid_dim
    prop.sharedMemPerBlock = caps.shared_bytes
    prop.totalConstantMemory = caps.constant_bytes
    prop.SIMDWidth = caps.warp_size
    prop.memPitch = attributes.MAX_PITCH_BYTES
    prop.regsPerBlock = attributes.REGISTERS
    prop.clockRate = caps.clock_khz
    prop.textureAlign = attributes.TEXTURE_ALIGNMENT_BYTES


@entry("cuDeviceGetPCIBusId")
def get_pci_bus_id(pciBusId, len, dev):
    text_into(pciBusId, len, state.device(dev).pci_bus_id)


@entry("cuDeviceGetByPCIBusId")
def get_by_pci_bus_id(dev, pciBusId):
    needed(pciBusId, "pciBusId")
    text = ffi.string(pciBusId).decode("ascii", "replace")
    wanted = _bus_address(text)
    for device in state.devices:
        if _bus_address(device.pci_bus_id) == wanted:
            dev[0] = device.ordinal
            return
    raise CudaError(Status.INVALID_DEVICE, f"no device has the PCI bus id {text}")


def _bus_address(text: str) -> tuple[int, int, int, int]:
    """[domain:]bus:device[.function], hexadecimal."""
    address, _, function = text.partition(".")
    try:
        numbers = [int(part, 16) for part in address.split(":")]
        if len(numbers) == 2:
            numbers.insert(0, 0)
        domain, bus, device = numbers
        return domain, bus, device, int(function or "0", 16)
    except ValueError:
        raise CudaError(Status.INVALID_VALUE, f"'{text}' is not a PCI bus id such as 0000:01:00.0") from None


@entry("cuDeviceGetExecAffinitySupport")
def get_exec_affinity_support(pi, type, dev):
    state.device(dev)
    if type != 0:
        raise CudaError(Status.INVALID_VALUE, f"execution affinity type {type} is not known")
    pi[0] = 0
