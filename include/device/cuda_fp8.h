/* 8-bit floating-point types ("FP8 Intrinsics" of the CUDA Math API): storage and conversions. E4M3 has no infinity and
 * one NaN; NaN results are 0x7f, as PTX's cvt gives them. */
#ifndef __CUDA_FP8_H__
#define __CUDA_FP8_H__
#define __CUDA_FP8_TYPES_EXIST__
#include "cuda_bf16.h"
typedef unsigned char __nv_fp8_storage_t;
typedef unsigned short __nv_fp8x2_storage_t;
typedef unsigned int __nv_fp8x4_storage_t;
typedef enum __nv_saturation_t { __NV_NOSAT, __NV_SATFINITE } __nv_saturation_t;
typedef enum __nv_fp8_interpretation_t { __NV_E4M3, __NV_E5M2 } __nv_fp8_interpretation_t;

CPL_FN __nv_fp8_storage_t __nv_cvt_float_to_fp8(const float x, const __nv_saturation_t saturate,
                                                const __nv_fp8_interpretation_t kind) {
    const unsigned int digits = kind == __NV_E4M3 ? 3 : 2, bias = kind == __NV_E4M3 ? 7 : 15, drop = 23 - digits;
    const unsigned int largest = kind == __NV_E4M3 ? 0x7e : 0x7b, beyond = kind == __NV_E4M3 ? 0x7f : 0x7c;
    const unsigned int magic = (127 + 24 - bias - digits) << 23; /* 2^23 steps of the subnormal numbers */
    unsigned int size = __float_as_uint(x) & 0x7fffffffu;
    unsigned int normal = ((size + (1u << (drop - 1)) - 1 + ((size >> drop) & 1u)) >> drop) - ((127 - bias) << digits);
    unsigned int small = __float_as_uint(__uint_as_float(size) + __uint_as_float(magic)) - magic;
    unsigned int result = size < ((128 - bias) << 23) ? small : normal;
    result = result > largest ? (saturate == __NV_SATFINITE ? largest : beyond) : result;
    return (__nv_fp8_storage_t)(x != x ? 0x7fu : result | ((__float_as_uint(x) >> 24) & 0x80u));
}
CPL_FN __half_raw __nv_cvt_fp8_to_halfraw(const __nv_fp8_storage_t x, const __nv_fp8_interpretation_t kind) {
    unsigned int size = x & 0x7fu, sign = (x & 0x80u) << 8;
    /* E5M2 is the upper half of a half; E4M3's exponent is 8 less than that of a half with the same bits. */
    unsigned int bits = kind == __NV_E5M2 ? size << 8 : cpl_half_bits(cpl_half_wide((unsigned short)(size << 7)) * 256.0f);
    bool nan = kind == __NV_E5M2 ? size > 0x7c : size == 0x7f;
    __half_raw raw = {(unsigned short)(nan ? 0x7fffu : bits | sign)};
    return raw;
}
CPL_FN __nv_fp8_storage_t __nv_cvt_double_to_fp8(const double x, const __nv_saturation_t saturate,
                                                 const __nv_fp8_interpretation_t kind) {
    return __nv_cvt_float_to_fp8(cpl_odd_float(x), saturate, kind); }
CPL_FN __nv_fp8_storage_t __nv_cvt_halfraw_to_fp8(const __half_raw x, const __nv_saturation_t saturate,
                                                  const __nv_fp8_interpretation_t kind) {
    return __nv_cvt_float_to_fp8(cpl_half_wide(x.x), saturate, kind); }
CPL_FN __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_fp8(const __nv_bfloat16_raw x, const __nv_saturation_t saturate,
                                                      const __nv_fp8_interpretation_t kind) {
    return __nv_cvt_float_to_fp8(cpl_bfloat16_wide(x.x), saturate, kind); }
#define CPL_FP8X2(name, type, one) \
    CPL_FN __nv_fp8x2_storage_t name(const type v, const __nv_saturation_t saturate, \
                                     const __nv_fp8_interpretation_t kind) { \
        unsigned int low = __nv_cvt_float_to_fp8(one(v.x), saturate, kind); \
        return (__nv_fp8x2_storage_t)(low | (unsigned int)__nv_cvt_float_to_fp8(one(v.y), saturate, kind) << 8); }
CPL_FP8X2(__nv_cvt_float2_to_fp8x2, float2, float)
CPL_FP8X2(__nv_cvt_double2_to_fp8x2, double2, cpl_odd_float)
CPL_FP8X2(__nv_cvt_halfraw2_to_fp8x2, __half2_raw, cpl_half_wide)
CPL_FP8X2(__nv_cvt_bfloat16raw2_to_fp8x2, __nv_bfloat162_raw, cpl_bfloat16_wide)
#undef CPL_FP8X2
CPL_FN __half2_raw __nv_cvt_fp8x2_to_halfraw2(const __nv_fp8x2_storage_t v, const __nv_fp8_interpretation_t kind) {
    __half2_raw raw = {__nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)(v & 0xff), kind).x,
                       __nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)(v >> 8), kind).x};
    return raw;
}

#define CPL_DOWN(x) __nv_cvt_float_to_fp8(x, __NV_SATFINITE, CPL_KIND)
#define CPL_WIDE(x) __nv_cvt_fp8_to_halfraw(x, CPL_KIND)
#define CPL_BITS 8
#define CPL_SIZE 0x7f
#include "compatlayer/narrow/classes.h"
#define CPL_KIND __NV_E4M3
CPL_SMALL(__nv_fp8_e4m3, __nv_fp8_storage_t)
CPL_SMALL_TWO(__nv_fp8x2_e4m3, __nv_fp8x2_storage_t, __nv_fp8_e4m3)
CPL_SMALL_FOUR(__nv_fp8x4_e4m3, __nv_fp8x4_storage_t, __nv_fp8x2_e4m3)
#undef CPL_KIND
#define CPL_KIND __NV_E5M2
CPL_SMALL(__nv_fp8_e5m2, __nv_fp8_storage_t)
CPL_SMALL_TWO(__nv_fp8x2_e5m2, __nv_fp8x2_storage_t, __nv_fp8_e5m2)
CPL_SMALL_FOUR(__nv_fp8x4_e5m2, __nv_fp8x4_storage_t, __nv_fp8x2_e5m2)
#undef CPL_KIND
#undef CPL_SIZE
#undef CPL_BITS
#undef CPL_WIDE
#undef CPL_DOWN
#include "compatlayer/narrow/scale.h"
#endif
