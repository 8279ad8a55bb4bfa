/* Nodes of any type, by cudaGraphNodeParams. All of its parts but kernels and copies have the driver's layout. */
#include "copy.h"
#include "graph.h"

_Static_assert(sizeof(cudaGraphNodeParams) == sizeof(CUgraphNodeParams), "one structure, two names");
_Static_assert(sizeof(cudaMemsetParamsV2) == sizeof(CUDA_MEMSET_NODE_PARAMS_v2), "one structure, two names");
_Static_assert(sizeof(cudaHostNodeParamsV2) == sizeof(CUDA_HOST_NODE_PARAMS_v2), "one structure, two names");
_Static_assert(sizeof(cudaMemAllocNodeParamsV2) == sizeof(CUDA_MEM_ALLOC_NODE_PARAMS_v2), "one structure, two names");
_Static_assert(sizeof(cudaConditionalNodeParams) == sizeof(CUDA_CONDITIONAL_NODE_PARAMS), "one structure, two names");
_Static_assert(sizeof(cudaEventRecordNodeParams) == sizeof(CUDA_EVENT_RECORD_NODE_PARAMS), "one structure, two names");
_Static_assert(sizeof(cudaMemcpyBatchNodeParams) == sizeof(CUDA_MEMCPY_BATCH_NODE_PARAMS_V1), "one structure");

static int kernel_of(const cudaKernelNodeParamsV2 *runtime, CUDA_KERNEL_NODE_PARAMS_v3 *driver)
{
    CUDA_KERNEL_NODE_PARAMS params;
    const cudaKernelNodeParams plain = {runtime->func,           runtime->gridDim,      runtime->blockDim,
                                        runtime->sharedMemBytes, runtime->kernelParams, runtime->extra};
    int status = cpl_graph_kernel(&plain, &params);
    _Static_assert(sizeof params == sizeof *driver, "one structure, two names");
    memcpy(driver, &params, sizeof params);
    driver->ctx = (CUcontext)runtime->ctx;
    return status;
}

/* The driver's description; contexts that the runtime leaves open are the current one. */
static int describe(const cudaGraphNodeParams *runtime, CUgraphNodeParams *driver)
{
    CUcontext current;
    if (runtime == NULL)
        return cudaErrorInvalidValue;
    int status = cpl_graph_context(&current);
    if (status != 0)
        return status;
    memcpy(driver, runtime, sizeof *driver);
    switch (runtime->type) {
    case cudaGraphNodeTypeKernel:
        memset(driver->reserved1, 0, sizeof driver->reserved1);
        return kernel_of(&runtime->kernel, &driver->kernel);
    case cudaGraphNodeTypeMemcpy:
        memset(driver->reserved1, 0, sizeof driver->reserved1);
        driver->memcpy.flags = runtime->memcpy.flags;
        driver->memcpy.copyCtx = runtime->memcpy.ctx != NULL ? (CUcontext)runtime->memcpy.ctx : current;
        return cpl_cudart_copy_shape(&runtime->memcpy.copyParams, &driver->memcpy.copyParams);
    case cudaGraphNodeTypeMemset:
        if (driver->memset.ctx == NULL)
            driver->memset.ctx = current;
        return 0;
    case cudaGraphNodeTypeConditional:
        if (driver->conditional.ctx == NULL)
            driver->conditional.ctx = current;
        return 0;
    default: return 0;
    }
}

/* What the driver writes into the description: the address of an allocation, the graphs of a conditional node. */
static void give(cudaGraphNodeParams *runtime, const CUgraphNodeParams *driver)
{
    if (runtime->type == cudaGraphNodeTypeMemAlloc)
        runtime->alloc.dptr = (void *)(uintptr_t)driver->alloc.dptr;
    if (runtime->type == cudaGraphNodeTypeConditional)
        runtime->conditional.phGraph_out = (cudaGraph_t *)driver->conditional.phGraph_out;
}

static cudaError_t add(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *dependencies,
                       const cudaGraphEdgeData *data, size_t count, cudaGraphNodeParams *params)
{
    CUgraphNodeParams driver;
    int status = describe(params, &driver);
    if (status == 0)
        CPL_TRY(status,
                drv_cuGraphAddNode_v2(node, graph, dependencies, (const CUgraphEdgeData *)data, count, &driver));
    if (status == 0)
        give(params, &driver);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphAddNode(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                        const cudaGraphNode_t *pDependencies, const cudaGraphEdgeData *dependencyData,
                                        size_t numDependencies, cudaGraphNodeParams *nodeParams)
{
    return add(pGraphNode, graph, pDependencies, dependencyData, numDependencies, nodeParams);
}

cudaError_t cpl_answer_cudaGraphAddNode_v12(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                            const cudaGraphNode_t *pDependencies, size_t numDependencies,
                                            cudaGraphNodeParams *nodeParams)
{
    return add(pGraphNode, graph, pDependencies, NULL, numDependencies, nodeParams);
}

cudaError_t cpl_answer_cudaGraphNodeSetParams(cudaGraphNode_t node, cudaGraphNodeParams *nodeParams)
{
    CUgraphNodeParams driver;
    int status = describe(nodeParams, &driver);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphNodeSetParams(node, &driver));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphExecNodeSetParams(cudaGraphExec_t graphExec, cudaGraphNode_t node,
                                                  cudaGraphNodeParams *nodeParams)
{
    CUgraphNodeParams driver;
    int status = describe(nodeParams, &driver);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphExecNodeSetParams(graphExec, node, &driver));
    return cpl_cudart_done(status);
}

static void back(const CUgraphNodeParams *driver, cudaGraphNodeParams *runtime)
{
    cudaKernelNodeParams kernel;
    CUDA_KERNEL_NODE_PARAMS params;
    memcpy(runtime, driver, sizeof *runtime);
    if (runtime->type != cudaGraphNodeTypeKernel && runtime->type != cudaGraphNodeTypeMemcpy)
        return;
    memset(runtime->reserved1, 0, sizeof runtime->reserved1);
    if (runtime->type == cudaGraphNodeTypeMemcpy) {
        runtime->memcpy.flags = driver->memcpy.flags;
        runtime->memcpy.ctx = (cudaExecutionContext_t)driver->memcpy.copyCtx;
        cpl_graph_copy_back(&driver->memcpy.copyParams, &runtime->memcpy.copyParams);
        return;
    }
    memcpy(&params, &driver->kernel, sizeof params);
    cpl_graph_kernel_back(&params, &kernel);
    runtime->kernel.func = kernel.func;
    runtime->kernel.gridDim = kernel.gridDim;
    runtime->kernel.blockDim = kernel.blockDim;
    runtime->kernel.sharedMemBytes = kernel.sharedMemBytes;
    runtime->kernel.kernelParams = kernel.kernelParams;
    runtime->kernel.extra = kernel.extra;
    runtime->kernel.ctx = (cudaExecutionContext_t)driver->kernel.ctx;
}

cudaError_t cpl_answer_cudaGraphNodeGetParams(cudaGraphNode_t node, cudaGraphNodeParams *nodeParams)
{
    CUgraphNodeParams driver;
    int status = nodeParams == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuGraphNodeGetParams(node, &driver));
    if (status == 0)
        back(&driver, nodeParams);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphConditionalHandleCreate_v2(cudaGraphConditionalHandle *pHandle_out, cudaGraph_t graph,
                                                           cudaExecutionContext_t ctx, unsigned int defaultLaunchValue,
                                                           unsigned int flags)
{
    CUcontext context = (CUcontext)ctx;
    int status = context != NULL ? 0 : cpl_graph_context(&context);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphConditionalHandleCreate((CUgraphConditionalHandle *)pHandle_out, graph, context,
                                                           defaultLaunchValue, flags));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphConditionalHandleCreate(cudaGraphConditionalHandle *pHandle_out, cudaGraph_t graph,
                                                        unsigned int defaultLaunchValue, unsigned int flags)
{
    return cpl_answer_cudaGraphConditionalHandleCreate_v2(pHandle_out, graph, NULL, defaultLaunchValue, flags);
}
