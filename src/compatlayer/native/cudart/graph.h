/* Nodes of graphs in the driver's terms. Each returns a status. */
#ifndef CPL_CUDART_GRAPH_H
#define CPL_CUDART_GRAPH_H
#include "call.h"

/* The current context, where a node needs one. */
int cpl_graph_context(CUcontext *context);
int cpl_graph_kernel(const cudaKernelNodeParams *runtime, CUDA_KERNEL_NODE_PARAMS *driver);
/* What `func` was when the node was made: the stand-in of a registered kernel, or a handle. */
void cpl_graph_kernel_back(const CUDA_KERNEL_NODE_PARAMS *driver, cudaKernelNodeParams *runtime);
/* A line of `count` bytes as the copy of a node. */
int cpl_graph_line(void *dst, const void *src, size_t count, cudaMemcpyKind kind, CUDA_MEMCPY3D *copy);
void cpl_graph_copy_back(const CUDA_MEMCPY3D *driver, cudaMemcpy3DParms *runtime);

#endif
