"""Texture and surface object functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import handles
from compatlayer.core import texture as core
from compatlayer.core.array import Array, MipmappedArray
from compatlayer.core.array_format import element_bytes
from compatlayer.core.attributes import LINEAR_TEXELS
from compatlayer.core.context import current
from compatlayer.core.runtime import state
from compatlayer.core.texture import Flat, How, Surface, Texture, View
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import array_of, needed, number

_ARRAY, _MIPMAPPED, _LINEAR, _PITCHED = range(4)  # CUresourcetype
_POINT, _FILTERED = 0, 1  # CUfilter_mode
_INT8, _INT16, _INT32 = (1, 8), (2, 9), (3, 10)  # CU_AD_FORMAT_*: unsigned, signed
# CUresourceViewFormat -> (CU_AD_FORMAT_*, channels); 0 keeps the array's format.
_VIEW_FORMATS = {1 + 6 * size + 3 * signed + index: (formats[signed], channels)
                 for size, formats in enumerate((_INT8, _INT16, _INT32)) for signed in (0, 1)
                 for index, channels in enumerate((1, 2, 4))}
_VIEW_FORMATS |= {19: (16, 1), 20: (16, 2), 21: (16, 4), 22: (32, 1), 23: (32, 2), 24: (32, 4)}
_BLOCK_COMPRESSED = range(25, 35)


@entry("cuTexObjectCreate")
def create_texture(pTexObject, pResDesc, pTexDesc, pResViewDesc):
    context = current()
    resource = _resource(pResDesc)
    needed(pTexDesc, "the texture descriptor")
    view = _view(pResViewDesc) if pResViewDesc else None
    given = (_kept(pResDesc), _kept(pTexDesc), _kept(pResViewDesc) if pResViewDesc else None)
    pTexObject[0] = core.texture(context, resource, _how(pTexDesc), view, given).handle


@entry("cuTexObjectDestroy")
def destroy_texture(texObject):
    core.find(texObject, Texture).close()


@entry("cuTexObjectGetResourceDesc")
def texture_resource(pResDesc, texObject):
    pResDesc[0] = _given(core.find(texObject, Texture), 0)


@entry("cuTexObjectGetTextureDesc")
def texture_descriptor(pTexDesc, texObject):
    pTexDesc[0] = _given(core.find(texObject, Texture), 1)


@entry("cuTexObjectGetResourceViewDesc")
def texture_view(pResViewDesc, texObject):
    found = core.find(texObject, Texture)
    if found.given[2] is None:
        raise CudaError(Status.INVALID_VALUE, "the texture object was made without a resource view")
    pResViewDesc[0] = _given(found, 2)


@entry("cuSurfObjectCreate")
def create_surface(pSurfObject, pResDesc):
    context = current()
    resource = _resource(pResDesc)
    if not isinstance(resource, Array):
        raise CudaError(Status.INVALID_VALUE, "a surface is of a CUDA array (CU_RESOURCE_TYPE_ARRAY)")
    pSurfObject[0] = core.surface(context, resource, (_kept(pResDesc),)).handle


@entry("cuSurfObjectDestroy")
def destroy_surface(surfObject):
    core.find(surfObject, Surface).close()


@entry("cuSurfObjectGetResourceDesc")
def surface_resource(pResDesc, surfObject):
    pResDesc[0] = _given(core.find(surfObject, Surface), 0)


@entry("cuDeviceGetTexture1DLinearMaxWidth")
def linear_width(maxWidthInElements, format, numChannels, dev):
    state.device(dev)
    if not element_bytes(format, numChannels):
        raise CudaError(Status.INVALID_VALUE, f"format {format} has planes; memory has none")
    maxWidthInElements[0] = LINEAR_TEXELS


# ---- C structs -----------------------------------------------------------------------------------
def _kept(pointer: Any) -> Any:
    """A copy of the struct behind a pointer."""
    return ffi.new(ffi.typeof(pointer), pointer[0])


def _given(made: Texture | Surface, index: int) -> Any:
    kept: Any = made.given[index]
    return kept[0]


def _resource(descriptor: Any) -> Array | MipmappedArray | Flat:
    needed(descriptor, "the resource descriptor")
    if descriptor.flags:
        raise CudaError(Status.INVALID_VALUE, f"flags {descriptor.flags:#x} of a resource must be 0")
    kind, resource = descriptor.resType, descriptor.res
    try:
        if kind == _ARRAY:
            return array_of(resource.array.hArray)
        if kind == _MIPMAPPED:
            return handles.get(number(resource.mipmap.hMipmappedArray), MipmappedArray)
    except CudaError as error:
        raise CudaError(Status.INVALID_VALUE, str(error)) from None
    if kind == _LINEAR:
        it = resource.linear
        width = it.sizeInBytes // (element_bytes(it.format, it.numChannels) or 1)
        return Flat(number(it.devPtr), it.format, it.numChannels, width, 0, 0)
    if kind == _PITCHED:
        it = resource.pitch2D
        if not it.height:
            raise CudaError(Status.INVALID_VALUE, "pitched memory has 1 row or more, not 0")
        return Flat(number(it.devPtr), it.format, it.numChannels, it.width, it.height, it.pitchInBytes)
    raise CudaError(Status.INVALID_VALUE, f"resource type {kind} is not known")


def _how(descriptor: Any) -> How:
    for mode in (descriptor.filterMode, descriptor.mipmapFilterMode):
        if mode not in (_POINT, _FILTERED):
            raise CudaError(Status.INVALID_VALUE, f"filter mode {mode} is not known")
    first, second, third = descriptor.addressMode
    red, green, blue, alpha = descriptor.borderColor
    return How((first, second, third), descriptor.filterMode == _FILTERED, descriptor.flags,
               descriptor.mipmapFilterMode == _FILTERED, descriptor.mipmapLevelBias, descriptor.minMipmapLevelClamp,
               descriptor.maxMipmapLevelClamp, (red, green, blue, alpha))


def _view(descriptor: Any) -> View:
    chosen = descriptor.format
    if chosen in _BLOCK_COMPRESSED:
        raise CudaError(Status.NOT_SUPPORTED, f"resource view format {chosen}: block-compressed textures are not "
                                              "implemented; decompress to 8-bit channels")
    if chosen and chosen not in _VIEW_FORMATS:
        raise CudaError(Status.INVALID_VALUE, f"resource view format {chosen} is not known")
    return View(_VIEW_FORMATS.get(chosen), (descriptor.width, descriptor.height, descriptor.depth),
                (descriptor.firstMipmapLevel, descriptor.lastMipmapLevel), (descriptor.firstLayer,
                                                                            descriptor.lastLayer))
