/* Texture and surface objects: the runtime's descriptions in the driver's terms, and back. */
#include "format.h"
#include "state.h"

enum {
    READ_AS_INTEGER = 1,
    NORMALIZED_COORDINATES = 2,
    SRGB = 16,
    NO_TRILINEAR_OPTIMIZATION = 32,
    SEAMLESS_CUBEMAP = 64
};

_Static_assert(sizeof(cudaResourceViewDesc) == sizeof(CUDA_RESOURCE_VIEW_DESC), "one structure, two names");

/* The resource, and the format of its elements. */
static int resource_of(const cudaResourceDesc *runtime, CUDA_RESOURCE_DESC *driver, CUarray_format *format)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    CUarray array;
    unsigned int channels;
    int status = 0;
    memset(driver, 0, sizeof *driver);
    driver->resType = (CUresourcetype)runtime->resType;
    driver->flags = runtime->flags;
    switch (runtime->resType) {
    case cudaResourceTypeArray:
        array = driver->res.array.hArray = (CUarray)runtime->res.array.array;
        break;
    case cudaResourceTypeMipmappedArray:
        driver->res.mipmap.hMipmappedArray = (CUmipmappedArray)runtime->res.mipmap.mipmap;
        CPL_TRY(status, drv_cuMipmappedArrayGetLevel(&array, driver->res.mipmap.hMipmappedArray, 0));
        break;
    case cudaResourceTypeLinear:
        driver->res.linear.devPtr = cpl_address(runtime->res.linear.devPtr);
        driver->res.linear.sizeInBytes = runtime->res.linear.sizeInBytes;
        status = cpl_format_of(&runtime->res.linear.desc, format, &channels);
        driver->res.linear.format = *format;
        driver->res.linear.numChannels = channels;
        return status;
    case cudaResourceTypePitch2D:
        driver->res.pitch2D.devPtr = cpl_address(runtime->res.pitch2D.devPtr);
        driver->res.pitch2D.width = runtime->res.pitch2D.width;
        driver->res.pitch2D.height = runtime->res.pitch2D.height;
        driver->res.pitch2D.pitchInBytes = runtime->res.pitch2D.pitchInBytes;
        status = cpl_format_of(&runtime->res.pitch2D.desc, format, &channels);
        driver->res.pitch2D.format = *format;
        driver->res.pitch2D.numChannels = channels;
        return status;
    default: return cudaErrorInvalidValue;
    }
    if (status == 0)
        CPL_TRY(status, drv_cuArray3DGetDescriptor_v2(&descriptor, array));
    if (status == 0)
        *format = descriptor.Format;
    return status;
}

static void resource_back(const CUDA_RESOURCE_DESC *driver, cudaResourceDesc *runtime)
{
    memset(runtime, 0, sizeof *runtime);
    runtime->resType = (cudaResourceType)driver->resType;
    runtime->flags = driver->flags;
    switch (driver->resType) {
    case CU_RESOURCE_TYPE_ARRAY: runtime->res.array.array = (cudaArray_t)driver->res.array.hArray; break;
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
        runtime->res.mipmap.mipmap = (cudaMipmappedArray_t)driver->res.mipmap.hMipmappedArray;
        break;
    case CU_RESOURCE_TYPE_LINEAR:
        runtime->res.linear.devPtr = (void *)(uintptr_t)driver->res.linear.devPtr;
        runtime->res.linear.desc = cpl_format_description(driver->res.linear.format, driver->res.linear.numChannels);
        runtime->res.linear.sizeInBytes = driver->res.linear.sizeInBytes;
        break;
    case CU_RESOURCE_TYPE_PITCH2D:
        runtime->res.pitch2D.devPtr = (void *)(uintptr_t)driver->res.pitch2D.devPtr;
        runtime->res.pitch2D.desc =
            cpl_format_description(driver->res.pitch2D.format, driver->res.pitch2D.numChannels);
        runtime->res.pitch2D.width = driver->res.pitch2D.width;
        runtime->res.pitch2D.height = driver->res.pitch2D.height;
        runtime->res.pitch2D.pitchInBytes = driver->res.pitch2D.pitchInBytes;
        break;
    }
}

static bool is_whole(CUarray_format format)
{
    return format == CU_AD_FORMAT_UNSIGNED_INT8 || format == CU_AD_FORMAT_UNSIGNED_INT16 ||
           format == CU_AD_FORMAT_UNSIGNED_INT32 || format == CU_AD_FORMAT_SIGNED_INT8 ||
           format == CU_AD_FORMAT_SIGNED_INT16 || format == CU_AD_FORMAT_SIGNED_INT32;
}

static bool is_wide(CUarray_format format)
{
    return format == CU_AD_FORMAT_UNSIGNED_INT32 || format == CU_AD_FORMAT_SIGNED_INT32;
}

static int texture_of(const cudaTextureDesc *runtime, CUarray_format format, CUDA_TEXTURE_DESC *driver)
{
    bool plain = runtime->readMode == cudaReadModeElementType;
    if (!plain && is_wide(format))
        return cudaErrorInvalidNormSetting;
    if (plain && is_whole(format) && runtime->filterMode == cudaFilterModeLinear)
        return cudaErrorInvalidFilterSetting;
    memset(driver, 0, sizeof *driver);
    for (int i = 0; i < 3; i++)
        driver->addressMode[i] = (CUaddress_mode)runtime->addressMode[i];
    driver->filterMode = (CUfilter_mode)runtime->filterMode;
    driver->flags = (plain && is_whole(format) ? READ_AS_INTEGER : 0) |
                    (runtime->normalizedCoords ? NORMALIZED_COORDINATES : 0) | (runtime->sRGB ? SRGB : 0) |
                    (runtime->disableTrilinearOptimization ? NO_TRILINEAR_OPTIMIZATION : 0) |
                    (runtime->seamlessCubemap ? SEAMLESS_CUBEMAP : 0);
    driver->maxAnisotropy = runtime->maxAnisotropy;
    driver->mipmapFilterMode = (CUfilter_mode)runtime->mipmapFilterMode;
    driver->mipmapLevelBias = runtime->mipmapLevelBias;
    driver->minMipmapLevelClamp = runtime->minMipmapLevelClamp;
    driver->maxMipmapLevelClamp = runtime->maxMipmapLevelClamp;
    memcpy(driver->borderColor, runtime->borderColor, sizeof driver->borderColor);
    return 0;
}

cudaError_t cpl_answer_cudaCreateTextureObject(cudaTextureObject_t *pTexObject, const cudaResourceDesc *pResDesc,
                                               const cudaTextureDesc *pTexDesc,
                                               const cudaResourceViewDesc *pResViewDesc)
{
    CUDA_RESOURCE_DESC resource;
    CUDA_TEXTURE_DESC texture;
    CUarray_format format = CU_AD_FORMAT_FLOAT;
    if (pTexObject == NULL || pResDesc == NULL || pTexDesc == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    int status = resource_of(pResDesc, &resource, &format);
    if (status == 0)
        status = texture_of(pTexDesc, format, &texture);
    if (status == 0)
        CPL_TRY(status, drv_cuTexObjectCreate((CUtexObject *)pTexObject, &resource, &texture,
                                              (const CUDA_RESOURCE_VIEW_DESC *)pResViewDesc));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGetTextureObjectResourceDesc(cudaResourceDesc *pResDesc, cudaTextureObject_t texObject)
{
    CUDA_RESOURCE_DESC resource;
    int status = pResDesc == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuTexObjectGetResourceDesc(&resource, texObject));
    if (status == 0)
        resource_back(&resource, pResDesc);
    return cpl_cudart_done(status);
}

/* A texture of floats reads its elements as they are, whatever the driver's flags say. */
static void texture_back(const CUDA_TEXTURE_DESC *driver, CUarray_format format, cudaTextureDesc *runtime)
{
    bool plain = !is_whole(format) || is_wide(format) || (driver->flags & READ_AS_INTEGER) != 0;
    memset(runtime, 0, sizeof *runtime);
    for (int i = 0; i < 3; i++)
        runtime->addressMode[i] = (cudaTextureAddressMode)driver->addressMode[i];
    runtime->filterMode = (cudaTextureFilterMode)driver->filterMode;
    runtime->readMode = plain ? cudaReadModeElementType : cudaReadModeNormalizedFloat;
    runtime->sRGB = (driver->flags & SRGB) != 0;
    memcpy(runtime->borderColor, driver->borderColor, sizeof runtime->borderColor);
    runtime->normalizedCoords = (driver->flags & NORMALIZED_COORDINATES) != 0;
    runtime->maxAnisotropy = driver->maxAnisotropy;
    runtime->mipmapFilterMode = (cudaTextureFilterMode)driver->mipmapFilterMode;
    runtime->mipmapLevelBias = driver->mipmapLevelBias;
    runtime->minMipmapLevelClamp = driver->minMipmapLevelClamp;
    runtime->maxMipmapLevelClamp = driver->maxMipmapLevelClamp;
    runtime->disableTrilinearOptimization = (driver->flags & NO_TRILINEAR_OPTIMIZATION) != 0;
    runtime->seamlessCubemap = (driver->flags & SEAMLESS_CUBEMAP) != 0;
}

cudaError_t cpl_answer_cudaGetTextureObjectTextureDesc(cudaTextureDesc *pTexDesc, cudaTextureObject_t texObject)
{
    CUDA_RESOURCE_DESC resource, same;
    CUDA_TEXTURE_DESC texture;
    cudaResourceDesc runtime;
    CUarray_format format = CU_AD_FORMAT_FLOAT;
    int status = pTexDesc == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuTexObjectGetTextureDesc(&texture, texObject));
    if (status == 0)
        CPL_TRY(status, drv_cuTexObjectGetResourceDesc(&resource, texObject));
    if (status == 0) {
        resource_back(&resource, &runtime);
        status = resource_of(&runtime, &same, &format);
    }
    if (status == 0)
        texture_back(&texture, format, pTexDesc);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaCreateSurfaceObject(cudaSurfaceObject_t *pSurfObject, const cudaResourceDesc *pResDesc)
{
    CUDA_RESOURCE_DESC resource;
    CUarray_format format;
    if (pSurfObject == NULL || pResDesc == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    int status = resource_of(pResDesc, &resource, &format);
    if (status == 0)
        CPL_TRY(status, drv_cuSurfObjectCreate((CUsurfObject *)pSurfObject, &resource));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGetSurfaceObjectResourceDesc(cudaResourceDesc *pResDesc, cudaSurfaceObject_t surfObject)
{
    CUDA_RESOURCE_DESC resource;
    int status = pResDesc == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuSurfObjectGetResourceDesc(&resource, surfObject));
    if (status == 0)
        resource_back(&resource, pResDesc);
    return cpl_cudart_done(status);
}
