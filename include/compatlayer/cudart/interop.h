/* Graphics and other devices. */
#ifndef COMPATLAYER_CUDART_INTEROP_H
#define COMPATLAYER_CUDART_INTEROP_H
#include "types.h"
#include "../../cudaEGL.h"
#include "../../cudaGL.h"
#include "../../cudaVDPAU.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaDeviceGetNvSciSyncAttributes(void *nvSciSyncAttrList, int device, int flags);
CPL_RUNTIME cudaError_t cudaImportExternalMemory(cudaExternalMemory_t *extMem_out,
    const cudaExternalMemoryHandleDesc *memHandleDesc);
CPL_RUNTIME cudaError_t cudaExternalMemoryGetMappedBuffer(void **devPtr, cudaExternalMemory_t extMem,
    const cudaExternalMemoryBufferDesc *bufferDesc);
CPL_RUNTIME cudaError_t cudaExternalMemoryGetMappedMipmappedArray(cudaMipmappedArray_t *mipmap,
    cudaExternalMemory_t extMem, const cudaExternalMemoryMipmappedArrayDesc *mipmapDesc);
CPL_RUNTIME cudaError_t cudaDestroyExternalMemory(cudaExternalMemory_t extMem);
CPL_RUNTIME cudaError_t cudaImportExternalSemaphore(cudaExternalSemaphore_t *extSem_out,
    const cudaExternalSemaphoreHandleDesc *semHandleDesc);
CPL_RUNTIME cudaError_t cudaDestroyExternalSemaphore(cudaExternalSemaphore_t extSem);
CPL_RUNTIME cudaError_t cudaGraphicsUnregisterResource(cudaGraphicsResource_t resource);
CPL_RUNTIME cudaError_t cudaGraphicsResourceSetMapFlags(cudaGraphicsResource_t resource, unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaGraphicsMapResources(int count, cudaGraphicsResource_t *resources,
    cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaGraphicsUnmapResources(int count, cudaGraphicsResource_t *resources,
    cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaGraphicsResourceGetMappedPointer(void **devPtr, size_t *size,
    cudaGraphicsResource_t resource);
CPL_RUNTIME cudaError_t cudaGraphicsSubResourceGetMappedArray(cudaArray_t *array, cudaGraphicsResource_t resource,
    unsigned int arrayIndex, unsigned int mipLevel);
CPL_RUNTIME cudaError_t cudaGraphicsResourceGetMappedMipmappedArray(cudaMipmappedArray_t *mipmappedArray,
    cudaGraphicsResource_t resource);
CPL_RUNTIME cudaError_t cudaGraphAddExternalSemaphoresSignalNode(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
    const cudaGraphNode_t *pDependencies, size_t numDependencies,
    const cudaExternalSemaphoreSignalNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphExternalSemaphoresSignalNodeGetParams(cudaGraphNode_t hNode,
    cudaExternalSemaphoreSignalNodeParams *params_out);
CPL_RUNTIME cudaError_t cudaGraphExternalSemaphoresSignalNodeSetParams(cudaGraphNode_t hNode,
    const cudaExternalSemaphoreSignalNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphAddExternalSemaphoresWaitNode(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
    const cudaGraphNode_t *pDependencies, size_t numDependencies,
    const cudaExternalSemaphoreWaitNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphExternalSemaphoresWaitNodeGetParams(cudaGraphNode_t hNode,
    cudaExternalSemaphoreWaitNodeParams *params_out);
CPL_RUNTIME cudaError_t cudaGraphExternalSemaphoresWaitNodeSetParams(cudaGraphNode_t hNode,
    const cudaExternalSemaphoreWaitNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphExecExternalSemaphoresSignalNodeSetParams(cudaGraphExec_t hGraphExec,
    cudaGraphNode_t hNode, const cudaExternalSemaphoreSignalNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphExecExternalSemaphoresWaitNodeSetParams(cudaGraphExec_t hGraphExec,
    cudaGraphNode_t hNode, const cudaExternalSemaphoreWaitNodeParams *nodeParams);
CPL_RUNTIME cudaError_t cudaGraphicsEGLRegisterImage(struct cudaGraphicsResource **pCudaResource, EGLImageKHR image,
    unsigned int flags);
CPL_RUNTIME cudaError_t cudaEGLStreamConsumerConnect(cudaEglStreamConnection *conn, EGLStreamKHR eglStream);
CPL_RUNTIME cudaError_t cudaEGLStreamConsumerConnectWithFlags(cudaEglStreamConnection *conn, EGLStreamKHR eglStream,
    unsigned int flags);
CPL_RUNTIME cudaError_t cudaEGLStreamConsumerDisconnect(cudaEglStreamConnection *conn);
CPL_RUNTIME cudaError_t cudaEGLStreamConsumerAcquireFrame(cudaEglStreamConnection *conn,
    cudaGraphicsResource_t *pCudaResource, cudaStream_t *pStream, unsigned int timeout);
CPL_RUNTIME cudaError_t cudaEGLStreamConsumerReleaseFrame(cudaEglStreamConnection *conn,
    cudaGraphicsResource_t pCudaResource, cudaStream_t *pStream);
CPL_RUNTIME cudaError_t cudaEGLStreamProducerConnect(cudaEglStreamConnection *conn, EGLStreamKHR eglStream,
    EGLint width, EGLint height);
CPL_RUNTIME cudaError_t cudaEGLStreamProducerDisconnect(cudaEglStreamConnection *conn);
CPL_RUNTIME cudaError_t cudaEGLStreamProducerPresentFrame(cudaEglStreamConnection *conn, cudaEglFrame eglframe,
    cudaStream_t *pStream);
CPL_RUNTIME cudaError_t cudaEGLStreamProducerReturnFrame(cudaEglStreamConnection *conn, cudaEglFrame *eglframe,
    cudaStream_t *pStream);
CPL_RUNTIME cudaError_t cudaGraphicsResourceGetMappedEglFrame(cudaEglFrame *eglFrame, cudaGraphicsResource_t resource,
    unsigned int index, unsigned int mipLevel);
CPL_RUNTIME cudaError_t cudaEventCreateFromEGLSync(cudaEvent_t *phEvent, EGLSyncKHR eglSync, unsigned int flags);
CPL_RUNTIME cudaError_t cudaGLGetDevices(unsigned int *pCudaDeviceCount, int *pCudaDevices,
    unsigned int cudaDeviceCount, cudaGLDeviceList deviceList);
CPL_RUNTIME cudaError_t cudaGraphicsGLRegisterImage(struct cudaGraphicsResource **resource, GLuint image,
    GLenum target, unsigned int flags);
CPL_RUNTIME cudaError_t cudaGraphicsGLRegisterBuffer(struct cudaGraphicsResource **resource, GLuint buffer,
    unsigned int flags);
CPL_RUNTIME cudaError_t cudaVDPAUGetDevice(int *device, VdpDevice vdpDevice, VdpGetProcAddress *vdpGetProcAddress);
CPL_RUNTIME cudaError_t cudaVDPAUSetVDPAUDevice(int device, VdpDevice vdpDevice,
    VdpGetProcAddress *vdpGetProcAddress);
CPL_RUNTIME cudaError_t cudaGraphicsVDPAURegisterVideoSurface(struct cudaGraphicsResource **resource,
    VdpVideoSurface vdpSurface, unsigned int flags);
CPL_RUNTIME cudaError_t cudaGraphicsVDPAURegisterOutputSurface(struct cudaGraphicsResource **resource,
    VdpOutputSurface vdpSurface, unsigned int flags);
CPL_RUNTIME_PTSZ cudaError_t cudaSignalExternalSemaphoresAsync(const cudaExternalSemaphore_t *extSemArray,
    const cudaExternalSemaphoreSignalParams *paramsArray, unsigned int numExtSems, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaWaitExternalSemaphoresAsync(const cudaExternalSemaphore_t *extSemArray,
    const cudaExternalSemaphoreWaitParams *paramsArray, unsigned int numExtSems, cudaStream_t stream);

CPL_C_END

#endif
