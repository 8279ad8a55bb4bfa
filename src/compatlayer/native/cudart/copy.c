/* Copies between pointers. */
#include "copy.h"
#include "state.h"

int cpl_cudart_copy_sides(cudaMemcpyKind kind, CUmemorytype *from, CUmemorytype *to)
{
    static const CUmemorytype sides[][2] = {
        [cudaMemcpyHostToHost] = {CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_HOST},
        [cudaMemcpyHostToDevice] = {CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE},
        [cudaMemcpyDeviceToHost] = {CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST},
        [cudaMemcpyDeviceToDevice] = {CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_DEVICE},
        [cudaMemcpyDefault] = {CU_MEMORYTYPE_UNIFIED, CU_MEMORYTYPE_UNIFIED},
    };
    if ((unsigned int)kind > cudaMemcpyDefault)
        return cudaErrorInvalidMemcpyDirection;
    *from = sides[kind][0];
    *to = sides[kind][1];
    return 0;
}

int cpl_cudart_copy_line(void *dst, const void *src, size_t count, cudaMemcpyKind kind, cudaStream_t stream, bool waits)
{
    CUdeviceptr to = cpl_address(dst), from = cpl_address(src);
    int status;
    switch (kind) {
    case cudaMemcpyHostToDevice:
        CPL_TRY(status, waits ? drv_cuMemcpyHtoD_v2(to, src, count)
                              : drv_cuMemcpyHtoDAsync_v2(to, src, count, stream));
        return status;
    case cudaMemcpyDeviceToHost:
        CPL_TRY(status, waits ? drv_cuMemcpyDtoH_v2(dst, from, count)
                              : drv_cuMemcpyDtoHAsync_v2(dst, from, count, stream));
        return status;
    case cudaMemcpyDeviceToDevice:
        CPL_TRY(status, waits ? drv_cuMemcpyDtoD_v2(to, from, count)
                              : drv_cuMemcpyDtoDAsync_v2(to, from, count, stream));
        return status;
    case cudaMemcpyHostToHost:
    case cudaMemcpyDefault:
        CPL_TRY(status, waits ? drv_cuMemcpy(to, from, count) : drv_cuMemcpyAsync(to, from, count, stream));
        return status;
    }
    return cudaErrorInvalidMemcpyDirection;
}

cudaError_t cpl_answer_cudaMemcpy(void *dst, const void *src, size_t count, cudaMemcpyKind kind)
{
    return cpl_cudart_done(cpl_cudart_copy_line(dst, src, count, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpyAsync(void *dst, const void *src, size_t count, cudaMemcpyKind kind,
                                       cudaStream_t stream)
{
    return cpl_cudart_done(cpl_cudart_copy_line(dst, src, count, kind, stream, false));
}

void cpl_cudart_copy_from(CUDA_MEMCPY3D *copy, CUmemorytype type, const void *address, size_t pitch, size_t height)
{
    copy->srcMemoryType = type;
    copy->srcHost = type == CU_MEMORYTYPE_HOST ? address : NULL;
    copy->srcDevice = type == CU_MEMORYTYPE_HOST ? 0 : cpl_address(address);
    copy->srcPitch = pitch;
    copy->srcHeight = height;
}

void cpl_cudart_copy_to(CUDA_MEMCPY3D *copy, CUmemorytype type, void *address, size_t pitch, size_t height)
{
    copy->dstMemoryType = type;
    copy->dstHost = type == CU_MEMORYTYPE_HOST ? address : NULL;
    copy->dstDevice = type == CU_MEMORYTYPE_HOST ? 0 : cpl_address(address);
    copy->dstPitch = pitch;
    copy->dstHeight = height;
}

int cpl_cudart_copy_run(const CUDA_MEMCPY3D *copy, cudaStream_t stream, bool waits)
{
    int status;
    CPL_TRY(status, waits ? drv_cuMemcpy3D_v2(copy) : drv_cuMemcpy3DAsync_v2(copy, stream));
    return status;
}

static int copy_rows(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width, size_t height,
                     cudaMemcpyKind kind, cudaStream_t stream, bool waits)
{
    CUDA_MEMCPY3D copy = {.WidthInBytes = width, .Height = height, .Depth = 1};
    CUmemorytype from, to;
    int status = cpl_cudart_copy_sides(kind, &from, &to);
    if (status != 0)
        return status;
    if (width == 0 || height == 0)
        return cpl_cudart_ready();
    if (width > dpitch || width > spitch)
        return cudaErrorInvalidPitchValue;
    cpl_cudart_copy_from(&copy, from, src, spitch, height);
    cpl_cudart_copy_to(&copy, to, dst, dpitch, height);
    return cpl_cudart_copy_run(&copy, stream, waits);
}

cudaError_t cpl_answer_cudaMemcpy2D(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
                                    size_t height, cudaMemcpyKind kind)
{
    return cpl_cudart_done(copy_rows(dst, dpitch, src, spitch, width, height, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpy2DAsync(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
                                         size_t height, cudaMemcpyKind kind, cudaStream_t stream)
{
    return cpl_cudart_done(copy_rows(dst, dpitch, src, spitch, width, height, kind, stream, false));
}

static int copy_between(void *dst, int dst_device, const void *src, int src_device, size_t count, cudaStream_t stream,
                        bool waits)
{
    CUcontext to, from;
    int status = cpl_cudart_check_device(dst_device);
    if (status == 0)
        status = cpl_cudart_check_device(src_device);
    if (status == 0)
        status = cpl_cudart_retain(dst_device, &to);
    if (status == 0)
        status = cpl_cudart_retain(src_device, &from);
    if (status == 0)
        CPL_TRY(status, waits ? drv_cuMemcpyPeer(cpl_address(dst), to, cpl_address(src), from, count)
                              : drv_cuMemcpyPeerAsync(cpl_address(dst), to, cpl_address(src), from, count, stream));
    return status;
}

cudaError_t cpl_answer_cudaMemcpyPeer(void *dst, int dstDevice, const void *src, int srcDevice, size_t count)
{
    return cpl_cudart_done(copy_between(dst, dstDevice, src, srcDevice, count, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpyPeerAsync(void *dst, int dstDevice, const void *src, int srcDevice, size_t count,
                                           cudaStream_t stream)
{
    return cpl_cudart_done(copy_between(dst, dstDevice, src, srcDevice, count, stream, false));
}
