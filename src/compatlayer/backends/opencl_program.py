"""Programs of OpenCL devices: a module's variables in device memory, and its kernels, built when they are needed.

What the kernels of a module share comes as a shared library for this machine; here it is only bytes, with a table of
symbols and of places that hold addresses. A driver's binary of a kernel is kept on disk."""

from __future__ import annotations

import struct
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from compatlayer.backends import base
from compatlayer.backends.base import Allocation, Box, MemoryKind, Shape
from compatlayer.backends.opencl_library import check, ffi, told
from compatlayer.backends.opencl_memory import USM
from compatlayer.digest import key as key_of

if TYPE_CHECKING:
    from compatlayer.backends.opencl import OpenClDevice
    from compatlayer.compiler.image import KernelInfo, NativeImage, Variant

_OPTIONS = b"-cl-std=CL3.0"
_INDIRECT = (0x4200, 0x4201, 0x4202)  # a kernel may use any host, device or shared memory of USM
_BINARY_SIZES, _BINARIES, _BUILD_LOG = 0x1165, 0x1166, 0x1183
_HIDDEN = 5  # imports, reports, dynamic bytes, static bytes, shared memory; in a row also the block's three sizes


class Library(NamedTuple):
    """The parts of an ELF shared library that matter as data."""

    pieces: tuple[tuple[int, bytes], ...]
    size_bytes: int
    symbols: dict[str, tuple[int, int]]  # address in the library, and bytes
    addresses: tuple[tuple[int, int], ...]  # places that hold an address in the library, and which


def read_library(data: bytes) -> Library:
    """Read an ELF file of 64 bits, little endian, as the compiler makes it."""
    sections = struct.unpack_from("<Q", data, 40)[0]
    entry, count = struct.unpack_from("<HH", data, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, sections + entry * each) for each in range(count)]
    start, segments = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<HH", data, 54)
    pieces, end = [], 0
    for each in range(segments[1]):
        kind, _, offset, address, _, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                               start + segments[0] * each)
        if kind == 1:
            pieces.append((address, data[offset:offset + in_file]))
            end = max(end, address + in_memory)
    symbols: dict[str, tuple[int, int]] = {}
    numbered: list[int] = []
    for header in headers:
        if header[1] == 11:  # the dynamic symbols
            names = headers[header[6]]
            for at in range(header[4], header[4] + header[5], 24):
                name, _, _, _, value, size = struct.unpack_from("<IBBHQQ", data, at)
                begin = names[4] + name
                symbols[data[begin:data.index(b"\0", begin)].decode("utf-8", "surrogateescape")] = value, size
                numbered.append(value)
    places = []
    for header in headers:
        if header[1] == 4:
            for at in range(header[4], header[4] + header[5], 24):
                place, info, addend = struct.unpack_from("<QQq", data, at)
                places.append((place, (numbered[info >> 32] if info >> 32 else 0) + addend))
    return Library(tuple(pieces), end, symbols, tuple(places))


class OpenClProgram(base.Program):
    """A module on one device."""

    def __init__(self, device: OpenClDevice, image: NativeImage) -> None:
        self.device, self.image = device, image
        self._kernels: dict[str, OpenClKernel] = {}
        self._variables: dict[str, Allocation] = {}
        self._memory: Allocation | None = None
        self._blocks: list[int] = []
        self.addresses: dict[str, int] = {}
        if image.path is not None:
            self._load(read_library(image.path.read_bytes()))

    def _load(self, library: Library) -> None:
        device = self.device
        size = library.size_bytes + 4096
        start = self.block(size)
        first = -(-start // 4096) * 4096
        data = bytearray(library.size_bytes)
        for address, piece in library.pieces:
            data[address:address + len(piece)] = piece
        for place, address in library.addresses:
            struct.pack_into("<Q", data, place, first + address)
        held = ffi().from_buffer(data)
        device.copy_now(Box(first, int(ffi().cast("uintptr_t", held)), len(data)))
        self.addresses = {name: first + address for name, (address, _) in library.symbols.items()}
        for variable in self.image.globals:
            address = self.addresses.get(variable.symbol, 0)
            if address and variable.size_bytes:
                device.adopt(address, variable.size_bytes, MemoryKind.MODULE)
            self._variables[variable.name] = Allocation(address, variable.size_bytes, 0, device.ordinal,
                                                        MemoryKind.MODULE)

    def block(self, size_bytes: int) -> int:
        """Device memory that lives as long as the program, and that no program can name."""
        address = self.device.space.alloc(size_bytes, MemoryKind.DEVICE, 4096)
        self._blocks.append(address)
        return address

    def table(self, names: tuple[str, ...]) -> int:
        """Device memory that holds the addresses of the symbols; 0 for none."""
        if not names:
            return 0
        missing = [each for each in names if not self.addresses.get(each)]
        if missing:
            raise base.BackendError(f"the module has no variable {missing[0]}")
        data = struct.pack(f"<{len(names)}Q", *(self.addresses[each] for each in names))
        address = self.block(len(data))
        self.device.copy_now(Box(address, int(ffi().cast("uintptr_t", ffi().from_buffer(data))), len(data)))
        return address

    def kernel(self, name: str) -> OpenClKernel:
        """The kernel `name`; KeyError when the program has none."""
        found = self._kernels.get(name)
        if found is None:
            info = next((each for each in self.image.kernels if each.name == name), None)
            if info is None:
                raise KeyError(name)
            found = self._kernels.setdefault(name, OpenClKernel(self, info))
        return found

    def symbol(self, name: str) -> Allocation:
        return self._variables[name]

    def close(self) -> None:
        variables, self._variables = self._variables, {}
        for each in variables.values():
            if each.base and each.size_bytes:
                self.device.free(each.base)
        for kernel in self._kernels.values():
            kernel.close()
        self._kernels = {}
        while self._blocks:
            self.device.space.free(self._blocks.pop())


class OpenClKernel(base.Kernel):
    """An entry of a program. OpenCL keeps the arguments in the kernel, so one thread at a time sets and enqueues."""

    def __init__(self, program: OpenClProgram, info: KernelInfo) -> None:
        self.info = info
        self._program, self._device = program, program.device
        self._lib = program.device.lib
        self._lock = Lock()
        self._raw: Any = None
        self._row = False
        self._fixed: tuple[object, ...] = ()  # what was set last, which OpenCL keeps
        self._args: bytes | None = None

    def prepare(self, block: tuple[int, int, int]) -> None:
        if self._raw is None:
            with self._lock:
                if self._raw is None:
                    self._build()

    def _build(self) -> None:
        variant = self._program.image.compile(self.info, 0, "naive")
        program = _build(self._device, variant.path, self.info.name)
        status = ffi().new("int *")
        from compatlayer.compiler.image import entry_name

        raw = self._lib.clCreateKernel(program, entry_name(self.info.name).encode(), status)
        check(status[0], f"kernel {self.info.name}")
        raw = ffi().gc(raw, self._lib.clReleaseKernel)
        if self._device.space.way == USM:
            yes = ffi().new("unsigned *", 1)
            for each in _INDIRECT:
                check(self._lib.clSetKernelExecInfo(raw, each, 4, yes), f"kernel {self.info.name} and its memory")
        self._set_fixed(raw, variant)
        self._row = bool(variant.flags & 1)
        self._program_raw = program
        self._raw = raw

    def _set_fixed(self, raw: Any, variant: Variant) -> None:
        table = ffi().new("uint64_t *", self._program.table(variant.imports))
        extent = ffi().new("uint32_t *", self.info.shared_extent_bytes)
        check(self._lib.clSetKernelArg(raw, 0, 8, table), f"arguments of {self.info.name}")
        check(self._lib.clSetKernelArg(raw, 3, 4, extent), f"arguments of {self.info.name}")

    @cached_property
    def _parameters(self) -> tuple[tuple[int, int, int], ...]:
        first = _HIDDEN + (3 if self._row else 0)
        return tuple((first + index, each.offset, each.size_bytes) for index, each in enumerate(self.info.parameters))

    def enqueue(self, queue: Any, shape: Shape, args: bytes, reports: int) -> None:
        """Set what has changed since the last launch, and enqueue."""
        grid, block = shape.grid, shape.block
        with self._lock:
            if self._raw is None:  # another thread unloaded the module meanwhile
                raise base.BackendError(f"launch of {self.info.name}: its module was unloaded")
            fixed = (reports, shape.dynamic_shared_bytes, block if self._row else None)
            if fixed != self._fixed:
                self._fixed = ()
                self._set_hidden(reports, shape)
                self._fixed = fixed
            if args != self._args:
                self._set_args(args)
            sizes = ffi().new("size_t[6]")
            if self._row:
                threads = block[0] * block[1] * block[2]
                sizes[0:6] = [grid[0] * threads, grid[1], grid[2], threads, 1, 1]
            else:
                sizes[0:6] = [grid[0] * block[0], grid[1] * block[1], grid[2] * block[2], *block]
            status = self._lib.clEnqueueNDRangeKernel(queue, self._raw, 3, ffi().NULL, sizes, sizes + 3, 0, ffi().NULL,
                                                      ffi().NULL)
        if status < 0:
            raise base.BackendError(f"launch of {self.info.name} with blocks of {block}: OpenCL answered "
                                    f"{told(status)}")

    def _set_hidden(self, reports: int, shape: Shape) -> None:
        lib, raw = self._lib, self._raw
        status = lib.clSetKernelArg(raw, 1, 8, ffi().new("uint64_t *", reports))
        status |= lib.clSetKernelArg(raw, 2, 4, ffi().new("uint32_t *", shape.dynamic_shared_bytes))
        static = -(-self.info.shared_extent_bytes // 128) * 128
        status |= lib.clSetKernelArg(raw, 4, max(static + shape.dynamic_shared_bytes, 16), ffi().NULL)
        if self._row:
            for axis, size in enumerate(shape.block):
                status |= lib.clSetKernelArg(raw, _HIDDEN + axis, 4, ffi().new("uint32_t *", size))
        check(status, f"arguments of {self.info.name}")

    def _set_args(self, args: bytes) -> None:
        before, self._args = self._args, None
        held = ffi().from_buffer(args)
        for index, offset, size in self._parameters:
            if before is None or before[offset:offset + size] != args[offset:offset + size]:
                check(self._lib.clSetKernelArg(self._raw, index, size, held + offset),
                      f"argument {index} of {self.info.name}")
        self._args = args

    def close(self) -> None:
        with self._lock:  # a launch that has begun still has its code
            self._raw = None


def _build(device: OpenClDevice, path: Path, name: str) -> Any:
    """The program of a kernel's SPIR-V: from the driver's binary on disk, or built and kept there."""
    from compatlayer.compiler.image import keep_for_driver, kept_by_driver

    facts, lib = device.facts, device.lib
    code = path.read_bytes()
    key = key_of("opencl binary 1", facts.platform_name, facts.name, facts.driver, facts.version, _OPTIONS, code)
    kept = kept_by_driver(key)
    if kept is not None:
        program = _from_binary(device, kept)
        if program is not None:
            return program
    status = ffi().new("int *")
    raw = lib.clCreateProgramWithIL(device.context, code, len(code), status)
    check(status[0], f"SPIR-V of {name}")
    program = ffi().gc(raw, lib.clReleaseProgram)
    devices = ffi().new("cl_device *", device.raw)
    if lib.clBuildProgram(program, 1, devices, _OPTIONS, ffi().NULL, ffi().NULL) < 0:
        raise base.BackendError(f"{facts.name} could not build {name}: {_log(device, program)}")
    binary = _binary(device, program)
    if binary:
        keep_for_driver(key, binary)
    return program


def _from_binary(device: OpenClDevice, binary: bytes) -> Any:
    lib, status = device.lib, ffi().new("int[2]")
    devices, size = ffi().new("cl_device *", device.raw), ffi().new("size_t *", len(binary))
    held = ffi().from_buffer(binary)
    data = ffi().new("const unsigned char *[]", [ffi().cast("const unsigned char *", held)])
    raw = lib.clCreateProgramWithBinary(device.context, 1, devices, size, data, status, status + 1)
    if raw == ffi().NULL or status[0] < 0 or status[1] < 0:
        return None
    program = ffi().gc(raw, lib.clReleaseProgram)
    return program if lib.clBuildProgram(program, 1, devices, _OPTIONS, ffi().NULL, ffi().NULL) >= 0 else None


def _binary(device: OpenClDevice, program: Any) -> bytes:
    lib, size = device.lib, ffi().new("size_t *")
    if lib.clGetProgramInfo(program, _BINARY_SIZES, ffi().sizeof("size_t"), size, ffi().NULL) < 0 or not size[0]:
        return b""
    data = ffi().new("unsigned char[]", size[0])
    pointers = ffi().new("unsigned char *[]", [data])
    if lib.clGetProgramInfo(program, _BINARIES, ffi().sizeof("void *"), pointers, ffi().NULL) < 0:
        return b""
    return bytes(ffi().buffer(data))


def _log(device: OpenClDevice, program: Any) -> str:
    data, size = ffi().new("char[65536]"), ffi().new("size_t *")
    device.lib.clGetProgramBuildInfo(program, device.raw, _BUILD_LOG, 65536, data, size)
    text = ffi().string(data).decode("utf-8", "replace").strip()
    return " ".join(text.split())[:600] or "it has no log"
