/* The base header and what CUDA's open C++ libraries take to be there: precompiled for programs that use them. */
#include "../compatlayer_device.h"
#include "../cuda_runtime_api.h"
#include "../cuda_fp8.h"
/* A template of thrust's, which device code never uses, names it before cub declares it. */
namespace cub {
template <class Stream> __host__ __device__ cudaError_t SyncStream(Stream stream);
}
