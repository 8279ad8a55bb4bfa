"""What the compiler hands to the rest: device code (any target) and native images (one target)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Parameter:
    """One kernel parameter in the packed argument buffer; bytes."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class KernelInfo:
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


@dataclass(frozen=True, slots=True)
class GlobalInfo:
    """A __device__, __constant__ or __managed__ variable that the module exports."""

    name: str
    symbol: str
    size_bytes: int
    constant: bool


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """Optimised device IR as text (triple nvptx64-nvidia-cuda), with what the front end knows of it."""

    ir: str
    architecture: str  # e.g. "sm_86"
    lowered_names: dict[str, str] = field(default_factory=dict)  # name expression -> lowered name
    log: str = ""


@dataclass(frozen=True, slots=True)
class NativeImage:
    """A loadable library in the cache, and what it exports."""

    path: Path
    kernels: tuple[KernelInfo, ...]
    globals: tuple[GlobalInfo, ...]
