"""Which atomic operations work between a device and the host or another device.

Devices of one processor share its memory, so what device code does atomically is atomic for all of them.
"""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.core.device import Device
from compatlayer.core.peer import possible
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import needed

SIGNED, UNSIGNED, REDUCTION, SCALAR_32, SCALAR_64 = 1, 2, 4, 8, 16  # CUatomicOperationCapability
_WIDTHS = SCALAR_32 | SCALAR_64
_WHOLE = SIGNED | UNSIGNED | REDUCTION | _WIDTHS
# By CUatomicOperation: add, min, max, increment, decrement, and, or, xor, exchange, CAS; of floats add, min, max.
_CAPABILITIES = (_WHOLE, _WHOLE, _WHOLE, UNSIGNED | REDUCTION | SCALAR_32, UNSIGNED | REDUCTION | SCALAR_32,
                 UNSIGNED | REDUCTION | _WIDTHS, UNSIGNED | REDUCTION | _WIDTHS, UNSIGNED | REDUCTION | _WIDTHS,
                 UNSIGNED | _WIDTHS, UNSIGNED | _WIDTHS, SIGNED | REDUCTION | _WIDTHS, 0, 0)


@entry("cuDeviceGetHostAtomicCapabilities")
def of_host(capabilities, operations, count, dev):
    _answer(capabilities, operations, count, state.device(dev).caps.raw_pointers)


@entry("cuDeviceGetP2PAtomicCapabilities")
def of_peers(capabilities, operations, count, srcDevice, dstDevice):
    source, destination = state.device(srcDevice), state.device(dstDevice)
    if source is destination:
        raise CudaError(Status.INVALID_DEVICE, "a device is not its own peer")
    _answer(capabilities, operations, count, _shared(source, destination))


def _shared(source: Device, destination: Device) -> bool:
    return possible(source, destination) and source.caps.raw_pointers and destination.caps.raw_pointers


def _answer(capabilities: Any, operations: Any, count: int, shared: bool) -> None:
    needed(operations, "the operations asked for")
    asked = [int(operations[index]) for index in range(count)]
    if not asked or any(not 0 <= one < len(_CAPABILITIES) for one in asked):
        raise CudaError(Status.INVALID_VALUE, f"atomic operations {asked}: there must be one, and each must be of "
                                              "CUatomicOperation")
    for index, one in enumerate(asked):
        capabilities[index] = _CAPABILITIES[one] if shared else 0
