"""OpenCL devices, through the loader or a vendor's library. Kernels go to them as SPIR-V."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from compatlayer._native import lib as native
from compatlayer.backends import base, opencl_library
from compatlayer.backends.base import Allocation, Box, MemoryKind
from compatlayer.backends.opencl_library import check, ffi
from compatlayer.backends.opencl_memory import COARSE, FINE, USM, Book, Space
from compatlayer.config import Settings
from compatlayer.digest import checksum

if TYPE_CHECKING:
    from compatlayer.backends.graph import GraphLayout, PreparedGraph
    from compatlayer.backends.opencl_program import OpenClProgram
    from compatlayer.backends.opencl_queue import OpenClDomain, OpenClFence
    from compatlayer.compiler.image import NativeImage

_ALL_TYPES = 0xFFFFFFFF
CPU, GPU, ACCELERATOR = 2, 4, 8
_KINDS = {"cpu": CPU, "gpu": GPU, "accelerator": ACCELERATOR}
_WARP = 32


def open_backend(devices: int | None, settings: Settings) -> OpenClBackend:
    """The backend with all the devices that can be used and that the settings choose."""
    return OpenClBackend(settings)


def states() -> list[tuple[str, str, str]]:
    """For people: the choice that means a device, its name, and whether it works."""
    every, problems = described()
    rows, number = [], 0
    for each in every:
        rows.append((f"opencl:{number}" if not each.problem else "opencl", f"{each.name} ({each.platform_name})",
                     each.problem or "works"))
        number += not each.problem
    rows += [("opencl", "OpenCL", each) for each in problems]
    return rows or [("opencl", "OpenCL", "not installed")]


class Described:
    """One device as its driver describes it. `problem` says why it cannot be used; empty when it can."""

    def __init__(self, library: str, platform: Any, raw: Any) -> None:
        self.library, self.platform, self.raw = library, platform, raw
        self.lib = opencl_library.load(library)
        self.name = self.text(0x102B).strip()
        self.vendor = self.text(0x102C).strip()
        self.driver = self.text(0x102D)
        self.version = self.text(0x102F)
        self.extensions = frozenset(self.text(0x1030).split())
        self.kind = self.number(0x1000)
        self.platform_name = self._platform_text(0x0902)
        self.spirv = [each for each in self.text(0x105B).split() if each.startswith("SPIR-V")]
        self.svm = self.number(0x1053)
        self.warps = self._has_warps()
        self.way = USM if "cl_intel_unified_shared_memory" in self.extensions else \
            FINE if self.svm & 2 else COARSE if self.svm & 1 else ""
        self.problem = self._problem()

    def _problem(self) -> str:
        if not self.spirv:
            return "it takes no SPIR-V, and OpenCL C is not written yet"
        if self.way not in (USM, FINE):
            return "it has neither USM nor fine-grain SVM, and other ways to its memory are not written yet"
        return "" if self.number(0x1027) else "it is not available"

    def _has_warps(self) -> bool:
        """Whether kernels can ask for subgroups of 32, with the operations that warps need."""
        needed = ("cl_intel_required_subgroup_size", "cl_khr_subgroup_ballot", "cl_khr_subgroup_shuffle")
        return all(each in self.extensions for each in needed) and _WARP in self.numbers(0x4108)

    def info(self, what: int) -> bytes:
        """What clGetDeviceInfo answers; empty for what the driver does not know."""
        size = ffi().new("size_t *")
        if self.lib.clGetDeviceInfo(self.raw, what, 0, ffi().NULL, size) < 0 or not size[0]:
            return b""
        data = ffi().new("unsigned char[]", size[0])
        if self.lib.clGetDeviceInfo(self.raw, what, size[0], data, ffi().NULL) < 0:
            return b""
        return bytes(ffi().buffer(data))

    def text(self, what: int) -> str:
        return self.info(what).rstrip(b"\0").decode("utf-8", "replace")

    def number(self, what: int) -> int:
        return int.from_bytes(self.info(what)[:8], sys.byteorder)

    def numbers(self, what: int) -> list[int]:
        data = self.info(what)
        return [int.from_bytes(data[at:at + 8], sys.byteorder) for at in range(0, len(data), 8)]

    def _platform_text(self, what: int) -> str:
        data, size = ffi().new("char[1024]"), ffi().new("size_t *")
        if self.lib.clGetPlatformInfo(self.platform, what, 1024, data, size) < 0:
            return ""
        return ffi().string(data).decode("utf-8", "replace")  # type: ignore[no-any-return]

    def matches(self, word: str) -> bool:
        """Whether `gpu`, `cpu`, or a part of a platform's, vendor's or device's name means this device."""
        if word in _KINDS:
            return bool(self.kind & _KINDS[word])
        names = f"{self.platform_name} {self.vendor} {self.name} {self.version}".lower()
        return {"pocl": "portable computing language"}.get(word, word) in names or word in names

    def caps(self, place: int) -> base.DeviceCaps:
        shared = max(self.number(0x1023), 0)
        items = self.numbers(0x1005) or [1024, 1024, 64]
        on_host = self.kind & CPU != 0
        identity = self.info(0x106A) or f"{self.platform_name} {self.name} {self.driver} {place}".encode()
        return base.DeviceCaps(
            name=f"{self.name} ({self.platform_name})",
            target="spirv" if self.warps else "spirv_plain",
            uuid=checksum(b"compatlayer opencl " + identity, 16),
            memory_bytes=self.number(0x101F),
            compute_units=self.number(0x1002),
            clock_khz=self.number(0x100C) * 1000 or 1_000_000,
            memory_clock_khz=1_600_000,
            memory_bus_bits=128,
            l2_bytes=self.number(0x101E),
            warp_size=_WARP,
            max_block_threads=min(self.number(0x1004), 1024),
            max_block_dim=(min(items[0], 1024), min(items[1], 1024), min(items[2], 64)),
            max_grid_dim=(0x7FFFFFFF, 0xFFFF, 0xFFFF),
            shared_bytes=min(shared, 48 << 10),
            shared_optin_bytes=min(shared, 99 << 10),
            constant_bytes=64 << 10,
            max_args_bytes=min(self.number(0x1017) - 64, 4096),
            raw_pointers=on_host,
            integrated=on_host,
            cooperative=False,
        )


def described() -> tuple[list[Described], list[str]]:
    """Every device of every library, each once; and sentences about libraries without."""
    found: list[Described] = []
    problems: list[str] = []
    for each in opencl_library.look():
        if each.problem:
            problems.append(each.problem)
            continue
        try:
            devices = _devices(each.path)
        except OSError as error:
            problems.append(f"{each.path} cannot be loaded: {error}")
            continue
        known = {(one.platform_name, one.name, one.driver) for one in found}
        found += [one for one in devices if (one.platform_name, one.name, one.driver) not in known]
        if not devices:
            problems.append(f"{each.path} is there and shows no device")
    return found, problems


def _devices(path: str) -> list[Described]:
    lib, number = opencl_library.load(path), ffi().new("unsigned *")
    if lib.clGetPlatformIDs(0, ffi().NULL, number) < 0 or not number[0]:
        return []
    platforms = ffi().new("cl_platform[]", number[0])
    lib.clGetPlatformIDs(len(platforms), platforms, ffi().NULL)
    found = []
    for platform in platforms:
        if lib.clGetDeviceIDs(platform, _ALL_TYPES, 0, ffi().NULL, number) < 0:
            continue
        devices = ffi().new("cl_device[]", number[0])
        lib.clGetDeviceIDs(platform, _ALL_TYPES, len(devices), devices, ffi().NULL)
        found += [Described(path, platform, each) for each in devices]
    return found


class OpenClBackend(base.Backend):
    """The OpenCL devices that can be used, in the drivers' order."""

    name = "opencl"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book = Book()
        every, self._missing = described()
        self._described = [each for each in every if not each.problem]
        self._missing += [f"{each.name} ({each.platform_name}) cannot be used: {each.problem}" for each in every
                          if each.problem]
        if not every and not self._missing:
            self._missing.append("no OpenCL is installed; pip install 'compatlayer[opencl-intel]' brings Intel's for "
                                 "the processor")
        self._caps = [each.caps(place) for place, each in enumerate(self._described)]

    def chosen(self, choice: str) -> list[int]:
        """All without a choice; a number is a device's, a word a kind or a part of a platform's or device's name."""
        everything = range(len(self._described))
        if choice.isdecimal():
            return [number for number in everything if number == int(choice)]
        return [number for number in everything if not choice or self._described[number].matches(choice)]

    def missing(self) -> list[str]:
        return self._missing

    def devices(self) -> list[base.DeviceCaps]:
        return self._caps

    def open(self, ordinal: int) -> OpenClDevice:
        return OpenClDevice(ordinal, self._caps[ordinal], self._described[ordinal], self._book, self._settings)


class OpenClDevice(base.Device):
    """An OpenCL device with a context of its own, which is made when it is first needed."""

    def __init__(self, ordinal: int, caps: base.DeviceCaps, facts: Described, book: Book, settings: Settings) -> None:
        self.ordinal, self.caps, self.facts, self.settings = ordinal, caps, facts, settings
        self.lib, self.raw, self.platform = facts.lib, facts.raw, facts.platform
        self._book = book
        self._used = 0
        status = ffi().new("int *")
        context = self.lib.clCreateContext(ffi().NULL, 1, ffi().new("cl_device *", self.raw), ffi().NULL, ffi().NULL,
                                           status)
        check(status[0], f"a context on {caps.name}")
        self.context = context
        self.space = Space(self, facts.way)
        self._own_queue: Any = None

    def queue(self) -> Any:
        """A new in-order queue of OpenCL's, with times."""
        status, properties = ffi().new("int *"), ffi().new("uint64_t[]", [0x1093, 2, 0])  # CL_QUEUE_PROFILING_ENABLE
        raw = self.lib.clCreateCommandQueueWithProperties(self.context, self.raw, properties, status)
        check(status[0], f"a queue on {self.caps.name}")
        return ffi().gc(raw, self.lib.clReleaseCommandQueue)

    def domain(self) -> OpenClDomain:
        from compatlayer.backends.opencl_queue import OpenClDomain

        return OpenClDomain(self)

    def alloc(self, size_bytes: int, kind: MemoryKind, alignment_bytes: int = 512) -> Allocation:
        if kind is not MemoryKind.HOST and self._used + size_bytes > self.caps.memory_bytes:
            raise base.OutOfMemory(f"{size_bytes} bytes asked and {self.caps.memory_bytes - self._used} of "
                                   f"{self.caps.memory_bytes} free on {self.caps.name}")
        address = self.space.alloc(size_bytes, kind, alignment_bytes)
        try:
            made = self._book.enter(address, size_bytes, self.ordinal, kind)
        except BaseException:
            self.space.free(address)
            raise
        if kind is not MemoryKind.HOST:
            self._used += size_bytes
        return made

    def free(self, base: int) -> None:
        found = self._book.leave(base)
        if found.kind in (MemoryKind.REGISTERED, MemoryKind.MODULE):
            return
        if found.kind is not MemoryKind.HOST:
            self._used -= found.size_bytes
        self.space.free(base)

    def adopt(self, base: int, size_bytes: int, kind: MemoryKind) -> None:
        self._book.enter(base, size_bytes, self.ordinal, kind)

    def find(self, address: int) -> Allocation | None:
        return self._book.find(address)

    def used_bytes(self) -> int:
        return self._used

    def load(self, image: NativeImage) -> OpenClProgram:
        from compatlayer.backends.opencl_program import OpenClProgram

        return OpenClProgram(self, image)

    def graph(self, layout: GraphLayout, before: PreparedGraph | None) -> PreparedGraph:
        from compatlayer.backends.opencl_graph import OpenClGraph

        return OpenClGraph(layout)

    def fence(self) -> OpenClFence:
        from compatlayer.backends.opencl_queue import OpenClFence

        return OpenClFence(self)

    def copy_now(self, box: Box) -> None:
        if self.caps.raw_pointers:
            from compatlayer.backends.cpu import native_box

            if native.cpl_copy_now(native_box(box)) < 0:
                raise base.BadArgument(f"copy of {box.width_bytes} bytes x {box.height} x {box.depth} from "
                                       f"{box.source:#x} to {box.destination:#x} leaves mapped memory")
            return
        if self._own_queue is None:
            self._own_queue = self.queue()
        for destination, source in rows(box):
            check(self.space.memcpy(self._own_queue, 1, ffi().cast("void *", destination), ffi().cast("void *", source),
                                    box.width_bytes, 0, ffi().NULL, ffi().NULL), "copy")

    def fill_now(self, destination: int, pattern: int, element_bytes: int, width: int) -> None:
        data = ffi().from_buffer(pattern.to_bytes(element_bytes, sys.byteorder) * width)
        self.copy_now(Box(destination, int(ffi().cast("uintptr_t", data)), len(data)))

    def snapshot(self, address: int, size_bytes: int) -> base.Snapshot:
        from compatlayer._native import ffi as native_ffi
        from compatlayer.backends.cpu import native_box

        owner = native_ffi.new("char[]", size_bytes)
        copy = int(native_ffi.cast("uintptr_t", owner))
        if native.cpl_copy_now(native_box(Box(copy, address, size_bytes))) < 0:
            raise base.BadArgument(f"{size_bytes} bytes at {address:#x} are not mapped memory")
        return base.Snapshot(copy, owner)


def rows(box: Box) -> list[tuple[int, int]]:
    """Destination and source of each row; a box without gaps should be made one row first."""
    return [(box.destination + z * box.destination_slice + y * box.destination_pitch,
             box.source + z * box.source_slice + y * box.source_pitch)
            for z in range(box.depth) for y in range(box.height)]

