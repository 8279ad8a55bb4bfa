/* Types that kernels share with cuRAND's host interface; the generators themselves are in curand_kernel.h. */
#ifndef CURAND_H_
#define CURAND_H_
typedef unsigned int curandDirectionVectors32_t[32];
typedef unsigned long long curandDirectionVectors64_t[64];
#endif
