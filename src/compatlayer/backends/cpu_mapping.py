"""Memory in files of the kernel's (memfd), which are mapped by the native runtime (include/compatlayer/mapping.h)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from compatlayer._native import ffi, lib
from compatlayer.backends import base
from compatlayer.backends.base import Allocation, MemoryKind
from compatlayer.backends.mapping import Backing, Mapper

if TYPE_CHECKING:
    from compatlayer.backends.cpu import CpuDevice

GRANULARITY_BYTES = 2 << 20  # as on other devices; a multiple of every page


def _check(status: int, what: str) -> None:
    if status == lib.CPL_OUT_OF_MEMORY:
        raise base.OutOfMemory(f"no memory or no mappings left for {what}")
    if status == lib.CPL_INVALID:
        raise base.BadArgument(what)
    if status < 0:
        raise base.BackendError(f"{what}: the native runtime answered {status}")


class CpuBacking(Backing):
    """A memfd. Closing it takes the descriptor out of `_owned` first, so that two closers close it once."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._owned = [descriptor]

    def descriptor(self) -> int:
        try:
            return self._owned[0]
        except IndexError:
            raise base.BadArgument("the memory was given back") from None

    def read(self, offset: int, size_bytes: int) -> bytes:
        return os.pread(self.descriptor(), size_bytes, offset)

    def write(self, offset: int, data: bytes) -> None:
        os.pwrite(self.descriptor(), data, offset)

    def discard(self, offset: int, size_bytes: int) -> None:
        _check(lib.cpl_file_discard(self.descriptor(), offset, size_bytes), f"giving {size_bytes} bytes back")

    def close(self) -> None:
        try:
            descriptor = self._owned.pop()
        except IndexError:
            return
        os.close(descriptor)


class CpuMapper(Mapper):
    """The mapper of one CPU device."""

    granularity_bytes = GRANULARITY_BYTES

    def __init__(self, device: CpuDevice) -> None:
        self._device = device
        self.page_bytes = os.sysconf("SC_PAGESIZE")

    def create(self, name: str, size_bytes: int) -> CpuBacking:
        descriptor = lib.cpl_file_open(name.encode(), size_bytes)
        if descriptor < 0:
            error = os.strerror(ffi.errno)
            raise base.OutOfMemory(f"no file of {size_bytes} bytes of memory: {error}; more file descriptors may be "
                                   "allowed by ulimit -n")
        return CpuBacking(descriptor, size_bytes)

    def open(self, descriptor: int) -> CpuBacking:
        try:
            own = os.dup(descriptor)
        except (OSError, OverflowError):
            raise base.BadArgument(f"{descriptor} is no open file descriptor") from None
        os.set_inheritable(own, False)
        return self._opened(own, f"file descriptor {descriptor}")

    def open_of(self, process: int, descriptor: int) -> CpuBacking:
        path = f"/proc/{process}/fd/{descriptor}"
        try:  # O_NONBLOCK: the number may stand for something else by now, such as a pipe without readers
            own = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise base.BadArgument(f"{path}: {error.strerror}; the process that shared the memory has ended or closed "
                                   "it, or is of another user or container") from None
        return self._opened(own, path)

    @staticmethod
    def _opened(own: int, what: str) -> CpuBacking:
        try:
            size_bytes = os.lseek(own, 0, os.SEEK_END)
        except OSError:
            os.close(own)
            raise base.BadArgument(f"{what} stands for no memory") from None
        return CpuBacking(own, size_bytes)

    def alloc(self, backing: Backing, offset: int, size_bytes: int, kind: MemoryKind, inner: int = 0) -> Allocation:
        out = ffi.new("uint64_t *")
        file = backing.descriptor()
        status = lib.cpl_memory_map(self._device.ordinal, kind.value, size_bytes, file, offset, inner, out)
        _check(status, f"{size_bytes} bytes of shared memory")
        return self._find(out[0])

    def _find(self, base_address: int) -> Allocation:
        found = self._device.find(base_address)
        assert found is not None
        return found

    def share(self, base: int, name: str, front_bytes: int) -> tuple[CpuBacking, int]:
        low, high = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        _check(lib.cpl_memory_pages(base, low, high), f"{base:#x} is not the start of an allocation of ours")
        backing = self.create(name, front_bytes + high[0] - low[0])
        try:
            _check(lib.cpl_memory_share(base, backing.descriptor(), front_bytes), f"{base:#x} cannot be shared, or was")
        except BaseException:
            backing.close()
            raise
        return backing, front_bytes + base - low[0]

    def charge(self, size_bytes: int) -> None:
        free = self._device.caps.memory_bytes - self._device.used_bytes()
        if size_bytes > free:
            raise base.OutOfMemory(f"{size_bytes} bytes asked and {free} free on {self._device.caps.name}")
        lib.cpl_memory_charge(self._device.ordinal, size_bytes)

    def discharge(self, size_bytes: int) -> None:
        lib.cpl_memory_charge(self._device.ordinal, -size_bytes)

    def reserve(self, size_bytes: int, alignment_bytes: int, wanted: int) -> int:
        out = ffi.new("uint64_t *")
        _check(lib.cpl_range_reserve(size_bytes, alignment_bytes, wanted, out), f"{size_bytes} bytes of addresses")
        return int(out[0])

    def release(self, base: int) -> None:
        _check(lib.cpl_range_release(base), f"the range at {base:#x} still has mappings, or is none")

    def map(self, address: int, size_bytes: int, backing: Backing, offset: int) -> Allocation:
        status = lib.cpl_range_map(self._device.ordinal, address, size_bytes, backing.descriptor(), offset)
        _check(status, f"{size_bytes} bytes at {address:#x} are not reserved, or something is mapped there")
        return self._find(address)

    def unmap(self, address: int) -> None:
        _check(lib.cpl_range_unmap(address), f"no mapping begins at {address:#x}")

    def protect(self, address: int, access: int) -> None:
        _check(lib.cpl_range_protect(address, access), f"no mapping begins at {address:#x}")

    def next_number(self, address: int) -> int:
        return int(lib.cpl_word_next(address))

    def number(self, address: int) -> int:
        return int(lib.cpl_word_read(address))

    def wait_for_number(self, queue: base.Queue, address: int, number: int, writer: int) -> None:
        from compatlayer.backends.cpu import CpuQueue

        assert isinstance(queue, CpuQueue)
        _check(lib.cpl_queue_watch_writer(queue.raw, address, number, writer), "a wait for another process")

    def process_lives(self, process: int) -> bool:
        return bool(lib.cpl_process_lives(process))
