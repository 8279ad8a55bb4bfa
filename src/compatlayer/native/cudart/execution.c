/* Execution contexts: the primary context of a device, or the context of a green one, by the driver's handle. */
#include "state.h"
#include <pthread.h>
#include <stdlib.h>

/* Which green context a context is of. Few exist at a time. */
struct pair {
    CUcontext context;
    CUgreenCtx green;
    struct pair *next;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pair *pairs;

static bool remember(CUcontext context, CUgreenCtx green)
{
    struct pair *pair = malloc(sizeof *pair);
    if (pair == NULL)
        return false;
    pthread_mutex_lock(&lock);
    *pair = (struct pair){context, green, pairs};
    pairs = pair;
    pthread_mutex_unlock(&lock);
    return true;
}

/* The green context behind `context`, or NULL; `forget` takes it off the list. */
static CUgreenCtx green_of(cudaExecutionContext_t context, bool forget)
{
    CUgreenCtx green = NULL;
    struct pair *gone = NULL;
    pthread_mutex_lock(&lock);
    for (struct pair **at = &pairs; *at != NULL; at = &(*at)->next)
        if ((*at)->context == (CUcontext)context) {
            green = (*at)->green;
            if (forget) {
                gone = *at;
                *at = gone->next;
            }
            break;
        }
    pthread_mutex_unlock(&lock);
    free(gone);
    return green;
}

cudaError_t cpl_answer_cudaDeviceGetExecutionCtx(cudaExecutionContext_t *ctx, int device)
{
    CUcontext context;
    int status = ctx == NULL ? (int)cudaErrorInvalidValue : cpl_cudart_check_device(device);
    if (status == 0)
        status = cpl_cudart_retain(device, &context);
    if (status == 0)
        *ctx = (cudaExecutionContext_t)context;
    return cpl_cudart_done(status);
}

/* Streams of it do not follow the default stream; the driver wants that said. */
cudaError_t cpl_answer_cudaGreenCtxCreate(cudaExecutionContext_t *phCtx, cudaDevResourceDesc_t desc, int device,
                                          unsigned int flags)
{
    CUgreenCtx green;
    CUcontext context = NULL;
    int status = phCtx == NULL || flags != 0 ? (int)cudaErrorInvalidValue : 0;
    if (status == 0)
        CPL_TRY(status, drv_cuGreenCtxCreate(&green, desc, device, CU_GREEN_CTX_DEFAULT_STREAM));
    if (status != 0)
        return cpl_cudart_done(status);
    CPL_TRY(status, drv_cuCtxFromGreenCtx(&context, green));
    if (status == 0 && !remember(context, green))
        status = cudaErrorMemoryAllocation;
    if (status != 0)
        drv_cuGreenCtxDestroy(green);
    else
        *phCtx = (cudaExecutionContext_t)context;
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaExecutionCtxDestroy(cudaExecutionContext_t ctx)
{
    CUgreenCtx green = green_of(ctx, true);
    if (green == NULL)    /* a primary context ends with the process, or by cudaDeviceReset */
        return cpl_cudart_done(cudaErrorInvalidValue);
    CPL_ANSWER(drv_cuGreenCtxDestroy(green));
}

cudaError_t cpl_answer_cudaExecutionCtxGetDevResource(cudaExecutionContext_t ctx, cudaDevResource *resource,
                                                      cudaDevResourceType type)
{
    CPL_ANSWER(drv_cuCtxGetDevResource((CUcontext)ctx, (CUdevResource *)resource, (CUdevResourceType)type));
}

cudaError_t cpl_answer_cudaExecutionCtxGetDevice(int *device, cudaExecutionContext_t ctx)
{
    CPL_ANSWER(drv_cuCtxGetDevice_v2(device, (CUcontext)ctx));
}

cudaError_t cpl_answer_cudaExecutionCtxGetId(cudaExecutionContext_t ctx, unsigned long long *ctxId)
{
    CPL_ANSWER(drv_cuCtxGetId((CUcontext)ctx, ctxId));
}

cudaError_t cpl_answer_cudaExecutionCtxStreamCreate(cudaStream_t *phStream, cudaExecutionContext_t ctx,
                                                    unsigned int flags, int priority)
{
    CUgreenCtx green = green_of(ctx, false);
    CUcontext popped;
    int status;
    if (green != NULL)
        CPL_ANSWER(drv_cuGreenCtxStreamCreate(phStream, green, flags | CU_STREAM_NON_BLOCKING, priority));
    CPL_TRY(status, drv_cuCtxPushCurrent_v2((CUcontext)ctx));
    if (status != 0)
        return cpl_cudart_done(status);
    CPL_TRY(status, drv_cuStreamCreateWithPriority(phStream, flags, priority));
    drv_cuCtxPopCurrent_v2(&popped);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaExecutionCtxSynchronize(cudaExecutionContext_t ctx)
{
    if (ctx == NULL)    /* to the driver that is the current one */
        return cpl_cudart_done(cudaErrorInvalidValue);
    CPL_ANSWER(drv_cuCtxSynchronize_v2((CUcontext)ctx));
}

cudaError_t cpl_answer_cudaExecutionCtxRecordEvent(cudaExecutionContext_t ctx, cudaEvent_t event)
{
    CPL_ANSWER(drv_cuCtxRecordEvent((CUcontext)ctx, event));
}

cudaError_t cpl_answer_cudaExecutionCtxWaitEvent(cudaExecutionContext_t ctx, cudaEvent_t event)
{
    CPL_ANSWER(drv_cuCtxWaitEvent((CUcontext)ctx, event));
}
