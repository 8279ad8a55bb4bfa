/* Copies of boxes: cudaMemcpy3DParms in the driver's terms. */
#include "copy.h"
#include "format.h"
#include "state.h"

/* The bytes that one unit of the extent has: an element of an array that takes part, else a byte. */
static int unit_of(const cudaMemcpy3DParms *p, size_t *bytes)
{
    size_t other;
    int status = 0;
    *bytes = 1;
    if (p->srcArray != NULL)
        status = cpl_format_bytes((CUarray)p->srcArray, bytes);
    if (status == 0 && p->dstArray != NULL) {
        status = cpl_format_bytes((CUarray)p->dstArray, &other);
        if (status == 0 && p->srcArray != NULL && other != *bytes)
            return cudaErrorInvalidValue;
        *bytes = other;
    }
    return status;
}

/* Exactly one of the two stands for an end of the copy. */
static bool is_end(cudaArray_t array, const cudaPitchedPtr *pointer)
{
    return (array != NULL) != (pointer->ptr != NULL);
}

int cpl_cudart_copy_shape(const cudaMemcpy3DParms *p, CUDA_MEMCPY3D *copy)
{
    CUmemorytype from, to;
    size_t unit;
    if (p == NULL || !is_end(p->srcArray, &p->srcPtr) || !is_end(p->dstArray, &p->dstPtr))
        return cudaErrorInvalidValue;
    int status = cpl_cudart_copy_sides(p->kind, &from, &to);
    if (status == 0)
        status = unit_of(p, &unit);
    if (status != 0)
        return status;
    memset(copy, 0, sizeof *copy);
    if ((p->srcArray == NULL && p->extent.width * unit + p->srcPos.x > p->srcPtr.pitch && p->extent.height > 1) ||
        (p->dstArray == NULL && p->extent.width * unit + p->dstPos.x > p->dstPtr.pitch && p->extent.height > 1))
        return cudaErrorInvalidPitchValue;
    cpl_cudart_copy_from(copy, p->srcArray != NULL ? CU_MEMORYTYPE_ARRAY : from, p->srcPtr.ptr, p->srcPtr.pitch,
                  p->srcPtr.ysize);
    cpl_cudart_copy_to(copy, p->dstArray != NULL ? CU_MEMORYTYPE_ARRAY : to, p->dstPtr.ptr, p->dstPtr.pitch,
                       p->dstPtr.ysize);
    copy->srcArray = (CUarray)p->srcArray;
    copy->dstArray = (CUarray)p->dstArray;
    copy->srcXInBytes = p->srcPos.x * (p->srcArray != NULL ? unit : 1);
    copy->srcY = p->srcPos.y;
    copy->srcZ = p->srcPos.z;
    copy->dstXInBytes = p->dstPos.x * (p->dstArray != NULL ? unit : 1);
    copy->dstY = p->dstPos.y;
    copy->dstZ = p->dstPos.z;
    copy->WidthInBytes = p->extent.width * unit;
    copy->Height = p->extent.height;
    copy->Depth = p->extent.depth;
    return 0;
}

static int copy_box(const cudaMemcpy3DParms *p, cudaStream_t stream, bool waits)
{
    CUDA_MEMCPY3D copy;
    int status = cpl_cudart_copy_shape(p, &copy);
    if (status == 0 && (copy.WidthInBytes == 0 || copy.Height == 0 || copy.Depth == 0))
        return cpl_cudart_ready();
    return status != 0 ? status : cpl_cudart_copy_run(&copy, stream, waits);
}

cudaError_t cpl_answer_cudaMemcpy3D(const cudaMemcpy3DParms *p)
{
    return cpl_cudart_done(copy_box(p, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpy3DAsync(const cudaMemcpy3DParms *p, cudaStream_t stream)
{
    return cpl_cudart_done(copy_box(p, stream, false));
}

/* The same parameters, and a context for each end. */
static int copy_peers(const cudaMemcpy3DPeerParms *p, cudaStream_t stream, bool waits)
{
    CUDA_MEMCPY3D copy;
    CUcontext from, to;
    if (p == NULL)
        return cudaErrorInvalidValue;
    cudaMemcpy3DParms shape = {p->srcArray, p->srcPos, p->srcPtr, p->dstArray, p->dstPos, p->dstPtr, p->extent,
                               cudaMemcpyDeviceToDevice};
    int status = cpl_cudart_copy_shape(&shape, &copy);
    if (status == 0)
        status = cpl_cudart_check_device(p->srcDevice);
    if (status == 0)
        status = cpl_cudart_check_device(p->dstDevice);
    if (status == 0)
        status = cpl_cudart_retain(p->srcDevice, &from);
    if (status == 0)
        status = cpl_cudart_retain(p->dstDevice, &to);
    if (status != 0)
        return status;
    CUDA_MEMCPY3D_PEER peers;
    _Static_assert(sizeof peers == sizeof copy, "the contexts lie where the other structure has reserved words");
    memcpy(&peers, &copy, sizeof peers);
    peers.srcContext = from;
    peers.dstContext = to;
    CPL_TRY(status, waits ? drv_cuMemcpy3DPeer(&peers) : drv_cuMemcpy3DPeerAsync(&peers, stream));
    return status;
}

cudaError_t cpl_answer_cudaMemcpy3DPeer(const cudaMemcpy3DPeerParms *p)
{
    return cpl_cudart_done(copy_peers(p, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpy3DPeerAsync(const cudaMemcpy3DPeerParms *p, cudaStream_t stream)
{
    return cpl_cudart_done(copy_peers(p, stream, false));
}
