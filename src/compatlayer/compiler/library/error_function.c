/* erf, erfc, erfcx, normcdf. */
#include "exponential.h"

/* erf(x) / x - 1 in x^2 on |x| <= 1, relative to erf(x) / x: error 2^-29.4; 2^-56.3 */
static const float ERF_F[] = {
    0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2ce6p-4f, -0x1.b7f71ap-6f, 0x1.53f224p-8f, -0x1.a3515ep-11f,
    0x1.4771fep-14f};
static const double ERF_D[] = {
    0x1.06eba8214db69p-3, -0x1.812746b037a25p-2, 0x1.ce2f21a0458dap-4, -0x1.b82ce31354e0cp-6, 0x1.565bcd2c66be4p-8,
    -0x1.c02db933ee421p-11, 0x1.f9a3b96f19e73p-14, -0x1.f4dcf3b8fb8b6p-17, 0x1.ba6936bfeb204p-20,
    -0x1.6392076caec57p-23, 0x1.13281a9234f8p-26, -0x1.c4ec45c89e3f5p-30, 0x1.3bea5d157623fp-33};
/* log(erfc(x)) on 1 <= x <= 3.95, weighted by erfc(x): error 2^-25.8 */
static const float ERFC_LOG_F[] = {
    -0x1.4ba4b8p-9f, -0x1.1e302ap+0f, -0x1.4ec42ap-1f, -0x1.6cc982p-4f, 0x1.e8b678p-7f, -0x1.320b74p-10f};
/* e^(x^2) erfc(x) (1 + 2 x) in t = (x - 4) / (x + 4) on x >= 0.45, relative: error 2^-26.4; 2^-54.0 */
static const double ERFCX_MEDIUM[] = {
    0x1.3ba5915b2ec9p+0, -0x1.1df1c4d64e1ddp-3, 0x1.f7f997db336a7p-7, 0x1.16f27060557dbp-4, -0x1.9de33a2005fd8p-4,
    0x1.7fc0b99d6cfefp-4, -0x1.0f79a1a7df66cp-4, 0x1.31a6dde5efbc3p-5, -0x1.0c1bc8c94e781p-6, 0x1.3c7fbdae2801bp-8,
    -0x1.09be5275cd0ccp-11, -0x1.d2f15c5fbd90cp-14};
static const double ERFCX_D[] = {
    0x1.3ba5916e9fd7fp+0, -0x1.1df1ad154a28dp-3, 0x1.f7f5df66fdba7p-7, 0x1.16ecefcfa51dbp-4, -0x1.9ddb23c3eae1bp-4,
    0x1.7fee004e1693ep-4, -0x1.0fb06dfe1eb63p-4, 0x1.3079edf5e363p-5, -0x1.0962388d043bfp-6, 0x1.49c672bb28309p-8,
    -0x1.8d4a92f62568cp-11, -0x1.a1df511147d9ap-13, 0x1.3bdfc385ef1e1p-13, -0x1.99537609b3af7p-16,
    -0x1.786f11e8022c9p-17, 0x1.7ee7d4035ff62p-18, 0x1.3495fc52910eap-22, -0x1.b76354a2e72ebp-21,
    0x1.60b3cb11ddf9fp-24, 0x1.b7bee61f2dd8cp-24, -0x1.89062dcaad5cp-26, -0x1.415feecafcca6p-27,
    0x1.c0cf999cc2d89p-29};

CPL_MATH(float, erff, float x) {
    float size = __builtin_fabsf(x), z = x * x, bounded = size > 3.95f ? 3.95f : size;
    float small = madf(CPL_POLYF(z, ERF_F), size, size), power = CPL_POLYF(bounded, ERFC_LOG_F);
    near_f n = nearest_f(power * 0x1.715476p+0f);
    float r = madf(n.value, -0x1.62e43p-1f, power);
    float complement = madf(madf(CPL_POLYF(r, EXP_F), r, 1.0f), r, 1.0f) * power_of_two_f(n.whole);
    float result = __builtin_copysignf(size < 1.0f ? small : 1.0f - complement, x);
    return x != x ? x : result;
}

/* e^(x^2) erfc(x) for x >= 0.45 */
CPL_INLINE double scaled_complement(double x) {
    double bounded = x > 0x1p60 ? 0x1p60 : x, t = (bounded - 4.0) / (bounded + 4.0);
    return 0.5 * CPL_POLY(t, ERFCX_D) / (x + 0.5);
}
CPL_INLINE double scaled_complement_medium(double x) {
    double bounded = x > 0x1p60 ? 0x1p60 : x, t = (bounded - 4.0) / (bounded + 4.0);
    return 0.5 * CPL_POLY(t, ERFCX_MEDIUM) / (x + 0.5);
}
CPL_INLINE double larger(double a, double b) { return a < b ? b : a; }

CPL_MATH(double, erf, double x) {
    double size = __builtin_fabs(x), z = x * x, bounded = size > 6.0 ? 6.0 : larger(size, 0.5);
    double small = mad(CPL_POLY(z, ERF_D), size, size);
    double large = 1.0 - exp_scaled(-bounded * bounded, 0) * scaled_complement(bounded);
    double result = __builtin_copysign(size < 1.0 ? small : large, x);
    return x != x ? x : result;
}
/* erfc(x + low), times one half if asked. */
CPL_INLINE double complement(double x, double low, int64_t shift) {
    double size = __builtin_fabs(x), bounded = size > 40.0 ? 40.0 : larger(size, 0.5), z = x * x;
    pair square = two_product(bounded, bounded);
    power_d it = exp_of_pair(-square.high, -square.low - 2.0 * size * (x < 0.0 ? -low : low));
    double tail = scale_d(it.fraction * scaled_complement(bounded), it.n + shift), half = shift ? 0.5 : 1.0;
    double inner = mad(CPL_POLY(z, ERF_D), x, x) + low;
    double outer = x < 0.0 ? 2.0 * half - tail : tail;
    double result = size < 0.5 ? half - half * inner : outer;
    return x != x ? x : result;
}
CPL_MATH(double, erfc, double x) { return complement(x, 0.0, 0); }
/* 1/2 erfc(-x / sqrt(2)), the quotient as a pair. */
CPL_MATH(double, normcdf, double x) {
    double bounded = clamp_d(x, -100.0, 100.0);
    pair y = two_product(-bounded, 0x1.6a09e667f3bcdp-1);
    return complement(y.high, mad(bounded, 0x1.bdd3413b26456p-55, y.low), -1);
}
CPL_MATH(double, erfcx, double x) {
    double size = __builtin_fabs(x), bounded = size > 27.0 ? 27.0 : size, z = x * x;
    pair square = two_product(bounded, bounded);
    power_d it = exp_of_pair(square.high, square.low);
    double power = scale_d(it.fraction, it.n), scaled = scaled_complement(larger(size, 0.5));
    double small = power - power * mad(CPL_POLY(z, ERF_D), x, x), left = 2.0 * power - scaled;
    double result = pick(size < 0.5, small, pick(x < 0.0, left, scaled));
    return x != x ? x : result;
}

/* Float forms in double. */
CPL_INLINE double erf_small_medium(double x) {
    double z = x * x, sum = ERF_F[6];
#pragma clang loop unroll(full)
    for (int i = 5; i >= 0; i--) sum = mad(sum, z, (double)ERF_F[i]);
    return mad(sum, x, x);
}
CPL_INLINE double complement_medium(double x) {
    double size = __builtin_fabs(x), bounded = size > 16.0 ? 16.0 : larger(size, 0.5);
    double tail = exp_medium(-bounded * bounded) * scaled_complement_medium(bounded);
    double result = pick(size < 0.5, 1.0 - erf_small_medium(x), pick(x < 0.0, 2.0 - tail, tail));
    return x != x ? x : result;
}
CPL_MATH(float, erfcf, float x) { return (float)complement_medium((double)x); }
CPL_MATH(float, normcdff, float x) { return (float)(0.5 * complement_medium(x * -0x1.6a09e667f3bcdp-1)); }
CPL_MATH(float, erfcxf, float x) {
    double wide = (double)x, size = __builtin_fabs(wide), bounded = size > 12.0 ? 12.0 : size;
    double power = exp_medium(bounded * bounded), scaled = scaled_complement_medium(larger(size, 0.5));
    double small = power - power * erf_small_medium(wide), left = 2.0 * power - scaled;
    double result = pick(size < 0.5, small, pick(wide < 0.0, left, scaled));
    return x != x ? x : (float)result;
}
