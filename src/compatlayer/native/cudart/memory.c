/* Memory that the runtime hands out in its own ways; the rest is forwarded (api/forwarding.py). */
#include "call.h"

enum { PITCH_ELEMENT = 4 };    /* any of the element sizes that the driver takes */

cudaError_t cpl_answer_cudaMalloc(void **devPtr, size_t size)
{
    CUdeviceptr address = 0;
    int status = devPtr == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0 && size == 0)
        status = cpl_cudart_ready();    /* nothing is allocated, and that is no error */
    else if (status == 0)
        CPL_TRY(status, drv_cuMemAlloc_v2(&address, size));
    if (status == 0)
        *devPtr = (void *)(uintptr_t)address;
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaFree(void *devPtr)
{
    if (devPtr == NULL)    /* a program's way to have the context made */
        return cpl_cudart_done(cpl_cudart_ready());
    CPL_ANSWER(drv_cuMemFree_v2(cpl_address(devPtr)));
}

cudaError_t cpl_answer_cudaMallocHost(void **ptr, size_t size)
{
    int status = ptr == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0 && size == 0) {
        status = cpl_cudart_ready();
        *ptr = NULL;
    } else if (status == 0) {
        CPL_TRY(status, drv_cuMemAllocHost_v2(ptr, size));
    }
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaFreeHost(void *ptr)
{
    if (ptr == NULL)
        return cpl_cudart_done(cpl_cudart_ready());
    CPL_ANSWER(drv_cuMemFreeHost(ptr));
}

/* Rows of `width` bytes; nothing for no bytes. */
static int allocate_rows(void **address, size_t *pitch, size_t width, size_t rows)
{
    CUdeviceptr found = 0;
    int status;
    *pitch = 0;
    if (width == 0 || rows == 0)
        status = cpl_cudart_ready();
    else
        CPL_TRY(status, drv_cuMemAllocPitch_v2(&found, pitch, width, rows, PITCH_ELEMENT));
    if (status == 0)
        *address = (void *)(uintptr_t)found;
    return status;
}

cudaError_t cpl_answer_cudaMallocPitch(void **devPtr, size_t *pitch, size_t width, size_t height)
{
    if (devPtr == NULL || pitch == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    return cpl_cudart_done(allocate_rows(devPtr, pitch, width, height));
}

cudaError_t cpl_answer_cudaMalloc3D(cudaPitchedPtr *pitchedDevPtr, cudaExtent extent)
{
    size_t rows;
    if (pitchedDevPtr == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    if (__builtin_mul_overflow(extent.height, extent.depth, &rows))
        return cpl_cudart_done(cudaErrorMemoryAllocation);
    cudaPitchedPtr found = {NULL, 0, extent.width, extent.height};
    int status = allocate_rows(&found.ptr, &found.pitch, extent.width, rows);
    if (status == 0)
        *pitchedDevPtr = found;
    return cpl_cudart_done(status);
}

static cudaMemoryType type_of(unsigned int driver, int managed)
{
    if (managed)
        return cudaMemoryTypeManaged;
    return driver == CU_MEMORYTYPE_HOST ? cudaMemoryTypeHost : cudaMemoryTypeDevice;
}

/* The fields of both library versions; 13's reserved ones are left alone. */
cudaError_t cpl_answer_cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *ptr)
{
    unsigned int type = 0;
    int managed = 0, device = 0, status;
    CUdeviceptr on_device = 0;
    void *on_host = NULL;
    CUpointer_attribute wanted[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
                                    CU_POINTER_ATTRIBUTE_HOST_POINTER};
    void *answers[] = {&type, &managed, &device, &on_device, &on_host};
    if (attributes == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    status = cpl_cudart_ready();
    if (status == 0)
        CPL_TRY(status, drv_cuPointerGetAttributes(5, wanted, answers, cpl_address(ptr)));
    if (status != 0)
        return cpl_cudart_done(status);
    bool known = type != 0;
    attributes->type = known ? type_of(type, managed) : cudaMemoryTypeUnregistered;
    attributes->device = known ? device : cudaInvalidDeviceId;
    attributes->devicePointer = known ? (void *)(uintptr_t)on_device : NULL;
    attributes->hostPointer = known ? on_host : (void *)(uintptr_t)ptr;
    return cudaSuccess;
}
