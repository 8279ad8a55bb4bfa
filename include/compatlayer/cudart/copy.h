/* Copies and fills. */
#ifndef COMPATLAYER_CUDART_COPY_H
#define COMPATLAYER_CUDART_COPY_H
#include "types.h"

CPL_C_BEGIN

CPL_RUNTIME_PTDS cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *p);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpy3DPeer(const cudaMemcpy3DPeerParms *p);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *p, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy3DPeerAsync(const cudaMemcpy3DPeerParms *p, cudaStream_t stream);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpy(void *dst, const void *src, size_t count, cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpyPeer(void *dst, int dstDevice, const void *src, int srcDevice, size_t count);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpy2D(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
    size_t height, cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpy2DToArray(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src,
    size_t spitch, size_t width, size_t height, cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpy2DFromArray(void *dst, size_t dpitch, cudaArray_const_t src, size_t wOffset,
    size_t hOffset, size_t width, size_t height, cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpy2DArrayToArray(cudaArray_t dst, size_t wOffsetDst, size_t hOffsetDst,
    cudaArray_const_t src, size_t wOffsetSrc, size_t hOffsetSrc, size_t width, size_t height, cudaMemcpyKind kind);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t count, cudaMemcpyKind kind,
    cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyPeerAsync(void *dst, int dstDevice, const void *src, int srcDevice,
    size_t count, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyBatchAsync(const void **dsts, const void **srcs, const size_t *sizes,
    size_t count, cudaMemcpyAttributes *attrs, size_t *attrsIdxs, size_t numAttrs, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy3DBatchAsync(size_t numOps, cudaMemcpy3DBatchOp *opList,
    unsigned long long flags, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy2DAsync(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
    size_t height, cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy2DToArrayAsync(cudaArray_t dst, size_t wOffset, size_t hOffset,
    const void *src, size_t spitch, size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy2DFromArrayAsync(void *dst, size_t dpitch, cudaArray_const_t src,
    size_t wOffset, size_t hOffset, size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME_PTDS cudaError_t cudaMemset(void *devPtr, int value, size_t count);
CPL_RUNTIME_PTDS cudaError_t cudaMemset2D(void *devPtr, size_t pitch, int value, size_t width, size_t height);
CPL_RUNTIME_PTDS cudaError_t cudaMemset3D(cudaPitchedPtr pitchedDevPtr, int value, cudaExtent extent);
CPL_RUNTIME_PTSZ cudaError_t cudaMemsetAsync(void *devPtr, int value, size_t count, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemset2DAsync(void *devPtr, size_t pitch, int value, size_t width, size_t height,
    cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemset3DAsync(cudaPitchedPtr pitchedDevPtr, int value, cudaExtent extent,
    cudaStream_t stream);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpyToArray(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src,
    size_t count, cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpyFromArray(void *dst, cudaArray_const_t src, size_t wOffset, size_t hOffset,
    size_t count, cudaMemcpyKind kind);
CPL_RUNTIME_PTDS cudaError_t cudaMemcpyArrayToArray(cudaArray_t dst, size_t wOffsetDst, size_t hOffsetDst,
    cudaArray_const_t src, size_t wOffsetSrc, size_t hOffsetSrc, size_t count, cudaMemcpyKind kind);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyToArrayAsync(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src,
    size_t count, cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyFromArrayAsync(void *dst, cudaArray_const_t src, size_t wOffset,
    size_t hOffset, size_t count, cudaMemcpyKind kind, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpyWithAttributesAsync(void *dst, const void *src, size_t size,
    cudaMemcpyAttributes *attr, cudaStream_t stream);
CPL_RUNTIME_PTSZ cudaError_t cudaMemcpy3DWithAttributesAsync(cudaMemcpy3DBatchOp *op, unsigned long long flags,
    cudaStream_t stream);

CPL_C_END

#endif
