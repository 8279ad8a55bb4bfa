/* The base header and what CUDA's open C++ libraries take to be there: precompiled for programs that use them. */
#include "../compatlayer_device.h"
#include "../cuda_runtime_api.h"
#include "../cuda_fp8.h"
/* The libraries name it without including anything that has it. */
#ifndef INFINITY
#define INFINITY __builtin_huge_valf()
#endif
/* By which cuda::annotated_ptr ties a cache hint to a pointer; hints change no result. */
CPL_FN void *__nv_associate_access_property(const void *pointer, unsigned long long) { return (void *)pointer; }
/* A template of thrust's, which device code never uses, names it before cub declares it. */
namespace cub {
template <class Stream> __host__ __device__ cudaError_t SyncStream(Stream stream);
}
