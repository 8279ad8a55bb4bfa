/* Types of the runtime interface. Handles are the driver's: both interfaces may be used on one object. */
#ifndef COMPATLAYER_CUDART_TYPES_H
#define COMPATLAYER_CUDART_TYPES_H
#include <stddef.h>
#include <stdint.h>
#include "../cuda/api.h"

/* How a function of the runtime interface is declared; the variants are those of api.h. The versions that brought the
 * functions matter to nobody: there is no look-up by version as in the driver. */
#define CPL_RUNTIME CPL_API(0)
#define CPL_RUNTIME_PTDS CPL_API_PTDS(0, 1)
#define CPL_RUNTIME_PTSZ CPL_API_PTSZ(0, 1)

#include "error.h"
#include "enums_device.h"
#include "enums_memory.h"
#include "enums_stream.h"
#include "enums_interop.h"

typedef struct dim3 {
    unsigned int x;
    unsigned int y;
    unsigned int z;
} dim3;

typedef struct CUuuid_st cudaUUID_t;
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUexternalMemory_st *cudaExternalMemory_t;
typedef struct CUexternalSemaphore_st *cudaExternalSemaphore_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphNode_st *cudaGraphNode_t;
typedef struct CUuserObject_st *cudaUserObject_t;
typedef struct CUfunc_st *cudaFunction_t;
typedef struct CUkern_st *cudaKernel_t;
typedef struct CUlib_st *cudaLibrary_t;
typedef struct CUmemPoolHandle_st *cudaMemPool_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;
typedef struct CUgraphDeviceUpdatableNode_st *cudaGraphDeviceNode_t;
typedef struct CUlogsCallbackEntry_st *cudaLogsCallbackHandle;
typedef struct CUdevResourceDesc_st *cudaDevResourceDesc_t;
typedef struct CUeglStreamConnection_st *cudaEglStreamConnection;
typedef struct cudaExecutionContext_st *cudaExecutionContext_t;
typedef struct cudaArray *cudaArray_t;
typedef const struct cudaArray *cudaArray_const_t;
typedef struct cudaMipmappedArray *cudaMipmappedArray_t;
typedef const struct cudaMipmappedArray *cudaMipmappedArray_const_t;
typedef struct cudaAsyncCallbackEntry *cudaAsyncCallbackHandle_t;
typedef struct cudaGraphicsResource *cudaGraphicsResource_t;
typedef unsigned long long cudaGraphConditionalHandle;
typedef unsigned long long cudaSurfaceObject_t;
typedef unsigned long long cudaTextureObject_t;
typedef unsigned int cudaLogIterator;
typedef void (*cudaHostFn_t)(void *userData);

typedef cudaLaunchAttributeID cudaStreamAttrID;
typedef cudaLaunchAttributeID cudaKernelNodeAttrID;

#include "types_memory.h"
#include "properties.h"
#include "types_graph.h"
#include "types_interop.h"

typedef cudaLaunchAttributeValue cudaStreamAttrValue;
typedef cudaLaunchAttributeValue cudaKernelNodeAttrValue;

#endif
