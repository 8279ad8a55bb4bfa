"""Texture and surface references: variables of a module that hold an object, bound by the driver API.

Follows "Texture Reference Management" and "Surface Reference Management" of the CUDA driver API. What is bound takes
effect at once, for launches that follow: work that may use the variable is waited for first.
"""

from __future__ import annotations

import struct
from array import array
from typing import ClassVar

from compatlayer.core import copy, handles
from compatlayer.core import texture as textures
from compatlayer.core.array import Array, MipmappedArray
from compatlayer.core.array_format import element_bytes
from compatlayer.core.context import Context
from compatlayer.core.module import Module
from compatlayer.core.stream import resolve
from compatlayer.core.texture import READ_AS_INTEGER, Flat, How
from compatlayer.errors import CudaError, Status

# include/device/compatlayer/references.h
_LAYOUT = struct.Struct("<QIHHIIII")
_TEXTURE, _SURFACE = 0x46525854, 0x46525553
_ELEMENTS = 0  # cudaReadModeElementType
_FLOAT = 32  # CU_AD_FORMAT_FLOAT


class Reference:
    """A variable of a module that holds an object's handle; `address` 0 for one that no kernel has."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, context: Context, address: int) -> None:
        self.context = context
        self.address = address
        self.object: textures.Texture | textures.Surface | None = None
        self.problem: CudaError | None = None  # why what was asked for last cannot be bound
        self.handle = handles.add(self)

    def bind(self, made: textures.Texture | textures.Surface) -> None:
        """Let kernels that are launched from now on use `made`."""
        self.context.wait_idle()
        old, self.object, self.problem = self.object, made, None
        _write(self.address, struct.pack("<Q", made.handle))
        if old is not None:
            old.close()

    def close(self) -> None:
        """End it; twice is fine."""
        if self.handle:
            handles.remove(self.handle)
            self.handle = 0
        if self.object is not None:
            self.object.close()
            self.object = None


class TextureReference(Reference):
    """A CUtexref."""

    def __init__(self, context: Context, address: int, flags: int = 0, linear: bool = False, mode: int = 1) -> None:
        super().__init__(context, address)
        self.resource: Array | MipmappedArray | None = None
        self.memory: tuple[int, int, int, int] | None = None  # address, bytes, or 0 and then height and pitch
        self.width = 0
        self.format = (_FLOAT, 1)
        self.modes = [mode, mode, mode]
        self.linear = linear
        self.forced_flags = 0
        self.flags = flags
        self.level_linear = False
        self.level_bias = 0.0
        self.level_clamp = (0.0, 0.0)
        self.border = (0.0, 0.0, 0.0, 0.0)
        self.anisotropy = 0

    def refresh(self) -> None:
        """Bind what is set now; what does not fit together (yet) is told by check()."""
        source = self._source()
        if source is None or not self.address:
            return
        first, second, third = self.modes
        how = How((first, second, third), self.linear, self.flags | self.forced_flags, self.level_linear,
                  self.level_bias, *self.level_clamp, self.border)
        try:
            made = textures.texture(self.context, source, how, None, ())
        except CudaError as error:
            self.problem = error
            return
        self.bind(made)

    def check(self) -> None:
        """Raise why the reference is not bound as it was set."""
        if self.problem is not None:
            raise self.problem

    def _source(self) -> Array | MipmappedArray | Flat | None:
        if self.memory is None:
            return self.resource
        address, size_bytes, height, pitch = self.memory
        width = self.width or size_bytes // (element_bytes(*self.format) or 1)
        return Flat(address, *self.format, width, height, pitch)


class SurfaceReference(Reference):
    """A CUsurfref."""

    array: Array | None = None

    def set_array(self, given: Array) -> None:
        """Bind an array that was made for surfaces."""
        self.bind(textures.surface(self.context, given, ()))
        self.array = given


def texture_of(module: Module, name: str) -> TextureReference:
    """The texture reference of that name; NOT_FOUND when the module has none."""
    kept = module.references.get(name)
    if isinstance(kept, TextureReference):
        return kept
    address, (_, mark, _, mode, flags, filtering, addressing, _) = _variable(module, name)
    if mark != _TEXTURE:
        raise CudaError(Status.NOT_FOUND, f"'{name}' is no texture reference (texture<type, dimensions> {name};)")
    made = TextureReference(module.context, address, flags, filtering == 1, addressing)
    made.forced_flags = READ_AS_INTEGER if mode == _ELEMENTS else 0  # the kernel's type says so
    module.references[name] = made
    return made


def surface_of(module: Module, name: str) -> SurfaceReference:
    """The surface reference of that name; NOT_FOUND when the module has none."""
    kept = module.references.get(name)
    if isinstance(kept, SurfaceReference):
        return kept
    address, fields = _variable(module, name)
    if fields[1] != _SURFACE:
        raise CudaError(Status.NOT_FOUND, f"'{name}' is no surface reference (surface<void, dimensions> {name};)")
    made = SurfaceReference(module.context, address)
    module.references[name] = made
    return made


def _variable(module: Module, name: str) -> tuple[int, tuple[int, ...]]:
    address, size_bytes = module.symbol(name)
    if size_bytes != _LAYOUT.size:
        return address, (0,) * 8
    room = array("B", bytes(_LAYOUT.size))
    copy.now(resolve(0), copy.Box(room.buffer_info()[0], address, _LAYOUT.size), copy.Side.HOST, copy.Side.DEVICE)
    return address, _LAYOUT.unpack(room.tobytes())


def _write(address: int, data: bytes) -> None:
    room = array("B", data)
    copy.now(resolve(0), copy.Box(address, room.buffer_info()[0], len(data)), copy.Side.DEVICE, copy.Side.HOST)
