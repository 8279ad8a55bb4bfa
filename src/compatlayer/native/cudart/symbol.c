/* Variables of compiled programs, and copies to and from them. */
#include "symbol.h"
#include "copy.h"

cudaError_t cpl_answer_cudaGetSymbolAddress(void **devPtr, const void *symbol)
{
    CUdeviceptr found;
    size_t bytes;
    int status = devPtr == NULL ? (int)cudaErrorInvalidValue : cpl_symbol_variable(symbol, &found, &bytes);
    if (status == 0)
        *devPtr = (void *)(uintptr_t)found;
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGetSymbolSize(size_t *size, const void *symbol)
{
    CUdeviceptr found;
    size_t bytes;
    int status = size == NULL ? (int)cudaErrorInvalidValue : cpl_symbol_variable(symbol, &found, &bytes);
    if (status == 0)
        *size = bytes;
    return cpl_cudart_done(status);
}

int cpl_symbol_place(const void *symbol, size_t count, size_t offset, char **address)
{
    CUdeviceptr found;
    size_t bytes;
    int status = cpl_symbol_variable(symbol, &found, &bytes);
    if (status == 0 && (offset > bytes || count > bytes - offset))
        status = cudaErrorInvalidValue;
    if (status == 0)
        *address = (char *)(uintptr_t)found + offset;
    return status;
}

static int write_symbol(const void *symbol, const void *src, size_t count, size_t offset, cudaMemcpyKind kind,
                        cudaStream_t stream, bool waits)
{
    char *address;
    if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault)
        return cudaErrorInvalidMemcpyDirection;
    int status = cpl_symbol_place(symbol, count, offset, &address);
    return status != 0 ? status : cpl_cudart_copy_line(address, src, count, kind, stream, waits);
}

static int read_symbol(void *dst, const void *symbol, size_t count, size_t offset, cudaMemcpyKind kind,
                       cudaStream_t stream, bool waits)
{
    char *address;
    if (kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault)
        return cudaErrorInvalidMemcpyDirection;
    int status = cpl_symbol_place(symbol, count, offset, &address);
    return status != 0 ? status : cpl_cudart_copy_line(dst, address, count, kind, stream, waits);
}

cudaError_t cpl_answer_cudaMemcpyToSymbol(const void *symbol, const void *src, size_t count, size_t offset,
                                          cudaMemcpyKind kind)
{
    return cpl_cudart_done(write_symbol(symbol, src, count, offset, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpyToSymbolAsync(const void *symbol, const void *src, size_t count, size_t offset,
                                               cudaMemcpyKind kind, cudaStream_t stream)
{
    return cpl_cudart_done(write_symbol(symbol, src, count, offset, kind, stream, false));
}

cudaError_t cpl_answer_cudaMemcpyFromSymbol(void *dst, const void *symbol, size_t count, size_t offset,
                                            cudaMemcpyKind kind)
{
    return cpl_cudart_done(read_symbol(dst, symbol, count, offset, kind, NULL, true));
}

cudaError_t cpl_answer_cudaMemcpyFromSymbolAsync(void *dst, const void *symbol, size_t count, size_t offset,
                                                 cudaMemcpyKind kind, cudaStream_t stream)
{
    return cpl_cudart_done(read_symbol(dst, symbol, count, offset, kind, stream, false));
}
