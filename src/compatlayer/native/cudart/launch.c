/* Launches. The way of a good launch: one look-up of the function, one call of the driver. */
#include "state.h"
#include "symbol.h"

_Static_assert(sizeof(cudaLaunchAttribute) == sizeof(CUlaunchAttribute), "one structure, two names");
_Static_assert(sizeof(cudaLaunchAttributeValue) == sizeof(CUlaunchAttributeValue), "one union, two names");

int cpl_symbol_launchable(const void *func, CUfunction *function)
{
    CUkernel kernel;
    if (func == NULL)
        return cudaErrorInvalidDeviceFunction;
    int status = cpl_symbol_kernel(func, &kernel);
    *function = status == 0 ? (CUfunction)kernel : (CUfunction)(uintptr_t)func;
    return status == -1 ? 0 : status;
}

int cpl_symbol_function(const void *func, CUfunction *function)
{
    CUfunction found;
    int status = cpl_symbol_launchable(func, function);
    if (status != 0)
        return status;
    CPL_TRY(status, drv_cuKernelGetFunction(&found, (CUkernel)*function));
    if (status == 0)
        *function = found;
    else if (status == CUDA_ERROR_INVALID_HANDLE)    /* then it is a function, or nothing at all */
        CPL_TRY(status, drv_cuFuncGetName(&(const char *){NULL}, *function));
    return status == CUDA_ERROR_INVALID_HANDLE ? (int)cudaErrorInvalidDeviceFunction : status;
}

static bool fits(dim3 size, const CUdevice_attribute limits[3], int device)
{
    const unsigned int sizes[] = {size.x, size.y, size.z};
    for (int i = 0; i < 3; i++) {
        int limit = 0;
        if (drv_cuDeviceGetAttribute(&limit, limits[i], device) == CUDA_SUCCESS && sizes[i] > (unsigned int)limit)
            return false;
        if (sizes[i] == 0)
            return false;
    }
    return true;
}

/* The driver says "invalid value" to a shape that no device has, and "invalid handle" to what is no function. */
int cpl_symbol_failure(int status, const void *func, dim3 grid, dim3 block)
{
    static const CUdevice_attribute grids[] = {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y,
                                               CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z};
    static const CUdevice_attribute blocks[] = {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X,
                                                CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y,
                                                CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z};
    CUfunction function;
    int device, threads = 0;
    if (status == CUDA_ERROR_INVALID_HANDLE && cpl_symbol_function(func, &function) != 0)
        return cudaErrorInvalidDeviceFunction;
    if (status != CUDA_ERROR_INVALID_VALUE || cpl_cudart_device(&device) != 0)
        return status;
    drv_cuDeviceGetAttribute(&threads, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, device);
    uint64_t wanted = (uint64_t)block.x * block.y * block.z;
    bool fine = fits(grid, grids, device) && fits(block, blocks, device) && wanted <= (uint64_t)threads;
    return fine ? status : (int)cudaErrorInvalidConfiguration;
}

static cudaError_t finish(int status, const void *func, dim3 grid, dim3 block)
{
    if (__builtin_expect(status == 0, 1))
        return cudaSuccess;
    return cpl_cudart_done(cpl_symbol_failure(status, func, grid, block));
}

cudaError_t cpl_answer_cudaLaunchKernel(const void *func, dim3 gridDim, dim3 blockDim, void **args, size_t sharedMem,
                                        cudaStream_t stream)
{
    CUfunction function;
    int status = cpl_symbol_launchable(func, &function);
    if (status == 0 && sharedMem > UINT32_MAX)
        status = cudaErrorInvalidValue;
    if (status == 0)
        CPL_TRY(status, drv_cuLaunchKernel(function, gridDim.x, gridDim.y, gridDim.z, blockDim.x, blockDim.y,
                                           blockDim.z, (unsigned int)sharedMem, stream, args, NULL));
    return finish(status, func, gridDim, blockDim);
}

cudaError_t cpl_answer_cudaLaunchCooperativeKernel(const void *func, dim3 gridDim, dim3 blockDim, void **args,
                                                   size_t sharedMem, cudaStream_t stream)
{
    CUfunction function;
    int status = cpl_symbol_launchable(func, &function);
    if (status == 0 && sharedMem > UINT32_MAX)
        status = cudaErrorInvalidValue;
    if (status == 0)
        CPL_TRY(status, drv_cuLaunchCooperativeKernel(function, gridDim.x, gridDim.y, gridDim.z, blockDim.x, blockDim.y,
                                                      blockDim.z, (unsigned int)sharedMem, stream, args));
    return finish(status, func, gridDim, blockDim);
}

CUlaunchConfig cpl_launch_config(const cudaLaunchConfig_t *config)
{
    return (CUlaunchConfig){
        .gridDimX = config->gridDim.x,
        .gridDimY = config->gridDim.y,
        .gridDimZ = config->gridDim.z,
        .blockDimX = config->blockDim.x,
        .blockDimY = config->blockDim.y,
        .blockDimZ = config->blockDim.z,
        .sharedMemBytes = (unsigned int)config->dynamicSmemBytes,
        .hStream = config->stream,
        .attrs = (CUlaunchAttribute *)config->attrs,
        .numAttrs = config->numAttrs,
    };
}

cudaError_t cpl_answer_cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *func, void **args)
{
    CUfunction function;
    if (config == NULL || config->dynamicSmemBytes > UINT32_MAX)
        return cpl_cudart_done(cudaErrorInvalidValue);
    CUlaunchConfig driver = cpl_launch_config(config);
    int status = cpl_symbol_launchable(func, &function);
    if (status == 0)
        CPL_TRY(status, drv_cuLaunchKernelEx(&driver, function, args, NULL));
    return finish(status, func, config->gridDim, config->blockDim);
}
