/* Random numbers in kernels: the device interface of cuRAND (https://docs.nvidia.com/cuda/curand/device-api-overview.html).
 * Generators follow their publications, states and the spacing of subsequences cuRAND's documentation. */
#ifndef CURAND_KERNEL_H_
#define CURAND_KERNEL_H_
#define CPL_RANDOM_MEMBER __device__ __forceinline__ __attribute__((nodebug))
#define CPL_RANDOM_FN static CPL_RANDOM_MEMBER __attribute__((unused))
#include "compatlayer/curand/xorwow.h"
#include "compatlayer/curand/mrg32k3a.h"
#include "compatlayer/curand/philox.h"
#include "compatlayer/curand/sobol.h"
#include "compatlayer/curand/uniform.h"
#include "compatlayer/curand/normal.h"
#include "compatlayer/curand/poisson.h"
#undef CPL_RANDOM_FN
#undef CPL_RANDOM_MEMBER

#define CPL_MTGP32 "MTGP32 in kernels is not there; use curandState, curandStateMRG32k3a or curandStatePhilox4_32_10_t"
struct curandStateMtgp32 { unsigned int s; };
typedef struct curandStateMtgp32 curandStateMtgp32_t __attribute__((unavailable(CPL_MTGP32)));
#undef CPL_MTGP32
#endif
