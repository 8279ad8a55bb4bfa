/* Kernel launches from kernels and the part of the runtime API that belongs to them: "CUDA Dynamic Parallelism" in the
 * CUDA Programming Guide. For child<<<...>>>(...) the compiler calls cudaGetParameterBuffer and cudaLaunchDevice. */
#ifndef CPL_DEVICE_LAUNCH_H
#define CPL_DEVICE_LAUNCH_H
#include "../cuda_runtime_api.h"
#ifndef CPL_RUNTIME_ENUMERATIONS_H
enum cudaMemcpyKind {
    cudaMemcpyHostToHost = 0, cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault = 4
};
#endif
#ifndef cudaStreamPerThread
#define cudaStreamLegacy ((cudaStream_t)1)
#define cudaStreamPerThread ((cudaStream_t)2)
#endif
#ifndef cudaStreamNonBlocking
#define cudaStreamDefault 0x00
#define cudaStreamNonBlocking 0x01
#endif
#define cudaStreamTailLaunch ((cudaStream_t)3)
#define cudaStreamFireAndForget ((cudaStream_t)4)
#ifndef cudaEventDisableTiming
#define cudaEventDefault 0x00
#define cudaEventBlockingSync 0x01
#define cudaEventDisableTiming 0x02
#define cudaEventInterprocess 0x04
#endif

extern "C" {
__device__ void *__compatlayer_device_buffer(size_t size);
__device__ unsigned int __compatlayer_device_launch(const void *kernel, void *buffer, unsigned int grid_x,
                                                    unsigned int grid_y, unsigned int grid_z, unsigned int block_x,
                                                    unsigned int block_y, unsigned int block_z, unsigned int shared,
                                                    unsigned long long stream);
__device__ unsigned int __compatlayer_device_copy(unsigned long long to, unsigned long long from, size_t size,
                                                  unsigned long long stream);
__device__ unsigned int __compatlayer_device_fill(unsigned long long to, unsigned int value, size_t size,
                                                  unsigned long long stream);
__device__ unsigned long long __compatlayer_device_order(unsigned int operation, unsigned long long argument);
}
#define CPL_RUNTIME static __inline__ __attribute__((device, always_inline, nodebug, unused))
enum { CPL_ORDER_ERROR = 0, CPL_ORDER_FAIL = 1, CPL_ORDER_STREAM = 2, CPL_ORDER_KNOWN = 3, CPL_ORDER_WAIT = 4 };
enum { CPL_ERROR_VALUE = 1, CPL_ERROR_HANDLE = 400 };

CPL_RUNTIME cudaError_t cpl_device_order(unsigned int operation, unsigned long long argument)
{
    return (cudaError_t)(unsigned int)__compatlayer_device_order(operation, argument);
}
CPL_RUNTIME void *cudaGetParameterBuffer(size_t alignment, size_t size)
{
    return __compatlayer_device_buffer(size);
}
CPL_RUNTIME cudaError_t cudaLaunchDevice(void *function, void *parameters, dim3 grid, dim3 block, unsigned int shared,
                                         cudaStream_t stream)
{
    return (cudaError_t)__compatlayer_device_launch(function, parameters, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                                                    shared, (unsigned long long)stream);
}
CPL_RUNTIME cudaError_t cudaGetLastError() { return cpl_device_order(CPL_ORDER_ERROR, 1); }
CPL_RUNTIME cudaError_t cudaPeekAtLastError() { return cpl_device_order(CPL_ORDER_ERROR, 0); }
__attribute__((unavailable("a kernel cannot wait for kernels that it launched: CUDA 12 removed this function from device "
                           "code; launch what comes after them into cudaStreamTailLaunch")))
CPL_RUNTIME cudaError_t cudaDeviceSynchronize() { return cudaErrorUnknown; }

/* Streams of device code are made with cudaStreamNonBlocking, events without timing. */
CPL_RUNTIME cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
    if (flags != cudaStreamNonBlocking)
        return cpl_device_order(CPL_ORDER_FAIL, CPL_ERROR_VALUE);
    *stream = (cudaStream_t)__compatlayer_device_order(CPL_ORDER_STREAM, 0);
    return *stream ? cudaSuccess : cudaErrorMemoryAllocation;
}
CPL_RUNTIME cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    return cpl_device_order(CPL_ORDER_KNOWN, (unsigned long long)stream < 16 ? 1 : (unsigned long long)stream);
}
CPL_RUNTIME cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
    if (flags != cudaEventDisableTiming)
        return cpl_device_order(CPL_ORDER_FAIL, CPL_ERROR_VALUE);
    *event = (cudaEvent_t)1;
    return cudaSuccess;
}
CPL_RUNTIME cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    return event ? cudaSuccess : cpl_device_order(CPL_ORDER_FAIL, CPL_ERROR_HANDLE);
}
CPL_RUNTIME cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = 0)
{
    if (!event)
        return cpl_device_order(CPL_ORDER_FAIL, CPL_ERROR_HANDLE);
    return cpl_device_order(CPL_ORDER_KNOWN, (unsigned long long)stream);
}
/* From then on all that the kernel launches runs in the order of its launches, which comes after every event. */
CPL_RUNTIME cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags = 0)
{
    if (!event)
        return cpl_device_order(CPL_ORDER_FAIL, CPL_ERROR_HANDLE);
    cudaError_t error = cpl_device_order(CPL_ORDER_KNOWN, (unsigned long long)stream);
    return error ? error : cpl_device_order(CPL_ORDER_WAIT, 0);
}

CPL_RUNTIME cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind kind,
                                        cudaStream_t stream = 0)
{
    return (cudaError_t)__compatlayer_device_copy((unsigned long long)to, (unsigned long long)from, size,
                                                  (unsigned long long)stream);
}
CPL_RUNTIME cudaError_t cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream = 0)
{
    return (cudaError_t)__compatlayer_device_fill((unsigned long long)to, (unsigned int)value, size,
                                                  (unsigned long long)stream);
}
#undef CPL_RUNTIME
#endif
