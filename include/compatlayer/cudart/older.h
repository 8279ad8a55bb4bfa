/* The variants of libcudart.so.12, where that library differs. Exported there without the suffix. */
#ifndef COMPATLAYER_CUDART_OLDER_H
#define COMPATLAYER_CUDART_OLDER_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaChooseDevice_v12(int *device, const cudaDeviceProp_v12 *prop);
CPL_RUNTIME cudaError_t cudaGetDeviceProperties_v11(void *prop, int device);
CPL_RUNTIME cudaError_t cudaGetDeviceProperties_v12(cudaDeviceProp_v12 *prop, int device);
CPL_RUNTIME cudaError_t cudaGraphAddDependencies_v12(cudaGraph_t graph, const cudaGraphNode_t *from,
    const cudaGraphNode_t *to, size_t numDependencies);
CPL_RUNTIME cudaError_t cudaGraphAddNode_v12(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
    const cudaGraphNode_t *pDependencies, size_t numDependencies, cudaGraphNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphGetEdges_v12(cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to,
    size_t *numEdges);
CPL_RUNTIME cudaError_t cudaGraphNodeGetDependencies_v12(cudaGraphNode_t node, cudaGraphNode_t *pDependencies,
    size_t *pNumDependencies);
CPL_RUNTIME cudaError_t cudaGraphNodeGetDependentNodes_v12(cudaGraphNode_t node, cudaGraphNode_t *pDependentNodes,
    size_t *pNumDependentNodes);
CPL_RUNTIME cudaError_t cudaGraphRemoveDependencies_v12(cudaGraph_t graph, const cudaGraphNode_t *from,
    const cudaGraphNode_t *to, size_t numDependencies);
CPL_RUNTIME cudaError_t cudaMemAdvise_v12(const void *devPtr, size_t count, cudaMemoryAdvise advice, int device);
CPL_RUNTIME_PTSZ cudaError_t cudaMemPrefetchAsync_v12(const void *devPtr, size_t count, int dstDevice,
    cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy3DBatchAsync_v12(size_t numOps, cudaMemcpy3DBatchOp *opList, size_t *failIdx,
    unsigned long long flags, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyBatchAsync_v12(void **dsts, void **srcs, size_t *sizes, size_t count,
    cudaMemcpyAttributes *attrs, size_t *attrsIdxs, size_t numAttrs, size_t *failIdx, cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaRuntimeGetVersion_v12(int *runtimeVersion);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetCaptureInfo_v12(cudaStream_t stream,
    cudaStreamCaptureStatus *captureStatus_out, unsigned long long *id_out, cudaGraph_t *graph_out,
    const cudaGraphNode_t **dependencies_out, size_t *numDependencies_out);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamUpdateCaptureDependencies_v12(cudaStream_t stream,
    cudaGraphNode_t *dependencies, size_t numDependencies, unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetCaptureInfo_v10(cudaStream_t stream,
    cudaStreamCaptureStatus *captureStatus_out, unsigned long long *id_out);

CPL_C_END

#endif
