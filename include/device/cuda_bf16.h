/* bfloat16 ("Bfloat16 Precision Intrinsics" of the CUDA Math API): storage in 16 bits, arithmetic through float. */
#ifndef __CUDA_BF16_H__
#define __CUDA_BF16_H__
#define __CUDA_BF16_TYPES_EXIST__
#include "cuda_fp16.h"
#define CPL_S __nv_bfloat16
#define CPL_S2 __nv_bfloat162
#define CPL_SRAW __nv_bfloat16_raw
#define CPL_S2RAW __nv_bfloat162_raw
#define CPL_N bfloat16
#define CPL_OTHER __half
#define CPL_ONE 0x3f80u
#define CPL_INFINITE 0x7f80u
#define CPL_NATIVE_S __bf16
#ifdef __CUDA_NO_BFLOAT16_CONVERSIONS__
#define CPL_NO_NARROW_CONVERSIONS
#endif
#ifdef __CUDA_NO_BFLOAT16_OPERATORS__
#define CPL_NO_NARROW_OPERATORS
#endif
#if defined(__CUDA_NO_BFLOAT162_OPERATORS__) || defined(__CUDA_NO_BFLOAT16_OPERATORS__)
#define CPL_NO_NARROW2_OPERATORS
#endif
#include "compatlayer/narrow/type.h"
CPL_NARROW_FN __nv_bfloat16::__nv_bfloat16(const __half other) : __x(cpl_bfloat16_bits(cpl_half_wide(((__half_raw)other).x))) {}
CPL_NARROW_FN __half::__half(const __nv_bfloat16 other) : __x(cpl_half_bits(cpl_bfloat16_wide(((__nv_bfloat16_raw)other).x))) {}
#ifndef CUDA_NO_BFLOAT16
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
#endif
#include "compatlayer/narrow/convert.h"
#include "compatlayer/narrow/arithmetic.h"
#include "compatlayer/narrow/end.h"
#define CUDART_INF_BF16 __ushort_as_bfloat16((unsigned short)0x7f80u)
#define CUDART_NAN_BF16 __ushort_as_bfloat16((unsigned short)0x7fffu)
#define CUDART_MIN_DENORM_BF16 __ushort_as_bfloat16((unsigned short)0x0001u)
#define CUDART_MAX_NORMAL_BF16 __ushort_as_bfloat16((unsigned short)0x7f7fu)
#define CUDART_NEG_ZERO_BF16 __ushort_as_bfloat16((unsigned short)0x8000u)
#define CUDART_ZERO_BF16 __ushort_as_bfloat16((unsigned short)0x0000u)
#define CUDART_ONE_BF16 __ushort_as_bfloat16((unsigned short)0x3f80u)
#endif
