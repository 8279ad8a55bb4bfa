/* Memory, pools, virtual memory, sharing between processes and devices. */
#ifndef COMPATLAYER_CUDA_MEMORY_H
#define COMPATLAYER_CUDA_MEMORY_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(3020) CUresult cuMemGetInfo_v2(size_t *free, size_t *total);
CPL_API(3020) CUresult cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize);
CPL_API(3020) CUresult cuMemAllocPitch_v2(CUdeviceptr *dptr, size_t *pPitch, size_t WidthInBytes, size_t Height,
    unsigned int ElementSizeBytes);
CPL_API(3020) CUresult cuMemFree_v2(CUdeviceptr dptr);
CPL_API(3020) CUresult cuMemGetAddressRange_v2(CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr);
CPL_API(3020) CUresult cuMemAllocHost_v2(void **pp, size_t bytesize);
CPL_API(2000) CUresult cuMemFreeHost(void *p);
CPL_API(2020) CUresult cuMemHostAlloc(void **pp, size_t bytesize, unsigned int Flags);
CPL_API(3020) CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *pdptr, void *p, unsigned int Flags);
CPL_API(2030) CUresult cuMemHostGetFlags(unsigned int *pFlags, void *p);
CPL_API(6000) CUresult cuMemAllocManaged(CUdeviceptr *dptr, size_t bytesize, unsigned int flags);
CPL_API(4010) CUresult cuIpcGetEventHandle(CUipcEventHandle *pHandle, CUevent event);
CPL_API(4010) CUresult cuIpcOpenEventHandle(CUevent *phEvent, CUipcEventHandle handle);
CPL_API(4010) CUresult cuIpcGetMemHandle(CUipcMemHandle *pHandle, CUdeviceptr dptr);
CPL_API(11000) CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *pdptr, CUipcMemHandle handle, unsigned int Flags);
CPL_API(4010) CUresult cuIpcCloseMemHandle(CUdeviceptr dptr);
CPL_API(6050) CUresult cuMemHostRegister_v2(void *p, size_t bytesize, unsigned int Flags);
CPL_API(4000) CUresult cuMemHostUnregister(void *p);
CPL_API(11070) CUresult cuMemGetHandleForAddressRange(void *handle, CUdeviceptr dptr, size_t size,
    CUmemRangeHandleType handleType, unsigned long long flags);
CPL_API_PTSZ(12060, 12060) CUresult cuMemBatchDecompressAsync(CUmemDecompressParams *paramsArray, size_t count,
    unsigned int flags, size_t *errorIndex, CUstream stream);
CPL_API(10020) CUresult cuMemAddressReserve(CUdeviceptr *ptr, size_t size, size_t alignment, CUdeviceptr addr,
    unsigned long long flags);
CPL_API(10020) CUresult cuMemAddressFree(CUdeviceptr ptr, size_t size);
CPL_API(10020) CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size, const CUmemAllocationProp *prop,
    unsigned long long flags);
CPL_API(10020) CUresult cuMemRelease(CUmemGenericAllocationHandle handle);
CPL_API(10020) CUresult cuMemMap(CUdeviceptr ptr, size_t size, size_t offset, CUmemGenericAllocationHandle handle,
    unsigned long long flags);
CPL_API_PTSZ(11010, 11010) CUresult cuMemMapArrayAsync(CUarrayMapInfo *mapInfoList, unsigned int count,
    CUstream hStream);
CPL_API(10020) CUresult cuMemUnmap(CUdeviceptr ptr, size_t size);
CPL_API(10020) CUresult cuMemSetAccess(CUdeviceptr ptr, size_t size, const CUmemAccessDesc *desc, size_t count);
CPL_API(10020) CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location, CUdeviceptr ptr);
CPL_API(10020) CUresult cuMemExportToShareableHandle(void *shareableHandle, CUmemGenericAllocationHandle handle,
    CUmemAllocationHandleType handleType, unsigned long long flags);
CPL_API(10020) CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *osHandle,
    CUmemAllocationHandleType shHandleType);
CPL_API(10020) CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop,
    CUmemAllocationGranularity_flags option);
CPL_API(10020) CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *prop,
    CUmemGenericAllocationHandle handle);
CPL_API(11000) CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *addr);
CPL_API_PTSZ(11020, 11020) CUresult cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream);
CPL_API_PTSZ(11020, 11020) CUresult cuMemAllocAsync(CUdeviceptr *dptr, size_t bytesize, CUstream hStream);
CPL_API(11020) CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t minBytesToKeep);
CPL_API(11020) CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value);
CPL_API(11020) CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value);
CPL_API(11020) CUresult cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *map, size_t count);
CPL_API(11020) CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool memPool, CUmemLocation *location);
CPL_API(11020) CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *poolProps);
CPL_API(11020) CUresult cuMemPoolDestroy(CUmemoryPool pool);
CPL_API_PTSZ(11020, 11020) CUresult cuMemAllocFromPoolAsync(CUdeviceptr *dptr, size_t bytesize, CUmemoryPool pool,
    CUstream hStream);
CPL_API(11020) CUresult cuMemPoolExportToShareableHandle(void *handle_out, CUmemoryPool pool,
    CUmemAllocationHandleType handleType, unsigned long long flags);
CPL_API(11020) CUresult cuMemPoolImportFromShareableHandle(CUmemoryPool *pool_out, void *handle,
    CUmemAllocationHandleType handleType, unsigned long long flags);
CPL_API(11020) CUresult cuMemPoolExportPointer(CUmemPoolPtrExportData *shareData_out, CUdeviceptr ptr);
CPL_API(11020) CUresult cuMemPoolImportPointer(CUdeviceptr *ptr_out, CUmemoryPool pool,
    CUmemPoolPtrExportData *shareData);
CPL_API(12010) CUresult cuMulticastCreate(CUmemGenericAllocationHandle *mcHandle, const CUmulticastObjectProp *prop);
CPL_API(12010) CUresult cuMulticastAddDevice(CUmemGenericAllocationHandle mcHandle, CUdevice dev);
CPL_API(12010) CUresult cuMulticastBindMem(CUmemGenericAllocationHandle mcHandle, size_t mcOffset,
    CUmemGenericAllocationHandle memHandle, size_t memOffset, size_t size, unsigned long long flags);
CPL_API(12010) CUresult cuMulticastBindAddr(CUmemGenericAllocationHandle mcHandle, size_t mcOffset, CUdeviceptr memptr,
    size_t size, unsigned long long flags);
CPL_API(12010) CUresult cuMulticastUnbind(CUmemGenericAllocationHandle mcHandle, CUdevice dev, size_t mcOffset,
    size_t size);
CPL_API(12010) CUresult cuMulticastGetGranularity(size_t *granularity, const CUmulticastObjectProp *prop,
    CUmulticastGranularity_flags option);
CPL_API(4000) CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr);
CPL_API_PTSZ(12020, 12020) CUresult cuMemPrefetchAsync_v2(CUdeviceptr devPtr, size_t count, CUmemLocation location,
    unsigned int flags, CUstream hStream);
CPL_API(12020) CUresult cuMemAdvise_v2(CUdeviceptr devPtr, size_t count, CUmem_advise advice, CUmemLocation location);
CPL_API(8000) CUresult cuMemRangeGetAttribute(void *data, size_t dataSize, CUmem_range_attribute attribute,
    CUdeviceptr devPtr, size_t count);
CPL_API(8000) CUresult cuMemRangeGetAttributes(void **data, size_t *dataSizes, CUmem_range_attribute *attributes,
    size_t numAttributes, CUdeviceptr devPtr, size_t count);
CPL_API(6000) CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute, CUdeviceptr ptr);
CPL_API(7000) CUresult cuPointerGetAttributes(unsigned int numAttributes, CUpointer_attribute *attributes, void **data,
    CUdeviceptr ptr);
CPL_API(13000) CUresult cuMemGetDefaultMemPool(CUmemoryPool *pool_out, CUmemLocation *location,
    CUmemAllocationType type);
CPL_API(13000) CUresult cuMemGetMemPool(CUmemoryPool *pool, CUmemLocation *location, CUmemAllocationType type);
CPL_API(13000) CUresult cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type, CUmemoryPool pool);
CPL_API_PTSZ(13000, 13000) CUresult cuMemPrefetchBatchAsync(CUdeviceptr *dptrs, size_t *sizes, size_t count,
    CUmemLocation *prefetchLocs, size_t *prefetchLocIdxs, size_t numPrefetchLocs, unsigned long long flags,
    CUstream hStream);
CPL_API_PTSZ(13000, 13000) CUresult cuMemDiscardBatchAsync(CUdeviceptr *dptrs, size_t *sizes, size_t count,
    unsigned long long flags, CUstream hStream);
CPL_API_PTSZ(13000, 13000) CUresult cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *dptrs, size_t *sizes, size_t count,
    CUmemLocation *prefetchLocs, size_t *prefetchLocIdxs, size_t numPrefetchLocs, unsigned long long flags,
    CUstream hStream);
CPL_API(13010) CUresult cuMulticastBindMem_v2(CUmemGenericAllocationHandle mcHandle, CUdevice dev, size_t mcOffset,
    CUmemGenericAllocationHandle memHandle, size_t memOffset, size_t size, unsigned long long flags);
CPL_API(13010) CUresult cuMulticastBindAddr_v2(CUmemGenericAllocationHandle mcHandle, CUdevice dev, size_t mcOffset,
    CUdeviceptr memptr, size_t size, unsigned long long flags);
CPL_API(13030) CUresult cuLogicalEndpointIdReserve(CUlogicalEndpointId *baseLeId, cuuint32_t count);
CPL_API(13030) CUresult cuLogicalEndpointIdRelease(CUlogicalEndpointId baseLeId, cuuint32_t count);
CPL_API(13030) CUresult cuLogicalEndpointCreate(CUlogicalEndpointId leId, const CUlogicalEndpointProp *prop);
CPL_API(13030) CUresult cuLogicalEndpointAddDevice(CUlogicalEndpointId leId, CUdevice dev);
CPL_API(13030) CUresult cuLogicalEndpointDestroy(CUlogicalEndpointId leId);
CPL_API(13030) CUresult cuLogicalEndpointBindAddr(CUlogicalEndpointId leId, CUdevice dev, cuuint64_t offset, void *ptr,
    cuuint64_t size, unsigned long long flags);
CPL_API(13030) CUresult cuLogicalEndpointBindMem(CUlogicalEndpointId leId, CUdevice dev, cuuint64_t offset,
    CUmemGenericAllocationHandle memHandle, cuuint64_t memOffset, cuuint64_t size, unsigned long long flags);
CPL_API(13030) CUresult cuLogicalEndpointUnbind(CUlogicalEndpointId leId, CUdevice dev, cuuint64_t offset,
    cuuint64_t size);
CPL_API(13030) CUresult cuLogicalEndpointExport(void *handle, CUlogicalEndpointId leId,
    CUlogicalEndpointIpcHandleType handleType);
CPL_API(13030) CUresult cuLogicalEndpointImport(CUlogicalEndpointId leId, const void *handle,
    CUlogicalEndpointIpcHandleType handleType);
CPL_API(13030) CUresult cuLogicalEndpointGetLimits(cuuint64_t *bindAlignment, cuuint64_t *maxSize,
    const CUlogicalEndpointProp *prop);
CPL_API(13030) CUresult cuLogicalEndpointQuery(CUlogicalEndpointId leId, cuuint32_t count, int *queryStatus);
CPL_API(13041) CUresult cuMemGetLocationInfo(CUdeviceptr ptr, size_t size, size_t summaryGranularity,
    size_t samplingGranularity, CUmemLocation *location_out);

CPL_C_END

#endif
