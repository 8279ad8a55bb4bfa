/* What can be asked of functions, and set. */
#include "state.h"
#include "symbol.h"

static int read(CUfunction function, CUfunction_attribute attribute, int *value)
{
    int status;
    CPL_TRY(status, drv_cuFuncGetAttribute(value, attribute, function));
    return status;
}

cudaError_t cpl_answer_cudaFuncGetAttributes(cudaFuncAttributes *attr, const void *func)
{
    CUfunction function;
    int sizes[3] = {0}, status = attr == NULL ? (int)cudaErrorInvalidValue : cpl_symbol_function(func, &function);
    if (status != 0)
        return cpl_cudart_done(status);
    cudaFuncAttributes found = {0};
    const struct {
        CUfunction_attribute attribute;
        int *value;
    } rows[] = {
        {CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, &sizes[0]},
        {CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES, &sizes[1]},
        {CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, &sizes[2]},
        {CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, &found.maxThreadsPerBlock},
        {CU_FUNC_ATTRIBUTE_NUM_REGS, &found.numRegs},
        {CU_FUNC_ATTRIBUTE_PTX_VERSION, &found.ptxVersion},
        {CU_FUNC_ATTRIBUTE_BINARY_VERSION, &found.binaryVersion},
        {CU_FUNC_ATTRIBUTE_CACHE_MODE_CA, &found.cacheModeCA},
        {CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, &found.maxDynamicSharedSizeBytes},
        {CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, &found.preferredShmemCarveout},
        {CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET, &found.clusterDimMustBeSet},
        {CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, &found.requiredClusterWidth},
        {CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT, &found.requiredClusterHeight},
        {CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH, &found.requiredClusterDepth},
        {CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE, &found.clusterSchedulingPolicyPreference},
        {CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, &found.nonPortableClusterSizeAllowed},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows && status == 0; i++)
        status = read(function, rows[i].attribute, rows[i].value);
    found.sharedSizeBytes = (size_t)sizes[0];
    found.constSizeBytes = (size_t)sizes[1];
    found.localSizeBytes = (size_t)sizes[2];
    if (status == 0)
        *attr = found;
    return cpl_cudart_done(status);
}

/* Of a kernel for its device, so that launches in every context of the device have it. */
cudaError_t cpl_answer_cudaFuncSetAttribute(const void *func, cudaFuncAttribute attr, int value)
{
    CUfunction function;
    int device, status = cpl_symbol_launchable(func, &function);
    if (status == 0)
        status = cpl_cudart_device(&device);
    if (status != 0)
        return cpl_cudart_done(status);
    CPL_TRY(status, drv_cuKernelSetAttribute((CUfunction_attribute)attr, value, (CUkernel)function, device));
    if (status == CUDA_ERROR_INVALID_HANDLE)
        CPL_TRY(status, drv_cuFuncSetAttribute(function, (CUfunction_attribute)attr, value));
    return cpl_cudart_done(status == CUDA_ERROR_INVALID_HANDLE ? (int)cudaErrorInvalidDeviceFunction : status);
}

cudaError_t cpl_answer_cudaKernelSetAttributeForDevice(cudaKernel_t kernel, cudaFuncAttribute attr, int value,
                                                       int device)
{
    CPL_ANSWER(drv_cuKernelSetAttribute((CUfunction_attribute)attr, value, kernel, device));
}

#define OF_FUNCTION(call)                                                                                              \
    do {                                                                                                               \
        CUfunction function;                                                                                           \
        int found_ = cpl_symbol_function(func, &function);                                                             \
        if (found_ != 0)                                                                                               \
            return cpl_cudart_done(found_);                                                                            \
        CPL_ANSWER(call);                                                                                              \
    } while (0)

cudaError_t cpl_answer_cudaFuncSetCacheConfig(const void *func, cudaFuncCache cacheConfig)
{
    OF_FUNCTION(drv_cuFuncSetCacheConfig(function, (CUfunc_cache)cacheConfig));
}

cudaError_t cpl_answer_cudaFuncSetSharedMemConfig(const void *func, cudaSharedMemConfig config)
{
    OF_FUNCTION(drv_cuFuncSetSharedMemConfig(function, (CUsharedconfig)config));
}

cudaError_t cpl_answer_cudaFuncGetName(const char **name, const void *func)
{
    OF_FUNCTION(drv_cuFuncGetName(name, function));
}

cudaError_t cpl_answer_cudaFuncGetParamInfo(const void *func, size_t paramIndex, size_t *paramOffset, size_t *paramSize)
{
    OF_FUNCTION(drv_cuFuncGetParamInfo(function, paramIndex, paramOffset, paramSize));
}

cudaError_t cpl_answer_cudaFuncGetParamCount(const void *func, size_t *paramCount)
{
    OF_FUNCTION(drv_cuFuncGetParamCount(function, paramCount));
}

cudaError_t cpl_answer_cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks, const void *func, int blockSize,
                                                                     size_t dynamicSMemSize)
{
    OF_FUNCTION(drv_cuOccupancyMaxActiveBlocksPerMultiprocessor(numBlocks, function, blockSize, dynamicSMemSize));
}

cudaError_t cpl_answer_cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *numBlocks, const void *func,
                                                                              int blockSize, size_t dynamicSMemSize,
                                                                              unsigned int flags)
{
    OF_FUNCTION(drv_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, function, blockSize,
                                                                         dynamicSMemSize, flags));
}

cudaError_t cpl_answer_cudaOccupancyAvailableDynamicSMemPerBlock(size_t *dynamicSmemSize, const void *func,
                                                                 int numBlocks, int blockSize)
{
    OF_FUNCTION(drv_cuOccupancyAvailableDynamicSMemPerBlock(dynamicSmemSize, function, numBlocks, blockSize));
}

/* Only what a program registered has a symbol. */
cudaError_t cpl_answer_cudaGetKernel(cudaKernel_t *kernelPtr, const void *entryFuncAddr)
{
    if (kernelPtr == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    int status = cpl_symbol_kernel(entryFuncAddr, kernelPtr);
    return cpl_cudart_done(status == -1 ? (int)cudaErrorInvalidDeviceFunction : status);
}

cudaError_t cpl_answer_cudaGetFuncBySymbol(cudaFunction_t *functionPtr, const void *symbolPtr)
{
    CUkernel kernel;
    if (functionPtr == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    int status = cpl_symbol_kernel(symbolPtr, &kernel);
    if (status != 0)
        return cpl_cudart_done(status == -1 ? (int)cudaErrorInvalidDeviceFunction : status);
    CPL_ANSWER(drv_cuKernelGetFunction(functionPtr, kernel));
}
