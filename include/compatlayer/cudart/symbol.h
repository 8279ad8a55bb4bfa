/* Variables of compiled programs, by the address of their stand-in on the host. */
#ifndef COMPATLAYER_CUDART_SYMBOL_H
#define COMPATLAYER_CUDART_SYMBOL_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME cudaError_t cudaGetSymbolAddress(void **devPtr, const void *symbol);
CPL_RUNTIME cudaError_t cudaGetSymbolSize(size_t *size, const void *symbol);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *src, size_t count, size_t offset,
    cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpyFromSymbol(void *dst, const void *symbol, size_t count, size_t offset,
    cudaMemcpyKind kind);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *src, size_t count, size_t offset,
    cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyFromSymbolAsync(void *dst, const void *symbol, size_t count, size_t offset,
    cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME cudaError_t cudaGraphAddMemcpyNodeToSymbol(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
    const cudaGraphNode_t *pDependencies, size_t numDependencies, const void *symbol, const void *src, size_t count,
    size_t offset, cudaMemcpyKind kind);
CPL_RUNTIME cudaError_t cudaGraphAddMemcpyNodeFromSymbol(cudaGraphNode_t *pGraphNode, cudaGraph_t graph,
    const cudaGraphNode_t *pDependencies, size_t numDependencies, void *dst, const void *symbol, size_t count,
    size_t offset, cudaMemcpyKind kind);
CPL_RUNTIME cudaError_t cudaGraphMemcpyNodeSetParamsToSymbol(cudaGraphNode_t node, const void *symbol,
    const void *src, size_t count, size_t offset, cudaMemcpyKind kind);
CPL_RUNTIME cudaError_t cudaGraphMemcpyNodeSetParamsFromSymbol(cudaGraphNode_t node, void *dst, const void *symbol,
    size_t count, size_t offset, cudaMemcpyKind kind);
CPL_RUNTIME cudaError_t cudaGraphExecMemcpyNodeSetParamsToSymbol(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
    const void *symbol, const void *src, size_t count, size_t offset, cudaMemcpyKind kind);
CPL_RUNTIME cudaError_t cudaGraphExecMemcpyNodeSetParamsFromSymbol(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
    void *dst, const void *symbol, size_t count, size_t offset, cudaMemcpyKind kind);

CPL_C_END

#endif
