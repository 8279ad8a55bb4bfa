/* Nodes of copies and fills. */
#include "copy.h"
#include "format.h"
#include "graph.h"
#include "symbol.h"

int cpl_graph_line(void *dst, const void *src, size_t count, cudaMemcpyKind kind, CUDA_MEMCPY3D *copy)
{
    CUmemorytype from, to;
    int status = cpl_cudart_copy_sides(kind, &from, &to);
    if (status != 0)
        return status;
    *copy = (CUDA_MEMCPY3D){.WidthInBytes = count, .Height = 1, .Depth = 1};
    cpl_cudart_copy_from(copy, from, src, count, 1);
    cpl_cudart_copy_to(copy, to, dst, count, 1);
    return 0;
}

static cudaPitchedPtr pointer_back(CUmemorytype type, const void *host, CUdeviceptr device, size_t pitch, size_t height)
{
    const void *address = type == CU_MEMORYTYPE_HOST ? host : (const void *)(uintptr_t)device;
    return (cudaPitchedPtr){(void *)(uintptr_t)address, pitch, pitch, height};
}

void cpl_graph_copy_back(const CUDA_MEMCPY3D *driver, cudaMemcpy3DParms *runtime)
{
    bool unified = driver->srcMemoryType == CU_MEMORYTYPE_UNIFIED || driver->dstMemoryType == CU_MEMORYTYPE_UNIFIED;
    bool from_host = driver->srcMemoryType == CU_MEMORYTYPE_HOST, to_host = driver->dstMemoryType == CU_MEMORYTYPE_HOST;
    size_t unit = 1;
    memset(runtime, 0, sizeof *runtime);
    if (driver->srcMemoryType == CU_MEMORYTYPE_ARRAY) {
        runtime->srcArray = (cudaArray_t)driver->srcArray;
        cpl_format_bytes(driver->srcArray, &unit);
    } else {
        runtime->srcPtr = pointer_back(driver->srcMemoryType, driver->srcHost, driver->srcDevice, driver->srcPitch,
                                       driver->srcHeight);
    }
    if (driver->dstMemoryType == CU_MEMORYTYPE_ARRAY) {
        runtime->dstArray = (cudaArray_t)driver->dstArray;
        cpl_format_bytes(driver->dstArray, &unit);
    } else {
        runtime->dstPtr = pointer_back(driver->dstMemoryType, driver->dstHost, driver->dstDevice, driver->dstPitch,
                                       driver->dstHeight);
    }
    runtime->srcPos = (cudaPos){driver->srcXInBytes / (runtime->srcArray != NULL ? unit : 1), driver->srcY,
                                driver->srcZ};
    runtime->dstPos = (cudaPos){driver->dstXInBytes / (runtime->dstArray != NULL ? unit : 1), driver->dstY,
                                driver->dstZ};
    runtime->extent = (cudaExtent){driver->WidthInBytes / unit, driver->Height, driver->Depth};
    runtime->kind = unified     ? cudaMemcpyDefault
                    : from_host ? (to_host ? cudaMemcpyHostToHost : cudaMemcpyHostToDevice)
                                : (to_host ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice);
}

static int add(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *dependencies, size_t count, int status,
               const CUDA_MEMCPY3D *copy)
{
    CUcontext context;
    if (status == 0)
        status = cpl_graph_context(&context);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphAddMemcpyNode(node, graph, dependencies, count, copy, context));
    return status;
}

static int set(cudaGraphNode_t node, int status, const CUDA_MEMCPY3D *copy)
{
    if (status == 0)
        CPL_TRY(status, drv_cuGraphMemcpyNodeSetParams(node, copy));
    return status;
}

static int set_executable(cudaGraphExec_t executable, cudaGraphNode_t node, int status, const CUDA_MEMCPY3D *copy)
{
    CUcontext context;
    if (status == 0)
        status = cpl_graph_context(&context);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphExecMemcpyNodeSetParams(executable, node, copy, context));
    return status;
}

cudaError_t cpl_answer_cudaGraphAddMemcpyNode(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                              const cudaGraphNode_t *pDependencies, size_t numDependencies,
                                              const cudaMemcpy3DParms *pCopyParams)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_cudart_copy_shape(pCopyParams, &copy);
    return cpl_cudart_done(add(pGraphNode, graph, pDependencies, numDependencies, status, &copy));
}

cudaError_t cpl_answer_cudaGraphAddMemcpyNode1D(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                                const cudaGraphNode_t *pDependencies, size_t numDependencies, void *dst,
                                                const void *src, size_t count, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_graph_line(dst, src, count, kind, &copy);
    return cpl_cudart_done(add(pGraphNode, graph, pDependencies, numDependencies, status, &copy));
}

cudaError_t cpl_answer_cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, cudaMemcpy3DParms *pNodeParams)
{
    CUDA_MEMCPY3D copy;
    int status = pNodeParams == NULL ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuGraphMemcpyNodeGetParams(node, &copy));
    if (status == 0)
        cpl_graph_copy_back(&copy, pNodeParams);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphMemcpyNodeSetParams(cudaGraphNode_t node, const cudaMemcpy3DParms *pNodeParams)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_cudart_copy_shape(pNodeParams, &copy);
    return cpl_cudart_done(set(node, status, &copy));
}

cudaError_t cpl_answer_cudaGraphMemcpyNodeSetParams1D(cudaGraphNode_t node, void *dst, const void *src, size_t count,
                                                      cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_graph_line(dst, src, count, kind, &copy);
    return cpl_cudart_done(set(node, status, &copy));
}

cudaError_t cpl_answer_cudaGraphExecMemcpyNodeSetParams(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                                        const cudaMemcpy3DParms *pNodeParams)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_cudart_copy_shape(pNodeParams, &copy);
    return cpl_cudart_done(set_executable(hGraphExec, node, status, &copy));
}

cudaError_t cpl_answer_cudaGraphExecMemcpyNodeSetParams1D(cudaGraphExec_t hGraphExec, cudaGraphNode_t node, void *dst,
                                                          const void *src, size_t count, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_graph_line(dst, src, count, kind, &copy);
    return cpl_cudart_done(set_executable(hGraphExec, node, status, &copy));
}

/* A line to or from a variable of the program. */
static int to_symbol(const void *symbol, const void *src, size_t count, size_t offset, cudaMemcpyKind kind,
                     CUDA_MEMCPY3D *copy)
{
    char *address;
    int status = cpl_symbol_place(symbol, count, offset, &address);
    return status != 0 ? status : cpl_graph_line(address, src, count, kind, copy);
}

static int from_symbol(void *dst, const void *symbol, size_t count, size_t offset, cudaMemcpyKind kind,
                       CUDA_MEMCPY3D *copy)
{
    char *address;
    int status = cpl_symbol_place(symbol, count, offset, &address);
    return status != 0 ? status : cpl_graph_line(dst, address, count, kind, copy);
}

cudaError_t cpl_answer_cudaGraphAddMemcpyNodeToSymbol(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                                      const cudaGraphNode_t *pDependencies, size_t numDependencies,
                                                      const void *symbol, const void *src, size_t count, size_t offset,
                                                      cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = to_symbol(symbol, src, count, offset, kind, &copy);
    return cpl_cudart_done(add(pGraphNode, graph, pDependencies, numDependencies, status, &copy));
}

cudaError_t cpl_answer_cudaGraphAddMemcpyNodeFromSymbol(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                                        const cudaGraphNode_t *pDependencies, size_t numDependencies,
                                                        void *dst, const void *symbol, size_t count, size_t offset,
                                                        cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = from_symbol(dst, symbol, count, offset, kind, &copy);
    return cpl_cudart_done(add(pGraphNode, graph, pDependencies, numDependencies, status, &copy));
}

cudaError_t cpl_answer_cudaGraphMemcpyNodeSetParamsToSymbol(cudaGraphNode_t node, const void *symbol, const void *src,
                                                            size_t count, size_t offset, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = to_symbol(symbol, src, count, offset, kind, &copy);
    return cpl_cudart_done(set(node, status, &copy));
}

cudaError_t cpl_answer_cudaGraphMemcpyNodeSetParamsFromSymbol(cudaGraphNode_t node, void *dst, const void *symbol,
                                                              size_t count, size_t offset, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = from_symbol(dst, symbol, count, offset, kind, &copy);
    return cpl_cudart_done(set(node, status, &copy));
}

cudaError_t cpl_answer_cudaGraphExecMemcpyNodeSetParamsToSymbol(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                                                const void *symbol, const void *src, size_t count,
                                                                size_t offset, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = to_symbol(symbol, src, count, offset, kind, &copy);
    return cpl_cudart_done(set_executable(hGraphExec, node, status, &copy));
}

cudaError_t cpl_answer_cudaGraphExecMemcpyNodeSetParamsFromSymbol(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                                                  void *dst, const void *symbol, size_t count,
                                                                  size_t offset, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy;
    int status = from_symbol(dst, symbol, count, offset, kind, &copy);
    return cpl_cudart_done(set_executable(hGraphExec, node, status, &copy));
}

_Static_assert(sizeof(cudaMemsetParams) == sizeof(CUDA_MEMSET_NODE_PARAMS), "one structure, two names");

cudaError_t cpl_answer_cudaGraphAddMemsetNode(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
                                              const cudaGraphNode_t *pDependencies, size_t numDependencies,
                                              const cudaMemsetParams *pMemsetParams)
{
    CUcontext context;
    int status = cpl_graph_context(&context);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphAddMemsetNode(pGraphNode, graph, pDependencies, numDependencies,
                                                 (const CUDA_MEMSET_NODE_PARAMS *)pMemsetParams, context));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGraphExecMemsetNodeSetParams(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                                        const cudaMemsetParams *pNodeParams)
{
    CUcontext context;
    int status = cpl_graph_context(&context);
    if (status == 0)
        CPL_TRY(status, drv_cuGraphExecMemsetNodeSetParams(hGraphExec, node,
                                                           (const CUDA_MEMSET_NODE_PARAMS *)pNodeParams, context));
    return cpl_cudart_done(status);
}
