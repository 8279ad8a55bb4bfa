"""What the compiler hands to the rest: device code (any target) and native images (one target).

Named tuples here and in the backend interface: a slotted dataclass costs a program's start half a millisecond each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Parameter(NamedTuple):
    """One kernel parameter in the packed argument buffer; bytes."""

    offset: int
    size_bytes: int


class KernelInfo(NamedTuple):
    """Facts about one kernel, read off the device IR."""

    name: str  # as the module exports it (mangled)
    entry: str  # symbol of the native entry
    parameters: tuple[Parameter, ...]
    args_bytes: int
    static_shared_bytes: int  # what this kernel uses; reported as CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES
    shared_extent_bytes: int  # what must be provided: offsets are laid out for the whole module
    local_bytes: int  # stack objects per thread
    constant_bytes: int
    max_threads: int  # from __launch_bounds__, 1024 without


class GlobalInfo(NamedTuple):
    """A __device__, __constant__ or __managed__ variable that the module exports."""

    name: str
    symbol: str
    size_bytes: int
    constant: bool


class DeviceCode(NamedTuple):
    """Optimised device IR as text (triple nvptx64-nvidia-cuda), with what the front end knows of it."""

    ir: str
    architecture: str  # e.g. "sm_86"
    lowered_names: Mapping[str, str] = MappingProxyType({})  # name expression -> lowered name
    log: str = ""


class NativeImage(NamedTuple):
    """A loadable library in the cache, and what it exports."""

    path: Path
    kernels: tuple[KernelInfo, ...]
    globals: tuple[GlobalInfo, ...]
