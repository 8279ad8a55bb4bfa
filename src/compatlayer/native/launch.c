/* cuLaunchKernel, cuLaunchKernelEx and cuGraphLaunch as C callers see them: a direct launch where core lets it, otherwise the handler
 * in Python, which stays the reference and knows every error. */
#include "compatlayer/slots.h"
#include "compatlayer/answers.h"
#include <string.h>

typedef CUresult launch_kernel(CUfunction, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,
                               unsigned int, unsigned int, CUstream, void **, void **);
typedef CUresult launch_kernel_ex(const CUlaunchConfig *, CUfunction, void **, void **);

typedef CUresult launch_graph(CUgraphExec, CUstream);

enum { LEGACY = 1 };

/* Each is set once, before the C function is in its slot. */
static launch_kernel *python_launch;
static launch_kernel_ex *python_launch_ex;
static launch_graph *python_launch_graph;

static int direct(CUfunction f, CUstream stream, const cpl_shape *shape, void **arguments)
{
    uint64_t queue = (uint64_t)(uintptr_t)stream;
    if (queue == 0 && cpl_per_thread_default())
        return CPL_INVALID;
    return cpl_direct_launch((uint64_t)(uintptr_t)f, queue == LEGACY ? 0 : queue, shape, arguments);
}

static CUresult front(CUfunction f, unsigned int gridDimX, unsigned int gridDimY, unsigned int gridDimZ,
                      unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ,
                      unsigned int sharedMemBytes, CUstream hStream, void **kernelParams, void **extra)
{
    cpl_shape shape = {{gridDimX, gridDimY, gridDimZ}, {blockDimX, blockDimY, blockDimZ}, sharedMemBytes, 0};
    if (extra == NULL && direct(f, hStream, &shape, kernelParams) == CPL_OK)
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
    if (strcmp(name, "cuGraphLaunch") == 0) {
        memcpy(&python_launch_graph, &handler, sizeof handler);
        return (void *)front_graph;
    }
    return NULL;
}
