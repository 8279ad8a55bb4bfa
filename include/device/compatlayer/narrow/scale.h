/* __nv_fp8_e8m0, a power of two: 2 to the power of its bits less 127; all ones are NaN. It has no sign and no zero, so
 * conversions take magnitudes, and what is too small becomes the smallest (CUDA Math API, "FP8 Conversion"). */
#ifndef CPL_NARROW_SCALE_H
#define CPL_NARROW_SCALE_H
#include "../round_mode.h"
CPL_FN __nv_fp8_storage_t __nv_cvt_float_to_e8m0(const float x, const __nv_saturation_t saturate,
                                                 const enum cudaRoundMode rounding) {
    unsigned int bits = __float_as_uint(x) & 0x7fffffffu;
    if (bits > 0x7f800000u) return 0xff;
    unsigned int exponent = bits >> 23, fraction = bits & 0x7fffffu;
    /* 2^-127 is the subnormal 0x400000, so between it and 2^-126 the exponent's bits say 0 too. */
    bool up = rounding == cudaRoundPosInf && (exponent ? fraction != 0 : fraction > 0x400000u);
    unsigned int result = exponent + (up ? 1 : 0);
    return (__nv_fp8_storage_t)(result > 0xfe && saturate == __NV_SATFINITE ? 0xfe : result); }
CPL_FN __nv_fp8_storage_t __nv_cvt_double_to_e8m0(const double x, const __nv_saturation_t saturate,
                                                  const enum cudaRoundMode rounding) {
    float nearby = __double2float_rz(fabs(x)); /* a lost part still counts for rounding up */
    bool more = rounding == cudaRoundPosInf && (double)nearby < fabs(x) && x == x;
    if (more) nearby = __uint_as_float(__float_as_uint(nearby) | 1);
    if (fabs(x) >= 0x1p128) nearby = __uint_as_float(0x7f800000u);
    return __nv_cvt_float_to_e8m0(nearby, saturate, rounding); }
CPL_FN __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_e8m0(const __nv_bfloat16_raw x, const __nv_saturation_t saturate,
                                                       const enum cudaRoundMode rounding) {
    return __nv_cvt_float_to_e8m0(__uint_as_float((unsigned int)x.x << 16), saturate, rounding); }
CPL_FN __nv_bfloat16_raw __nv_cvt_e8m0_to_bf16raw(const __nv_fp8_storage_t x) {
    __nv_bfloat16_raw result;
    result.x = (unsigned short)(x == 0xff ? 0x7fff : x == 0 ? 0x40 : (unsigned int)x << 7);
    return result; }

CPL_FN __nv_fp8x2_storage_t cpl_scales(unsigned int low, unsigned int high) {
    return (__nv_fp8x2_storage_t)(low | high << 8); }
CPL_FN __nv_fp8x2_storage_t __nv_cvt_float2_to_e8m0x2(const float2 x, const __nv_saturation_t saturate,
                                                      const enum cudaRoundMode rounding) {
    return cpl_scales(__nv_cvt_float_to_e8m0(x.x, saturate, rounding), __nv_cvt_float_to_e8m0(x.y, saturate, rounding)); }
CPL_FN __nv_fp8x2_storage_t __nv_cvt_double2_to_e8m0x2(const double2 x, const __nv_saturation_t saturate,
                                                       const enum cudaRoundMode rounding) {
    return cpl_scales(__nv_cvt_double_to_e8m0(x.x, saturate, rounding),
                      __nv_cvt_double_to_e8m0(x.y, saturate, rounding)); }
CPL_FN __nv_fp8x2_storage_t __nv_cvt_bfloat162raw_to_e8m0x2(const __nv_bfloat162_raw x, const __nv_saturation_t saturate,
                                                            const enum cudaRoundMode rounding) {
    __nv_bfloat16_raw low = {x.x}, high = {x.y};
    return cpl_scales(__nv_cvt_bfloat16raw_to_e8m0(low, saturate, rounding),
                      __nv_cvt_bfloat16raw_to_e8m0(high, saturate, rounding)); }
CPL_FN __nv_bfloat162_raw __nv_cvt_e8m0x2_to_bf162raw(const __nv_fp8x2_storage_t x) {
    __nv_bfloat162_raw result = {__nv_cvt_e8m0_to_bf16raw((__nv_fp8_storage_t)(x & 0xff)).x,
                                 __nv_cvt_e8m0_to_bf16raw((__nv_fp8_storage_t)(x >> 8)).x};
    return result; }

#define CPL_SCALE_FROM(type, value) \
    CPL_NARROW_FN explicit __nv_fp8_e8m0(type x) : \
        __x(__nv_cvt_float_to_e8m0(value, __NV_SATFINITE, cudaRoundPosInf)) {}
#define CPL_SCALE_UP(type) CPL_SCALE_FROM(type, __ull2float_ru(x < 0 ? 0ull - (unsigned long long)x : x))
#define CPL_SCALE_TO(type) CPL_NARROW_FN explicit operator type() const { return (type)operator float(); }
struct __nv_fp8_e8m0 {
    __nv_fp8_storage_t __x;
    __nv_fp8_e8m0() = default;
    CPL_SCALE_FROM(float, x)
    CPL_SCALE_FROM(__half, __half2float(x))
    CPL_SCALE_FROM(__nv_bfloat16, __bfloat162float(x))
    CPL_NARROW_FN explicit __nv_fp8_e8m0(double x) :
        __x(__nv_cvt_double_to_e8m0(x, __NV_SATFINITE, cudaRoundPosInf)) {}
    CPL_SCALE_UP(int) CPL_SCALE_UP(unsigned int) CPL_SCALE_UP(short) CPL_SCALE_UP(unsigned short)
    CPL_SCALE_UP(long) CPL_SCALE_UP(unsigned long) CPL_SCALE_UP(long long) CPL_SCALE_UP(unsigned long long)
    CPL_NARROW_FN explicit operator float() const {
        return __uint_as_float((unsigned int)__nv_cvt_e8m0_to_bf16raw(__x).x << 16); }
    CPL_NARROW_FN explicit operator __half() const { return __float2half_rn(operator float()); }
    CPL_NARROW_FN explicit operator __nv_bfloat16() const { return __nv_bfloat16(__nv_cvt_e8m0_to_bf16raw(__x)); }
    CPL_SCALE_TO(double) CPL_SCALE_TO(int) CPL_SCALE_TO(unsigned int) CPL_SCALE_TO(long) CPL_SCALE_TO(unsigned long)
    CPL_SCALE_TO(long long) CPL_SCALE_TO(unsigned long long)
};
#undef CPL_SCALE_TO
#undef CPL_SCALE_UP
#undef CPL_SCALE_FROM
struct __attribute__((aligned(2))) __nv_fp8x2_e8m0 {
    __nv_fp8x2_storage_t __x;
    __nv_fp8x2_e8m0() = default;
    CPL_NARROW_FN explicit __nv_fp8x2_e8m0(const __half2 v) :
        __x(cpl_scales(__nv_fp8_e8m0(v.x).__x, __nv_fp8_e8m0(v.y).__x)) {}
    CPL_NARROW_FN explicit __nv_fp8x2_e8m0(const __nv_bfloat162 v) :
        __x(cpl_scales(__nv_fp8_e8m0(v.x).__x, __nv_fp8_e8m0(v.y).__x)) {}
    CPL_NARROW_FN explicit __nv_fp8x2_e8m0(const float2 v) :
        __x(__nv_cvt_float2_to_e8m0x2(v, __NV_SATFINITE, cudaRoundPosInf)) {}
    CPL_NARROW_FN explicit __nv_fp8x2_e8m0(const double2 v) :
        __x(__nv_cvt_double2_to_e8m0x2(v, __NV_SATFINITE, cudaRoundPosInf)) {}
    CPL_NARROW_FN explicit operator __nv_bfloat162() const { return __nv_bfloat162(__nv_cvt_e8m0x2_to_bf162raw(__x)); }
    CPL_NARROW_FN explicit operator float2() const {
        __nv_bfloat162_raw both = __nv_cvt_e8m0x2_to_bf162raw(__x);
        return make_float2(cpl_bfloat16_wide(both.x), cpl_bfloat16_wide(both.y)); }
    CPL_NARROW_FN explicit operator __half2() const { return __float22half2_rn(operator float2()); }
};
struct __attribute__((aligned(4))) __nv_fp8x4_e8m0 {
    __nv_fp8x4_storage_t __x;
    __nv_fp8x4_e8m0() = default;
    CPL_NARROW_FN explicit __nv_fp8x4_e8m0(const __half2 low, const __half2 high) :
        __x(cpl_join(__nv_fp8x2_e8m0(low), __nv_fp8x2_e8m0(high))) {}
    CPL_NARROW_FN explicit __nv_fp8x4_e8m0(const __nv_bfloat162 low, const __nv_bfloat162 high) :
        __x(cpl_join(__nv_fp8x2_e8m0(low), __nv_fp8x2_e8m0(high))) {}
    CPL_NARROW_FN explicit __nv_fp8x4_e8m0(const float4 v) :
        __x(cpl_join(__nv_fp8x2_e8m0(make_float2(v.x, v.y)), __nv_fp8x2_e8m0(make_float2(v.z, v.w)))) {}
    CPL_NARROW_FN explicit __nv_fp8x4_e8m0(const double4 v) :
        __x(cpl_join(__nv_fp8x2_e8m0(make_double2(v.x, v.y)), __nv_fp8x2_e8m0(make_double2(v.z, v.w)))) {}
    CPL_NARROW_FN explicit operator float4() const {
        __nv_fp8x2_e8m0 low, high; low.__x = (__nv_fp8x2_storage_t)__x; high.__x = (__nv_fp8x2_storage_t)(__x >> 16);
        float2 a = low.operator float2(), b = high.operator float2(); return make_float4(a.x, a.y, b.x, b.y); }
private:
    CPL_NARROW_FN static __nv_fp8x4_storage_t cpl_join(__nv_fp8x2_e8m0 low, __nv_fp8x2_e8m0 high) {
        return low.__x | (__nv_fp8x4_storage_t)high.__x << 16; }
};
#endif
