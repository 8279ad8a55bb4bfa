"""Occupancy: how many blocks of a kernel one multiprocessor of the reported compute capability holds.

The limits are those of compute capability 8.6 in the CUDA C++ programming guide ("Technical Specifications per
Compute Capability"). Registers never limit: the engine has none (see function.NOMINAL_REGISTERS).
"""

from __future__ import annotations

from collections.abc import Callable

from compatlayer.core.attributes import (
    BLOCKS_PER_UNIT,
    SHARED_RESERVED_BYTES,
    THREADS_PER_UNIT,
    shared_per_unit_bytes,
)
from compatlayer.core.function import Function
from compatlayer.errors import CudaError, Status

SHARED_STEP_BYTES = 128  # shared memory is given out in steps


def active_blocks(function: Function, block_threads: int, dynamic_shared_bytes: int) -> int:
    """Resident blocks of one multiprocessor; 0 when not even one fits. INVALID_VALUE for no threads."""
    if block_threads <= 0:
        raise CudaError(Status.INVALID_VALUE, f"a block of {block_threads} threads")
    attributes = function.attributes
    caps = attributes.device.caps
    shared = function.info.static_shared_bytes + dynamic_shared_bytes
    if block_threads > attributes.max_threads or shared > caps.shared_optin_bytes:
        return 0
    warp = caps.warp_size
    warps = -(-block_threads // warp)
    step = SHARED_STEP_BYTES
    resident = -(-(shared + SHARED_RESERVED_BYTES) // step) * step
    return min(BLOCKS_PER_UNIT, THREADS_PER_UNIT // warp // warps, shared_per_unit_bytes(caps) // resident)


def resident_blocks(function: Function, block_threads: int, dynamic_shared_bytes: int) -> int:
    """Blocks that the whole device holds at once: the limit of a cooperative launch."""
    units = function.attributes.device.caps.compute_units
    return active_blocks(function, block_threads, dynamic_shared_bytes) * units


def best_block(function: Function, shared_of: Callable[[int], int], limit: int) -> tuple[int, int]:
    """The smallest grid and the block size that fill the device; `limit` 0 is none.

    `shared_of` gives the dynamic shared memory of a block size in bytes.
    """
    if limit < 0:
        raise CudaError(Status.INVALID_VALUE, f"a block size limit of {limit}")
    attributes = function.attributes
    warp = attributes.device.caps.warp_size
    largest = min(limit, attributes.max_threads) if limit else attributes.max_threads
    best = (0, 0, 0)
    size = largest
    while size > 0:
        blocks = active_blocks(function, size, shared_of(size))
        if blocks * size > best[0]:
            best = (blocks * size, blocks, size)
        if best[0] == THREADS_PER_UNIT:
            break
        size = (size - 1) // warp * warp
    if best[0] == 0:
        raise CudaError(Status.INVALID_VALUE, f"no block of {function.info.name} fits, with that much shared memory")
    return best[1] * attributes.device.caps.compute_units, best[2]


def available_shared(function: Function, blocks: int, block_threads: int) -> int:
    """Dynamic shared memory in bytes that each of `blocks` blocks on one multiprocessor can have.

    Never more than a launch of the function may ask for: its attribute has to be raised first.
    """
    if blocks <= 0:
        raise CudaError(Status.INVALID_VALUE, f"{blocks} blocks")
    if blocks > active_blocks(function, block_threads, 0):
        raise CudaError(Status.INVALID_VALUE, f"{blocks} blocks of {block_threads} threads do not fit on one "
                                              "multiprocessor")
    step = SHARED_STEP_BYTES
    share = shared_per_unit_bytes(function.attributes.device.caps) // blocks // step * step - SHARED_RESERVED_BYTES
    room = min(share, function.attributes.device.caps.shared_optin_bytes) - function.info.static_shared_bytes
    return max(0, min(room, function.attributes.max_dynamic_shared_bytes))
