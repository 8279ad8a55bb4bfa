"""What the compiler hands to the rest: device code (any target) and native images (one target).

Named tuples here and in the backend interface: a slotted dataclass costs a program's start half a millisecond each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

# Classes of block shapes; a kernel is compiled for each class that it is launched with. include/compatlayer/runtime.h
# says which block is of which class, and a test compares the numbers.
SHAPES = TINY, ROW32, ROW16, ROW8, LINE, WHOLE, PART = range(7)
VECTOR, NAIVE = "vector", "naive"  # engines; config.ENGINES


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
    warp: bool  # it may use what only whole warps have: warp operations, lane numbers, named barriers with a count


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
    text_options: str = ""  # what its PTX text was asked for with, where that is not in the IR


class Sharing(NamedTuple):
    """What all kernels of a module must agree on, so that each can be compiled by itself."""

    symbols: tuple[str, ...] = ()  # variables and functions that have one address, in the module's library
    places: Mapping[str, int] = MappingProxyType({})  # offsets of its __shared__ variables in the block's memory


class NativeImage(NamedTuple):
    """Code that was checked and can be compiled kernel by kernel, and the library of what its kernels share."""

    code: DeviceCode
    target: str  # a module of compiler.targets
    key: str  # hash of all that native code of it depends on
    path: Path | None  # the library of variables and functions with an address; None when there are none
    kernels: tuple[KernelInfo, ...]
    globals: tuple[GlobalInfo, ...]
    sharing: Sharing

    def compile(self, kernel: KernelInfo, shape_class: int, engine: str) -> Variant:
        """One of `kernels` for a class of blocks; see variants.py."""
        from .variants import compile_variant

        return compile_variant(self, kernel, shape_class, engine)


class Variant(NamedTuple):
    """One kernel compiled for one class of block shapes: a loadable library that exports `entry`."""

    path: Path
    entry: str
    width: int  # threads that one call runs: 1 in the naive engine
    flags: int  # CPL_KERNEL_*
    stack_bytes: int  # of one call
    imports: tuple[str, ...]  # symbols of the image's library, whose addresses go where address_slot() says
    reason: str  # why the vector engine was wanted and could not; else empty


_DRIVER = "driver"


def kept_by_driver(key: str) -> bytes | None:
    """What a backend kept under `key`: a driver's own form of a kernel, and the like."""
    from . import cache

    store = cache.store()
    return store.get(_DRIVER, key) if store is not None else None


def keep_for_driver(key: str, data: bytes) -> None:
    """Keep it on disk, where the cache is on."""
    from . import cache

    store = cache.store()
    if store is not None:
        store.put(_DRIVER, key, data)


def entry_name(kernel: str) -> str:
    """The name of a kernel's entry where drivers take only letters, digits and underscores."""
    return "cpl_entry_" + "".join(each if each.isalnum() and each.isascii() else "_" for each in kernel)


def address_slot(name: str) -> str:
    """The symbol of a variant's library that holds the address of `name`, a symbol of the image's library."""
    return "cpl.address." + name
