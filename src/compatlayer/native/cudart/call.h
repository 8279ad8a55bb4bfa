/* How the runtime library's functions call the driver's and keep what came of it.
 *
 * A driver function is called at once. Only one that answers "not initialised" or "no context" makes this thread ready
 * (cuInit, the primary context of its device) and is called again: a thread that is ready pays nothing. */
#ifndef CPL_CUDART_CALL_H
#define CPL_CUDART_CALL_H
#ifndef CPL_NO_NAME_MACROS
#define CPL_NO_NAME_MACROS
#endif
#include <cuda.h>
#include <cudaEGL.h>
#include <cudaGL.h>
#include <cudaProfiler.h>
#include <cudaVDPAU.h>
#include <cuda_runtime_api.h>
#include <compatlayer/answers.h>
#include <driver_calls.h>
#include <stdbool.h>
#include <string.h>

/* After `status`: whether something was made ready, so that the call is worth repeating. Changes *status when making it
 * ready failed. */
bool cpl_cudart_again(int *status);

/* Makes this thread ready: a context is current. Returns the status, not kept as an error. */
int cpl_cudart_ready(void);

static inline cudaError_t cpl_cudart_done(int status)
{
    return __builtin_expect(status == 0, 1) ? cudaSuccess : (cudaError_t)cpl_cudart_failed(status);
}

/* `status` receives what `call` answers, with a thread that is ready. */
#define CPL_TRY(status, call)                                                                                          \
    do                                                                                                                 \
        (status) = (int)(call);                                                                                        \
    while (__builtin_expect((status) != 0, 0) && cpl_cudart_again(&(status)))

#define CPL_ANSWER(call)                                                                                               \
    do {                                                                                                               \
        int status_;                                                                                                   \
        CPL_TRY(status_, call);                                                                                        \
        return cpl_cudart_done(status_);                                                                               \
    } while (0)

static inline CUdeviceptr cpl_address(const void *pointer)
{
    return (CUdeviceptr)(uintptr_t)pointer;
}

#endif
