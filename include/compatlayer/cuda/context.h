/* Initialisation, devices, contexts, green contexts and entry points. */
#ifndef COMPATLAYER_CUDA_CONTEXT_H
#define COMPATLAYER_CUDA_CONTEXT_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(6000) CUresult cuGetErrorString(CUresult error, const char **pStr);
CPL_API(6000) CUresult cuGetErrorName(CUresult error, const char **pStr);
CPL_API(2000) CUresult cuInit(unsigned int Flags);
CPL_API(2020) CUresult cuDriverGetVersion(int *driverVersion);
CPL_API(2000) CUresult cuDeviceGet(CUdevice *device, int ordinal);
CPL_API(2000) CUresult cuDeviceGetCount(int *count);
CPL_API(2000) CUresult cuDeviceGetName(char *name, int len, CUdevice dev);
CPL_API(11040) CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev);
CPL_API(10000) CUresult cuDeviceGetLuid(char *luid, unsigned int *deviceNodeMask, CUdevice dev);
CPL_API(3020) CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev);
CPL_API(11010) CUresult cuDeviceGetTexture1DLinearMaxWidth(size_t *maxWidthInElements, CUarray_format format,
    unsigned int numChannels, CUdevice dev);
CPL_API(2000) CUresult cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib, CUdevice dev);
CPL_API(10020) CUresult cuDeviceGetNvSciSyncAttributes(void *nvSciSyncAttrList, CUdevice dev, int flags);
CPL_API(11020) CUresult cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool);
CPL_API(11020) CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev);
CPL_API(11020) CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool_out, CUdevice dev);
CPL_API(11040) CUresult cuDeviceGetExecAffinitySupport(int *pi, CUexecAffinityType type, CUdevice dev);
CPL_API(11030) CUresult cuFlushGPUDirectRDMAWrites(CUflushGPUDirectRDMAWritesTarget target,
    CUflushGPUDirectRDMAWritesScope scope);
CPL_API(2000) CUresult cuDeviceGetProperties(CUdevprop *prop, CUdevice dev);
CPL_API(2000) CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice dev);
CPL_API(7000) CUresult cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev);
CPL_API(11000) CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev);
CPL_API(11000) CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags);
CPL_API(7000) CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active);
CPL_API(11000) CUresult cuDevicePrimaryCtxReset_v2(CUdevice dev);
CPL_API(3020) CUresult cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev);
CPL_API(11040) CUresult cuCtxCreate_v3(CUcontext *pctx, CUexecAffinityParam *paramsArray, int numParams,
    unsigned int flags, CUdevice dev);
CPL_API(12050) CUresult cuCtxCreate_v4(CUcontext *pctx, CUctxCreateParams *ctxCreateParams, unsigned int flags,
    CUdevice dev);
CPL_API(4000) CUresult cuCtxDestroy_v2(CUcontext ctx);
CPL_API(4000) CUresult cuCtxPushCurrent_v2(CUcontext ctx);
CPL_API(4000) CUresult cuCtxPopCurrent_v2(CUcontext *pctx);
CPL_API(4000) CUresult cuCtxSetCurrent(CUcontext ctx);
CPL_API(4000) CUresult cuCtxGetCurrent(CUcontext *pctx);
CPL_API(2000) CUresult cuCtxGetDevice(CUdevice *device);
CPL_API(7000) CUresult cuCtxGetFlags(unsigned int *flags);
CPL_API(12010) CUresult cuCtxSetFlags(unsigned int flags);
CPL_API(12000) CUresult cuCtxGetId(CUcontext ctx, unsigned long long *ctxId);
CPL_API(2000) CUresult cuCtxSynchronize(void);
CPL_API(3010) CUresult cuCtxSetLimit(CUlimit limit, size_t value);
CPL_API(3010) CUresult cuCtxGetLimit(size_t *pvalue, CUlimit limit);
CPL_API(3020) CUresult cuCtxGetCacheConfig(CUfunc_cache *pconfig);
CPL_API(3020) CUresult cuCtxSetCacheConfig(CUfunc_cache config);
CPL_API(3020) CUresult cuCtxGetApiVersion(CUcontext ctx, unsigned int *version);
CPL_API(5050) CUresult cuCtxGetStreamPriorityRange(int *leastPriority, int *greatestPriority);
CPL_API(11000) CUresult cuCtxResetPersistingL2Cache(void);
CPL_API(11040) CUresult cuCtxGetExecAffinity(CUexecAffinityParam *pExecAffinity, CUexecAffinityType type);
CPL_API(12050) CUresult cuCtxRecordEvent(CUcontext hCtx, CUevent hEvent);
CPL_API(12050) CUresult cuCtxWaitEvent(CUcontext hCtx, CUevent hEvent);
CPL_API(2000) CUresult cuCtxAttach(CUcontext *pctx, unsigned int flags);
CPL_API(2000) CUresult cuCtxDetach(CUcontext ctx);
CPL_API(4020) CUresult cuCtxGetSharedMemConfig(CUsharedconfig *pConfig);
CPL_API(4020) CUresult cuCtxSetSharedMemConfig(CUsharedconfig config);
CPL_API(12040) CUresult cuDeviceRegisterAsyncNotification(CUdevice device, CUasyncCallback callbackFunc,
    void *userData, CUasyncCallbackHandle *callback);
CPL_API(12040) CUresult cuDeviceUnregisterAsyncNotification(CUdevice device, CUasyncCallbackHandle callback);
CPL_API(4010) CUresult cuDeviceGetByPCIBusId(CUdevice *dev, const char *pciBusId);
CPL_API(4010) CUresult cuDeviceGetPCIBusId(char *pciBusId, int len, CUdevice dev);
CPL_API(11040) CUresult cuDeviceGraphMemTrim(CUdevice device);
CPL_API(11040) CUresult cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void *value);
CPL_API(11040) CUresult cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void *value);
CPL_API(4000) CUresult cuDeviceCanAccessPeer(int *canAccessPeer, CUdevice dev, CUdevice peerDev);
CPL_API(4000) CUresult cuCtxEnablePeerAccess(CUcontext peerContext, unsigned int Flags);
CPL_API(4000) CUresult cuCtxDisablePeerAccess(CUcontext peerContext);
CPL_API(8000) CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attrib, CUdevice srcDevice,
    CUdevice dstDevice);
CPL_API(12000) CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags,
    CUdriverProcAddressQueryResult *symbolStatus);
CPL_API(3000) CUresult cuGetExportTable(const void **ppExportTable, const CUuuid *pExportTableId);
CPL_API(12040) CUresult cuGreenCtxCreate(CUgreenCtx *phCtx, CUdevResourceDesc desc, CUdevice dev, unsigned int flags);
CPL_API(12040) CUresult cuGreenCtxDestroy(CUgreenCtx hCtx);
CPL_API(12040) CUresult cuCtxFromGreenCtx(CUcontext *pContext, CUgreenCtx hCtx);
CPL_API(12040) CUresult cuDeviceGetDevResource(CUdevice device, CUdevResource *resource, CUdevResourceType type);
CPL_API(12040) CUresult cuCtxGetDevResource(CUcontext hCtx, CUdevResource *resource, CUdevResourceType type);
CPL_API(12040) CUresult cuGreenCtxGetDevResource(CUgreenCtx hCtx, CUdevResource *resource, CUdevResourceType type);
CPL_API(12040) CUresult cuDevSmResourceSplitByCount(CUdevResource *result, unsigned int *nbGroups,
    const CUdevResource *input, CUdevResource *remainder, unsigned int flags, unsigned int minCount);
CPL_API(12040) CUresult cuDevResourceGenerateDesc(CUdevResourceDesc *phDesc, CUdevResource *resources,
    unsigned int nbResources);
CPL_API(12040) CUresult cuGreenCtxRecordEvent(CUgreenCtx hCtx, CUevent hEvent);
CPL_API(12040) CUresult cuGreenCtxWaitEvent(CUgreenCtx hCtx, CUevent hEvent);
CPL_API(12050) CUresult cuGreenCtxStreamCreate(CUstream *phStream, CUgreenCtx greenCtx, unsigned int flags,
    int priority);
CPL_API(13000) CUresult cuDeviceGetHostAtomicCapabilities(unsigned int *capabilities,
    const CUatomicOperation *operations, unsigned int count, CUdevice dev);
CPL_API(13000) CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext ctx);
CPL_API(13000) CUresult cuCtxSynchronize_v2(CUcontext ctx);
CPL_API(13000) CUresult cuDeviceGetP2PAtomicCapabilities(unsigned int *capabilities,
    const CUatomicOperation *operations, unsigned int count, CUdevice srcDevice, CUdevice dstDevice);
CPL_API(13000) CUresult cuGreenCtxGetId(CUgreenCtx greenCtx, unsigned long long *greenCtxId);
CPL_API(13010) CUresult cuDevSmResourceSplit(CUdevResource *result, unsigned int nbGroups, const CUdevResource *input,
    CUdevResource *remainder, unsigned int flags, CU_DEV_SM_RESOURCE_GROUP_PARAMS *groupParams);
CPL_API(13041) CUresult cuDeviceGetFabricClusterUuid(CUuuid *uuid, CUdevice dev);
CPL_API(13041) CUresult cuDeviceGetCliqueCount(size_t *count, CUdevice dev);
CPL_API(13041) CUresult cuDeviceGetCliqueInfo(CUcliqueInfo *cliqueInfo, size_t *count, CUdevice dev);

CPL_C_END

#endif
