/* Execution spaces, memory spaces and other attributes of CUDA C++, as clang's CUDA mode spells them. */
#ifndef CPL_DEVICE_ATTRIBUTES_H
#define CPL_DEVICE_ATTRIBUTES_H
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
/* Host and device share one memory here, so a managed variable is a device variable. */
#define __managed__ __attribute__((device))
#define __grid_constant__ __attribute__((grid_constant))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __cluster_dims__(...) __attribute__((cluster_dims(__VA_ARGS__)))
#define __maxnreg__(n) __attribute__((maxnreg(n)))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __inline_hint__
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __attribute__((aligned(n)))
#define __device_builtin__
#define __cudart_builtin__
#define __device_builtin_texture_type__
#define __device_builtin_surface_type__
#define __tile_static__
#define __nv_pure__ __attribute__((pure))
#define __assume(condition) __builtin_assume(condition)
#define CUDARTAPI
#define CUDART_CB
#if !defined(__cplusplus)
#error "kernels are compiled as C++"
#endif
#if __cplusplus >= 201103L
#define CPL_CONSTEXPR constexpr
#define CPL_NOEXCEPT noexcept
#else
#define CPL_CONSTEXPR
#define CPL_NOEXCEPT throw()
#endif
/* nodebug: a call inlined from these headers is reported at the user's line, not at ours. */
#define CPL_FN static __inline__ __attribute__((host, device, always_inline, nodebug, unused))
/* Functions of the native device library; they read nothing but their arguments. */
#define CPL_PURE extern "C" __attribute__((device, const, nothrow, noconvergent))
#define CPL_NATIVE extern "C" __attribute__((device, nothrow, noconvergent))
#endif
