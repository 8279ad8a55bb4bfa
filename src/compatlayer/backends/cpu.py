"""The CPU as a device: a thin binding of the native runtime (include/compatlayer/runtime.h).

Every native object is owned by a Python object through ffi.gc, so that one thread can close what another is just
waiting for. cffi releases the GIL in every native call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from functools import cached_property
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from compatlayer._native import ffi, lib
from compatlayer.backends import base, kernel_files, ledger, machine
from compatlayer.backends.base import Allocation, Box, Fault, FaultKind, MemoryKind, Shape
from compatlayer.config import Settings
from compatlayer.digest import checksum

if TYPE_CHECKING:  # the compiler is loaded with the first image
    from pathlib import Path

    from compatlayer.backends.cpu_mapping import CpuMapper
    from compatlayer.backends.graph import GraphLayout, PreparedGraph
    from compatlayer.compiler.image import KernelInfo, NativeImage, Variant

_LIMITS = {"stack": lib.CPL_LIMIT_STACK, "printf": lib.CPL_LIMIT_PRINTF, "heap": lib.CPL_LIMIT_HEAP,
           "launches": lib.CPL_LIMIT_LAUNCHES}
LAUNCHABLE = "cpl.kernel."  # with a kernel's name: the variable that stands in for it; compiler/passes/launchables.py
_MOST_BYTES = 1 << 62  # of one request
_KINDS = {kind.value: kind for kind in MemoryKind}


def open_backend(devices: int | None, settings: Settings) -> CpuBackend:
    """The backend with `devices` devices (None: one) that share the machine's memory and workers."""
    return CpuBackend(devices or 1, settings)


def check(status: int, what: str) -> None:
    """Raise what a negative native status means."""
    if status >= 0:
        return
    if status == lib.CPL_FAULTED:
        raise base.DomainFaulted(what)
    if status == lib.CPL_OUT_OF_MEMORY:
        raise base.OutOfMemory(what)
    if status == lib.CPL_INVALID:
        raise base.BadArgument(what)
    if status == lib.CPL_FORKED:
        raise base.BackendError(f"{what}: this process was forked after cuInit; start children by spawn instead")
    raise base.BackendError(f"{what}: the native runtime answered {status}")


class CpuBackend(base.Backend):
    """One or more devices on the processor."""

    name = "cpu"

    def __init__(self, devices: int, settings: Settings) -> None:
        self._settings = settings
        self._machine = machine.read()
        self._caps = [self._describe(ordinal, devices) for ordinal in range(devices)]

    def devices(self) -> list[base.DeviceCaps]:
        return self._caps

    def open(self, ordinal: int) -> CpuDevice:
        check(lib.cpl_start(self._settings.workers), "starting the worker threads")
        if self._settings.watchdog_s:
            check(lib.cpl_watchdog(int(self._settings.watchdog_s * 1e9)), "starting the watchdog")
        ledger.share()
        ledger.name_device(ordinal, self._caps[ordinal].uuid)
        return CpuDevice(ordinal, self._caps[ordinal], self._settings)

    def sensors(self, ordinal: int) -> base.Sensors:
        from compatlayer.backends import cpu_sensors  # who only computes does not ask

        return cpu_sensors.read()

    def _describe(self, ordinal: int, devices: int) -> base.DeviceCaps:
        facts = self._machine
        board = self._settings.board
        most = board.memory_bytes if board is not None else facts.memory_bytes
        memory_bytes = self._settings.memory_bytes or min(most, facts.memory_bytes // devices)
        return base.DeviceCaps(
            name=f"compatlayer CPU ({facts.model})",
            target="cpu",
            uuid=checksum(b"compatlayer cpu %d " % ordinal + facts.identity, 16),
            memory_bytes=memory_bytes & ~0xFFF,
            compute_units=self._settings.workers or facts.cpus,
            clock_khz=facts.clock_khz,
            memory_clock_khz=1_600_000,
            memory_bus_bits=128,
            l2_bytes=facts.cache_bytes,
            warp_size=32,
            max_block_threads=1024,
            max_block_dim=(1024, 1024, 64),
            max_grid_dim=(0x7FFFFFFF, 0xFFFF, 0xFFFF),
            shared_bytes=48 << 10,
            shared_optin_bytes=99 << 10 if board is None else board.shared_optin_bytes,
            constant_bytes=64 << 10,
            max_args_bytes=32764,
            raw_pointers=True,
            integrated=True,
            cooperative=True,
        )


class CpuDevice(base.Device):
    """A share of the processor."""

    def __init__(self, ordinal: int, caps: base.DeviceCaps, settings: Settings) -> None:
        self.ordinal = ordinal
        self.caps = caps
        self.settings = settings

    @cached_property
    def mapper(self) -> CpuMapper:  # type: ignore[override]  # made when it is needed first
        from compatlayer.backends.cpu_mapping import CpuMapper

        return CpuMapper(self)

    def domain(self) -> CpuDomain:
        raw = lib.cpl_domain_open(self.ordinal)
        if raw == ffi.NULL:
            raise base.OutOfMemory("no memory for a fault domain")
        return CpuDomain(ffi.gc(raw, lib.cpl_domain_close), self.settings.fast_launch)

    def alloc(self, size_bytes: int, kind: MemoryKind, alignment_bytes: int = 512) -> Allocation:
        if size_bytes > _MOST_BYTES:
            raise base.OutOfMemory(f"{size_bytes} bytes asked, more than there are addresses")
        if kind is not MemoryKind.HOST and self.used_bytes() + size_bytes > self.caps.memory_bytes:
            raise base.OutOfMemory(f"{size_bytes} bytes asked and {self.caps.memory_bytes - self.used_bytes()} of "
                                   f"{self.caps.memory_bytes} free on {self.caps.name}")
        out = ffi.new("uint64_t *")
        status = lib.cpl_memory_alloc(self.ordinal, kind.value, size_bytes, alignment_bytes, out)
        check(status, f"{size_bytes} bytes of {kind.name.lower()} memory")
        found = self.find(out[0])
        assert found is not None
        return found

    def free(self, base: int) -> None:
        check(lib.cpl_memory_free(base), f"{base:#x} is not the start of an allocation")

    def adopt(self, base: int, size_bytes: int, kind: MemoryKind) -> None:
        status = lib.cpl_memory_adopt(self.ordinal, kind.value, base, size_bytes)
        check(status, f"{size_bytes} bytes at {base:#x} overlap an allocation")

    def find(self, address: int) -> Allocation | None:
        out = ffi.new("cpl_allocation *")
        if not 0 < address < 1 << 64 or not lib.cpl_memory_find(address, out):
            return None
        return Allocation(out.base, out.size_bytes, out.id, out.device, _KINDS[out.kind])

    def used_bytes(self) -> int:
        used: int = lib.cpl_memory_used(self.ordinal)
        return used

    def load(self, image: NativeImage) -> CpuProgram:
        return CpuProgram(self, image)

    def copy_now(self, box: Box) -> None:
        if lib.cpl_copy_now(native_box(box)) < 0:
            raise base.BadArgument(f"copy of {box.width_bytes} bytes x {box.height} x {box.depth} from "
                                   f"{box.source:#x} to {box.destination:#x} leaves mapped memory")

    def fill_now(self, destination: int, pattern: int, element_bytes: int, width: int) -> None:
        data = ffi.from_buffer(pattern.to_bytes(element_bytes, sys.byteorder) * width)
        # Guarded: another thread may free the memory meanwhile.
        self.copy_now(Box(destination, int(ffi.cast("uintptr_t", data)), len(data)))

    def graph(self, layout: GraphLayout, before: PreparedGraph | None) -> PreparedGraph:
        from compatlayer.backends.cpu_graph import CpuGraph

        assert before is None or isinstance(before, CpuGraph)
        return CpuGraph(layout, before)

    def fence(self) -> base.Fence:
        from compatlayer.backends.cpu_graph import open_fence

        return open_fence()

    def snapshot(self, address: int, size_bytes: int) -> base.Snapshot:
        owner = ffi.new("char[]", size_bytes)
        copy = int(ffi.cast("uintptr_t", owner))
        self.copy_now(Box(copy, address, size_bytes))
        return base.Snapshot(copy, owner)


class CpuDomain(base.Domain):
    """A fault domain; the native one ends when its last queue is gone."""

    def __init__(self, raw: Any, direct: bool) -> None:
        self._raw = raw
        self._direct = direct

    def queue(self, priority: int) -> CpuQueue:
        raw = lib.cpl_queue_open(self._raw, priority)
        if raw == ffi.NULL:
            raise base.OutOfMemory("no memory for a queue")
        return CpuQueue(raw, self._raw)

    def doors(self) -> base.Doors | None:
        from compatlayer.backends.cpu_doors import CpuDoors

        raw = lib.cpl_doors_open() if self._direct else ffi.NULL
        return CpuDoors(ffi.gc(raw, lib.cpl_doors_close)) if raw else None

    def fault(self) -> Fault | None:
        if not lib.cpl_domain_fault(self._raw, ffi.NULL):
            return None
        out = ffi.new("cpl_fault *")
        code = lib.cpl_domain_fault(self._raw, out)
        from compatlayer.backends import fault_line  # only programs with faults need it

        texts = map(ffi.string, (out.message, out.kernel, out.library))
        return Fault(FaultKind(code), fault_line.told(*texts, out.offset)) if code else None

    def limit(self, name: str) -> int:
        limit: int = lib.cpl_domain_limit(self._raw, _LIMITS[name])
        return limit

    def set_limit(self, name: str, size_bytes: int) -> None:
        check(lib.cpl_domain_set_limit(self._raw, _LIMITS[name], size_bytes), f"limit {name} of {size_bytes} bytes")

    def end_waits(self) -> None:
        lib.cpl_domain_end_waits(self._raw)

    def close(self) -> None:
        """Nothing at once: queues that other threads wait on hold the native domain until they are done."""


class CpuFence(base.Fence):
    """A native fence."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def done(self) -> bool:
        return bool(lib.cpl_fence_done(self.raw))

    def wait(self, timeout_s: float) -> bool:
        return bool(lib.cpl_fence_wait(self.raw, int(timeout_s * 1e9)) == lib.CPL_OK)

    def time_s(self) -> float:
        return int(lib.cpl_fence_time(self.raw)) * 1e-9

    def close(self) -> None:
        """The native fence goes with the last reference: another thread may be waiting on it."""


class CpuQueue(base.Queue):
    """A native queue. It keeps its domain alive."""

    def __init__(self, raw: Any, domain: Any) -> None:
        close = lib.cpl_queue_close
        # The default argument holds the domain until the queue is closed.
        self.raw = ffi.gc(raw, lambda queue, domain=domain: close(queue))

    def copy(self, box: Box) -> None:
        check(lib.cpl_queue_copy(self.raw, native_box(box)), "copy")

    def fill(self, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
             pitch_bytes: int = 0) -> None:
        check(lib.cpl_queue_fill(self.raw, destination, pitch_bytes, pattern, element_bytes, width, height), "fill")

    def watch(self, address: int, element_bytes: int, comparison: base.Comparison, value: int) -> None:
        check(lib.cpl_queue_watch(self.raw, address, element_bytes, comparison.value, value), "wait for a value")

    def store(self, address: int, element_bytes: int, change: base.Change, value: int) -> None:
        check(lib.cpl_queue_store(self.raw, address, element_bytes, change.value, value), "write of a value")

    def launch(self, kernel: base.Kernel, shape: Shape, args: bytes) -> None:
        assert isinstance(kernel, CpuKernel)
        native = ffi.new("cpl_shape *", (shape.grid, shape.block, shape.dynamic_shared_bytes, shape.cooperative))
        check(lib.cpl_queue_launch(self.raw, kernel.raw, native, args, len(args)), f"launch of {kernel.info.name}")

    def call(self, function: Callable[[], None]) -> None:
        key = next(_call_keys)
        _calls[key] = function
        self.call_pointer(int(ffi.cast("uintptr_t", _trampoline())), key)

    def call_pointer(self, function: int, data: int) -> None:
        native = ffi.cast("void (*)(void *)", function)
        check(lib.cpl_queue_call(self.raw, native, ffi.cast("void *", data)), "host function")

    def signal(self) -> CpuFence:
        raw = lib.cpl_queue_signal(self.raw)
        if raw == ffi.NULL:
            raise base.OutOfMemory("no memory for a fence")
        return CpuFence(ffi.gc(raw, lib.cpl_fence_release))

    def wait(self, fence: base.Fence) -> None:
        if isinstance(fence, CpuFence):
            check(lib.cpl_queue_wait(self.raw, fence.raw), "wait for a fence")
        else:  # of another backend, which has been given all that it waits for
            self.call(lambda: base.wait_for(fence))

    def restrict(self, units: Collection[int]) -> None:
        mask = sum(1 << unit for unit in set(units))
        words = [mask >> shift & 0xFFFF_FFFF_FFFF_FFFF for shift in range(0, max(mask.bit_length(), 1), 64)]
        check(lib.cpl_queue_restrict(self.raw, words, len(words)), "no compute unit is left for a queue")

    def idle(self) -> bool:
        return bool(lib.cpl_queue_idle(self.raw))

    def drain(self, timeout_s: float) -> bool:
        return bool(lib.cpl_queue_drain(self.raw, int(timeout_s * 1e9)) == lib.CPL_OK)

    def close(self) -> None:
        """The native queue goes with the last reference: another thread may be waiting on it."""


class CpuKernel(base.Kernel):
    """An entry of a loaded program, compiled for each class of blocks that it is launched with."""

    def __init__(self, program: CpuProgram, info: KernelInfo) -> None:
        self.info = info
        self._program = program
        self._shared = program.raw  # a stale kernel never points into unmapped code
        self._libraries: dict[Path, tuple[Any, Any]] = {}  # loaded variants: library and entry
        self._ready: set[tuple[int, int, int]] = set()  # blocks that were prepared
        self._lock = Lock()
        self._name = ffi.new("char[]", info.name.encode())
        self._variants = ffi.new("cpl_variant[]", lib.CPL_SHAPES)
        self._flags = lib.CPL_KERNEL_WARP if info.warp else 0
        self.raw = ffi.new("cpl_kernel *", {
            "name": self._name, "args_bytes": info.args_bytes, "shared_bytes": info.shared_extent_bytes,
            "stack_bytes": info.local_bytes, "flags": self._flags, "variants": self._variants})

    def prepare(self, block: tuple[int, int, int]) -> None:
        if block not in self._ready:
            self._prepare(block)

    def _prepare(self, block: tuple[int, int, int]) -> None:
        shape_class = lib.cpl_shape_class(block, self._flags)
        with self._lock:  # whoever launches the same kernel meanwhile waits for its code
            native = self._variants[shape_class]
            if native.entry == ffi.NULL:
                variant = self._program.compile(self.info, shape_class)
                entry = self._load(variant)
                native.width, native.flags, native.stack_bytes = variant.width, variant.flags, variant.stack_bytes
                native.entry = entry  # last: from now on callers in C find it
        self._ready.add(block)

    def _load(self, variant: Variant) -> Any:
        """The entry of a variant, with the addresses that it imports in place."""
        found = self._libraries.get(variant.path)
        if found is None:
            from compatlayer.compiler.image import address_slot

            raw = self._program.open_library(variant.path, self.info.name)
            for name in variant.imports:
                slot = _symbol(raw, address_slot(name), variant.path)
                ffi.cast("uint64_t *", slot)[0] = _symbol(self._shared, name, self.info.name)
            entry = ffi.cast("cpl_entry", _symbol(raw, variant.entry, variant.path))
            found = self._libraries[variant.path] = raw, entry
        return found[1]


def _open_library(path: Path) -> Any:
    error = ffi.new("char[1024]")
    raw = lib.cpl_module_open(os.fsencode(path), error, 1024)
    if raw == ffi.NULL:
        raise base.BackendError(ffi.string(error).decode("utf-8", "replace"))
    return ffi.gc(raw, lib.cpl_module_close)


def _symbol(library: Any, name: str, whose: object) -> int:
    address: int = lib.cpl_module_symbol(library, name.encode("utf-8", "surrogateescape")) if library is not None else 0
    if not address:
        raise base.BackendError(f"the library of {whose} lacks {name}")
    return address


class CpuProgram(base.Program):
    """What the kernels of a module share, dlopened, with its globals recorded as module memory."""

    def __init__(self, device: CpuDevice, image: NativeImage) -> None:
        self.device = device
        self.raw = None if image.path is None else self.open_library(image.path, "module")
        self.image = image
        self._globals: dict[str, Allocation] = {}
        self._kernels: dict[str, CpuKernel] = {}  # their code stays until close(), whoever else forgets them
        for variable in image.globals:
            address = lib.cpl_module_symbol(self.raw, variable.symbol.encode())
            if address:
                self._globals[variable.name] = self._adopt(address, variable.size_bytes)
        if any(name.startswith(LAUNCHABLE) for name in image.sharing.symbols):
            from compatlayer.backends import cpu_launches

            cpu_launches.fill(self)

    def open_library(self, path: Path, name: str) -> Any:
        """An instance of a library of its own. `name` is for the one who reads the list of loaded files."""
        folder = self.device.settings.kernel_files
        return _open_library(kernel_files.keep(path, folder, name) if folder else path)

    def _adopt(self, address: int, size_bytes: int) -> Allocation:
        if size_bytes:
            self.device.adopt(address, size_bytes, MemoryKind.MODULE)
        return Allocation(address, size_bytes, 0, self.device.ordinal, MemoryKind.MODULE)

    def kernel(self, name: str) -> CpuKernel:
        """The kernel `name`; KeyError when the program has none."""
        found = self._kernels.get(name)
        if found is None:
            info = next((each for each in self.image.kernels if each.name == name), None)
            if info is None:
                raise KeyError(name)
            found = self._kernels.setdefault(name, CpuKernel(self, info))
        return found

    def compile(self, kernel: KernelInfo, shape_class: int) -> Variant:
        """A kernel's code for a class of blocks, by the engine that the settings ask for."""
        settings = self.device.settings
        variant = self.image.compile(kernel, shape_class, settings.engine)
        if variant.reason and settings.engine_report and sys.stderr is not None:
            print(f"compatlayer: kernel {kernel.name} runs in the naive engine: {variant.reason}", file=sys.stderr,
                  flush=True)
        return variant

    def symbol(self, name: str) -> Allocation:
        """The global variable `name`; KeyError when the program has none."""
        return self._globals[name]

    def close(self) -> None:
        variables, self._globals = self._globals, {}
        for variable in variables.values():
            if variable.size_bytes:
                self.device.free(variable.base)
        self._kernels = {}
        self.raw = None


_calls: dict[int, Callable[[], None]] = {}  # functions that the callback thread has still to run
_call_keys = count(1)
_pointers: list[Any] = []


def _trampoline() -> Any:
    """The one C function through which the host-callback thread runs Python functions."""
    if not _pointers:
        _pointers.append(ffi.callback("void(void *)", _run_call))
    return _pointers[0]


def _run_call(data: Any) -> None:
    function = _calls.pop(int(ffi.cast("uintptr_t", data)), None)
    if function is not None:
        try:
            function()
        except BaseException:  # nothing of Python's may pass through C
            sys.excepthook(*sys.exc_info())


def native_box(box: Box) -> Any:
    return ffi.new("cpl_box *", (
        box.destination, box.destination_pitch, box.destination_slice, box.source, box.source_pitch,
        box.source_slice, box.width_bytes, box.height, box.depth))
