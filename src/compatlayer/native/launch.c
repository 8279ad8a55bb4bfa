/* cuLaunchKernel, cuLaunchKernelEx and cuGraphLaunch as C callers see them: a direct launch where core lets it, otherwise the handler
 * in Python, which stays the reference and knows every error. */
#include "compatlayer/slots.h"
#include "compatlayer/answers.h"
#include <string.h>

typedef CUresult launch_kernel(CUfunction, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,
                               unsigned int, unsigned int, CUstream, void **, void **);
typedef CUresult launch_kernel_ex(const CUlaunchConfig *, CUfunction, void **, void **);

typedef CUresult launch_graph(CUgraphExec, CUstream);
typedef CUresult set_block(CUfunction, int, int, int);

enum { LEGACY = 1 };

/* Each is set once, before the C function is in its slot. */
static launch_kernel *python_launch;
static launch_kernel_ex *python_launch_ex;
static launch_graph *python_launch_graph;
static set_block *python_block;

static int direct(CUfunction f, CUstream stream, const cpl_shape *shape, void **arguments)
{
    uint64_t queue = (uint64_t)(uintptr_t)stream;
    if (queue == 0 && cpl_per_thread_default())
        return CPL_INVALID;
    return cpl_direct_launch((uint64_t)(uintptr_t)f, queue == LEGACY ? 0 : queue, shape, arguments);
}

/* The packed arguments of `extra`, as documented: pairs in any order, then the end. */
static const void *packed_of(void **extra, size_t *size)
{
    const void *data = NULL;
    const size_t *bytes = NULL;
    for (int place = 0; extra[place] != CU_LAUNCH_PARAM_END; place += 2) {
        if (place == 4)
            return NULL;
        if (extra[place] == CU_LAUNCH_PARAM_BUFFER_POINTER)
            data = extra[place + 1];
        else if (extra[place] == CU_LAUNCH_PARAM_BUFFER_SIZE)
            bytes = extra[place + 1];
        else
            return NULL;
    }
    *size = bytes != NULL ? *bytes : 0;
    return bytes != NULL ? data : NULL;
}

static int direct_packed(CUfunction f, CUstream stream, const cpl_shape *shape, void **extra)
{
    uint64_t queue = (uint64_t)(uintptr_t)stream;
    size_t size = 0;
    const void *packed = packed_of(extra, &size);
    if (packed == NULL || (queue == 0 && cpl_per_thread_default()))
        return CPL_INVALID;
    return cpl_direct_launch_packed((uint64_t)(uintptr_t)f, queue == LEGACY ? 0 : queue, shape, packed, size);
}

static CUresult front(CUfunction f, unsigned int gridDimX, unsigned int gridDimY, unsigned int gridDimZ,
                      unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ,
                      unsigned int sharedMemBytes, CUstream hStream, void **kernelParams, void **extra)
{
    cpl_shape shape = {{gridDimX, gridDimY, gridDimZ}, {blockDimX, blockDimY, blockDimZ}, sharedMemBytes, 0};
    if (extra == NULL && direct(f, hStream, &shape, kernelParams) == CPL_OK)
        return CUDA_SUCCESS;
    if (extra != NULL && kernelParams == NULL && direct_packed(f, hStream, &shape, extra) == CPL_OK)
        return CUDA_SUCCESS;
    return python_launch(f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes, hStream,
                         kernelParams, extra);
}

static CUresult front_ex(const CUlaunchConfig *config, CUfunction f, void **kernelParams, void **extra)
{
    if (config != NULL && config->numAttrs == 0 && extra == NULL) {
        cpl_shape shape = {{config->gridDimX, config->gridDimY, config->gridDimZ},
                           {config->blockDimX, config->blockDimY, config->blockDimZ}, config->sharedMemBytes, 0};
        if (direct(f, config->hStream, &shape, kernelParams) == CPL_OK)
            return CUDA_SUCCESS;
    }
    return python_launch_ex(config, f, kernelParams, extra);
}

static CUresult front_block(CUfunction f, int x, int y, int z)
{
    const int block[3] = {x, y, z};
    return cpl_direct_block((uint64_t)(uintptr_t)f, block) == CPL_OK ? CUDA_SUCCESS : python_block(f, x, y, z);
}

static CUresult front_graph(CUgraphExec graph, CUstream stream)
{
    uint64_t queue = (uint64_t)(uintptr_t)stream;
    if ((queue != 0 || !cpl_per_thread_default())
        && cpl_direct_start((uint64_t)(uintptr_t)graph, queue == LEGACY ? 0 : queue) == CPL_OK)
        return CUDA_SUCCESS;
    return python_launch_graph(graph, stream);
}

void *cpl_direct_front(const char *name, void *handler)
{
    if (strcmp(name, "cuLaunchKernel") == 0) {
        memcpy(&python_launch, &handler, sizeof handler);
        return (void *)front;
    }
    if (strcmp(name, "cuLaunchKernelEx") == 0) {
        memcpy(&python_launch_ex, &handler, sizeof handler);
        return (void *)front_ex;
    }
    if (strcmp(name, "cuFuncSetBlockShape") == 0) {
        memcpy(&python_block, &handler, sizeof handler);
        return (void *)front_block;
    }
    if (strcmp(name, "cuGraphLaunch") == 0) {
        memcpy(&python_launch_graph, &handler, sizeof handler);
        return (void *)front_graph;
    }
    return NULL;
}
