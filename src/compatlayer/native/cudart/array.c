/* Arrays and their descriptions. */
#include "format.h"
#include "state.h"

_Static_assert(cudaArrayLayered == 1 && cudaArraySurfaceLoadStore == 2 && cudaArrayCubemap == 4, "the driver's values");

cudaChannelFormatDesc cpl_answer_cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind f)
{
    return (cudaChannelFormatDesc){x, y, z, w, f};
}

static int describe(CUDA_ARRAY3D_DESCRIPTOR *descriptor, const cudaChannelFormatDesc *desc, cudaExtent extent,
                    unsigned int flags)
{
    memset(descriptor, 0, sizeof *descriptor);
    descriptor->Width = extent.width;
    descriptor->Height = extent.height;
    descriptor->Depth = extent.depth;
    descriptor->Flags = flags;
    return cpl_format_of(desc, &descriptor->Format, &descriptor->NumChannels);
}

static int allocate(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent extent, unsigned int flags)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    if (array == NULL || desc == NULL)
        return cudaErrorInvalidValue;
    int status = describe(&descriptor, desc, extent, flags);
    if (status == 0)
        CPL_TRY(status, drv_cuArray3DCreate_v2((CUarray *)array, &descriptor));
    return status;
}

cudaError_t cpl_answer_cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width,
                                       size_t height, unsigned int flags)
{
    return cpl_cudart_done(allocate(array, desc, (cudaExtent){width, height, 0}, flags));
}

cudaError_t cpl_answer_cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, cudaExtent extent,
                                         unsigned int flags)
{
    return cpl_cudart_done(allocate(array, desc, extent, flags));
}

cudaError_t cpl_answer_cudaMallocMipmappedArray(cudaMipmappedArray_t *mipmappedArray, const cudaChannelFormatDesc *desc,
                                                cudaExtent extent, unsigned int numLevels, unsigned int flags)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    if (mipmappedArray == NULL || desc == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    int status = describe(&descriptor, desc, extent, flags);
    if (status == 0)
        CPL_TRY(status, drv_cuMipmappedArrayCreate((CUmipmappedArray *)mipmappedArray, &descriptor, numLevels));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaFreeArray(cudaArray_t array)
{
    if (array == NULL)
        return cpl_cudart_done(cpl_cudart_ready());
    CPL_ANSWER(drv_cuArrayDestroy((CUarray)array));
}

cudaError_t cpl_answer_cudaFreeMipmappedArray(cudaMipmappedArray_t mipmappedArray)
{
    if (mipmappedArray == NULL)
        return cpl_cudart_done(cpl_cudart_ready());
    CPL_ANSWER(drv_cuMipmappedArrayDestroy((CUmipmappedArray)mipmappedArray));
}

static int read(cudaArray_const_t array, CUDA_ARRAY3D_DESCRIPTOR *descriptor)
{
    int status;
    CPL_TRY(status, drv_cuArray3DGetDescriptor_v2(descriptor, (CUarray)(uintptr_t)array));
    return status;
}

cudaError_t cpl_answer_cudaArrayGetInfo(cudaChannelFormatDesc *desc, cudaExtent *extent, unsigned int *flags,
                                        cudaArray_t array)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    int status = read(array, &descriptor);
    if (status != 0)
        return cpl_cudart_done(status);
    if (desc != NULL)
        *desc = cpl_format_description(descriptor.Format, descriptor.NumChannels);
    if (extent != NULL)
        *extent = (cudaExtent){descriptor.Width, descriptor.Height, descriptor.Depth};
    if (flags != NULL)
        *flags = descriptor.Flags;
    return cudaSuccess;
}

cudaError_t cpl_answer_cudaGetChannelDesc(cudaChannelFormatDesc *desc, cudaArray_const_t array)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    int status = desc == NULL ? (int)cudaErrorInvalidValue : read(array, &descriptor);
    if (status == 0)
        *desc = cpl_format_description(descriptor.Format, descriptor.NumChannels);
    return cpl_cudart_done(status);
}
