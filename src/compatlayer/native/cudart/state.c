/* What the runtime library keeps: each thread's last error and device, and the primary contexts that it retains. */
#include "call.h"
#include <stdatomic.h>
#include "state.h"

enum { DEVICES = 64 };

static __thread int last_error;
static __thread uint64_t last_reset;       /* resets until then, when last_error was kept */
static __thread int chosen_device;         /* of a thread without a current context */
static __thread uint64_t entered;          /* resets until then, when this thread was last made ready */
static _Atomic uint64_t resets;
static _Atomic bool retained[DEVICES];
static _Atomic bool initialized;

/* Errors after which a context answers nothing else; they stay until the device is reset. */
static bool sticks(int status)
{
    switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure: return true;
    default: return false;
    }
}

int cpl_cudart_failed(int status)
{
    last_error = status;
    last_reset = atomic_load(&resets);
    return status;
}

static cudaError_t last(bool forget)
{
    int status = last_error;
    if (status != 0 && sticks(status) && last_reset != atomic_load(&resets))
        status = last_error = 0;
    if (forget && !sticks(status))
        last_error = 0;
    return (cudaError_t)status;
}

cudaError_t cpl_answer_cudaGetLastError(void)
{
    return last(true);
}

cudaError_t cpl_answer_cudaPeekAtLastError(void)
{
    return last(false);
}

static const struct cpl_code *find_code(int code)
{
    for (int i = 0; i < cpl_codes_cudart_count; i++)
        if (cpl_codes_cudart[i].code == code)
            return &cpl_codes_cudart[i];
    return NULL;
}

const char *cpl_answer_cudaGetErrorName(cudaError_t error)
{
    const struct cpl_code *found = find_code((int)error);
    return found != NULL ? found->name : "unrecognized error code";
}

const char *cpl_answer_cudaGetErrorString(cudaError_t error)
{
    const struct cpl_code *found = find_code((int)error);
    return found != NULL ? found->text : "unrecognized error code";
}

int cpl_cudart_initialize(void)
{
    int status = drv_cuInit(0);
    if (status == 0)
        atomic_store(&initialized, true);
    return status;
}

/* One reference to a device's primary context for the whole process, taken when first needed. */
int cpl_cudart_retain(int device, CUcontext *context)
{
    if (device < 0 || device >= DEVICES)
        return cudaErrorInvalidDevice;
    int status = drv_cuDevicePrimaryCtxRetain(context, device);
    if (status == CUDA_ERROR_NOT_INITIALIZED && (status = cpl_cudart_initialize()) == 0)
        status = drv_cuDevicePrimaryCtxRetain(context, device);
    if (status == 0 && atomic_exchange(&retained[device], true))
        drv_cuDevicePrimaryCtxRelease_v2(device);
    return status;
}

int cpl_cudart_enter(int device)
{
    CUcontext context;
    entered = atomic_load(&resets);
    int status = cpl_cudart_retain(device, &context);
    return status != 0 ? status : (int)drv_cuCtxSetCurrent(context);
}

/* Whether a device was reset since this thread was made ready: its current context may be gone. */
static bool is_stale(int status)
{
    return status == CUDA_ERROR_CONTEXT_IS_DESTROYED && entered != atomic_load(&resets);
}

bool cpl_cudart_again(int *status)
{
    int result;
    CUcontext current = NULL;
    switch (*status) {
    case CUDA_ERROR_NOT_INITIALIZED:
        if (atomic_load(&initialized))
            return false;
        result = cpl_cudart_initialize();
        break;
    case CUDA_ERROR_INVALID_CONTEXT:
        if (drv_cuCtxGetCurrent(&current) != CUDA_SUCCESS || current != NULL)
            return false;
        result = cpl_cudart_enter(chosen_device);
        break;
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
        if (!is_stale(*status))
            return false;
        result = cpl_cudart_enter(chosen_device);
        break;
    default: return false;
    }
    if (result != 0)
        *status = result;
    return result == 0;
}

int cpl_cudart_ready(void)
{
    CUdevice device;
    int status;
    CPL_TRY(status, drv_cuCtxGetDevice(&device));
    return status;
}

int cpl_cudart_device(int *device)
{
    int status = drv_cuCtxGetDevice(device);
    if (status == CUDA_ERROR_NOT_INITIALIZED && !atomic_load(&initialized)) {
        if ((status = cpl_cudart_initialize()) != 0)
            return status;
        status = CUDA_ERROR_INVALID_CONTEXT;
    }
    if (status != CUDA_ERROR_INVALID_CONTEXT && !is_stale(status))
        return status;
    *device = chosen_device;
    return 0;
}

int cpl_cudart_check_device(int device)
{
    int count, status;
    CPL_TRY(status, drv_cuDeviceGetCount(&count));
    return status != 0 ? status : device < 0 || device >= count ? (int)cudaErrorInvalidDevice : 0;
}

void cpl_cudart_choose(int device)
{
    chosen_device = device;
}

/* Our own reference goes too, so that the context ends where nobody else holds it. */
cudaError_t cpl_answer_cudaDeviceReset(void)
{
    CUcontext current = NULL, primary = NULL;
    int device, status = cpl_cudart_device(&device);
    if (status != 0)
        return cpl_cudart_done(status);
    CPL_TRY(status, drv_cuDevicePrimaryCtxRetain(&primary, device));
    if (status != 0)
        return cpl_cudart_done(status);
    if (drv_cuCtxGetCurrent(&current) == CUDA_SUCCESS && current == primary)
        drv_cuCtxSetCurrent(NULL);
    cpl_cudart_choose(device);
    drv_cuDevicePrimaryCtxRelease_v2(device);
    if (atomic_exchange(&retained[device], false))
        drv_cuDevicePrimaryCtxRelease_v2(device);
    status = drv_cuDevicePrimaryCtxReset_v2(device);
    atomic_fetch_add(&resets, 1);
    return cpl_cudart_done(status);
}
