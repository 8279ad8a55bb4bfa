/* Copies of the runtime in the driver's terms. */
#ifndef CPL_CUDART_COPY_H
#define CPL_CUDART_COPY_H
#include "call.h"

/* Where a copy of this kind reads and writes; 0, or cudaErrorInvalidMemcpyDirection. */
int cpl_cudart_copy_sides(cudaMemcpyKind kind, CUmemorytype *from, CUmemorytype *to);
/* One end of a copy, not yet with its offsets. */
void cpl_cudart_copy_from(CUDA_MEMCPY3D *copy, CUmemorytype type, const void *address, size_t pitch, size_t height);
void cpl_cudart_copy_to(CUDA_MEMCPY3D *copy, CUmemorytype type, void *address, size_t pitch, size_t height);
/* Runs it in `stream`, or waits for it. Returns a status. */
int cpl_cudart_copy_run(const CUDA_MEMCPY3D *copy, cudaStream_t stream, bool waits);
/* The driver's copy for the runtime's parameters. Returns a status. */
int cpl_cudart_copy_shape(const cudaMemcpy3DParms *p, CUDA_MEMCPY3D *copy);
/* A line of `count` bytes. Returns a status. */
int cpl_cudart_copy_line(void *dst, const void *src, size_t count, cudaMemcpyKind kind, cudaStream_t stream,
                         bool waits);

#endif
