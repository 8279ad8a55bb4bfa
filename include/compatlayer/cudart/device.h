/* Devices, errors, versions, resources and logs. */
#ifndef COMPATLAYER_CUDART_DEVICE_H
#define COMPATLAYER_CUDART_DEVICE_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaDeviceReset(void);
CPL_RUNTIME cudaError_t cudaDeviceSynchronize(void);
CPL_RUNTIME cudaError_t cudaDeviceSetLimit(cudaLimit limit, size_t value);
CPL_RUNTIME cudaError_t cudaDeviceGetLimit(size_t *pValue, cudaLimit limit);
CPL_RUNTIME cudaError_t cudaDeviceGetTexture1DLinearMaxWidth(size_t *maxWidthInElements,
    const cudaChannelFormatDesc *fmtDesc, int device);
CPL_RUNTIME cudaError_t cudaDeviceGetCacheConfig(cudaFuncCache *pCacheConfig);
CPL_RUNTIME cudaError_t cudaDeviceGetStreamPriorityRange(int *leastPriority, int *greatestPriority);
CPL_RUNTIME cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache cacheConfig);
CPL_RUNTIME cudaError_t cudaDeviceGetByPCIBusId(int *device, const char *pciBusId);
CPL_RUNTIME cudaError_t cudaDeviceGetPCIBusId(char *pciBusId, int len, int device);
CPL_RUNTIME cudaError_t cudaDeviceFlushGPUDirectRDMAWrites(cudaFlushGPUDirectRDMAWritesTarget target,
    cudaFlushGPUDirectRDMAWritesScope scope);
CPL_RUNTIME cudaError_t cudaDeviceRegisterAsyncNotification(int device, cudaAsyncCallback callbackFunc,
    void *userData, cudaAsyncCallbackHandle_t *callback);
CPL_RUNTIME cudaError_t cudaDeviceUnregisterAsyncNotification(int device, cudaAsyncCallbackHandle_t callback);
CPL_RUNTIME cudaError_t cudaDeviceGetSharedMemConfig(cudaSharedMemConfig *pConfig);
CPL_RUNTIME cudaError_t cudaDeviceSetSharedMemConfig(cudaSharedMemConfig config);
CPL_RUNTIME cudaError_t cudaGetLastError(void);
CPL_RUNTIME cudaError_t cudaPeekAtLastError(void);
CPL_RUNTIME const char *cudaGetErrorName(cudaError_t error);
CPL_RUNTIME const char *cudaGetErrorString(cudaError_t error);
CPL_RUNTIME cudaError_t cudaGetDeviceCount(int *count);
CPL_RUNTIME cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attr, int device);
CPL_RUNTIME cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *memPool, int device);
CPL_RUNTIME cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t memPool);
CPL_RUNTIME cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *memPool, int device);
CPL_RUNTIME cudaError_t cudaDeviceGetP2PAttribute(int *value, cudaDeviceP2PAttr attr, int srcDevice, int dstDevice);
CPL_RUNTIME cudaError_t cudaChooseDevice(int *device, const cudaDeviceProp *prop);
CPL_RUNTIME cudaError_t cudaInitDevice(int device, unsigned int deviceFlags, unsigned int flags);
CPL_RUNTIME cudaError_t cudaSetDevice(int device);
CPL_RUNTIME cudaError_t cudaGetDevice(int *device);
CPL_RUNTIME cudaError_t cudaSetDeviceFlags(unsigned int flags);
CPL_RUNTIME cudaError_t cudaGetDeviceFlags(unsigned int *flags);
CPL_RUNTIME cudaError_t cudaCtxResetPersistingL2Cache(void);
CPL_RUNTIME cudaError_t cudaDeviceCanAccessPeer(int *canAccessPeer, int device, int peerDevice);
CPL_RUNTIME cudaError_t cudaDeviceEnablePeerAccess(int peerDevice, unsigned int flags);
CPL_RUNTIME cudaError_t cudaDeviceDisablePeerAccess(int peerDevice);
CPL_RUNTIME cudaError_t cudaDriverGetVersion(int *driverVersion);
CPL_RUNTIME cudaError_t cudaRuntimeGetVersion(int *runtimeVersion);
CPL_RUNTIME cudaError_t cudaDeviceGraphMemTrim(int device);
CPL_RUNTIME cudaError_t cudaDeviceGetGraphMemAttribute(int device, cudaGraphMemAttributeType attr, void *value);
CPL_RUNTIME cudaError_t cudaDeviceSetGraphMemAttribute(int device, cudaGraphMemAttributeType attr, void *value);
CPL_RUNTIME_PTSZ cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **funcPtr, unsigned long long flags,
    cudaDriverEntryPointQueryResult *driverStatus);
CPL_RUNTIME_PTSZ cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **funcPtr,
    unsigned int cudaVersion, unsigned long long flags, cudaDriverEntryPointQueryResult *driverStatus);
CPL_RUNTIME cudaError_t cudaGetExportTable(const void **ppExportTable, const cudaUUID_t *pExportTableId);
CPL_RUNTIME cudaError_t cudaProfilerStart(void);
CPL_RUNTIME cudaError_t cudaProfilerStop(void);
CPL_RUNTIME cudaError_t cudaGetDeviceProperties(cudaDeviceProp *prop, int device);
CPL_RUNTIME cudaError_t cudaDeviceGetHostAtomicCapabilities(unsigned int *capabilities,
    const cudaAtomicOperation *operations, unsigned int count, int device);
CPL_RUNTIME cudaError_t cudaDeviceGetP2PAtomicCapabilities(unsigned int *capabilities,
    const cudaAtomicOperation *operations, unsigned int count, int srcDevice, int dstDevice);
CPL_RUNTIME cudaError_t cudaLogsRegisterCallback(cudaLogsCallback_t callbackFunc, void *userData,
    cudaLogsCallbackHandle *callback_out);
CPL_RUNTIME cudaError_t cudaLogsUnregisterCallback(cudaLogsCallbackHandle callback);
CPL_RUNTIME cudaError_t cudaLogsCurrent(cudaLogIterator *iterator_out, unsigned int flags);
CPL_RUNTIME cudaError_t cudaLogsDumpToFile(cudaLogIterator *iterator, const char *pathToFile, unsigned int flags);
CPL_RUNTIME cudaError_t cudaLogsDumpToMemory(cudaLogIterator *iterator, char *buffer, size_t *size,
    unsigned int flags);
CPL_RUNTIME cudaError_t cudaDeviceGetDevResource(int device, cudaDevResource *resource, cudaDevResourceType type);
CPL_RUNTIME cudaError_t cudaDevSmResourceSplitByCount(cudaDevResource *result, unsigned int *nbGroups,
    const cudaDevResource *input, cudaDevResource *remaining, unsigned int flags, unsigned int minCount);
CPL_RUNTIME cudaError_t cudaDevSmResourceSplit(cudaDevResource *result, unsigned int nbGroups,
    const cudaDevResource *input, cudaDevResource *remainder, unsigned int flags,
    cudaDevSmResourceGroupParams *groupParams);
CPL_RUNTIME cudaError_t cudaDevResourceGenerateDesc(cudaDevResourceDesc_t *phDesc, cudaDevResource *resources,
    unsigned int nbResources);
CPL_RUNTIME cudaError_t cudaGreenCtxCreate(cudaExecutionContext_t *phCtx, cudaDevResourceDesc_t desc, int device,
    unsigned int flags);
CPL_RUNTIME cudaError_t cudaExecutionCtxDestroy(cudaExecutionContext_t ctx);
CPL_RUNTIME cudaError_t cudaExecutionCtxGetDevResource(cudaExecutionContext_t ctx, cudaDevResource *resource,
    cudaDevResourceType type);
CPL_RUNTIME cudaError_t cudaExecutionCtxGetDevice(int *device, cudaExecutionContext_t ctx);
CPL_RUNTIME cudaError_t cudaExecutionCtxGetId(cudaExecutionContext_t ctx, unsigned long long *ctxId);
CPL_RUNTIME cudaError_t cudaExecutionCtxStreamCreate(cudaStream_t *phStream, cudaExecutionContext_t ctx,
    unsigned int flags, int priority);
CPL_RUNTIME cudaError_t cudaExecutionCtxSynchronize(cudaExecutionContext_t ctx);
CPL_RUNTIME cudaError_t cudaExecutionCtxRecordEvent(cudaExecutionContext_t ctx, cudaEvent_t event);
CPL_RUNTIME cudaError_t cudaExecutionCtxWaitEvent(cudaExecutionContext_t ctx, cudaEvent_t event);
CPL_RUNTIME cudaError_t cudaDeviceGetExecutionCtx(cudaExecutionContext_t *ctx, int device);
CPL_RUNTIME cudaError_t cudaSetValidDevices(int *device_arr, int len);

CPL_C_END

#endif
