/* Kernel nodes. */
#include "graph.h"
#include "symbol.h"

int cpl_graph_context(CUcontext *context)
{
    int status;
    CUdevice device;
    CPL_TRY(status, drv_cuCtxGetDevice(&device));    /* has a context made current where there is none */
    return status != 0 ? status : (int)drv_cuCtxGetCurrent(context);
}

int cpl_graph_kernel(const cudaKernelNodeParams *runtime, CUDA_KERNEL_NODE_PARAMS *driver)
{
    CUfunction given, function;
    if (runtime == NULL)
        return cudaErrorInvalidValue;
    int status = cpl_symbol_launchable(runtime->func, &given);
    if (status != 0)
        return status;
    memset(driver, 0, sizeof *driver);
    CPL_TRY(status, drv_cuKernelGetFunction(&function, (CUkernel)given));
    if (status == 0)
        driver->kern = (CUkernel)given;
    else
        driver->func = given;
    driver->gridDimX = runtime->gridDim.x;
    driver->gridDimY = runtime->gridDim.y;
    driver->gridDimZ = runtime->gridDim.z;
    driver->blockDimX = runtime->blockDim.x;
    driver->blockDimY = runtime->blockDim.y;
    driver->blockDimZ = runtime->blockDim.z;
    driver->sharedMemBytes = runtime->sharedMemBytes;
    driver->kernelParams = runtime->kernelParams;
    driver->extra = runtime->extra;
    return 0;
}

void cpl_graph_kernel_back(const CUDA_KERNEL_NODE_PARAMS *driver, cudaKernelNodeParams *runtime)
{
    const void *symbol = driver->kern != NULL ? cpl_symbol_of(driver->kern) : NULL;
    void *handle = driver->kern != NULL ? (void *)driver->kern : (void *)driver->func;
    runtime->func = symbol != NULL ? (void *)(uintptr_t)symbol : handle;
    runtime->gridDim = (dim3){driver->gridDimX, driver->gridDimY, driver->gridDimZ};
    runtime->blockDim = (dim3){driver->blockDimX, driver->blockDimY, driver->blockDimZ};
    runtime->sharedMemBytes = driver->sharedMemBytes;
    runtime->kernelParams = driver->kernelParams;
    runtime->extra = driver->extra;
}

static int failure(int status, const cudaKernelNodeParams *params)
{
    return status == 0 ? 0 : cpl_symbol_failure(status, params->func, params->gridDim, params->blockDim);
}

cudaError_t cpl_answer_cudaGraphAddKernelNode(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                              const cudaGraphNode_t *pDependencies, size_t numDependencies,
                                              const cudaKernelNodeParams *pNodeParams)
{
    CUDA_KERNEL_NODE_PARAMS params;
    int status = cpl_graph_kernel(pNodeParams, &params);
    if (status == 0) {
        CPL_TRY(status, drv_cuGraphAddKernelNode_v2(pGraphNode, graph, pDependencies, numDependencies, &params));
        status = failure(status, pNodeParams);
    }
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphKernelNodeGetParams(cudaGraphNode_t node, cudaKernelNodeParams *pNodeParams)
{
    CUDA_KERNEL_NODE_PARAMS params;
    int status = pNodeParams == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuGraphKernelNodeGetParams_v2(node, &params));
    if (status == 0)
        cpl_graph_kernel_back(&params, pNodeParams);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphKernelNodeSetParams(cudaGraphNode_t node, const cudaKernelNodeParams *pNodeParams)
{
    CUDA_KERNEL_NODE_PARAMS params;
    int status = cpl_graph_kernel(pNodeParams, &params);
    if (status == 0) {
        CPL_TRY(status, drv_cuGraphKernelNodeSetParams_v2(node, &params));
        status = failure(status, pNodeParams);
    }
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphExecKernelNodeSetParams(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                                        const cudaKernelNodeParams *pNodeParams)
{
    CUDA_KERNEL_NODE_PARAMS params;
    int status = cpl_graph_kernel(pNodeParams, &params);
    if (status == 0) {
        CPL_TRY(status, drv_cuGraphExecKernelNodeSetParams_v2(hGraphExec, node, &params));
        status = failure(status, pNodeParams);
    }
    return cpl_cudart_done(status);
}
