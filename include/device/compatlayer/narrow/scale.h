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

#define CPL_SCALE __device__ __forceinline__ __attribute__((nodebug))
struct __nv_fp8_e8m0 {
    __nv_fp8_storage_t __x;
    __nv_fp8_e8m0() = default;
    CPL_SCALE explicit __nv_fp8_e8m0(float f) : __x(__nv_cvt_float_to_e8m0(f, __NV_SATFINITE, cudaRoundPosInf)) {}
    CPL_SCALE explicit __nv_fp8_e8m0(double f) : __x(__nv_cvt_double_to_e8m0(f, __NV_SATFINITE, cudaRoundPosInf)) {}
    CPL_SCALE explicit operator float() const {
        return __uint_as_float((unsigned int)__nv_cvt_e8m0_to_bf16raw(__x).x << 16); }
    CPL_SCALE explicit operator double() const { return (double)(float)*this; }
};
#undef CPL_SCALE
#endif
