"""LaunchConfig, the shape of a launch, and launch(), which puts a kernel into a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compatlayer.core import launch as core_launch
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.python.arguments import pack
from compatlayer.frontends.python.program import Kernel
from compatlayer.frontends.python.stream import Stream

Extent = int | Sequence[int]


class LaunchConfig(NamedTuple):
    """`grid` in blocks and `block` in threads, each a number or up to three; `shared_bytes` is dynamic shared memory
    per block; a `cooperative` grid has all of its blocks resident at once."""

    grid: Extent
    block: Extent
    shared_bytes: int = 0
    cooperative: bool = False


def launch(stream: Stream, config: LaunchConfig | tuple[Extent, Extent], kernel: Kernel, *args: object) -> None:
    """Enqueue `kernel` in `stream`; does not wait. `config` may be a pair (grid, block).

    Arguments: a Buffer, or a NumPy array that the kernel uses in place (held until it is done), for a pointer; an int,
    float or bool for a parameter of that kind; a NumPy scalar of exactly the parameter's kind and size; a NumPy
    structured scalar or bytes for a struct. Raises CudaError INVALID_VALUE for a shape or argument that does not fit,
    naming the argument; the sticky status of an earlier failed kernel; INVALID_VALUE for too large a block.
    """
    stream.check_open()
    kernel.check_open()
    shape = config if isinstance(config, LaunchConfig) else LaunchConfig(*config)
    grid, block = _extent(shape.grid, "grid"), _extent(shape.block, "block")
    packed, kept = pack(kernel, stream.device, args)
    core_launch.launch(kernel.core, grid, block, shape.shared_bytes, stream.core, packed, shape.cooperative)
    if kept:
        stream.keep(kept)


def _extent(value: Extent, what: str) -> tuple[int, int, int]:
    numbers = [value] if isinstance(value, int) else [int(number) for number in value]
    if not 1 <= len(numbers) <= 3:
        raise CudaError(Status.INVALID_VALUE, f"a {what} of {len(numbers)} numbers; give one to three")
    numbers += [1] * (3 - len(numbers))
    return numbers[0], numbers[1], numbers[2]
