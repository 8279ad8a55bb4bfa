/* Streams, capture and events. */
#ifndef COMPATLAYER_CUDA_STREAM_H
#define COMPATLAYER_CUDA_STREAM_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(2000) CUresult cuStreamCreate(CUstream *phStream, unsigned int Flags);
CPL_API(5050) CUresult cuStreamCreateWithPriority(CUstream *phStream, unsigned int flags, int priority);
CPL_API_PTSZ(5050, 7000) CUresult cuStreamGetPriority(CUstream hStream, int *priority);
CPL_API_PTSZ(12080, 12080) CUresult cuStreamGetDevice(CUstream hStream, CUdevice *device);
CPL_API_PTSZ(5050, 7000) CUresult cuStreamGetFlags(CUstream hStream, unsigned int *flags);
CPL_API_PTSZ(12000, 12000) CUresult cuStreamGetId(CUstream hStream, unsigned long long *streamId);
CPL_API_PTSZ(9020, 9020) CUresult cuStreamGetCtx(CUstream hStream, CUcontext *pctx);
CPL_API_PTSZ(12050, 12050) CUresult cuStreamGetCtx_v2(CUstream hStream, CUcontext *pCtx, CUgreenCtx *pGreenCtx);
CPL_API_PTSZ(3020, 7000) CUresult cuStreamWaitEvent(CUstream hStream, CUevent hEvent, unsigned int Flags);
CPL_API_PTSZ(5000, 7000) CUresult cuStreamAddCallback(CUstream hStream, CUstreamCallback callback, void *userData,
    unsigned int flags);
CPL_API_PTSZ(10010, 10010) CUresult cuStreamBeginCapture_v2(CUstream hStream, CUstreamCaptureMode mode);
CPL_API_PTSZ(12030, 12030) CUresult cuStreamBeginCaptureToGraph(CUstream hStream, CUgraph hGraph,
    const CUgraphNode *dependencies, const CUgraphEdgeData *dependencyData, size_t numDependencies,
    CUstreamCaptureMode mode);
CPL_API(10010) CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode);
CPL_API_PTSZ(10000, 10000) CUresult cuStreamEndCapture(CUstream hStream, CUgraph *phGraph);
CPL_API_PTSZ(10000, 10000) CUresult cuStreamIsCapturing(CUstream hStream, CUstreamCaptureStatus *captureStatus);
CPL_API_PTSZ(11030, 11030) CUresult cuStreamGetCaptureInfo_v2(CUstream hStream,
    CUstreamCaptureStatus *captureStatus_out, cuuint64_t *id_out, CUgraph *graph_out,
    const CUgraphNode **dependencies_out, size_t *numDependencies_out);
CPL_API_PTSZ(12030, 12030) CUresult cuStreamGetCaptureInfo_v3(CUstream hStream,
    CUstreamCaptureStatus *captureStatus_out, cuuint64_t *id_out, CUgraph *graph_out,
    const CUgraphNode **dependencies_out, const CUgraphEdgeData **edgeData_out, size_t *numDependencies_out);
CPL_API_PTSZ(12030, 12030) CUresult cuStreamUpdateCaptureDependencies_v2(CUstream hStream, CUgraphNode *dependencies,
    const CUgraphEdgeData *dependencyData, size_t numDependencies, unsigned int flags);
CPL_API_PTSZ(6000, 7000) CUresult cuStreamAttachMemAsync(CUstream hStream, CUdeviceptr dptr, size_t length,
    unsigned int flags);
CPL_API_PTSZ(2000, 7000) CUresult cuStreamQuery(CUstream hStream);
CPL_API_PTSZ(2000, 7000) CUresult cuStreamSynchronize(CUstream hStream);
CPL_API(4000) CUresult cuStreamDestroy_v2(CUstream hStream);
CPL_API_PTSZ(11000, 11000) CUresult cuStreamCopyAttributes(CUstream dst, CUstream src);
CPL_API_PTSZ(11000, 11000) CUresult cuStreamGetAttribute(CUstream hStream, CUstreamAttrID attr,
    CUstreamAttrValue *value_out);
CPL_API_PTSZ(11000, 11000) CUresult cuStreamSetAttribute(CUstream hStream, CUstreamAttrID attr,
    const CUstreamAttrValue *value);
CPL_API(2000) CUresult cuEventCreate(CUevent *phEvent, unsigned int Flags);
CPL_API_PTSZ(2000, 7000) CUresult cuEventRecord(CUevent hEvent, CUstream hStream);
CPL_API_PTSZ(11010, 11010) CUresult cuEventRecordWithFlags(CUevent hEvent, CUstream hStream, unsigned int flags);
CPL_API(2000) CUresult cuEventQuery(CUevent hEvent);
CPL_API(2000) CUresult cuEventSynchronize(CUevent hEvent);
CPL_API(4000) CUresult cuEventDestroy_v2(CUevent hEvent);
CPL_API(12080) CUresult cuEventElapsedTime_v2(float *pMilliseconds, CUevent hStart, CUevent hEnd);
CPL_API_PTSZ(11070, 11070) CUresult cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr addr, cuuint32_t value,
    unsigned int flags);
CPL_API_PTSZ(11070, 11070) CUresult cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr addr, cuuint64_t value,
    unsigned int flags);
CPL_API_PTSZ(11070, 11070) CUresult cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr addr, cuuint32_t value,
    unsigned int flags);
CPL_API_PTSZ(11070, 11070) CUresult cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr addr, cuuint64_t value,
    unsigned int flags);
CPL_API_PTSZ(11070, 11070) CUresult cuStreamBatchMemOp_v2(CUstream stream, unsigned int count,
    CUstreamBatchMemOpParams *paramArray, unsigned int flags);
CPL_API_PTSZ(12040, 12040) CUresult cuStreamGetGreenCtx(CUstream hStream, CUgreenCtx *phCtx);
CPL_API_PTSZ(13010, 13010) CUresult cuStreamGetDevResource(CUstream hStream, CUdevResource *resource,
    CUdevResourceType type);
CPL_API_PTSZ(13020, 13020) CUresult cuStreamBeginCaptureToCig(CUstream hStream,
    CUstreamCigCaptureParams *streamCigCaptureParams);
CPL_API_PTSZ(13020, 13020) CUresult cuStreamEndCaptureToCig(CUstream hStream);
CPL_API_PTSZ(13030, 13030) CUresult cuStreamBeginRecaptureToGraph(CUstream hStream, CUstreamCaptureMode mode,
    CUgraph hGraph, CUgraphRecaptureCallback callbackFunc, void *userData);

CPL_C_END

#endif
