/* Fills. The value is a byte, whatever its type. */
#include "call.h"

static int fill(void *address, int value, size_t count, cudaStream_t stream, bool waits)
{
    unsigned char byte = (unsigned char)value;
    int status;
    if (count == 0)
        return cpl_cudart_ready();
    CPL_TRY(status, waits ? drv_cuMemsetD8_v2(cpl_address(address), byte, count)
                          : drv_cuMemsetD8Async(cpl_address(address), byte, count, stream));
    return status;
}

static int fill_rows(void *address, size_t pitch, int value, size_t width, size_t height, cudaStream_t stream,
                     bool waits)
{
    unsigned char byte = (unsigned char)value;
    int status;
    if (width == 0 || height == 0)
        return cpl_cudart_ready();
    if (width > pitch && height > 1)
        return cudaErrorInvalidPitchValue;
    CPL_TRY(status, waits ? drv_cuMemsetD2D8_v2(cpl_address(address), pitch, byte, width, height)
                          : drv_cuMemsetD2D8Async(cpl_address(address), pitch, byte, width, height, stream));
    return status;
}

/* Slices lie `ysize` rows apart; where they are filled whole, they are one run of rows. */
static int fill_box(cudaPitchedPtr box, int value, cudaExtent extent, cudaStream_t stream, bool waits)
{
    int status = 0;
    if (extent.width == 0 || extent.height == 0 || extent.depth == 0)
        return cpl_cudart_ready();
    if (extent.height == box.ysize || extent.depth == 1)
        return fill_rows(box.ptr, box.pitch, value, extent.width, extent.height * extent.depth, stream, waits);
    if (extent.height > box.ysize)
        return cudaErrorInvalidValue;
    for (size_t z = 0; z < extent.depth && status == 0; z++)
        status = fill_rows((char *)box.ptr + z * box.pitch * box.ysize, box.pitch, value, extent.width, extent.height,
                           stream, waits);
    return status;
}

cudaError_t cpl_answer_cudaMemset(void *devPtr, int value, size_t count)
{
    return cpl_cudart_done(fill(devPtr, value, count, NULL, true));
}

cudaError_t cpl_answer_cudaMemsetAsync(void *devPtr, int value, size_t count, cudaStream_t stream)
{
    return cpl_cudart_done(fill(devPtr, value, count, stream, false));
}

cudaError_t cpl_answer_cudaMemset2D(void *devPtr, size_t pitch, int value, size_t width, size_t height)
{
    return cpl_cudart_done(fill_rows(devPtr, pitch, value, width, height, NULL, true));
}

cudaError_t cpl_answer_cudaMemset2DAsync(void *devPtr, size_t pitch, int value, size_t width, size_t height,
                                         cudaStream_t stream)
{
    return cpl_cudart_done(fill_rows(devPtr, pitch, value, width, height, stream, false));
}

cudaError_t cpl_answer_cudaMemset3D(cudaPitchedPtr pitchedDevPtr, int value, cudaExtent extent)
{
    return cpl_cudart_done(fill_box(pitchedDevPtr, value, extent, NULL, true));
}

cudaError_t cpl_answer_cudaMemset3DAsync(cudaPitchedPtr pitchedDevPtr, int value, cudaExtent extent,
                                         cudaStream_t stream)
{
    return cpl_cudart_done(fill_box(pitchedDevPtr, value, extent, stream, false));
}
