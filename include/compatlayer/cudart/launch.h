/* Kernels, libraries and launches. */
#ifndef COMPATLAYER_CUDART_LAUNCH_H
#define COMPATLAYER_CUDART_LAUNCH_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaFuncSetCacheConfig(const void *func, cudaFuncCache cacheConfig);
CPL_RUNTIME cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attr, const void *func);
CPL_RUNTIME cudaError_t cudaFuncSetAttribute(const void *func, cudaFuncAttribute attr, int value);
CPL_RUNTIME cudaError_t cudaFuncGetName(const char **name, const void *func);
CPL_RUNTIME cudaError_t cudaFuncGetParamInfo(const void *func, size_t paramIndex, size_t *paramOffset,
    size_t *paramSize);
CPL_RUNTIME_PTSZ cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t fn, void *userData);
CPL_RUNTIME cudaError_t cudaFuncSetSharedMemConfig(const void *func, cudaSharedMemConfig config);
CPL_RUNTIME cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks, const void *func, int blockSize,
    size_t dynamicSMemSize);
CPL_RUNTIME cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t *dynamicSmemSize, const void *func,
    int numBlocks, int blockSize);
CPL_RUNTIME cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *numBlocks, const void *func,
    int blockSize, size_t dynamicSMemSize, unsigned int flags);
CPL_RUNTIME cudaError_t cudaLibraryLoadData(cudaLibrary_t *library, const void *code, cudaJitOption *jitOptions,
    void **jitOptionsValues, unsigned int numJitOptions, cudaLibraryOption *libraryOptions,
    void **libraryOptionValues, unsigned int numLibraryOptions);
CPL_RUNTIME cudaError_t cudaLibraryLoadFromFile(cudaLibrary_t *library, const char *fileName,
    cudaJitOption *jitOptions, void **jitOptionsValues, unsigned int numJitOptions, cudaLibraryOption *libraryOptions,
    void **libraryOptionValues, unsigned int numLibraryOptions);
CPL_RUNTIME cudaError_t cudaLibraryUnload(cudaLibrary_t library);
CPL_RUNTIME cudaError_t cudaLibraryGetKernel(cudaKernel_t *pKernel, cudaLibrary_t library, const char *name);
CPL_RUNTIME cudaError_t cudaLibraryGetGlobal(void **dptr, size_t *bytes, cudaLibrary_t library, const char *name);
CPL_RUNTIME cudaError_t cudaLibraryGetManaged(void **dptr, size_t *bytes, cudaLibrary_t library, const char *name);
CPL_RUNTIME cudaError_t cudaLibraryGetUnifiedFunction(void **fptr, cudaLibrary_t library, const char *symbol);
CPL_RUNTIME cudaError_t cudaLibraryGetKernelCount(unsigned int *count, cudaLibrary_t lib);
CPL_RUNTIME cudaError_t cudaLibraryEnumerateKernels(cudaKernel_t *kernels, unsigned int numKernels,
    cudaLibrary_t lib);
CPL_RUNTIME cudaError_t cudaKernelSetAttributeForDevice(cudaKernel_t kernel, cudaFuncAttribute attr, int value,
    int device);
CPL_RUNTIME cudaError_t cudaGetKernel(cudaKernel_t *kernelPtr, const void *entryFuncAddr);
CPL_RUNTIME cudaError_t cudaFuncGetParamCount(const void *func, size_t *paramCount);
CPL_RUNTIME_PTSZ cudaError_t cudaLaunchHostFunc_v2(cudaStream_t stream, cudaHostFn_t fn, void *userData,
    unsigned int syncMode);
CPL_RUNTIME_PTSZ cudaError_t cudaLaunchKernel(const void *func, dim3 gridDim, dim3 blockDim, void **args,
    size_t sharedMem, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *func, void **args);
CPL_RUNTIME_PTSZ cudaError_t cudaLaunchCooperativeKernel(const void *func, dim3 gridDim, dim3 blockDim, void **args,
    size_t sharedMem, cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaGetFuncBySymbol(cudaFunction_t *functionPtr, const void *symbolPtr);
CPL_RUNTIME cudaError_t cudaOccupancyMaxPotentialClusterSize(int *clusterSize, const void *func,
    const cudaLaunchConfig_t *launchConfig);
CPL_RUNTIME cudaError_t cudaOccupancyMaxActiveClusters(int *numClusters, const void *func,
    const cudaLaunchConfig_t *launchConfig);

CPL_C_END

#endif
