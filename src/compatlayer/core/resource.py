"""Device resources: the compute units of a device, and parts of them. Follows "Green Contexts".

CUDA's SMs are the backend's compute units (of the CPU: its worker threads), numbered from 0. A part is a range of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import ClassVar, NamedTuple

from compatlayer.core import handles
from compatlayer.core.device import Device
from compatlayer.errors import CudaError, Status

# As on devices of compute capability 8: units come in pairs.
ALIGNMENT = 2
WHOLE, GROUP, REMAINDER = range(3)
_splits = count(1)


class Units(NamedTuple):
    """The units [first, end) of a device; `split` says which call made them and `role` what they were there."""

    device: Device
    first: int
    end: int
    split: int = 0
    role: int = WHOLE

    @property
    def number(self) -> int:
        return self.end - self.first


class Work(NamedTuple):
    """A configuration of work queues: how many may run at once, and CUdevWorkqueueConfigScope. Remembered only."""

    device: Device
    limit: int
    scope: int


def alignment(device: Device) -> int:
    """Parts have this many units, or a multiple."""
    return min(ALIGNMENT, device.caps.compute_units)


def whole(device: Device) -> Units:
    """All units of a device."""
    return Units(device, 0, device.caps.compute_units)


def split_evenly(source: Units, groups: int | None, least: int, single: bool) -> tuple[list[Units], Units | None]:
    """Groups of at least `least` units each, at most `groups` (None: as many as there are), and what is left.

    `single` lets a group have any number of units."""
    if source.role == GROUP:
        raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, "a group of a split can be split again only after a "
                                                               "green context was made of it")
    if least > source.number:
        raise CudaError(Status.INVALID_VALUE, f"groups of {least} units of {source.number}")
    step = 1 if single else alignment(source.device)
    size = max(-(-least // step) * step, step)
    possible = source.number // size
    if possible == 0:
        raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, f"{source.number} units have no group of {size}")
    wanted = possible if groups is None else min(groups, possible)
    return _cut(source, [size] * wanted)


class Group(NamedTuple):
    """A group to split off: units (0: as many as possible), and in multiples of what, strictly or not."""

    number: int
    together: int
    backfill: bool


def split(source: Units, groups: Sequence[Group], simulate: bool) -> tuple[list[Units], Units | None]:
    """Groups of the wanted sizes, one after the other, and what is left; `simulate` lets found sizes be 0."""
    left, sizes = source.number, []
    for group in groups:
        size = group.number or left // group.together * group.together
        if size > left or (size < group.together and not simulate):
            raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, f"a group of {size or group.together} units, and "
                                                                   f"{left} of {source.number} are left")
        sizes.append(size)
        left -= size
    return _cut(source, sizes)


def _cut(source: Units, sizes: Sequence[int]) -> tuple[list[Units], Units | None]:
    ident, first, made = next(_splits), source.first, []
    for size in sizes:
        made.append(Units(source.device, first, first + size, ident, GROUP))
        first += size
    left = Units(source.device, first, source.end, ident, REMAINDER) if first < source.end else None
    return made, left


class Description:
    """What a green context is made of (CUdevResourceDesc). It lives as long as the process."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, parts: Sequence[Units | Work]) -> None:
        units = [part for part in parts if isinstance(part, Units)]
        works = [part for part in parts if isinstance(part, Work)]
        devices = {part.device for part in parts}
        if len(devices) != 1 or len(works) > 1:
            raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, "the resources of a descriptor must be of one "
                                                                   "device, at most one a configuration of queues")
        if len(units) > 1 and (len({part.split for part in units}) > 1 or units[0].role == WHOLE):
            raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, "several SM resources of a descriptor must come "
                                                                   "from one split")
        self.device = devices.pop()
        self.units = frozenset(unit for part in units or [whole(self.device)] for unit in range(part.first, part.end))
        if sum(part.number for part in units) > len(self.units):
            raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, "an SM resource is there twice")
        self.work = works[0] if works else Work(self.device, self.device.caps.compute_units, 0)
        self.handle = handles.add(self)
