"""Texture and surface objects: what they are made of, and how they live (cuTexObjectCreate, cuSurfObjectCreate).

An object's handle is the address of its descriptor, which device code reads (texture_descriptor).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from compatlayer.core import memory, texture_memory
from compatlayer.core.array import CUBEMAP, SURFACE_LDST, Array, MipmappedArray
from compatlayer.core.array_format import CHANNEL_BYTES, FIXED, element_bytes
from compatlayer.core.attributes import (
    LINEAR_TEXELS,
    PITCHED_TEXTURE,
    TEXTURE_ALIGNMENT_BYTES,
    TEXTURE_PITCH_ALIGNMENT_BYTES,
)
from compatlayer.core.context import Context
from compatlayer.core.texture_descriptor import (
    BORDER,
    CLAMP,
    HALF,
    INTEGER,
    MIRROR,
    NORMALISED,
    PACKED_10,
    RAW,
    SRGB,
    WRAP,
    Descriptor,
    Level,
    Sampling,
    Texels,
    dead,
)
from compatlayer.errors import CudaError, Status

__all__ = ["Flat", "How", "Surface", "Texture", "View", "find", "surface", "texture"]

READ_AS_INTEGER, NORMALIZED_COORDINATES, AS_SRGB, NO_TRILINEAR_OPTIMIZATION, SEAMLESS_CUBEMAP = 1, 2, 16, 32, 64
_FLAGS = READ_AS_INTEGER | NORMALIZED_COORDINATES | AS_SRGB | NO_TRILINEAR_OPTIMIZATION | SEAMLESS_CUBEMAP
_SIGNED = (8, 9, 10)  # CU_AD_FORMAT_SIGNED_INT8, 16, 32
_HALF, _FLOAT, _PACKED_10 = 16, 32, 80
_FIRST_SNORM = 198


@dataclass(frozen=True)
class Flat:
    """Linear (height 0) or pitched memory as a resource; extents are elements."""

    address: int
    format: int
    channels: int
    width: int
    height: int
    pitch_bytes: int


@dataclass(frozen=True)
class How:
    """A CUDA_TEXTURE_DESC; the border's channels as they were given."""

    modes: tuple[int, int, int]
    linear: bool
    flags: int
    level_linear: bool
    level_bias: float
    level_least: float
    level_most: float
    border: tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """A CUDA_RESOURCE_VIEW_DESC, its format as (format, channels); None keeps the array's."""

    format: tuple[int, int] | None
    extents: tuple[int, int, int]
    levels: tuple[int, int]
    layers: tuple[int, int]


Resource = Array | MipmappedArray | Flat


class _Object:
    """What device code reads at `handle` until close(). `given` is for the front end: what the object was made of."""

    def __init__(self, context: Context, descriptor: Descriptor, given: tuple[object, ...]) -> None:
        self.context = context
        self.given = given
        self.handle = texture_memory.take()
        texture_memory.write(self.handle, descriptor.pack(self.handle))
        _objects[self.handle] = self
        context.resources[self] = None

    def close(self) -> None:
        """End it; twice is fine. A kernel that still uses it faults."""
        if _objects.get(self.handle) is self:
            del _objects[self.handle]
            self.context.resources.pop(self, None)
            texture_memory.write(self.handle, dead().pack(self.handle))
            texture_memory.give_back(self.handle)


class Texture(_Object):
    """A CUtexObject."""

    noun: ClassVar[str] = "texture"


class Surface(_Object):
    """A CUsurfObject."""

    noun: ClassVar[str] = "surface"


_objects: dict[int, _Object] = {}
Kind = TypeVar("Kind", Texture, Surface)


def find(value: int, kind: type[Kind]) -> Kind:
    """The live object behind a handle; INVALID_VALUE else."""
    found = _objects.get(value)
    if isinstance(found, kind):
        return found
    raise CudaError(Status.INVALID_VALUE, f"{value:#x} is no live {kind.noun} object")


def texture(context: Context, resource: Resource, how: How, view: View | None, given: tuple[object, ...]) -> Texture:
    """cuTexObjectCreate."""
    context.check()
    if how.flags & ~_FLAGS:
        raise CudaError(Status.INVALID_VALUE, f"texture flags {how.flags:#x}: {how.flags & ~_FLAGS:#x} is not known")
    if isinstance(resource, Flat):
        if view is not None:
            raise CudaError(Status.INVALID_VALUE, "a resource view is of an array or a mipmapped array; this is memory")
        layers, shape_flags = 1, 0
        levels: tuple[Level, ...] = (_flat_level(context, resource),)
        number, channels = resource.format, resource.channels
    else:
        levels, layers = _array_levels(resource, view)
        shape_flags = resource.shape.flags
        number, channels = resource.shape.format, resource.shape.channels
        if view is not None and view.format is not None:
            if element_bytes(*view.format) != element_bytes(number, channels):
                raise CudaError(Status.INVALID_VALUE, f"a view's format has the size of the array's; array format "
                                                      f"{view.format[0]} with {view.format[1]} channels has not")
            number, channels = view.format
        if isinstance(resource, MipmappedArray) and not how.flags & NORMALIZED_COORDINATES:
            raise CudaError(Status.INVALID_VALUE, "a texture of a mipmapped array has normalised coordinates "
                                                  "(CU_TRSF_NORMALIZED_COORDINATES)")
    cube = bool(shape_flags & CUBEMAP)
    if how.flags & SEAMLESS_CUBEMAP and not cube:
        raise CudaError(Status.INVALID_VALUE, "CU_TRSF_SEAMLESS_CUBEMAP is for arrays made with CUDA_ARRAY3D_CUBEMAP")
    texels = _texels(number, channels, how.flags)
    one_row = isinstance(resource, Flat) and not resource.height
    whole = texels.decode == INTEGER or (texels.decode == RAW and number != _FLOAT)
    if how.linear and whole and not one_row:
        raise CudaError(Status.INVALID_VALUE, "integers are not filtered: read them as normalised floats (without "
                                              "CU_TRSF_READ_AS_INTEGER, 8 or 16 bits), or use CU_TR_FILTER_MODE_POINT")
    return Texture(context, Descriptor(texels, levels, layers, cube, _sampling(how, one_row, whole)), given)


def surface(context: Context, array: Array, given: tuple[object, ...]) -> Surface:
    """cuSurfObjectCreate; the array was made with CUDA_ARRAY3D_SURFACE_LDST."""
    context.check()
    if not array.shape.flags & SURFACE_LDST:
        raise CudaError(Status.INVALID_VALUE, "a surface is of an array made with CUDA_ARRAY3D_SURFACE_LDST")
    levels, layers = _array_levels(array, None)
    texels = Texels(RAW, array.element_bytes, min(32, array.element_bytes * 8), array.shape.channels)
    return Surface(context, Descriptor(texels, levels, layers, bool(array.shape.flags & CUBEMAP)), given)


# ---- the resource --------------------------------------------------------------------------------
def _flat_level(context: Context, flat: Flat) -> Level:
    size = element_bytes(flat.format, flat.channels)
    if size == 0:
        raise CudaError(Status.INVALID_VALUE, f"format {flat.format} has planes; memory has none")
    if flat.address % TEXTURE_ALIGNMENT_BYTES:
        raise CudaError(Status.INVALID_VALUE, f"texture memory at {flat.address:#x} is not aligned to "
                                              f"{TEXTURE_ALIGNMENT_BYTES} bytes")
    rows = flat.height or 1
    if flat.height:
        most = PITCHED_TEXTURE
        if not (1 <= flat.width <= most[0] and flat.height <= most[1] and flat.pitch_bytes <= most[2]
                and flat.pitch_bytes >= flat.width * size and flat.pitch_bytes % TEXTURE_PITCH_ALIGNMENT_BYTES == 0):
            raise CudaError(Status.INVALID_VALUE, f"no texture has {flat.width} x {flat.height} elements of {size} "
                                                  f"bytes at a pitch of {flat.pitch_bytes}; the most is {most}, and "
                                                  f"the pitch is a multiple of {TEXTURE_PITCH_ALIGNMENT_BYTES}")
    elif not 1 <= flat.width <= LINEAR_TEXELS:
        raise CudaError(Status.INVALID_VALUE, f"a texture of linear memory has 1 to {LINEAR_TEXELS} elements, not "
                                              f"{flat.width}")
    pitch = flat.pitch_bytes if flat.height else flat.width * size
    needed = pitch * (rows - 1) + flat.width * size
    record = memory.find(context.device, flat.address)
    if record is None or flat.address + needed > record.base + record.size_bytes:
        raise CudaError(Status.INVALID_VALUE, f"{needed} bytes at {flat.address:#x} are not device memory")
    return Level(flat.address, flat.width, rows, 1, pitch, pitch * rows)


def _array_levels(resource: Array | MipmappedArray, view: View | None) -> tuple[tuple[Level, ...], int]:
    """The levels and how many layers or faces they have."""
    arrays = resource.levels if isinstance(resource, MipmappedArray) else [resource]
    shape = resource.shape
    layers = (shape.depth or 1) if shape.layered else 1
    first = 0
    if view is not None:
        if view.extents != (shape.width, shape.height, shape.depth) and not shape.layered:
            raise CudaError(Status.INVALID_VALUE, f"a view has the array's extents {shape[:3]}, not {view.extents}")
        low, high = view.levels
        if not low <= high < len(arrays) or not view.layers[0] <= view.layers[1] < max(layers, 1):
            raise CudaError(Status.INVALID_VALUE, f"levels {view.levels} and layers {view.layers} of a view of "
                                                  f"{len(arrays)} levels and {layers} layers")
        arrays = arrays[low : high + 1]
        first, layers = view.layers[0], view.layers[1] - view.layers[0] + 1
    if any(one.planar for one in arrays):
        raise CudaError(Status.INVALID_VALUE, "an array with planes is read plane by plane (cuArrayGetPlane)")
    return tuple(Level(one.base + first * one.slice_bytes, one.shape.width, one.rows,
                       1 if shape.layered else one.slices, one.pitch_bytes, one.slice_bytes)
                 for one in arrays), layers


# ---- texels and coordinates ----------------------------------------------------------------------
def _texels(number: int, channels: int, flags: int) -> Texels:
    size = element_bytes(number, channels)
    bits = size * 8 // channels
    signed = number in _SIGNED or (number in FIXED and number != _PACKED_10 and number >= _FIRST_SNORM)
    if number in CHANNEL_BYTES:
        if bits == 32:
            decode = RAW
        elif number == _HALF:
            decode = HALF
        elif flags & READ_AS_INTEGER:
            decode = INTEGER
        else:
            decode = NORMALISED
    else:
        decode = PACKED_10 if number == _PACKED_10 else NORMALISED
    if decode == NORMALISED and bits == 8 and not signed and flags & AS_SRGB:
        decode = SRGB
    return Texels(decode, size, bits, channels, signed)


def _sampling(how: How, one_row: bool, whole: bool) -> Sampling:
    normalised = bool(how.flags & NORMALIZED_COORDINATES)
    if one_row:  # documented: filter and address modes of linear memory are ignored
        return Sampling(normalised=normalised)
    modes = how.modes
    if not all(mode in (WRAP, CLAMP, MIRROR, BORDER) for mode in modes):
        raise CudaError(Status.INVALID_VALUE, f"address modes {modes}: they are 0 to 3")
    if not normalised:
        # Documented: wrapping and mirroring need normalised coordinates and are clamping without them.
        modes = tuple(CLAMP if mode in (WRAP, MIRROR) else mode for mode in modes)  # type: ignore[assignment]
    border = tuple(struct.unpack("<4I", struct.pack("<4f", *how.border)))
    return Sampling(modes, how.linear, normalised, border, how.level_linear and not whole,  # type: ignore[arg-type]
                    how.level_bias, how.level_least, how.level_most, bool(how.flags & SEAMLESS_CUBEMAP))


