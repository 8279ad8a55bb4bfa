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

/* The classes saturate; their conversions to integers go towards zero and saturate. */
#define CPL_FP8_FROM(name, type, value) \
    CPL_NARROW_FN explicit name(const type x) : __x(__nv_cvt_float_to_fp8(value, __NV_SATFINITE, CPL_KIND)) {}
#define CPL_FP8_TO(type, call) \
    CPL_NARROW_FN explicit operator type() const { return call(__half(__nv_cvt_fp8_to_halfraw(__x, CPL_KIND))); }
#define CPL_FP8(name) \
    struct name { \
        __nv_fp8_storage_t __x; \
        name() = default; \
        CPL_FP8_FROM(name, __half, __half2float(x)) CPL_FP8_FROM(name, __nv_bfloat16, __bfloat162float(x)) \
        CPL_FP8_FROM(name, float, x) CPL_FP8_FROM(name, double, cpl_odd_float(x)) CPL_FP8_FROM(name, int, (float)x) \
        CPL_FP8_FROM(name, unsigned int, (float)x) CPL_FP8_FROM(name, short, (float)x) \
        CPL_FP8_FROM(name, unsigned short, (float)x) CPL_FP8_FROM(name, long, (float)x) \
        CPL_FP8_FROM(name, unsigned long, (float)x) CPL_FP8_FROM(name, long long, (float)x) \
        CPL_FP8_FROM(name, unsigned long long, (float)x) \
        CPL_FP8_TO(__half, ) CPL_FP8_TO(float, __half2float) CPL_FP8_TO(double, (double)__half2float) \
        CPL_FP8_TO(__nv_bfloat16, __nv_bfloat16) CPL_FP8_TO(int, __half2int_rz) \
        CPL_FP8_TO(unsigned int, __half2uint_rz) CPL_FP8_TO(short, __half2short_rz) \
        CPL_FP8_TO(unsigned short, __half2ushort_rz) CPL_FP8_TO(long, (long)__half2ll_rz) \
        CPL_FP8_TO(unsigned long, (unsigned long)__half2ull_rz) CPL_FP8_TO(long long, __half2ll_rz) \
        CPL_FP8_TO(unsigned long long, __half2ull_rz) CPL_FP8_TO(char, (char)__half2char_rz) \
        CPL_FP8_TO(signed char, __half2char_rz) CPL_FP8_TO(unsigned char, __half2uchar_rz) \
        CPL_NARROW_FN explicit operator bool() const { return (__x & 0x7f) != 0; } \
    };
#define CPL_FP8_TWO(name) \
    struct __attribute__((aligned(2))) name { \
        __nv_fp8x2_storage_t __x; \
        name() = default; \
        CPL_NARROW_FN explicit name(const __half2 v) : \
            __x(__nv_cvt_halfraw2_to_fp8x2(v, __NV_SATFINITE, CPL_KIND)) {} \
        CPL_NARROW_FN explicit name(const __nv_bfloat162 v) : \
            __x(__nv_cvt_bfloat16raw2_to_fp8x2(v, __NV_SATFINITE, CPL_KIND)) {} \
        CPL_NARROW_FN explicit name(const float2 v) : __x(__nv_cvt_float2_to_fp8x2(v, __NV_SATFINITE, CPL_KIND)) {} \
        CPL_NARROW_FN explicit name(const double2 v) : __x(__nv_cvt_double2_to_fp8x2(v, __NV_SATFINITE, CPL_KIND)) {} \
        CPL_NARROW_FN explicit operator __half2() const { return __half2(__nv_cvt_fp8x2_to_halfraw2(__x, CPL_KIND)); } \
        CPL_NARROW_FN explicit operator float2() const { \
            return __half22float2(__half2(__nv_cvt_fp8x2_to_halfraw2(__x, CPL_KIND))); } \
    };
#define CPL_FP8_FOUR(name, two) \
    struct __attribute__((aligned(4))) name { \
        __nv_fp8x4_storage_t __x; \
        name() = default; \
        CPL_NARROW_FN explicit name(const __half2 low, const __half2 high) : __x(cpl_join(two(low), two(high))) {} \
        CPL_NARROW_FN explicit name(const __nv_bfloat162 low, const __nv_bfloat162 high) : \
            __x(cpl_join(two(low), two(high))) {} \
        CPL_NARROW_FN explicit name(const float4 v) : \
            __x(cpl_join(two(make_float2(v.x, v.y)), two(make_float2(v.z, v.w)))) {} \
        CPL_NARROW_FN explicit name(const double4 v) : \
            __x(cpl_join(two(make_double2(v.x, v.y)), two(make_double2(v.z, v.w)))) {} \
        CPL_NARROW_FN explicit operator float4() const { \
            two low, high; low.__x = (__nv_fp8x2_storage_t)__x; high.__x = (__nv_fp8x2_storage_t)(__x >> 16); \
            float2 a = low.operator float2(), b = high.operator float2(); return make_float4(a.x, a.y, b.x, b.y); } \
    private: \
        CPL_NARROW_FN static __nv_fp8x4_storage_t cpl_join(two low, two high) { \
            return low.__x | (__nv_fp8x4_storage_t)high.__x << 16; } \
    };
#define CPL_KIND __NV_E4M3
CPL_FP8(__nv_fp8_e4m3)
CPL_FP8_TWO(__nv_fp8x2_e4m3)
CPL_FP8_FOUR(__nv_fp8x4_e4m3, __nv_fp8x2_e4m3)
#undef CPL_KIND
#define CPL_KIND __NV_E5M2
CPL_FP8(__nv_fp8_e5m2)
CPL_FP8_TWO(__nv_fp8x2_e5m2)
CPL_FP8_FOUR(__nv_fp8x4_e5m2, __nv_fp8x2_e5m2)
#undef CPL_KIND
#undef CPL_FP8_FOUR
#undef CPL_FP8_TWO
#undef CPL_FP8
#undef CPL_FP8_TO
#undef CPL_FP8_FROM
#include "compatlayer/narrow/scale.h"
#endif
