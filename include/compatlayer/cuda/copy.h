/* Copies and fills. */
#ifndef COMPATLAYER_CUDA_COPY_H
#define COMPATLAYER_CUDA_COPY_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API_PTDS(4000, 7000) CUresult cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount);
CPL_API_PTDS(4000, 7000) CUresult cuMemcpyPeer(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,
    CUcontext srcContext, size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyHtoD_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyDtoH_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyDtoD_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyDtoA_v2(CUarray dstArray, size_t dstOffset, CUdeviceptr srcDevice,
    size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyAtoD_v2(CUdeviceptr dstDevice, CUarray srcArray, size_t srcOffset,
    size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyHtoA_v2(CUarray dstArray, size_t dstOffset, const void *srcHost,
    size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyAtoH_v2(void *dstHost, CUarray srcArray, size_t srcOffset, size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpyAtoA_v2(CUarray dstArray, size_t dstOffset, CUarray srcArray,
    size_t srcOffset, size_t ByteCount);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *pCopy);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *pCopy);
CPL_API_PTDS(3020, 7000) CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *pCopy);
CPL_API_PTDS(4000, 7000) CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER *pCopy);
CPL_API_PTSZ(4000, 7000) CUresult cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream);
CPL_API_PTSZ(4000, 7000) CUresult cuMemcpyPeerAsync(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,
    CUcontext srcContext, size_t ByteCount, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
    CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpyDtoHAsync_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
    CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
    CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpyHtoAAsync_v2(CUarray dstArray, size_t dstOffset, const void *srcHost,
    size_t ByteCount, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpyAtoHAsync_v2(void *dstHost, CUarray srcArray, size_t srcOffset,
    size_t ByteCount, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *pCopy, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *pCopy, CUstream hStream);
CPL_API_PTSZ(4000, 7000) CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *pCopy, CUstream hStream);
CPL_API_PTDS(3020, 7000) CUresult cuMemsetD8_v2(CUdeviceptr dstDevice, unsigned char uc, size_t N);
CPL_API_PTDS(3020, 7000) CUresult cuMemsetD16_v2(CUdeviceptr dstDevice, unsigned short us, size_t N);
CPL_API_PTDS(3020, 7000) CUresult cuMemsetD32_v2(CUdeviceptr dstDevice, unsigned int ui, size_t N);
CPL_API_PTDS(3020, 7000) CUresult cuMemsetD2D8_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc,
    size_t Width, size_t Height);
CPL_API_PTDS(3020, 7000) CUresult cuMemsetD2D16_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us,
    size_t Width, size_t Height);
CPL_API_PTDS(3020, 7000) CUresult cuMemsetD2D32_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui,
    size_t Width, size_t Height);
CPL_API_PTSZ(3020, 7000) CUresult cuMemsetD8Async(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemsetD16Async(CUdeviceptr dstDevice, unsigned short us, size_t N,
    CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemsetD32Async(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemsetD2D8Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc,
    size_t Width, size_t Height, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemsetD2D16Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us,
    size_t Width, size_t Height, CUstream hStream);
CPL_API_PTSZ(3020, 7000) CUresult cuMemsetD2D32Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui,
    size_t Width, size_t Height, CUstream hStream);
CPL_API_PTSZ(13000, 13000) CUresult cuMemcpyBatchAsync_v2(CUdeviceptr *dsts, CUdeviceptr *srcs, size_t *sizes,
    size_t count, CUmemcpyAttributes *attrs, size_t *attrsIdxs, size_t numAttrs, CUstream hStream);
CPL_API_PTSZ(13000, 13000) CUresult cuMemcpy3DBatchAsync_v2(size_t numOps, CUDA_MEMCPY3D_BATCH_OP *opList,
    unsigned long long flags, CUstream hStream);
CPL_API_PTSZ(13020, 13020) CUresult cuMemcpyWithAttributesAsync(CUdeviceptr dst, CUdeviceptr src, size_t size,
    CUmemcpyAttributes *attr, CUstream hStream);
CPL_API_PTSZ(13020, 13020) CUresult cuMemcpy3DWithAttributesAsync(CUDA_MEMCPY3D_BATCH_OP *op, unsigned long long flags,
    CUstream hStream);
CPL_API_PTSZ(13050, 13050) CUresult cuFabricCpyBatchAsync(size_t numOps, CUDA_FABRIC_COPY_BATCH_OP *opList,
    unsigned long long flags, CUstream hStream);

CPL_C_END

#endif
