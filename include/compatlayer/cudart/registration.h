/* What compiled programs call: the host half of a CUDA C++ object file hands in its device code, and the stand-ins of
 * its kernels and variables, before main. Known by use from what compilers generate; ours generates the same calls. */
#ifndef COMPATLAYER_CUDART_REGISTRATION_H
#define COMPATLAYER_CUDART_REGISTRATION_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME void **__cudaRegisterFatBinary(void *fatCubin);
CPL_RUNTIME void __cudaRegisterFatBinaryEnd(void **fatCubinHandle);
CPL_RUNTIME void __cudaUnregisterFatBinary(void **fatCubinHandle);
CPL_RUNTIME char __cudaInitModule(void **fatCubinHandle);
CPL_RUNTIME void __cudaRegisterFunction(void **fatCubinHandle, const char *hostFun, char *deviceFun,
    const char *deviceName, int thread_limit, void *tid, void *bid, void *bDim, void *gDim, int *wSize);
CPL_RUNTIME void __cudaRegisterVar(void **fatCubinHandle, char *hostVar, char *deviceAddress, const char *deviceName,
    int ext, size_t size, int constant, int global);
CPL_RUNTIME void __cudaRegisterManagedVar(void **fatCubinHandle, void **hostVarPtrAddress, char *deviceAddress,
    const char *deviceName, int ext, size_t size, int constant, int global);
CPL_RUNTIME unsigned int __cudaPushCallConfiguration(dim3 gridDim, dim3 blockDim, size_t sharedMem,
    cudaStream_t stream);
CPL_RUNTIME cudaError_t __cudaPopCallConfiguration(dim3 *gridDim, dim3 *blockDim, size_t *sharedMem, void *stream);

CPL_C_END

#endif
