/* 6-bit floating-point types ("FP6 Intrinsics" of the CUDA Math API): E2M3 and E3M2, each in the low bits of a byte. */
#ifndef __CUDA_FP6_H__
#define __CUDA_FP6_H__
#define __CUDA_FP6_TYPES_EXIST__
#include "compatlayer/narrow/small.h"
typedef __nv_fp8_storage_t __nv_fp6_storage_t;
typedef __nv_fp8x2_storage_t __nv_fp6x2_storage_t;
typedef __nv_fp8x4_storage_t __nv_fp6x4_storage_t;
typedef enum __nv_fp6_interpretation_t { __NV_E2M3, __NV_E3M2 } __nv_fp6_interpretation_t;
#define CPL_DIGITS (kind == __NV_E2M3 ? 3 : 2)
#define CPL_BIAS (kind == __NV_E2M3 ? 1 : 3)
#define CPL_LARGEST 0x1f
CPL_SMALL_CONVERSIONS(fp6, fp6x2, __nv_fp6_interpretation_t, 8, 0xff)
#undef CPL_LARGEST
#undef CPL_BIAS
#undef CPL_DIGITS

#define CPL_DOWN(x) __nv_cvt_float_to_fp6(x, CPL_KIND, cudaRoundNearest)
#define CPL_WIDE(x) __nv_cvt_fp6_to_halfraw(x, CPL_KIND)
#define CPL_BITS 8
#define CPL_SIZE 0x1f
#define CPL_KIND __NV_E2M3
CPL_SMALL(__nv_fp6_e2m3, __nv_fp6_storage_t)
CPL_SMALL_TWO(__nv_fp6x2_e2m3, __nv_fp6x2_storage_t, __nv_fp6_e2m3)
CPL_SMALL_FOUR(__nv_fp6x4_e2m3, __nv_fp6x4_storage_t, __nv_fp6x2_e2m3)
#undef CPL_KIND
#define CPL_KIND __NV_E3M2
CPL_SMALL(__nv_fp6_e3m2, __nv_fp6_storage_t)
CPL_SMALL_TWO(__nv_fp6x2_e3m2, __nv_fp6x2_storage_t, __nv_fp6_e3m2)
CPL_SMALL_FOUR(__nv_fp6x4_e3m2, __nv_fp6x4_storage_t, __nv_fp6x2_e3m2)
#undef CPL_KIND
#undef CPL_SIZE
#undef CPL_BITS
#undef CPL_WIDE
#undef CPL_DOWN
#endif
