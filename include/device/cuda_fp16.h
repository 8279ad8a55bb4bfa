/* Half precision ("Half Precision Intrinsics" of the CUDA Math API): storage in 16 bits, arithmetic through float. */
#ifndef __CUDA_FP16_H__
#define __CUDA_FP16_H__
#define __CUDA_FP16_TYPES_EXIST__
#include "compatlayer/narrow/round.h"
struct __nv_bfloat16;
#define CPL_S __half
#define CPL_S2 __half2
#define CPL_SRAW __half_raw
#define CPL_S2RAW __half2_raw
#define CPL_N half
#define CPL_OTHER __nv_bfloat16
#define CPL_ONE 0x3c00u
#define CPL_INFINITE 0x7c00u
#define CPL_NATIVE_S _Float16
#ifdef __CUDA_NO_HALF_CONVERSIONS__
#define CPL_NO_NARROW_CONVERSIONS
#endif
#ifdef __CUDA_NO_HALF_OPERATORS__
#define CPL_NO_NARROW_OPERATORS
#endif
#if defined(__CUDA_NO_HALF2_OPERATORS__) || defined(__CUDA_NO_HALF_OPERATORS__)
#define CPL_NO_NARROW2_OPERATORS
#endif
#include "compatlayer/narrow/type.h"
typedef __half __nv_half;
typedef __half2 __nv_half2;
typedef __half_raw __nv_half_raw;
typedef __half2_raw __nv_half2_raw;
typedef __half nv_half;
typedef __half2 nv_half2;
#ifndef CUDA_NO_HALF
typedef __half half;
typedef __half2 half2;
#endif
#include "compatlayer/narrow/convert.h"
#include "compatlayer/narrow/arithmetic.h"
#include "compatlayer/narrow/end.h"
#define CUDART_INF_FP16 __ushort_as_half((unsigned short)0x7c00u)
#define CUDART_NAN_FP16 __ushort_as_half((unsigned short)0x7fffu)
#define CUDART_MIN_DENORM_FP16 __ushort_as_half((unsigned short)0x0001u)
#define CUDART_MAX_NORMAL_FP16 __ushort_as_half((unsigned short)0x7bffu)
#define CUDART_NEG_ZERO_FP16 __ushort_as_half((unsigned short)0x8000u)
#define CUDART_ZERO_FP16 __ushort_as_half((unsigned short)0x0000u)
#define CUDART_ONE_FP16 __ushort_as_half((unsigned short)0x3c00u)
#endif
