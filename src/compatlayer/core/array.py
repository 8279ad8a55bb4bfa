"""CUDA arrays and mipmapped arrays as memory. Follows cuArrayCreate, cuArray3DCreate and cuMipmappedArrayCreate.

The layout, which texture and surface units read: element (x, y, z) is at

    base + z * slice_bytes + y * pitch_bytes + x * element_bytes

with pitch_bytes the width in bytes rounded up to PITCH_BYTES, and slice_bytes = pitch_bytes * rows. z is the slice of a
3-D array, the layer of a layered one, or 6 * cube + face of cubemaps. The channels of an element follow each other. The
levels of a mipmapped array and the planes of a planar one are arrays of their own, each aligned to BASE_BYTES, one
behind the other in one allocation. An array's memory has no record: no address of it is a pointer for programs, only
copies reach it.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from compatlayer.backends.base import MemoryKind
from compatlayer.core import handles, host_function, memory
from compatlayer.core.array_format import PLANES, element_bytes
from compatlayer.core.context import Context
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.errors import CudaError, Status

PITCH_BYTES = 32
BASE_BYTES = 512
LAYERED, SURFACE_LDST, CUBEMAP, TEXTURE_GATHER = 1, 2, 4, 8  # CUDA_ARRAY3D_*
_KNOWN = LAYERED | SURFACE_LDST | CUBEMAP | TEXTURE_GATHER
_DOCUMENTED = 0x1FF
# The most of each extent at compute capability 8.6, by kind of array: width, height, depth or layers.
_LIMITS = {"1D": (131072, 0, 0), "2D": (131072, 65536, 0), "3D": (16384, 16384, 16384), "1D layered": (32768, 0, 2048),
           "2D layered": (32768, 32768, 2048), "cubemap": (32768, 32768, 6), "cubemap layered": (32768, 32768, 2046)}


class Shape(NamedTuple):
    """What an array's maker said of it. Extents are elements; height and depth are 0 where there is no such extent."""

    width: int
    height: int
    depth: int
    format: int  # CUarray_format
    channels: int
    flags: int  # CUDA_ARRAY3D_*

    @property
    def layered(self) -> bool:
        """Whether `depth` counts layers or faces."""
        return bool(self.flags & (LAYERED | CUBEMAP))

    @property
    def kind(self) -> str:
        """1D, 2D, 3D, 1D layered, 2D layered, cubemap or cubemap layered."""
        layered = " layered" if self.flags & LAYERED else ""
        if self.flags & CUBEMAP:
            return "cubemap" + layered
        return ("2D" if self.height else "1D") + layered if layered or not self.depth else "3D"


class Memory:
    """The allocation behind one or several arrays; it goes with its owner."""

    def __init__(self, context: Context, size_bytes: int) -> None:
        self.context = context
        self.record = memory.obtain(context.device, size_bytes, MemoryKind.DEVICE, None)
        self.base = self.record.base
        memory.forget(self.base)
        _memories[self.base] = self

    def close(self) -> None:
        """Give it back after the work of its context; twice is fine."""
        if _memories.pop(self.base, None) is not self:
            return
        if self.context.alive and not host_function.on_callback_thread():
            self.context.wait_idle()
        self.context.device.hardware.free(self.base)


_memories: dict[int, Memory] = {}


class Array:
    """A CUDA array. Levels of a mipmapped array and planes have the `owner` that their memory goes with."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, shape: Shape, memory: Memory, base: int, owner: object | None = None) -> None:
        self.shape = shape
        self.memory = memory
        self.base = base
        self.owner = owner
        self.element_bytes = element_bytes(shape.format, shape.channels)
        self.width_bytes = shape.width * self.element_bytes
        self.pitch_bytes = _round(self.width_bytes, PITCH_BYTES)
        self.rows = shape.height or 1
        self.slices = shape.depth or 1
        self.slice_bytes = self.pitch_bytes * self.rows
        self.planes: list[Array] = []
        self.handle = handles.add(self)
        if owner is None:
            memory.context.resources[self] = None

    @property
    def device(self) -> Device:
        return self.memory.context.device

    @property
    def planar(self) -> bool:
        """Whether only its planes have elements."""
        return self.element_bytes == 0

    def destroy(self) -> None:
        """cuArrayDestroy."""
        if self.owner is not None:
            raise CudaError(Status.INVALID_HANDLE, "a level or a plane goes with the array that it belongs to")
        self.close()

    def close(self) -> None:
        """End the array and its planes; twice is fine."""
        handles.remove(self.handle)
        for plane in self.planes:
            handles.remove(plane.handle)
        self.memory.context.resources.pop(self, None)
        if self.owner is None:
            self.memory.close()

    def plane(self, index: int) -> Array:
        """cuArrayGetPlane."""
        if not 0 <= index < len(self.planes):
            raise CudaError(Status.INVALID_VALUE, f"plane {index} of an array with {len(self.planes)} planes; formats "
                                                  "with planes are those such as CU_AD_FORMAT_NV12")
        return self.planes[index]

    def place(self, x_bytes: int, y: int, z: int, width_bytes: int, height: int, depth: int) -> int:
        """The address of a box inside the array; INVALID_VALUE when it is not inside, or not of whole elements."""
        if self.planar:
            raise CudaError(Status.INVALID_VALUE, "an array with planes is copied plane by plane (cuArrayGetPlane)")
        if x_bytes % self.element_bytes or width_bytes % self.element_bytes:
            raise CudaError(Status.INVALID_VALUE, f"{width_bytes} bytes from byte {x_bytes} of a row on are not whole "
                                                  f"elements of {self.element_bytes} bytes")
        if x_bytes + width_bytes > self.width_bytes or y + height > self.rows or z + depth > self.slices:
            raise CudaError(Status.INVALID_VALUE, f"{width_bytes} bytes x {height} x {depth} from ({x_bytes}, {y}, {z})"
                                                  f" on leave an array of {self.width_bytes} bytes x {self.rows} x "
                                                  f"{self.slices}")
        return self.base + z * self.slice_bytes + y * self.pitch_bytes + x_bytes


class MipmappedArray:
    """Levels of halved extents; layers and faces are not halved."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE

    def __init__(self, shape: Shape, memory: Memory, levels: list[tuple[Shape, int]]) -> None:
        self.shape = shape
        self.memory = memory
        self.levels = [Array(level, memory, memory.base + offset, self) for level, offset in levels]
        self.handle = handles.add(self)
        memory.context.resources[self] = None

    def level(self, index: int) -> Array:
        """cuMipmappedArrayGetLevel; the same array each time."""
        if not 0 <= index < len(self.levels):
            raise CudaError(Status.INVALID_VALUE, f"level {index} of a mipmapped array with {len(self.levels)} levels")
        return self.levels[index]

    def close(self) -> None:
        """End the array and its levels; twice is fine."""
        handles.remove(self.handle)
        for level in self.levels:
            handles.remove(level.handle)
        self.memory.context.resources.pop(self, None)
        self.memory.close()


def create(context: Context, shape: Shape) -> Array:
    """A CUDA array in new memory of the context; INVALID_VALUE for extents that no such array has."""
    context.check()
    check(shape)
    memory.free_postponed()
    if shape.format not in PLANES:
        alone = Memory(context, size_of(shape))
        return Array(shape, alone, alone.base)
    planes, offset = [], 0
    for wide, high, number, channels in PLANES[shape.format]:
        plane = Shape(shape.width // wide, shape.height // high, 0, number, channels, shape.flags)
        planes.append((plane, offset))
        offset += _round(size_of(plane), BASE_BYTES)
    held = Memory(context, offset)
    array = Array(shape, held, held.base)
    array.planes = [Array(plane, held, held.base + at, array) for plane, at in planes]
    return array


def create_mipmapped(context: Context, shape: Shape, levels: int) -> MipmappedArray:
    """A mipmapped array; the number of levels is clamped to what the extents allow, as documented."""
    context.check()
    check(shape)
    if shape.format in PLANES:
        raise CudaError(Status.INVALID_VALUE, "an array with planes has no mipmap levels")
    memory.free_postponed()
    longest = max(shape.width, shape.height, 0 if shape.layered else shape.depth)
    places, offset = [], 0
    for number in range(min(max(levels, 1), longest.bit_length())):
        height = max(1, shape.height >> number) if shape.height else 0
        level = shape._replace(width=max(1, shape.width >> number), height=height)
        if not shape.layered and shape.depth:
            level = level._replace(depth=max(1, shape.depth >> number))
        places.append((level, offset))
        offset += _round(size_of(level), BASE_BYTES)
    return MipmappedArray(shape, Memory(context, offset), places)


def size_of(shape: Shape) -> int:
    """Bytes of an array's layout."""
    row_bytes = _round(shape.width * element_bytes(shape.format, shape.channels), PITCH_BYTES)
    return row_bytes * (shape.height or 1) * (shape.depth or 1)


def check(shape: Shape) -> None:
    """INVALID_VALUE for what is no array, NOT_SUPPORTED for kinds that need what is not there."""
    element_bytes(shape.format, shape.channels)
    if shape.flags & ~_DOCUMENTED:
        raise CudaError(Status.INVALID_VALUE, f"array flags {shape.flags:#x} are not documented")
    if shape.flags & ~_KNOWN:
        raise CudaError(Status.NOT_SUPPORTED, f"array flags {shape.flags:#x}: sparse arrays, deferred mapping, and "
                                              "arrays for graphics and video are not there; their attributes are 0")
    limits = _LIMITS[shape.kind]
    extents = (shape.width, shape.height, shape.depth)
    good = all(1 <= extent <= most if most else extent == 0 for extent, most in zip(extents, limits, strict=True))
    if shape.flags & CUBEMAP:
        good = good and shape.width == shape.height and shape.depth % 6 == 0
        good = good and (shape.depth == 6 or bool(shape.flags & LAYERED))
    if shape.flags & TEXTURE_GATHER:
        good = good and shape.kind == "2D" and max(extents) <= 32768
    if shape.format in PLANES:
        good = good and shape.kind == "2D" and shape.width % 2 == shape.height % 2 == 0
    if not good:
        raise CudaError(Status.INVALID_VALUE, f"no {shape.kind} array has width {shape.width}, height {shape.height}, "
                                              f"depth {shape.depth} and format {shape.format}; the most is {limits}")


def record_at(device: Device, address: int) -> Record:
    """The record of the allocation that an address of an array lies in; INVALID_HANDLE when the array is gone."""
    allocation = device.hardware.find(address)
    held = None if allocation is None else _memories.get(allocation.base)
    if held is None:
        raise CudaError(Status.INVALID_HANDLE, "the array was destroyed by another thread")
    return held.record


def _round(value: int, unit: int) -> int:
    return -(-value // unit) * unit
