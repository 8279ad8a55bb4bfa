"""Device attributes by their CU_DEVICE_ATTRIBUTE number; what is not in the table is not there and answers 0.

An attribute that promises a feature is 0 exactly when the feature's calls answer NOT_SUPPORTED (a test compares).
What compute capability 8.6 fixes is from the CUDA programming guide's table of compute capabilities.
"""

from __future__ import annotations

from compatlayer.backends.base import DeviceCaps
from compatlayer.core.device import PCI_DOMAIN, PCI_FIRST_BUS, Device
from compatlayer.errors import CudaError, Status

LAST_ATTRIBUTE = 161
REGISTERS = 65536
BLOCKS_PER_UNIT = 16
THREADS_PER_UNIT = 1536
SHARED_PER_UNIT_BYTES = 100 << 10
SHARED_RESERVED_BYTES = 1 << 10
MAX_PITCH_BYTES = 0x7FFFFFFF
TEXTURE_ALIGNMENT_BYTES = 512
TEXTURE_PITCH_ALIGNMENT_BYTES = 32
LINEAR_TEXELS = 1 << 28  # of a texture of linear memory
PITCHED_TEXTURE = (131072, 65000, 2097120)  # the most of a texture of pitched memory: width, height, bytes of pitch
# The most of textures and surfaces of arrays; core/array.py refuses larger arrays.
_TEXTURES = {
    21: 131072, 22: 131072, 23: 65536, 24: 16384, 25: 16384, 26: 16384,  # 1-D, 2-D, 3-D
    27: 32768, 28: 32768, 29: 2048, 42: 32768, 43: 2048,  # layered 2-D, layered 1-D
    44: 1, 45: 32768, 46: 32768, 47: 16384, 48: 16384, 49: 16384,  # gathered 2-D, the other 3-D
    52: 32768, 53: 32768, 54: 2046,  # cubemaps, layered cubemaps
    55: 131072, 56: 131072, 57: 65536, 58: 16384, 59: 16384, 60: 16384,  # surfaces: 1-D, 2-D, 3-D
    61: 32768, 62: 2048, 63: 32768, 64: 32768, 65: 2048, 66: 32768, 67: 32768, 68: 2046,  # ... layered, cubemaps
    69: LINEAR_TEXELS, 70: PITCHED_TEXTURE[0], 71: PITCHED_TEXTURE[1], 72: PITCHED_TEXTURE[2],
    73: 131072, 74: 65536, 77: 131072,  # mipmapped 2-D, 1-D
}  # fmt: skip

_tables: dict[Device, dict[int, int]] = {}


def attribute(device: Device, number: int) -> int:
    """The value of attribute `number`; INVALID_VALUE for a number that CUDA does not know."""
    if not 1 <= number <= LAST_ATTRIBUTE:
        raise CudaError(Status.INVALID_VALUE, f"device attribute {number} is not known")
    table = _tables.get(device)
    if table is None:
        table = _tables.setdefault(device, _sizes(device) | _TEXTURES | _features(device))
    return table.get(number, 0)


def shared_per_unit_bytes(caps: DeviceCaps) -> int:
    """Shared memory of a multiprocessor: what one block may have and what is reserved for it, at least."""
    return max(SHARED_PER_UNIT_BYTES, caps.shared_optin_bytes + SHARED_RESERVED_BYTES)


def _sizes(device: Device) -> dict[int, int]:
    caps = device.caps
    return {
        1: caps.max_block_threads,
        2: caps.max_block_dim[0],
        3: caps.max_block_dim[1],
        4: caps.max_block_dim[2],
        5: caps.max_grid_dim[0],
        6: caps.max_grid_dim[1],
        7: caps.max_grid_dim[2],
        8: caps.shared_bytes,
        9: caps.constant_bytes,
        10: caps.warp_size,
        11: MAX_PITCH_BYTES,
        12: REGISTERS,  # per block
        13: caps.clock_khz,
        14: TEXTURE_ALIGNMENT_BYTES,
        16: caps.compute_units,
        33: PCI_FIRST_BUS + device.hardware.ordinal,
        34: 0,  # PCI device
        50: PCI_DOMAIN,
        36: caps.memory_clock_khz,
        37: caps.memory_bus_bits,
        38: caps.l2_bytes,
        39: THREADS_PER_UNIT,
        30: TEXTURE_ALIGNMENT_BYTES,  # of surfaces
        51: TEXTURE_PITCH_ALIGNMENT_BYTES,
        75: device.capability[0],
        76: device.capability[1],
        81: shared_per_unit_bytes(caps),
        82: REGISTERS,  # per multiprocessor
        87: 2,  # single to double precision performance
        97: caps.shared_optin_bytes,
        106: BLOCKS_PER_UNIT,
        111: SHARED_RESERVED_BYTES,
        126: 1,  # memory synchronisation domains
    }


def _features(device: Device) -> dict[int, int]:
    caps = device.caps
    raw = int(caps.raw_pointers)
    mapped = int(device.hardware.mapper is not None)
    return {
        15: 1,  # a copy overlaps a kernel
        17: int(device.watchdog),  # kernels have a time limit
        18: int(caps.integrated),
        19: 1,  # host memory can be mapped
        31: 1,  # concurrent kernels
        40: 2,  # copies in both directions beside a kernel
        41: 1,  # unified addressing
        78: 1,  # stream priorities
        79: 1,  # global loads are cached in L1
        80: 1,  # local loads are cached in L1
        83: 1,  # managed memory
        86: raw,  # native atomics between host and device
        88: raw,  # pageable memory is accessible
        89: raw,  # managed memory from host and device at once
        91: raw,  # registered memory by its host pointer
        92: 1,  # stream memory operations (the first variants of the calls)
        93: 1,  # ... of 64 bits
        94: 1,  # ... with NOR
        95: int(caps.cooperative),
        99: 1,  # host memory can be registered
        100: raw,  # pageable access uses the host's page tables
        101: raw,  # the host accesses managed memory directly
        113: 1,  # read-only registration
        102: mapped,  # virtual memory management
        103: mapped,  # ... exported as a file descriptor
        115: 1,  # memory pools
        119: mapped,  # the handle types of shareable pools
        122: 1,  # stream memory operations of 64 bits
        123: 1,  # ... with NOR
        125: mapped,  # events of several processes
        141: mapped,  # virtual memory of a host NUMA node
        142: 1,  # pools of a host NUMA node
        144: 1,  # pools of host memory
        145: mapped,  # virtual memory of the host
        148: 1,  # atomic reductions among the stream memory operations
    }
