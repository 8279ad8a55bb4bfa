/* A 4-bit floating-point type ("FP4 Intrinsics" of the CUDA Math API): E2M1, two in a byte, the first in its low bits. */
#ifndef __CUDA_FP4_H__
#define __CUDA_FP4_H__
#define __CUDA_FP4_TYPES_EXIST__
#include "compatlayer/narrow/small.h"
typedef __nv_fp8_storage_t __nv_fp4_storage_t;
typedef __nv_fp8_storage_t __nv_fp4x2_storage_t;
typedef unsigned short __nv_fp4x4_storage_t;
typedef enum __nv_fp4_interpretation_t { __NV_E2M1 } __nv_fp4_interpretation_t;
#define CPL_DIGITS 1
#define CPL_BIAS 1
#define CPL_LARGEST 0x7
CPL_SMALL_CONVERSIONS(fp4, fp4x2, __nv_fp4_interpretation_t, 4, 0xf)
#undef CPL_LARGEST
#undef CPL_BIAS
#undef CPL_DIGITS

#define CPL_DOWN(x) __nv_cvt_float_to_fp4(x, __NV_E2M1, cudaRoundNearest)
#define CPL_WIDE(x) __nv_cvt_fp4_to_halfraw(x, __NV_E2M1)
#define CPL_BITS 4
#define CPL_SIZE 0x7
CPL_SMALL(__nv_fp4_e2m1, __nv_fp4_storage_t)
CPL_SMALL_TWO(__nv_fp4x2_e2m1, __nv_fp4x2_storage_t, __nv_fp4_e2m1)
CPL_SMALL_FOUR(__nv_fp4x4_e2m1, __nv_fp4x4_storage_t, __nv_fp4x2_e2m1)
#undef CPL_SIZE
#undef CPL_BITS
#undef CPL_WIDE
#undef CPL_DOWN
#endif
