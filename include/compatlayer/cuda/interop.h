/* External memory and semaphores, and graphics resources of any origin. */
#ifndef COMPATLAYER_CUDA_INTEROP_H
#define COMPATLAYER_CUDA_INTEROP_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(10000) CUresult cuImportExternalMemory(CUexternalMemory *extMem_out,
    const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *memHandleDesc);
CPL_API(10000) CUresult cuExternalMemoryGetMappedBuffer(CUdeviceptr *devPtr, CUexternalMemory extMem,
    const CUDA_EXTERNAL_MEMORY_BUFFER_DESC *bufferDesc);
CPL_API(10000) CUresult cuExternalMemoryGetMappedMipmappedArray(CUmipmappedArray *mipmap, CUexternalMemory extMem,
    const CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC *mipmapDesc);
CPL_API(10000) CUresult cuDestroyExternalMemory(CUexternalMemory extMem);
CPL_API(10000) CUresult cuImportExternalSemaphore(CUexternalSemaphore *extSem_out,
    const CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC *semHandleDesc);
CPL_API_PTSZ(10000, 10000) CUresult cuSignalExternalSemaphoresAsync(const CUexternalSemaphore *extSemArray,
    const CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS *paramsArray, unsigned int numExtSems, CUstream stream);
CPL_API_PTSZ(10000, 10000) CUresult cuWaitExternalSemaphoresAsync(const CUexternalSemaphore *extSemArray,
    const CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS *paramsArray, unsigned int numExtSems, CUstream stream);
CPL_API(10000) CUresult cuDestroyExternalSemaphore(CUexternalSemaphore extSem);
CPL_API(3000) CUresult cuGraphicsUnregisterResource(CUgraphicsResource resource);
CPL_API(3000) CUresult cuGraphicsSubResourceGetMappedArray(CUarray *pArray, CUgraphicsResource resource,
    unsigned int arrayIndex, unsigned int mipLevel);
CPL_API(5000) CUresult cuGraphicsResourceGetMappedMipmappedArray(CUmipmappedArray *pMipmappedArray,
    CUgraphicsResource resource);
CPL_API(3020) CUresult cuGraphicsResourceGetMappedPointer_v2(CUdeviceptr *pDevPtr, size_t *pSize,
    CUgraphicsResource resource);
CPL_API(6050) CUresult cuGraphicsResourceSetMapFlags_v2(CUgraphicsResource resource, unsigned int flags);
CPL_API_PTSZ(3000, 7000) CUresult cuGraphicsMapResources(unsigned int count, CUgraphicsResource *resources,
    CUstream hStream);
CPL_API_PTSZ(3000, 7000) CUresult cuGraphicsUnmapResources(unsigned int count, CUgraphicsResource *resources,
    CUstream hStream);

CPL_C_END

#endif
