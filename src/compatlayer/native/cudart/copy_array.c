/* Copies to, from and between arrays of one or two dimensions. */
#include "copy.h"
#include "format.h"
#include "state.h"

static void from_array(CUDA_MEMCPY3D *copy, cudaArray_const_t array, size_t x, size_t y)
{
    copy->srcMemoryType = CU_MEMORYTYPE_ARRAY;
    copy->srcArray = (CUarray)(uintptr_t)array;
    copy->srcXInBytes = x;
    copy->srcY = y;
}

static void to_array(CUDA_MEMCPY3D *copy, cudaArray_t array, size_t x, size_t y)
{
    copy->dstMemoryType = CU_MEMORYTYPE_ARRAY;
    copy->dstArray = (CUarray)array;
    copy->dstXInBytes = x;
    copy->dstY = y;
}

static int run(CUDA_MEMCPY3D *copy, size_t width, size_t height, cudaStream_t stream, bool waits)
{
    copy->WidthInBytes = width;
    copy->Height = height;
    copy->Depth = 1;
    return cpl_cudart_copy_run(copy, stream, waits);
}

static int rows_to(cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch, size_t width, size_t height,
                   cudaMemcpyKind kind, cudaStream_t stream, bool waits)
{
    CUDA_MEMCPY3D copy = {0};
    CUmemorytype from, to;
    int status = cpl_cudart_copy_sides(kind, &from, &to);
    if (status != 0 || dst == NULL)
        return status != 0 ? status : (int)cudaErrorInvalidResourceHandle;
    if (width == 0 || height == 0)
        return cpl_cudart_ready();
    if (width > pitch)
        return cudaErrorInvalidPitchValue;
    cpl_cudart_copy_from(&copy, from, src, pitch, height);
    to_array(&copy, dst, x, y);
    return run(&copy, width, height, stream, waits);
}

static int rows_from(void *dst, size_t pitch, cudaArray_const_t src, size_t x, size_t y, size_t width, size_t height,
                     cudaMemcpyKind kind, cudaStream_t stream, bool waits)
{
    CUDA_MEMCPY3D copy = {0};
    CUmemorytype from, to;
    int status = cpl_cudart_copy_sides(kind, &from, &to);
    if (status != 0 || src == NULL)
        return status != 0 ? status : (int)cudaErrorInvalidResourceHandle;
    if (width == 0 || height == 0)
        return cpl_cudart_ready();
    if (width > pitch)
        return cudaErrorInvalidPitchValue;
    from_array(&copy, src, x, y);
    cpl_cudart_copy_to(&copy, to, dst, pitch, height);
    return run(&copy, width, height, stream, waits);
}

cudaError_t cpl_answer_cudaMemcpy2DToArray(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src,
                                           size_t spitch, size_t width, size_t height, cudaMemcpyKind kind)
{
    return cpl_cudart_done(rows_to(dst, wOffset, hOffset, src, spitch, width, height, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpy2DToArrayAsync(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src,
                                                size_t spitch, size_t width, size_t height, cudaMemcpyKind kind,
                                                cudaStream_t stream)
{
    return cpl_cudart_done(rows_to(dst, wOffset, hOffset, src, spitch, width, height, kind, stream, false));
}

cudaError_t cpl_answer_cudaMemcpy2DFromArray(void *dst, size_t dpitch, cudaArray_const_t src, size_t wOffset,
                                             size_t hOffset, size_t width, size_t height, cudaMemcpyKind kind)
{
    return cpl_cudart_done(rows_from(dst, dpitch, src, wOffset, hOffset, width, height, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpy2DFromArrayAsync(void *dst, size_t dpitch, cudaArray_const_t src, size_t wOffset,
                                                  size_t hOffset, size_t width, size_t height, cudaMemcpyKind kind,
                                                  cudaStream_t stream)
{
    return cpl_cudart_done(rows_from(dst, dpitch, src, wOffset, hOffset, width, height, kind, stream, false));
}

static int between(cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_const_t src, size_t src_x, size_t src_y,
                   size_t width, size_t height, cudaMemcpyKind kind)
{
    CUDA_MEMCPY3D copy = {0};
    CUmemorytype from, to;
    int status = cpl_cudart_copy_sides(kind, &from, &to);
    if (status != 0 || dst == NULL || src == NULL)
        return status != 0 ? status : (int)cudaErrorInvalidResourceHandle;
    if (width == 0 || height == 0)
        return cpl_cudart_ready();
    from_array(&copy, src, src_x, src_y);
    to_array(&copy, dst, dst_x, dst_y);
    return run(&copy, width, height, NULL, true);
}

cudaError_t cpl_answer_cudaMemcpy2DArrayToArray(cudaArray_t dst, size_t wOffsetDst, size_t hOffsetDst,
                                                cudaArray_const_t src, size_t wOffsetSrc, size_t hOffsetSrc,
                                                size_t width, size_t height, cudaMemcpyKind kind)
{
    return cpl_cudart_done(
        between(dst, wOffsetDst, hOffsetDst, src, wOffsetSrc, hOffsetSrc, width, height, kind));
}

/* The bytes of a row. */
static int row_bytes(cudaArray_const_t array, size_t *bytes)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    int status;
    if (array == NULL)
        return cudaErrorInvalidResourceHandle;
    CPL_TRY(status, drv_cuArray3DGetDescriptor_v2(&descriptor, (CUarray)(uintptr_t)array));
    if (status == 0)
        status = cpl_format_bytes((CUarray)(uintptr_t)array, bytes);
    *bytes *= status == 0 ? descriptor.Width : 0;
    return status;
}

/* The older copies of `count` bytes go on in the next row where a row ends: the rest of the first row, whole rows,
 * the begin of the last one. */
struct piece {
    size_t x, y, width, height;
};

static int cut(size_t x, size_t y, size_t count, size_t row, struct piece pieces[3])
{
    size_t head = x == 0 || count == 0 ? 0 : count < row - x ? count : row - x;
    size_t whole = (count - head) / row, tail = (count - head) % row, next = y + (head != 0);
    int used = 0;
    if (head != 0)
        pieces[used++] = (struct piece){x, y, head, 1};
    if (whole != 0)
        pieces[used++] = (struct piece){0, next, row, whole};
    if (tail != 0)
        pieces[used++] = (struct piece){0, next + whole, tail, 1};
    return used;
}

static int line_to(cudaArray_t dst, size_t x, size_t y, const void *src, size_t count, cudaMemcpyKind kind,
                   cudaStream_t stream, bool waits)
{
    struct piece pieces[3];
    size_t row = 0, done = 0;
    int status = row_bytes(dst, &row);
    if (status != 0 || x >= row)
        return status != 0 ? status : (int)cudaErrorInvalidValue;
    int used = cut(x, y, count, row, pieces);
    for (int i = 0; i < used && status == 0; i++) {
        const struct piece *piece = &pieces[i];
        status = rows_to(dst, piece->x, piece->y, (const char *)src + done, piece->width, piece->width, piece->height,
                         kind, stream, waits);
        done += piece->width * piece->height;
    }
    return status;
}

static int line_from(void *dst, cudaArray_const_t src, size_t x, size_t y, size_t count, cudaMemcpyKind kind,
                     cudaStream_t stream, bool waits)
{
    struct piece pieces[3];
    size_t row = 0, done = 0;
    int status = row_bytes(src, &row);
    if (status != 0 || x >= row)
        return status != 0 ? status : (int)cudaErrorInvalidValue;
    int used = cut(x, y, count, row, pieces);
    for (int i = 0; i < used && status == 0; i++) {
        const struct piece *piece = &pieces[i];
        status = rows_from((char *)dst + done, piece->width, src, piece->x, piece->y, piece->width, piece->height, kind,
                           stream, waits);
        done += piece->width * piece->height;
    }
    return status;
}

cudaError_t cpl_answer_cudaMemcpyToArray(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src, size_t count,
                                         cudaMemcpyKind kind)
{
    return cpl_cudart_done(line_to(dst, wOffset, hOffset, src, count, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpyToArrayAsync(cudaArray_t dst, size_t wOffset, size_t hOffset, const void *src,
                                              size_t count, cudaMemcpyKind kind, cudaStream_t stream)
{
    return cpl_cudart_done(line_to(dst, wOffset, hOffset, src, count, kind, stream, false));
}

cudaError_t cpl_answer_cudaMemcpyFromArray(void *dst, cudaArray_const_t src, size_t wOffset, size_t hOffset,
                                           size_t count, cudaMemcpyKind kind)
{
    return cpl_cudart_done(line_from(dst, src, wOffset, hOffset, count, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpyFromArrayAsync(void *dst, cudaArray_const_t src, size_t wOffset, size_t hOffset,
                                                size_t count, cudaMemcpyKind kind, cudaStream_t stream)
{
    return cpl_cudart_done(line_from(dst, src, wOffset, hOffset, count, kind, stream, false));
}

/* Row by row, where either array ends one. */
cudaError_t cpl_answer_cudaMemcpyArrayToArray(cudaArray_t dst, size_t wOffsetDst, size_t hOffsetDst,
                                              cudaArray_const_t src, size_t wOffsetSrc, size_t hOffsetSrc, size_t count,
                                              cudaMemcpyKind kind)
{
    size_t to = 0, from = 0, x = wOffsetDst, y = hOffsetDst, sx = wOffsetSrc, sy = hOffsetSrc;
    int status = row_bytes(dst, &to);
    if (status == 0)
        status = row_bytes(src, &from);
    if (status == 0 && (x >= to || sx >= from))
        status = cudaErrorInvalidValue;
    while (count != 0 && status == 0) {
        size_t step = to - x < from - sx ? to - x : from - sx;
        step = step < count ? step : count;
        status = between(dst, x, y, src, sx, sy, step, 1, kind);
        count -= step;
        x += step;
        sx += step;
        if (x == to)
            x = 0, y++;
        if (sx == from)
            sx = 0, sy++;
    }
    return cpl_cudart_done(status);
}
