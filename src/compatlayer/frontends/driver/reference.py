"""Texture and surface references of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import handles, reference
from compatlayer.core.array import MipmappedArray
from compatlayer.core.array_format import element_bytes
from compatlayer.core.attributes import TEXTURE_ALIGNMENT_BYTES
from compatlayer.core.context import current
from compatlayer.core.reference import SurfaceReference, TextureReference
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver import image as images
from compatlayer.frontends.driver.function import find as function_of
from compatlayer.frontends.driver.module import find as module_of
from compatlayer.frontends.driver.values import array_of, needed, number, pointer

_MODES, _FILTERS = range(4), range(2)
_OVERRIDE_FORMAT = 1  # CU_TRSA_OVERRIDE_FORMAT, the only flag
_FLAGS = 1 | 2 | 16 | 32 | 64
_DEFAULT_UNIT = -1  # CU_PARAM_TR_DEFAULT


def _texture(handle: Any) -> TextureReference:
    return handles.get(number(handle), TextureReference)


def _surface(handle: Any) -> SurfaceReference:
    return handles.get(number(handle), SurfaceReference)


@entry("cuModuleGetTexRef")
def get_texture(pTexRef, hmod, name):
    pTexRef[0] = pointer(reference.texture_of(module_of(hmod), images.text(name, "the reference's name")).handle)


@entry("cuModuleGetSurfRef")
def get_surface(pSurfRef, hmod, name):
    pSurfRef[0] = pointer(reference.surface_of(module_of(hmod), images.text(name, "the reference's name")).handle)


@entry("cuTexRefCreate")
def create(pTexRef):
    pTexRef[0] = pointer(TextureReference(current(), 0).handle)


@entry("cuTexRefDestroy")
def destroy(hTexRef):
    found = _texture(hTexRef)
    if found.address:
        raise CudaError(Status.INVALID_VALUE, "the texture reference belongs to a module and ends with it")
    found.close()


@entry("cuParamSetTexRef")
def use(hfunc, texunit, hTexRef):
    function_of(hfunc)
    if texunit != _DEFAULT_UNIT:
        raise CudaError(Status.INVALID_VALUE, f"texture unit {texunit}: only CU_PARAM_TR_DEFAULT (-1) is taken")
    _texture(hTexRef).check()


# ---- what a reference is bound to ----------------------------------------------------------------
@entry("cuTexRefSetArray")
def set_array(hTexRef, hArray, Flags):
    _check_override(Flags)
    found, given = _texture(hTexRef), array_of(hArray)
    found.resource, found.memory = given, None
    found.format = (given.shape.format, given.shape.channels)
    found.refresh()


@entry("cuTexRefSetMipmappedArray")
def set_mipmapped(hTexRef, hMipmappedArray, Flags):
    _check_override(Flags)
    found = _texture(hTexRef)
    given = handles.get(number(hMipmappedArray), MipmappedArray)
    found.resource, found.memory = given, None
    found.format = (given.shape.format, given.shape.channels)
    found.refresh()


@entry("cuTexRefSetAddress_v2", optional=("ByteOffset",))
def set_address(ByteOffset, hTexRef, dptr, bytes):
    found = _texture(hTexRef)
    offset = dptr % TEXTURE_ALIGNMENT_BYTES
    if ByteOffset != ffi.NULL:
        ByteOffset[0] = offset
    elif offset:
        raise CudaError(Status.INVALID_VALUE, f"{dptr:#x} is not aligned to {TEXTURE_ALIGNMENT_BYTES} bytes, and there "
                                              "is no place for the offset")
    found.resource, found.width = None, 0
    found.memory = (dptr - offset, bytes + offset, 0, 0) if dptr else None
    found.refresh()


@entry("cuTexRefSetAddress2D_v2")
@entry("cuTexRefSetAddress2D_v3")
def set_address_2d(hTexRef, desc, dptr, Pitch):
    found = _texture(hTexRef)
    needed(desc, "the descriptor")
    if dptr % TEXTURE_ALIGNMENT_BYTES:
        raise CudaError(Status.INVALID_VALUE, f"{dptr:#x} is not aligned to {TEXTURE_ALIGNMENT_BYTES} bytes")
    found.resource, found.format, found.width = None, (desc.Format, desc.NumChannels), desc.Width
    found.memory = (dptr, 0, max(desc.Height, 1), Pitch)
    found.refresh()


@entry("cuSurfRefSetArray")
def set_surface(hSurfRef, hArray, Flags):
    if Flags:
        raise CudaError(Status.INVALID_VALUE, f"flags {Flags:#x} of a surface reference must be 0")
    _surface(hSurfRef).set_array(array_of(hArray))


def _check_override(flags: int) -> None:
    if flags != _OVERRIDE_FORMAT:
        raise CudaError(Status.INVALID_VALUE, f"flags {flags:#x}: CU_TRSA_OVERRIDE_FORMAT (1) must be given")


# ---- how it is read ------------------------------------------------------------------------------
@entry("cuTexRefSetFormat")
def set_format(hTexRef, fmt, NumPackedComponents):
    found = _texture(hTexRef)
    if not element_bytes(fmt, NumPackedComponents):
        raise CudaError(Status.INVALID_VALUE, f"format {fmt} has planes; a texture has not")
    found.format = (fmt, NumPackedComponents)
    if found.memory is not None:
        found.refresh()


@entry("cuTexRefSetAddressMode")
def set_address_mode(hTexRef, dim, am):
    if dim not in range(3) or am not in _MODES:
        raise CudaError(Status.INVALID_VALUE, f"address mode {am} of dimension {dim}: modes are 0 to 3, dimensions 0 "
                                              "to 2")
    found = _texture(hTexRef)
    found.modes[dim] = am
    found.refresh()


def _filter(mode: int) -> bool:
    if mode not in _FILTERS:
        raise CudaError(Status.INVALID_VALUE, f"filter mode {mode} is not known")
    return mode == 1


@entry("cuTexRefSetFilterMode")
def set_filter_mode(hTexRef, fm):
    found = _texture(hTexRef)
    found.linear = _filter(fm)
    found.refresh()


@entry("cuTexRefSetMipmapFilterMode")
def set_level_filter(hTexRef, fm):
    found = _texture(hTexRef)
    found.level_linear = _filter(fm)
    found.refresh()


@entry("cuTexRefSetMipmapLevelBias")
def set_level_bias(hTexRef, bias):
    found = _texture(hTexRef)
    found.level_bias = bias
    found.refresh()


@entry("cuTexRefSetMipmapLevelClamp")
def set_level_clamp(hTexRef, minMipmapLevelClamp, maxMipmapLevelClamp):
    found = _texture(hTexRef)
    found.level_clamp = (minMipmapLevelClamp, maxMipmapLevelClamp)
    found.refresh()


@entry("cuTexRefSetMaxAnisotropy")
def set_anisotropy(hTexRef, maxAniso):
    _texture(hTexRef).anisotropy = maxAniso  # a hint: samples are not spread here


@entry("cuTexRefSetBorderColor")
def set_border(hTexRef, pBorderColor):
    found = _texture(hTexRef)
    red, green, blue, alpha = (pBorderColor[place] for place in range(4))
    found.border = (red, green, blue, alpha)
    found.refresh()


@entry("cuTexRefSetFlags")
def set_flags(hTexRef, Flags):
    if Flags & ~_FLAGS:
        raise CudaError(Status.INVALID_VALUE, f"texture flags {Flags:#x}: {Flags & ~_FLAGS:#x} is not known")
    found = _texture(hTexRef)
    found.flags = Flags
    found.refresh()


# ---- what was set --------------------------------------------------------------------------------
@entry("cuTexRefGetAddress_v2")
def get_address(pdptr, hTexRef):
    memory = _texture(hTexRef).memory
    if memory is None:
        raise CudaError(Status.INVALID_VALUE, "the texture reference is not bound to linear memory")
    pdptr[0] = memory[0]


@entry("cuTexRefGetArray")
def get_array(phArray, hTexRef):
    resource = _texture(hTexRef).resource
    if resource is None or isinstance(resource, MipmappedArray):
        raise CudaError(Status.INVALID_VALUE, "the texture reference is not bound to an array")
    phArray[0] = pointer(resource.handle)


@entry("cuTexRefGetMipmappedArray")
def get_mipmapped(phMipmappedArray, hTexRef):
    resource = _texture(hTexRef).resource
    if not isinstance(resource, MipmappedArray):
        raise CudaError(Status.INVALID_VALUE, "the texture reference is not bound to a mipmapped array")
    phMipmappedArray[0] = pointer(resource.handle)


@entry("cuSurfRefGetArray")
def get_surface_array(phArray, hSurfRef):
    given = _surface(hSurfRef).array
    if given is None:
        raise CudaError(Status.INVALID_VALUE, "the surface reference is not bound to an array")
    phArray[0] = pointer(given.handle)


@entry("cuTexRefGetAddressMode")
def get_address_mode(pam, hTexRef, dim):
    if dim not in range(3):
        raise CudaError(Status.INVALID_VALUE, f"dimension {dim}: a texture has 0 to 2")
    pam[0] = _texture(hTexRef).modes[dim]


@entry("cuTexRefGetFilterMode")
def get_filter_mode(pfm, hTexRef):
    pfm[0] = int(_texture(hTexRef).linear)


@entry("cuTexRefGetFormat", optional=("pFormat", "pNumChannels"))
def get_format(pFormat, pNumChannels, hTexRef):
    for place, value in zip((pFormat, pNumChannels), _texture(hTexRef).format, strict=True):
        if place != ffi.NULL:
            place[0] = value


@entry("cuTexRefGetMipmapFilterMode")
def get_level_filter(pfm, hTexRef):
    pfm[0] = int(_texture(hTexRef).level_linear)


@entry("cuTexRefGetMipmapLevelBias")
def get_level_bias(pbias, hTexRef):
    pbias[0] = _texture(hTexRef).level_bias


@entry("cuTexRefGetMipmapLevelClamp")
def get_level_clamp(pminMipmapLevelClamp, pmaxMipmapLevelClamp, hTexRef):
    pminMipmapLevelClamp[0], pmaxMipmapLevelClamp[0] = _texture(hTexRef).level_clamp


@entry("cuTexRefGetMaxAnisotropy")
def get_anisotropy(pmaxAniso, hTexRef):
    # Set as an unsigned number and asked for as an int, which cannot be larger than this.
    pmaxAniso[0] = min(_texture(hTexRef).anisotropy, 0x7FFFFFFF)


@entry("cuTexRefGetBorderColor")
def get_border(pBorderColor, hTexRef):
    for place, value in enumerate(_texture(hTexRef).border):
        pBorderColor[place] = value


@entry("cuTexRefGetFlags")
def get_flags(pFlags, hTexRef):
    pFlags[0] = _texture(hTexRef).flags
