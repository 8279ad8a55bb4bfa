"""cuOccupancy*: how many blocks fit, and which block size fills the device."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import occupancy as core
from compatlayer.core.library import function_of
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import number

_FLAGS = 1  # CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE


def _check(flags: int) -> None:
    if flags & ~_FLAGS:
        raise CudaError(Status.INVALID_VALUE, f"occupancy flags {flags:#x} are not documented")


@entry("cuOccupancyMaxActiveBlocksPerMultiprocessor")
def active_blocks(numBlocks: Any, func: Any, blockSize: int, dynamicSMemSize: int) -> None:
    numBlocks[0] = core.active_blocks(function_of(number(func)), blockSize, dynamicSMemSize)


@entry("cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags")
def active_blocks_with_flags(numBlocks: Any, func: Any, blockSize: int, dynamicSMemSize: int, flags: int) -> None:
    _check(flags)
    numBlocks[0] = core.active_blocks(function_of(number(func)), blockSize, dynamicSMemSize)


def _best(grid: Any, block: Any, func: Any, callback: Any, shared_bytes: int, limit: int) -> None:
    function = function_of(number(func))
    shared_of = (lambda size: shared_bytes) if callback == ffi.NULL else (lambda size: int(callback(size)))
    grid[0], block[0] = core.best_block(function, shared_of, limit)


@entry("cuOccupancyMaxPotentialBlockSize", optional=("blockSizeToDynamicSMemSize",))
def best_block(minGridSize: Any, blockSize: Any, func: Any, blockSizeToDynamicSMemSize: Any, dynamicSMemSize: int,
               blockSizeLimit: int) -> None:
    _best(minGridSize, blockSize, func, blockSizeToDynamicSMemSize, dynamicSMemSize, blockSizeLimit)


@entry("cuOccupancyMaxPotentialBlockSizeWithFlags", optional=("blockSizeToDynamicSMemSize",))
def best_block_with_flags(minGridSize: Any, blockSize: Any, func: Any, blockSizeToDynamicSMemSize: Any,
                          dynamicSMemSize: int, blockSizeLimit: int, flags: int) -> None:
    _check(flags)
    _best(minGridSize, blockSize, func, blockSizeToDynamicSMemSize, dynamicSMemSize, blockSizeLimit)


@entry("cuOccupancyAvailableDynamicSMemPerBlock")
def available_shared(dynamicSmemSize: Any, func: Any, numBlocks: int, blockSize: int) -> None:
    dynamicSmemSize[0] = core.available_shared(function_of(number(func)), numBlocks, blockSize)
