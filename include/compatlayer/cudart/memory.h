/* Memory, pools and sharing. */
#ifndef COMPATLAYER_CUDART_MEMORY_H
#define COMPATLAYER_CUDART_MEMORY_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaIpcGetEventHandle(cudaIpcEventHandle_t *handle, cudaEvent_t event);
CPL_RUNTIME cudaError_t cudaIpcOpenEventHandle(cudaEvent_t *event, cudaIpcEventHandle_t handle);
CPL_RUNTIME cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t *handle, void *devPtr);
CPL_RUNTIME cudaError_t cudaIpcOpenMemHandle(void **devPtr, cudaIpcMemHandle_t handle, unsigned int flags);
CPL_RUNTIME cudaError_t cudaIpcCloseMemHandle(void *devPtr);
CPL_RUNTIME cudaError_t cudaMallocManaged(void **devPtr, size_t size, unsigned int flags);
CPL_RUNTIME cudaError_t cudaMalloc(void **devPtr, size_t size);
CPL_RUNTIME cudaError_t cudaMallocHost(void **ptr, size_t size);
CPL_RUNTIME cudaError_t cudaMallocPitch(void **devPtr, size_t *pitch, size_t width, size_t height);
CPL_RUNTIME cudaError_t cudaFree(void *devPtr);
CPL_RUNTIME cudaError_t cudaFreeHost(void *ptr);
CPL_RUNTIME cudaError_t cudaHostAlloc(void **pHost, size_t size, unsigned int flags);
CPL_RUNTIME cudaError_t cudaHostRegister(void *ptr, size_t size, unsigned int flags);
CPL_RUNTIME cudaError_t cudaHostUnregister(void *ptr);
CPL_RUNTIME cudaError_t cudaHostGetDevicePointer(void **pDevice, void *pHost, unsigned int flags);
CPL_RUNTIME cudaError_t cudaHostGetFlags(unsigned int *pFlags, void *pHost);
CPL_RUNTIME cudaError_t cudaMalloc3D(cudaPitchedPtr *pitchedDevPtr, cudaExtent extent);
CPL_RUNTIME cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
CPL_RUNTIME_PTSZ cudaError_t cudaMemPrefetchAsync(const void *devPtr, size_t count, cudaMemLocation location,
    unsigned int flags, cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaMemAdvise(const void *devPtr, size_t count, cudaMemoryAdvise advice,
    cudaMemLocation location);
CPL_RUNTIME cudaError_t cudaMemRangeGetAttribute(void *data, size_t dataSize, cudaMemRangeAttribute attribute,
    const void *devPtr, size_t count);
CPL_RUNTIME cudaError_t cudaMemRangeGetAttributes(void **data, size_t *dataSizes, cudaMemRangeAttribute *attributes,
    size_t numAttributes, const void *devPtr, size_t count);
CPL_RUNTIME_PTSZ cudaError_t cudaMallocAsync(void **devPtr, size_t size, cudaStream_t hStream);
CPL_RUNTIME_PTSZ cudaError_t cudaFreeAsync(void *devPtr, cudaStream_t hStream);
CPL_RUNTIME cudaError_t cudaMemPoolTrimTo(cudaMemPool_t memPool, size_t minBytesToKeep);
CPL_RUNTIME cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t memPool, cudaMemPoolAttr attr, void *value);
CPL_RUNTIME cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t memPool, cudaMemPoolAttr attr, void *value);
CPL_RUNTIME cudaError_t cudaMemPoolSetAccess(cudaMemPool_t memPool, const cudaMemAccessDesc *descList, size_t count);
CPL_RUNTIME cudaError_t cudaMemPoolGetAccess(cudaMemAccessFlags *flags, cudaMemPool_t memPool,
    cudaMemLocation *location);
CPL_RUNTIME cudaError_t cudaMemPoolCreate(cudaMemPool_t *memPool, const cudaMemPoolProps *poolProps);
CPL_RUNTIME cudaError_t cudaMemPoolDestroy(cudaMemPool_t memPool);
CPL_RUNTIME_PTSZ cudaError_t cudaMallocFromPoolAsync(void **ptr, size_t size, cudaMemPool_t memPool,
    cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaMemPoolExportToShareableHandle(void *shareableHandle, cudaMemPool_t memPool,
    cudaMemAllocationHandleType handleType, unsigned int flags);
CPL_RUNTIME cudaError_t cudaMemPoolImportFromShareableHandle(cudaMemPool_t *memPool, void *shareableHandle,
    cudaMemAllocationHandleType handleType, unsigned int flags);
CPL_RUNTIME cudaError_t cudaMemPoolExportPointer(cudaMemPoolPtrExportData *exportData, void *ptr);
CPL_RUNTIME cudaError_t cudaMemPoolImportPointer(void **ptr, cudaMemPool_t memPool,
    cudaMemPoolPtrExportData *exportData);
CPL_RUNTIME cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *ptr);
CPL_RUNTIME_PTSZ cudaError_t cudaMemPrefetchBatchAsync(void **dptrs, size_t *sizes, size_t count,
    cudaMemLocation *prefetchLocs, size_t *prefetchLocIdxs, size_t numPrefetchLocs, unsigned long long flags,
    cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemDiscardBatchAsync(void **dptrs, size_t *sizes, size_t count,
    unsigned long long flags, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemDiscardAndPrefetchBatchAsync(void **dptrs, size_t *sizes, size_t count,
    cudaMemLocation *prefetchLocs, size_t *prefetchLocIdxs, size_t numPrefetchLocs, unsigned long long flags,
    cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaMemGetDefaultMemPool(cudaMemPool_t *memPool, cudaMemLocation *location,
    cudaMemAllocationType type);
CPL_RUNTIME cudaError_t cudaMemGetMemPool(cudaMemPool_t *memPool, cudaMemLocation *location,
    cudaMemAllocationType type);
CPL_RUNTIME cudaError_t cudaMemSetMemPool(cudaMemLocation *location, cudaMemAllocationType type,
    cudaMemPool_t memPool);
CPL_RUNTIME cudaError_t cudaMemGetLocationInfo(void *devPtr, size_t size, size_t summaryGranularity,
    size_t samplingGranularity, cudaMemLocation *location_out);

CPL_C_END

#endif
