/* Formats of 6 and 4 bits without infinities or NaN ("FP6" and "FP4 Conversion" of the CUDA Math API): a sign, an exponent
 * and `digits` bits of fraction. What is too large becomes the largest, NaN the largest with a positive sign, as PTX's
 * cvt.satfinite has it. */
#ifndef CPL_NARROW_SMALL_H
#define CPL_NARROW_SMALL_H
#include "../../cuda_fp8.h"
#include "../round_mode.h"
CPL_FN unsigned int cpl_small_bits(float x, int digits, int bias, unsigned int largest, enum cudaRoundMode rounding) {
    float size = fminf(fabsf(x), 0x1p100f); /* fminf makes NaN large */
    int exponent = max((int)(__float_as_uint(size) >> 23) - 127, 1 - bias);
    float steps = size * __uint_as_float((unsigned int)(127 + digits - exponent) << 23);
    bool negative = __float_as_uint(x) >> 31, away = rounding == (negative ? cudaRoundMinInf : cudaRoundPosInf);
    steps = rounding == cudaRoundNearest ? rintf(steps) : away ? ceilf(steps) : floorf(steps);
    unsigned int bits = ((unsigned int)(exponent + bias - 1) << digits) + (unsigned int)steps;
    bits = bits > largest ? largest : bits;
    return negative && x == x ? bits | (largest + 1) : bits; }
CPL_FN __half_raw cpl_small_half(unsigned int bits, int digits, int bias, unsigned int largest) {
    unsigned int size = bits & largest, exponent = size >> digits, fraction = size & ((1u << digits) - 1);
    float step = __uint_as_float((unsigned int)(128 - bias - digits) << 23); /* of subnormal numbers */
    float value = exponent ? __uint_as_float(((exponent + 127 - bias) << 23) | (fraction << (23 - digits)))
                           : (float)fraction * step;
    unsigned int sign = bits & (largest + 1) ? 0x8000u : 0u;
    __half_raw raw = {(unsigned short)(cpl_half_bits(value) | sign)};
    return raw; }

/* The functions of one such width; CPL_DIGITS, CPL_BIAS, CPL_LARGEST are of `kind`. `shift`: from part to part. */
#define CPL_SMALL_CONVERSIONS(fp, x2, interpretation, shift, part) \
    CPL_FN __nv_##fp##_storage_t __nv_cvt_float_to_##fp(const float x, const interpretation kind, \
                                                        const enum cudaRoundMode rounding) { \
        return (__nv_##fp##_storage_t)cpl_small_bits(x, CPL_DIGITS, CPL_BIAS, CPL_LARGEST, rounding); } \
    CPL_FN __nv_##fp##_storage_t __nv_cvt_double_to_##fp(const double x, const interpretation kind, \
                                                         const enum cudaRoundMode rounding) { \
        return __nv_cvt_float_to_##fp(cpl_odd_float(x), kind, rounding); } \
    CPL_FN __nv_##fp##_storage_t __nv_cvt_halfraw_to_##fp(const __half_raw x, const interpretation kind, \
                                                          const enum cudaRoundMode rounding) { \
        return __nv_cvt_float_to_##fp(cpl_half_wide(x.x), kind, rounding); } \
    CPL_FN __nv_##fp##_storage_t __nv_cvt_bfloat16raw_to_##fp(const __nv_bfloat16_raw x, const interpretation kind, \
                                                              const enum cudaRoundMode rounding) { \
        return __nv_cvt_float_to_##fp(cpl_bfloat16_wide(x.x), kind, rounding); } \
    CPL_SMALL_PAIR(fp, x2, float2, float2, interpretation, shift, float) \
    CPL_SMALL_PAIR(fp, x2, double2, double2, interpretation, shift, cpl_odd_float) \
    CPL_SMALL_PAIR(fp, x2, halfraw2, __half2_raw, interpretation, shift, cpl_half_wide) \
    CPL_SMALL_PAIR(fp, x2, bfloat16raw2, __nv_bfloat162_raw, interpretation, shift, cpl_bfloat16_wide) \
    CPL_FN __half_raw __nv_cvt_##fp##_to_halfraw(const __nv_##fp##_storage_t x, const interpretation kind) { \
        return cpl_small_half(x, CPL_DIGITS, CPL_BIAS, CPL_LARGEST); } \
    CPL_FN __half2_raw __nv_cvt_##x2##_to_halfraw2(const __nv_##x2##_storage_t x, const interpretation kind) { \
        __half2_raw raw = {__nv_cvt_##fp##_to_halfraw((__nv_##fp##_storage_t)(x & part), kind).x, \
                           __nv_cvt_##fp##_to_halfraw((__nv_##fp##_storage_t)(x >> shift & part), kind).x}; \
        return raw; }
#define CPL_SMALL_PAIR(fp, x2, from, type, interpretation, shift, one) \
    CPL_FN __nv_##x2##_storage_t __nv_cvt_##from##_to_##x2(const type x, const interpretation kind, \
                                                           const enum cudaRoundMode rounding) { \
        unsigned int low = __nv_cvt_float_to_##fp(one(x.x), kind, rounding); \
        return (__nv_##x2##_storage_t)(low | (unsigned int)__nv_cvt_float_to_##fp(one(x.y), kind, rounding) << shift); }
#endif
