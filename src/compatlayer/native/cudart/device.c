/* The choice of devices, versions, and the look-up of driver functions. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "state.h"
#include "format.h"
#include <dlfcn.h>
#include <stdio.h>

enum { VERSION_12 = 12090 };

cudaError_t cpl_answer_cudaSetDevice(int device)
{
    int status = cpl_cudart_check_device(device);
    if (status == 0)
        status = cpl_cudart_enter(device);
    if (status == 0)
        cpl_cudart_choose(device);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaGetDevice(int *device)
{
    return cpl_cudart_done(device == NULL ? (int)cudaErrorInvalidValue : cpl_cudart_device(device));
}

cudaError_t cpl_answer_cudaSetValidDevices(int *device_arr, int len)
{
    int status = len < 0 || (len > 0 && device_arr == NULL) ? (int)cudaErrorInvalidValue : 0;
    for (int i = 0; i < len && status == 0; i++)
        status = cpl_cudart_check_device(device_arr[i]);
    if (status == 0)
        cpl_cudart_choose(len > 0 ? device_arr[0] : 0);
    return cpl_cudart_done(status);
}

static int set_flags(int device, unsigned int flags)
{
    int status;
    if ((flags & ~(unsigned int)cudaDeviceMask) != 0)
        return cudaErrorInvalidValue;
    CPL_TRY(status, drv_cuDevicePrimaryCtxSetFlags_v2(device, flags));
    return status;
}

cudaError_t cpl_answer_cudaInitDevice(int device, unsigned int deviceFlags, unsigned int flags)
{
    CUcontext context;
    int status = cpl_cudart_check_device(device);
    if (status == 0 && (flags & ~(unsigned int)cudaInitDeviceFlagsAreValid) != 0)
        status = cudaErrorInvalidValue;
    if (status == 0 && flags == cudaInitDeviceFlagsAreValid)
        status = set_flags(device, deviceFlags);
    if (status == 0)
        status = cpl_cudart_retain(device, &context);
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaSetDeviceFlags(unsigned int flags)
{
    int device, status = cpl_cudart_device(&device);
    return cpl_cudart_done(status != 0 ? status : set_flags(device, flags));
}

cudaError_t cpl_answer_cudaGetDeviceFlags(unsigned int *flags)
{
    int device, active, status = flags == NULL ? (int)cudaErrorInvalidValue : cpl_cudart_device(&device);
    if (status == 0 && drv_cuCtxGetFlags(flags) != CUDA_SUCCESS)
        CPL_TRY(status, drv_cuDevicePrimaryCtxGetState(device, flags, &active));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaRuntimeGetVersion(int *runtimeVersion)
{
    if (runtimeVersion == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    *runtimeVersion = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cpl_answer_cudaRuntimeGetVersion_v12(int *runtimeVersion)
{
    if (runtimeVersion == NULL)
        return cpl_cudart_done(cudaErrorInvalidValue);
    *runtimeVersion = VERSION_12;
    return cudaSuccess;
}

cudaError_t cpl_answer_cudaDeviceGetTexture1DLinearMaxWidth(size_t *maxWidthInElements,
                                                            const cudaChannelFormatDesc *fmtDesc, int device)
{
    CUarray_format format;
    unsigned int channels;
    int status = fmtDesc == NULL ? (int)cudaErrorInvalidValue : cpl_format_of(fmtDesc, &format, &channels);
    if (status == 0)
        CPL_TRY(status, drv_cuDeviceGetTexture1DLinearMaxWidth(maxWidthInElements, format, channels, device));
    return cpl_cudart_done(status);
}

/* A device that another process or a kernel launch has to wait for. */
cudaError_t cpl_answer_cudaDeviceEnablePeerAccess(int peerDevice, unsigned int flags)
{
    CUcontext peer;
    int status = cpl_cudart_check_device(peerDevice);
    if (status == 0)
        status = cpl_cudart_retain(peerDevice, &peer);
    if (status == 0)
        CPL_TRY(status, drv_cuCtxEnablePeerAccess(peer, flags));
    return cpl_cudart_done(status);
}

cudaError_t cpl_answer_cudaDeviceDisablePeerAccess(int peerDevice)
{
    CUcontext peer;
    int status = cpl_cudart_check_device(peerDevice);
    if (status == 0)
        status = cpl_cudart_retain(peerDevice, &peer);
    if (status == 0)
        CPL_TRY(status, drv_cuCtxDisablePeerAccess(peer));
    return cpl_cudart_done(status);
}

/* The driver's look-up lies in the driver's own library, beside this one. */
typedef CUresult look_up(const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *);

static look_up *driver_look_up(void)
{
    static look_up *_Atomic found;
    look_up *function = found;
    if (function != NULL)
        return function;
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
    Dl_info here;
    char path[4096];
    if (driver == NULL && dladdr((void *)&cpl_slots_state, &here) != 0 && here.dli_fname != NULL) {
        const char *slash = strrchr(here.dli_fname, '/');
        int length = slash != NULL ? (int)(slash + 1 - here.dli_fname) : 0;
        if (snprintf(path, sizeof path, "%.*slibcuda.so.1", length, here.dli_fname) < (int)sizeof path)
            driver = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    }
    if (driver == NULL)
        return NULL;
    *(void **)&function = dlsym(driver, "cuGetProcAddress_v2");
    found = function;
    return function;
}

static int entry_point(const char *symbol, void **function, int version, unsigned long long flags,
                       cudaDriverEntryPointQueryResult *result)
{
    look_up *driver = driver_look_up();
    CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    if (symbol == NULL || function == NULL)
        return cudaErrorInvalidValue;
    if (driver == NULL)
        return cudaErrorInsufficientDriver;
    if (flags == cudaEnableDefault && cpl_per_thread_default())
        flags = cudaEnablePerThreadDefaultStream;
    int status = driver(symbol, function, version, flags, &found);
    if (result != NULL)
        *result = (cudaDriverEntryPointQueryResult)found;
    return status == CUDA_ERROR_NOT_FOUND && result != NULL ? 0 : status;
}

cudaError_t cpl_answer_cudaGetDriverEntryPoint(const char *symbol, void **funcPtr, unsigned long long flags,
                                               cudaDriverEntryPointQueryResult *driverStatus)
{
    return cpl_cudart_done(entry_point(symbol, funcPtr, CUDART_VERSION, flags, driverStatus));
}

cudaError_t cpl_answer_cudaGetDriverEntryPointByVersion(const char *symbol, void **funcPtr, unsigned int cudaVersion,
                                                        unsigned long long flags,
                                                        cudaDriverEntryPointQueryResult *driverStatus)
{
    return cpl_cudart_done(entry_point(symbol, funcPtr, (int)cudaVersion, flags, driverStatus));
}
