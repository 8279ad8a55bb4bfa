"""Launches: the checks that CUDA documents for a grid, before the stream takes it."""

from __future__ import annotations

from compatlayer.backends.base import BackendError, Shape
from compatlayer.core import occupancy
from compatlayer.core.function import Function
from compatlayer.core.image import compiler_error
from compatlayer.core.stream import Stream
from compatlayer.core.work import KernelWork
from compatlayer.errors import CompilerError, CudaError, Status

Dim3 = tuple[int, int, int]


def launch(function: Function, grid: Dim3, block: Dim3, dynamic_shared_bytes: int, stream: Stream, args: bytes,
           cooperative: bool = False, settings: dict[int, bytes] | None = None) -> None:
    """Enqueue `function` on `stream`; `args` is the packed argument buffer in CUDA's layout, `settings` are the launch
    attributes that a captured node keeps."""
    check_shape(function, grid, block, dynamic_shared_bytes)
    if stream.context is not function.module.context:
        raise CudaError(Status.INVALID_HANDLE, f"{function.info.name} was loaded in another context than the stream "
                                               "belongs to")
    if cooperative:
        check_cooperative(function, grid, block, dynamic_shared_bytes)
    prepare(function, block)
    shape = Shape(grid, block, dynamic_shared_bytes, cooperative)
    if stream.capture is not None:
        stream.capture.add(stream, KernelWork(function, shape, args, settings))
        return
    stream.launch(function.kernel, shape, args)
    if function.module.program is None:  # another thread unloaded it: the code is there until this call returns
        stream.drain()


def prepare(function: Function, block: Dim3) -> None:
    """Compile `function` for such blocks, if that was not done; what loading a module raises when that fails."""
    try:
        function.kernel.prepare(block)
    except BackendError as error:
        raise CudaError(Status.INVALID_IMAGE, f"{function.info.name} could not be loaded: {error}") from None
    except CompilerError as error:
        raise compiler_error(error) from None


def check_shape(function: Function, grid: Dim3, block: Dim3, dynamic_shared_bytes: int) -> None:
    """INVALID_VALUE for what cannot run."""
    attributes = function.attributes
    caps = attributes.device.caps
    threads = block[0] * block[1] * block[2]
    for noun, dims, limits in (("grid", grid, caps.max_grid_dim), ("block", block, caps.max_block_dim)):
        if not (0 < dims[0] <= limits[0] and 0 < dims[1] <= limits[1] and 0 < dims[2] <= limits[2]):
            raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: a {noun} of {dims}; each must be 1 or more "
                                                  f"and at most {limits}")
    if threads > attributes.max_threads:
        if threads > caps.max_block_threads:
            raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: a block of {threads} threads; "
                                                  f"{caps.max_block_threads} are possible")
        raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: a block of {threads} threads; its launch bounds "
                                              f"allow {attributes.max_threads}")
    if dynamic_shared_bytes > attributes.max_dynamic_shared_bytes:
        raise CudaError(Status.INVALID_VALUE, f"{function.info.name}: {dynamic_shared_bytes} bytes of dynamic shared "
                                              f"memory; {attributes.max_dynamic_shared_bytes} are allowed (set "
                                              "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES for more)")


def check_cooperative(function: Function, grid: Dim3, block: Dim3, dynamic_shared_bytes: int) -> None:
    """COOPERATIVE_LAUNCH_TOO_LARGE when the blocks cannot all be resident at once."""
    if not function.attributes.device.caps.cooperative:
        raise CudaError(Status.NOT_SUPPORTED, "this device has no cooperative launches")
    blocks = grid[0] * grid[1] * grid[2]
    fit = occupancy.resident_blocks(function, block[0] * block[1] * block[2], dynamic_shared_bytes)
    if blocks > fit:
        raise CudaError(Status.COOPERATIVE_LAUNCH_TOO_LARGE, f"{function.info.name}: {blocks} blocks in a cooperative "
                                                             f"launch; {fit} can be resident at once")


def check_args(function: Function, given_bytes: int) -> None:
    """INVALID_VALUE when a packed buffer is shorter than the parameters."""
    needed = function.info.args_bytes
    if given_bytes < needed:
        raise CudaError(Status.INVALID_VALUE, f"{function.info.name} takes {needed} bytes of arguments, not "
                                              f"{given_bytes}")
