/* The runtime's types that device code may name. Its host functions do not exist for run-time compiled code. */
#ifndef CPL_CUDA_RUNTIME_API_H
#define CPL_CUDA_RUNTIME_API_H
#include "compatlayer/runtime_enumerations.h"
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUmemPoolHandle_st *cudaMemPool_t;
typedef struct CUfunc_st *cudaFunction_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphNode_st *cudaGraphNode_t;
typedef struct CUkern_st *cudaKernel_t;
typedef struct CUlib_st *cudaLibrary_t;
typedef unsigned long long cudaTextureObject_t;
typedef unsigned long long cudaSurfaceObject_t;
typedef enum cudaError cudaError_t;
#define cudaStreamLegacy ((cudaStream_t)1)
#define cudaStreamPerThread ((cudaStream_t)2)
struct cudaMemLocation {
    enum cudaMemLocationType type;
    int id;
};
#endif
