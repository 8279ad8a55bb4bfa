"""Memory of OpenCL devices: plain addresses, by USM or SVM, and the book of what is where."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from compatlayer.backends import base
from compatlayer.backends.base import Allocation, MemoryKind
from compatlayer.backends.opencl_library import check, ffi, told

if TYPE_CHECKING:
    from compatlayer.backends.opencl import OpenClDevice

USM, FINE, COARSE = "USM", "fine-grain SVM", "coarse-grain SVM"
_SVM_READ_WRITE, _SVM_FINE = 1, 1 << 10
_HOST = (MemoryKind.HOST,)


class Book:
    """Live ranges of all devices of the backend, by address."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bases: list[int] = []
        self._all: dict[int, Allocation] = {}
        self._ids = count(1)

    def enter(self, start: int, size_bytes: int, ordinal: int, kind: MemoryKind) -> Allocation:
        """Note a range. BadArgument where it overlaps one that is known."""
        with self._lock:
            at = bisect_right(self._bases, start)
            before = self._all[self._bases[at - 1]] if at else None
            after = self._bases[at] if at < len(self._bases) else None
            if (before is not None and before.base + before.size_bytes > start) or \
                    (after is not None and after < start + size_bytes):
                raise base.BadArgument(f"{size_bytes} bytes at {start:#x} overlap an allocation")
            made = Allocation(start, size_bytes, next(self._ids), ordinal, kind)
            self._all[start] = made
            insort(self._bases, start)
            return made

    def leave(self, start: int) -> Allocation:
        """Forget the range that begins there."""
        with self._lock:
            found = self._all.pop(start, None)
            if found is None:
                raise base.BadArgument(f"{start:#x} is not the start of an allocation")
            del self._bases[bisect_right(self._bases, start) - 1]
            return found

    def find(self, address: int) -> Allocation | None:
        """The range that contains the address."""
        with self._lock:
            at = bisect_right(self._bases, address)
            found = self._all[self._bases[at - 1]] if at else None
        return found if found is not None and address < found.base + found.size_bytes else None


class Space:
    """How one device allocates, copies and fills: the best way that it has."""

    def __init__(self, device: OpenClDevice, way: str) -> None:
        self.way = way
        self._device = device
        self._lib = lib = device.lib
        if way == USM:
            self._functions = {name: ffi().cast(type_, self._function(name)) for name, type_ in (
                ("clDeviceMemAllocINTEL", "alloc_device_fn"), ("clHostMemAllocINTEL", "alloc_host_fn"),
                ("clSharedMemAllocINTEL", "alloc_device_fn"), ("clMemBlockingFreeINTEL", "free_fn"),
                ("clEnqueueMemcpyINTEL", "memcpy_fn"), ("clEnqueueMemFillINTEL", "memfill_fn"))}
            self.memcpy: Any = self._functions["clEnqueueMemcpyINTEL"]
            self.memfill: Any = self._functions["clEnqueueMemFillINTEL"]
        else:
            self.memcpy, self.memfill = lib.clEnqueueSVMMemcpy, lib.clEnqueueSVMMemFill

    def _function(self, name: str) -> Any:
        found = self._lib.clGetExtensionFunctionAddressForPlatform(self._device.platform, name.encode())
        if found == ffi().NULL:
            raise base.BackendError(f"{self._device.caps.name} offers USM and lacks {name}")
        return found

    def alloc(self, size_bytes: int, kind: MemoryKind, alignment_bytes: int) -> int:
        """The address of new memory. OutOfMemory with the driver's code."""
        device, status = self._device, ffi().new("int *")
        if self.way != USM:
            flags = _SVM_READ_WRITE | (_SVM_FINE if self.way == FINE else 0)
            pointer = self._lib.clSVMAlloc(device.context, flags, size_bytes, min(alignment_bytes, 4096))
            status[0] = -4 if pointer == ffi().NULL else 0
        elif kind in _HOST:
            pointer = self._functions["clHostMemAllocINTEL"](device.context, ffi().NULL, size_bytes, 0, status)
        else:
            name = "clSharedMemAllocINTEL" if kind is MemoryKind.MANAGED else "clDeviceMemAllocINTEL"
            pointer = self._functions[name](device.context, device.raw, ffi().NULL, size_bytes, 0, status)
        if pointer == ffi().NULL or status[0] < 0:
            raise base.OutOfMemory(f"{size_bytes} bytes of {kind.name.lower()} memory on {device.caps.name}: OpenCL "
                                   f"answered {told(status[0])}")
        return int(ffi().cast("uintptr_t", pointer))

    def free(self, address: int) -> None:
        """Give memory back; nothing uses it any more."""
        pointer = ffi().cast("void *", address)
        if self.way == USM:
            check(self._functions["clMemBlockingFreeINTEL"](self._device.context, pointer), "freeing memory")
        else:
            self._lib.clSVMFree(self._device.context, pointer)
