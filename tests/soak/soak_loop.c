/* What soak.py does by the million: launches and allocations from C. Each returns 0, or the status that went wrong. */
#include <stdint.h>
#include <stdlib.h>
#define CPL_NO_NAME_MACROS
#include <cuda.h>

enum { LIVE = 64, PAUSE = 2000 };

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* `count` launches of a kernel (unsigned *sum, unsigned value) over the streams in turn; waits now and then. */
int soak_launches(CUcontext context, CUfunction kernel, CUdeviceptr sum, CUstream *streams, int stream_count, int64_t count)
{
    unsigned value = 1;
    void *arguments[] = {&sum, &value};
    int status = cuCtxSetCurrent(context);
    for (int64_t i = 0; i < count && status == 0; i++) {
        CUstream stream = streams[i % stream_count];
        status = cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments, NULL);
        if (status == 0 && i % PAUSE == PAUSE - 1)
            status = i / PAUSE % 2 ? cuStreamSynchronize(stream) : cuCtxSynchronize();
    }
    return status ? status : cuCtxSynchronize();
}

static size_t some_size(uint64_t *state)
{
    uint64_t number = next(state);
    unsigned shift = number >> 8 & 15;
    return (size_t)(1 + number % (shift < 14 ? 1u << (shift + 4) : 4u << 20));
}

/* `count` allocations and as many frees, up to LIVE alive at once; asynchronous ones from the stream's pool. */
int soak_allocations(CUcontext context, int asynchronous, CUstream stream, int64_t count, uint64_t seed)
{
    CUdeviceptr live[LIVE] = {0};
    int status = cuCtxSetCurrent(context);
    for (int64_t i = 0; i < count + LIVE && status == 0; i++) {
        CUdeviceptr *place = &live[i < count ? next(&seed) % LIVE : (uint64_t)(i - count)];
        while (*place == 0 && i < count && status == 0) {
            size_t bytes = some_size(&seed);
            status = asynchronous ? cuMemAllocAsync(place, bytes, stream) : cuMemAlloc_v2(place, bytes);
            if (status == 0 && i % 16 == 0)
                status = asynchronous ? cuMemsetD8Async(*place, 1, bytes < 4096 ? bytes : 4096, stream)
                                      : cuMemsetD8_v2(*place, 1, bytes < 4096 ? bytes : 4096);
            if (status != 0 || i + 1 >= count)
                break;
            i++;
            place = &live[next(&seed) % LIVE];
        }
        if (status == 0 && *place != 0) {
            status = asynchronous ? cuMemFreeAsync(*place, stream) : cuMemFree_v2(*place);
            *place = 0;
        }
        if (status == 0 && asynchronous && i % PAUSE == 0)
            status = cuStreamSynchronize(stream);
    }
    return status;
}
