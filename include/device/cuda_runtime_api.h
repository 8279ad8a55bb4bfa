/* The runtime's types that device code may name. Its host functions do not exist for run-time compiled code. */
#ifndef CPL_CUDA_RUNTIME_API_H
#define CPL_CUDA_RUNTIME_API_H
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef unsigned long long cudaTextureObject_t;
typedef unsigned long long cudaSurfaceObject_t;
enum cudaError { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2, cudaErrorUnknown = 999 };
typedef enum cudaError cudaError_t;
#endif
