/* Arrays, textures and surfaces. */
#ifndef COMPATLAYER_CUDART_ARRAY_H
#define COMPATLAYER_CUDART_ARRAY_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width,
    size_t height, unsigned int flags);
CPL_RUNTIME cudaError_t cudaFreeArray(cudaArray_t array);
CPL_RUNTIME cudaError_t cudaFreeMipmappedArray(cudaMipmappedArray_t mipmappedArray);
CPL_RUNTIME cudaError_t cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent extent,
    unsigned int flags);
CPL_RUNTIME cudaError_t cudaMallocMipmappedArray(cudaMipmappedArray_t *mipmappedArray,
    const cudaChannelFormatDesc *desc, cudaExtent extent, unsigned int numLevels, unsigned int flags);
CPL_RUNTIME cudaError_t cudaGetMipmappedArrayLevel(cudaArray_t *levelArray, cudaMipmappedArray_const_t mipmappedArray,
    unsigned int level);
CPL_RUNTIME cudaError_t cudaArrayGetInfo(cudaChannelFormatDesc *desc, cudaExtent *extent, unsigned int *flags,
    cudaArray_t array);
CPL_RUNTIME cudaError_t cudaArrayGetPlane(cudaArray_t *pPlaneArray, cudaArray_t hArray, unsigned int planeIdx);
CPL_RUNTIME cudaError_t cudaArrayGetMemoryRequirements(cudaArrayMemoryRequirements *memoryRequirements,
    cudaArray_t array, int device);
CPL_RUNTIME cudaError_t cudaMipmappedArrayGetMemoryRequirements(cudaArrayMemoryRequirements *memoryRequirements,
    cudaMipmappedArray_t mipmap, int device);
CPL_RUNTIME cudaError_t cudaArrayGetSparseProperties(cudaArraySparseProperties *sparseProperties, cudaArray_t array);
CPL_RUNTIME cudaError_t cudaMipmappedArrayGetSparseProperties(cudaArraySparseProperties *sparseProperties,
    cudaMipmappedArray_t mipmap);
CPL_RUNTIME cudaError_t cudaGetChannelDesc(cudaChannelFormatDesc *desc, cudaArray_const_t array);
CPL_RUNTIME cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind f);
CPL_RUNTIME cudaError_t cudaCreateTextureObject(cudaTextureObject_t *pTexObject, const cudaResourceDesc *pResDesc,
    const cudaTextureDesc *pTexDesc, const cudaResourceViewDesc *pResViewDesc);
CPL_RUNTIME cudaError_t cudaDestroyTextureObject(cudaTextureObject_t texObject);
CPL_RUNTIME cudaError_t cudaGetTextureObjectResourceDesc(cudaResourceDesc *pResDesc, cudaTextureObject_t texObject);
CPL_RUNTIME cudaError_t cudaGetTextureObjectTextureDesc(cudaTextureDesc *pTexDesc, cudaTextureObject_t texObject);
CPL_RUNTIME cudaError_t cudaGetTextureObjectResourceViewDesc(cudaResourceViewDesc *pResViewDesc,
    cudaTextureObject_t texObject);
CPL_RUNTIME cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t *pSurfObject, const cudaResourceDesc *pResDesc);
CPL_RUNTIME cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t surfObject);
CPL_RUNTIME cudaError_t cudaGetSurfaceObjectResourceDesc(cudaResourceDesc *pResDesc, cudaSurfaceObject_t surfObject);

CPL_C_END

#endif
