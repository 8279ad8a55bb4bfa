"""Buffer: device memory, its NumPy views, and copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from compatlayer.backends.base import Box, MemoryKind
from compatlayer.core import context as contexts
from compatlayer.core import copy, memory
from compatlayer.core import fill as core_fill
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.python.lifetime import Owned, forget, release_forgotten

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

    from compatlayer.frontends.python.device import Device
    from compatlayer.frontends.python.stream import Stream

DLPACK_CPU = 1


class Memory:
    """One allocation, given back when it was released and no view of it lives any more. It keeps the primary context
    alive, whose end would end the memory."""

    __slots__ = ("address", "exports", "record", "released")

    def __init__(self, device: Device, size_bytes: int) -> None:
        context = contexts.retain_primary(device.core)
        try:
            self.record = memory.allocate(context, size_bytes, MemoryKind.DEVICE)
        except CudaError:
            contexts.release_primary(device.core)
            raise
        self.address = self.record.base
        self.exports = 0
        self.released = False

    def release(self) -> None:
        """End it, now or with its last view; waits for the context's work."""
        self.released = True
        if self.exports == 0:
            self.free()

    def free(self) -> None:
        if memory.live_at(self.address) is not self.record:
            return  # the context was reset, and this memory with it
        try:
            memory.free(self.address)
        finally:
            contexts.release_primary(self.record.device)


class Export:
    """The base of a view: NumPy reads `__array_interface__` and holds this object, which holds the memory."""

    __slots__ = ("__array_interface__", "memory")

    def __init__(self, memory: Memory, interface: dict[str, Any]) -> None:
        self.memory = memory
        self.__array_interface__ = interface
        memory.exports += 1

    def __del__(self) -> None:
        self.memory.exports -= 1
        if self.memory.released and self.memory.exports == 0:
            forget(self.memory.free)


class Buffer(Owned):
    """`size_bytes` of zero-filled memory on `device`. Owns it: close() waits for the device's work and gives it back,
    or lets its last view do so. `shape` and `dtype` say what array it holds; without them it is bytes. Raises
    CudaError OUT_OF_MEMORY, INVALID_VALUE for 0 bytes."""

    def __init__(self, device: Device, size_bytes: int) -> None:
        device.check_open()
        self.device = device
        self.size_bytes = size_bytes
        self.shape: tuple[int, ...] = (size_bytes,)
        self._dtype: np.dtype[Any] | None = None
        release_forgotten()
        self._memory = Memory(device, size_bytes)
        self.begin(self._memory.release)

    @classmethod
    def of_shape(cls, device: Device, shape: int | Sequence[int], dtype: DTypeLike) -> Self:
        """Memory for an array in C order."""
        import numpy as np

        kind = np.dtype(dtype)
        if kind.hasobject:
            raise CudaError(Status.INVALID_VALUE, f"a device cannot hold {kind}: it has Python objects")
        extent = (shape,) if isinstance(shape, int) else tuple(int(number) for number in shape)
        count = 1
        for number in extent:
            count *= number
        buffer = cls(device, count * kind.itemsize)
        buffer.shape = extent
        buffer._dtype = kind
        return buffer

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.size_bytes} bytes at {self._memory.address:#x}"
        return f"<Buffer {self.dtype}{list(self.shape)}: {state}>"

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return self._dtype if self._dtype is not None else np.dtype(np.uint8)

    @property
    def address(self) -> int:
        """The device address. Raises CudaError INVALID_HANDLE after close()."""
        self.check_open()
        return self._memory.address

    def view(self, dtype: DTypeLike | None = None, shape: int | Sequence[int] | None = None) -> NDArray[Any]:
        """The memory itself as a NumPy array, without a copy; synchronize before looking at what a kernel writes.

        Outlives close(): the memory is given back when the last view is gone. Raises CudaError NOT_SUPPORTED on a
        device whose memory the host cannot reach, INVALID_VALUE for a shape that is larger than the buffer."""
        import numpy as np

        self.check_open()
        if not self.device.core.caps.raw_pointers:
            raise CudaError(Status.NOT_SUPPORTED, f"the host cannot reach the memory of {self.device.name}; "
                                                  "use copy_to")
        kind = self.dtype if dtype is None else np.dtype(dtype)
        extent = self._view_shape(kind, dtype is None, shape)
        if kind.hasobject:
            raise CudaError(Status.INVALID_VALUE, f"a device cannot hold {kind}: it has Python objects")
        if int(np.prod(extent, dtype=object)) * kind.itemsize > self.size_bytes or min(extent, default=0) < 0:
            raise CudaError(Status.INVALID_VALUE, f"a view of {kind}{list(extent)} does not fit into a buffer of "
                                                  f"{self.size_bytes} bytes")
        interface = {"version": 3, "shape": extent, "typestr": kind.str, "descr": kind.descr,
                     "data": (self._memory.address, False)}
        return np.asarray(Export(self._memory, interface))

    def _view_shape(self, kind: np.dtype[Any], own_dtype: bool,
                    shape: int | Sequence[int] | None) -> tuple[int, ...]:
        if shape is None:
            return self.shape if own_dtype else (self.size_bytes // kind.itemsize,)
        return (shape,) if isinstance(shape, int) else tuple(int(number) for number in shape)

    def copy_from(self, source: NDArray[Any] | Buffer, stream: Stream | None = None) -> None:
        """Copy all of `source` to the beginning of this buffer, ordered in `stream` (else the default stream). A copy
        from host memory is done on return. Raises CudaError INVALID_VALUE when it does not fit."""
        import numpy as np

        if isinstance(source, Buffer):
            self._copy(self.address, source.address, source.size_bytes, self.size_bytes, stream)
            return
        array = np.ascontiguousarray(source)
        if array.dtype.hasobject:
            raise CudaError(Status.INVALID_VALUE, f"a device cannot hold {array.dtype}: it has Python objects")
        self._copy(self.address, array.ctypes.data, array.nbytes, self.size_bytes, stream)

    def copy_to(self, target: NDArray[Any] | None = None, stream: Stream | None = None) -> NDArray[Any]:
        """Copy all of this buffer to the beginning of `target`, or into a new NumPy array of its shape and type;
        returns the target. Done on return for host memory. Raises CudaError INVALID_VALUE when it does not fit."""
        import numpy as np

        self.check_open()
        array = np.empty(self.shape, self.dtype) if target is None else target
        if not array.flags.c_contiguous or not array.flags.writeable:
            raise CudaError(Status.INVALID_VALUE, "the target array is not contiguous or not writable")
        self._copy(array.ctypes.data, self.address, self.size_bytes, array.nbytes, stream)
        return array

    def fill(self, value: int, stream: Stream | None = None) -> None:
        """Set every byte to `value` (0 to 255), ordered in `stream`; does not wait."""
        if not 0 <= value <= 255:
            raise CudaError(Status.INVALID_VALUE, f"a byte is 0 to 255, not {value}")
        core_fill.fill(self._stream(stream).core, self.address, value, 1, self.size_bytes)

    def _copy(self, to: int, origin: int, size_bytes: int, room_bytes: int, stream: Stream | None) -> None:
        if size_bytes > room_bytes:
            raise CudaError(Status.INVALID_VALUE, f"{size_bytes} bytes do not fit into {room_bytes}")
        copy.now(self._stream(stream).core, Box(to, origin, size_bytes), copy.Side.ANY, copy.Side.ANY)

    def _stream(self, stream: Stream | None) -> Stream:
        self.check_open()
        if stream is None:
            return self.device.default_stream
        stream.check_open()
        if stream.device.ordinal != self.device.ordinal:
            raise CudaError(Status.INVALID_HANDLE, f"a stream of device {stream.device.ordinal} cannot copy memory of "
                                                   f"device {self.device.ordinal}")
        return stream

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """Version 3 of the interface that numba and CuPy read. The memory is this buffer's."""
        return {"version": 3, "shape": self.shape, "typestr": self.dtype.str, "descr": self.dtype.descr,
                "data": (self.address, False), "strides": None, "stream": 1}

    def __dlpack__(self, **options: Any) -> object:
        """A DLPack capsule of the host's view, after the work under way is done."""
        self.device.synchronize()
        return self.view().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU: that is where this memory is."""
        if not self.device.core.caps.raw_pointers:
            raise CudaError(Status.NOT_SUPPORTED, f"the host cannot reach the memory of {self.device.name}")
        return DLPACK_CPU, 0
