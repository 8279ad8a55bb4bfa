/* Older variants under the unsuffixed names. Declared only where CPL_NO_NAME_MACROS is defined: elsewhere the
 * unsuffixed names are macros (names.h). The variants with 32-bit device pointers, older than CUDA 3.2, are not exported. */
#ifndef COMPATLAYER_CUDA_LEGACY_H
#define COMPATLAYER_CUDA_LEGACY_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(2000) CUresult cuCtxCreate(CUcontext *pctx, unsigned int flags, CUdevice dev);
CPL_API(2000) CUresult cuCtxDestroy(CUcontext ctx);
CPL_API(2000) CUresult cuCtxPushCurrent(CUcontext ctx);
CPL_API(2000) CUresult cuCtxPopCurrent(CUcontext *pctx);
CPL_API(7000) CUresult cuDevicePrimaryCtxRelease(CUdevice dev);
CPL_API(7000) CUresult cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags);
CPL_API(7000) CUresult cuDevicePrimaryCtxReset(CUdevice dev);
CPL_API(9020) CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev);
CPL_API(5050) CUresult cuLinkCreate(unsigned int numOptions, CUjit_option *options, void **optionValues,
    CUlinkState *stateOut);
CPL_API(5050) CUresult cuLinkAddData(CUlinkState state, CUjitInputType type, void *data, size_t size, const char *name,
    unsigned int numOptions, CUjit_option *options, void **optionValues);
CPL_API(5050) CUresult cuLinkAddFile(CUlinkState state, CUjitInputType type, const char *path, unsigned int numOptions,
    CUjit_option *options, void **optionValues);
CPL_API(4000) CUresult cuMemHostRegister(void *p, size_t bytesize, unsigned int Flags);
CPL_API(4010) CUresult cuIpcOpenMemHandle(CUdeviceptr *pdptr, CUipcMemHandle handle, unsigned int Flags);
CPL_API_PTSZ(8000, 8000) CUresult cuMemPrefetchAsync(CUdeviceptr devPtr, size_t count, CUdevice dstDevice,
    CUstream hStream);
CPL_API(8000) CUresult cuMemAdvise(CUdeviceptr devPtr, size_t count, CUmem_advise advice, CUdevice device);
CPL_API_PTSZ(12080, 12080) CUresult cuMemcpyBatchAsync(CUdeviceptr *dsts, CUdeviceptr *srcs, size_t *sizes,
    size_t count, CUmemcpyAttributes *attrs, size_t *attrsIdxs, size_t numAttrs, size_t *failIdx, CUstream hStream);
CPL_API_PTSZ(12080, 12080) CUresult cuMemcpy3DBatchAsync(size_t numOps, CUDA_MEMCPY3D_BATCH_OP *opList,
    size_t *failIdx, unsigned long long flags, CUstream hStream);
CPL_API(2000) CUresult cuStreamDestroy(CUstream hStream);
CPL_API_PTSZ(10000, 10000) CUresult cuStreamBeginCapture(CUstream hStream);
CPL_API_PTSZ(10010, 10010) CUresult cuStreamGetCaptureInfo(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
    cuuint64_t *id_out);
CPL_API_PTSZ(11030, 11030) CUresult cuStreamUpdateCaptureDependencies(CUstream hStream, CUgraphNode *dependencies,
    size_t numDependencies, unsigned int flags);
CPL_API_PTSZ(8000, 8000) CUresult cuStreamWaitValue32(CUstream stream, CUdeviceptr addr, cuuint32_t value,
    unsigned int flags);
CPL_API_PTSZ(9000, 9000) CUresult cuStreamWaitValue64(CUstream stream, CUdeviceptr addr, cuuint64_t value,
    unsigned int flags);
CPL_API_PTSZ(8000, 8000) CUresult cuStreamWriteValue32(CUstream stream, CUdeviceptr addr, cuuint32_t value,
    unsigned int flags);
CPL_API_PTSZ(9000, 9000) CUresult cuStreamWriteValue64(CUstream stream, CUdeviceptr addr, cuuint64_t value,
    unsigned int flags);
CPL_API_PTSZ(8000, 8000) CUresult cuStreamBatchMemOp(CUstream stream, unsigned int count,
    CUstreamBatchMemOpParams *paramArray, unsigned int flags);
CPL_API(2000) CUresult cuEventDestroy(CUevent hEvent);
CPL_API(2000) CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd);
CPL_API(10000) CUresult cuGraphAddKernelNode(CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies,
    size_t numDependencies, const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams);
CPL_API(10000) CUresult cuGraphKernelNodeGetParams(CUgraphNode hNode, CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams);
CPL_API(10000) CUresult cuGraphKernelNodeSetParams(CUgraphNode hNode, const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams);
CPL_API(10010) CUresult cuGraphExecKernelNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
    const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams);
CPL_API(10000) CUresult cuGraphGetEdges(CUgraph hGraph, CUgraphNode *from, CUgraphNode *to, size_t *numEdges);
CPL_API(10000) CUresult cuGraphNodeGetDependencies(CUgraphNode hNode, CUgraphNode *dependencies,
    size_t *numDependencies);
CPL_API(10000) CUresult cuGraphNodeGetDependentNodes(CUgraphNode hNode, CUgraphNode *dependentNodes,
    size_t *numDependentNodes);
CPL_API(10000) CUresult cuGraphAddDependencies(CUgraph hGraph, const CUgraphNode *from, const CUgraphNode *to,
    size_t numDependencies);
CPL_API(10000) CUresult cuGraphRemoveDependencies(CUgraph hGraph, const CUgraphNode *from, const CUgraphNode *to,
    size_t numDependencies);
CPL_API(12020) CUresult cuGraphAddNode(CUgraphNode *phGraphNode, CUgraph hGraph, const CUgraphNode *dependencies,
    size_t numDependencies, CUgraphNodeParams *nodeParams);
CPL_API(10000) CUresult cuGraphInstantiate(CUgraphExec *phGraphExec, CUgraph hGraph, CUgraphNode *phErrorNode,
    char *logBuffer, size_t bufferSize);
CPL_API(11000) CUresult cuGraphInstantiate_v2(CUgraphExec *phGraphExec, CUgraph hGraph, CUgraphNode *phErrorNode,
    char *logBuffer, size_t bufferSize);
CPL_API(10020) CUresult cuGraphExecUpdate(CUgraphExec hGraphExec, CUgraph hGraph, CUgraphNode *hErrorNode_out,
    CUgraphExecUpdateResult *updateResult_out);
CPL_API(3020) CUresult cuTexRefSetAddress2D_v2(CUtexref hTexRef, const CUDA_ARRAY_DESCRIPTOR *desc, CUdeviceptr dptr,
    size_t Pitch);
CPL_API(3000) CUresult cuGraphicsResourceSetMapFlags(CUgraphicsResource resource, unsigned int flags);
CPL_API(11030) CUresult cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags);

CPL_C_END

#endif
