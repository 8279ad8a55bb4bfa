/* Streams, capture and events. */
#ifndef COMPATLAYER_CUDART_STREAM_H
#define COMPATLAYER_CUDART_STREAM_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaStreamCreate(cudaStream_t *pStream);
CPL_RUNTIME cudaError_t cudaStreamCreateWithFlags(cudaStream_t *pStream, unsigned int flags);
CPL_RUNTIME cudaError_t cudaStreamCreateWithPriority(cudaStream_t *pStream, unsigned int flags, int priority);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetPriority(cudaStream_t hStream, int *priority);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetFlags(cudaStream_t hStream, unsigned int *flags);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetId(cudaStream_t hStream, unsigned long long *streamId);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetDevice(cudaStream_t hStream, int *device);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamCopyAttributes(cudaStream_t dst, cudaStream_t src);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetAttribute(cudaStream_t hStream, cudaStreamAttrID attr,
    cudaStreamAttrValue *value_out);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamSetAttribute(cudaStream_t hStream, cudaStreamAttrID attr,
    const cudaStreamAttrValue *value);
CPL_RUNTIME cudaError_t cudaStreamDestroy(cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void *userData,
    unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamSynchronize(cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamQuery(cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamAttachMemAsync(cudaStream_t stream, void *devPtr, size_t length,
    unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t stream, cudaGraph_t graph,
    const cudaGraphNode_t *dependencies, const cudaGraphEdgeData *dependencyData, size_t numDependencies,
    cudaStreamCaptureMode mode);
CPL_RUNTIME cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode *mode);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *pGraph);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *pCaptureStatus);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t stream, cudaGraphNode_t *dependencies,
    const cudaGraphEdgeData *dependencyData, size_t numDependencies, unsigned int flags);
CPL_RUNTIME cudaError_t cudaEventCreate(cudaEvent_t *event);
CPL_RUNTIME cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned int flags);
CPL_RUNTIME cudaError_t cudaEventQuery(cudaEvent_t event);
CPL_RUNTIME cudaError_t cudaEventSynchronize(cudaEvent_t event);
CPL_RUNTIME cudaError_t cudaEventDestroy(cudaEvent_t event);
CPL_RUNTIME cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus *captureStatus_out,
    unsigned long long *id_out, cudaGraph_t *graph_out, const cudaGraphNode_t **dependencies_out,
    const cudaGraphEdgeData **edgeData_out, size_t *numDependencies_out);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamGetDevResource(cudaStream_t hStream, cudaDevResource *resource,
    cudaDevResourceType type);
CPL_RUNTIME_PTSZ cudaError_t cudaStreamBeginRecaptureToGraph(cudaStream_t stream, cudaStreamCaptureMode mode,
    cudaGraph_t graph, cudaGraphRecaptureCallbackData *callbackData);

CPL_C_END

#endif
