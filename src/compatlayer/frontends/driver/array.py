"""Array and mipmapped array functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.core import array as core
from compatlayer.core import handles
from compatlayer.core.array import MipmappedArray, Shape
from compatlayer.core.context import current
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import array_of, needed, number, pointer


@entry("cuArrayCreate_v2")
def create(pHandle, pAllocateArray):
    context = current()
    needed(pAllocateArray, "pAllocateArray")
    shape = Shape(pAllocateArray.Width, pAllocateArray.Height, 0, pAllocateArray.Format, pAllocateArray.NumChannels, 0)
    pHandle[0] = pointer(core.create(context, shape).handle)


@entry("cuArray3DCreate_v2")
def create_3d(pHandle, pAllocateArray):
    context = current()
    pHandle[0] = pointer(core.create(context, _shape(pAllocateArray)).handle)


@entry("cuArrayGetDescriptor_v2")
def get_descriptor(pArrayDescriptor, hArray):
    shape = array_of(hArray).shape
    pArrayDescriptor[0] = {"Width": shape.width, "Height": shape.height, "Format": shape.format,
                           "NumChannels": shape.channels}


@entry("cuArray3DGetDescriptor_v2")
def get_descriptor_3d(pArrayDescriptor, hArray):
    shape = array_of(hArray).shape
    pArrayDescriptor[0] = {"Width": shape.width, "Height": shape.height, "Depth": shape.depth, "Format": shape.format,
                           "NumChannels": shape.channels, "Flags": shape.flags}


@entry("cuArrayDestroy")
def destroy(hArray):
    handles.get(number(hArray), core.Array).destroy()  # also while Python ends, when nothing can be imported any more


@entry("cuArrayGetPlane")
def get_plane(pPlaneArray, hArray, planeIdx):
    pPlaneArray[0] = pointer(array_of(hArray).plane(planeIdx).handle)


@entry("cuArrayGetSparseProperties")
def get_sparse_properties(sparseProperties, array):
    array_of(array)
    raise _no_sparse()


@entry("cuArrayGetMemoryRequirements")
def get_memory_requirements(memoryRequirements, array, device):
    state.device(device)
    array_of(array)
    raise _no_deferred()


@entry("cuMipmappedArrayCreate")
def create_mipmapped(pHandle, pMipmappedArrayDesc, numMipmapLevels):
    context = current()
    pHandle[0] = pointer(core.create_mipmapped(context, _shape(pMipmappedArrayDesc), numMipmapLevels).handle)


@entry("cuMipmappedArrayGetLevel")
def get_level(pLevelArray, hMipmappedArray, level):
    pLevelArray[0] = pointer(_mipmapped(hMipmappedArray).level(level).handle)


@entry("cuMipmappedArrayDestroy")
def destroy_mipmapped(hMipmappedArray):
    _mipmapped(hMipmappedArray).close()


@entry("cuMipmappedArrayGetSparseProperties")
def get_mipmapped_sparse_properties(sparseProperties, mipmap):
    _mipmapped(mipmap)
    raise _no_sparse()


@entry("cuMipmappedArrayGetMemoryRequirements")
def get_mipmapped_memory_requirements(memoryRequirements, mipmap, device):
    state.device(device)
    _mipmapped(mipmap)
    raise _no_deferred()


@entry("cuMemMapArrayAsync", optional=("hStream",))
def map_array(mapInfoList, count, hStream):
    raise _no_sparse()


def _mipmapped(handle: Any) -> MipmappedArray:
    return handles.get(number(handle), MipmappedArray)


def _shape(descriptor: Any) -> Shape:
    needed(descriptor, "the descriptor")
    return Shape(descriptor.Width, descriptor.Height, descriptor.Depth, descriptor.Format, descriptor.NumChannels,
                 descriptor.Flags)


def _no_sparse() -> CudaError:
    return CudaError(Status.NOT_SUPPORTED, "there are no sparse arrays (CU_DEVICE_ATTRIBUTE_SPARSE_CUDA_ARRAY_SUPPORTED"
                                           " is 0); an array has all of its memory")


def _no_deferred() -> CudaError:
    return CudaError(Status.NOT_SUPPORTED, "there is no deferred mapping of arrays (CU_DEVICE_ATTRIBUTE_DEFERRED_"
                                           "MAPPING_CUDA_ARRAY_SUPPORTED is 0); an array is made with its memory")
