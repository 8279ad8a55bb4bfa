/* Cores of the logarithm family. */
#ifndef COMPATLAYER_LIBRARY_LOGARITHM_H
#define COMPATLAYER_LIBRARY_LOGARITHM_H
#include "exponential.h"

/* (log(1 + f) - f) / f^2 on sqrt(1/2) <= 1 + f <= sqrt(2), relative to log(1 + f): error 2^-29.3 */
static const float LOG_F[] = {
    -0x1p-1f, 0x1.555548p-2f, -0x1.00000ap-2f, 0x1.99a43ep-3f, -0x1.555928p-3f, 0x1.233e7p-3f, -0x1.fc8928p-4f,
    0x1.e6e482p-4f, -0x1.dc7e7ap-4f, 0x1.12fb26p-4f};
/* (log2(1 + f) - f log2(e)) / f^2 on the same interval, relative to log2(1 + f): error 2^-29.3 */
static const float LOG2_F[] = {
    -0x1.715476p-1f, 0x1.ec708cp-2f, -0x1.7154a2p-2f, 0x1.277e64p-2f, -0x1.ec76e8p-3f, 0x1.a42d0cp-3f,
    -0x1.6e91e8p-3f, 0x1.5efbacp-3f, -0x1.595812p-3f, 0x1.914ddap-4f};
/* (log10(1 + f) - f log10(e)) / f^2, the same: error 2^-29.5 */
static const float LOG10_F[] = {
    -0x1.bcb7b2p-3f, 0x1.287a7p-3f, -0x1.bcb75cp-4f, 0x1.63cd16p-4f, -0x1.2887d2p-4f, 0x1.fa4f8p-5f, -0x1.b90572p-5f,
    0x1.a3e93ap-5f, -0x1.9f5862p-5f, 0x1.ebe672p-6f};
/* (log((1 + s) / (1 - s)) - 2 s) / s^3 in s^2 on |s| <= 0.1717, relative to 2 s: error 2^-59.5 */
static const double LOG_D[] = {
    0x1.5555555555593p-1, 0x1.999999997f9f9p-2, 0x1.249249422a3a8p-2, 0x1.c71c51d7cf059p-3, 0x1.746649b20a66fp-3,
    0x1.39a095083676p-3, 0x1.2f118716325acp-3};
/* (log((1 + s) / (1 - s)) - 2 s - 2/3 s^3) / s^5 in s^2, the same interval, relative to 2 s: error 2^-73.5 */
static const double LOG5_D[] = {
    0x1.9999999999996p-2, 0x1.2492492492f56p-2, 0x1.c71c71c595943p-3, 0x1.745d1829f00e5p-3, 0x1.3b136499f67bp-3,
    0x1.112077050d72ap-3, 0x1.de3c1b3cf96f4p-4, 0x1.ead172e70af5p-4};

/* x = 2^exponent (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); f is exact. x > 0, subnormal or normal. */
typedef struct { float f; int32_t exponent; } split_f;
typedef struct { double f; int64_t exponent; } split_d;
CPL_INLINE split_f split_float(float x) {
    int subnormal = x < 0x1p-126f;
    float grown = x * 0x1p23f;
    uint32_t bits = bits_f(subnormal ? grown : x) - 0x3f3504f3u; /* of sqrt(1/2) */
    int32_t exponent = (int32_t)bits >> 23;
    float f = float_of((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
    return (split_f){f, exponent - (subnormal ? 23 : 0)};
}
CPL_INLINE split_d split_double(double x) {
    int subnormal = x < 0x1p-1022;
    double grown = x * 0x1p52;
    uint64_t bits = bits_d(subnormal ? grown : x) - 0x3fe6a09e667f3bcdul;
    int64_t exponent = (int64_t)((bits + 0x4000000000000000ul) >> 52) - 1024; /* AVX2 shifts as unsigned only */
    double f = double_of((bits & 0xffffffffffffful) + 0x3fe6a09e667f3bcdul) - 1.0;
    return (split_d){f, exponent - (subnormal ? 52 : 0)};
}
/* A small integer as a double without the 64-bit conversion, which AVX2 has not. */
CPL_INLINE double double_of_int(int64_t n) {
    return double_of((uint64_t)(n + 0x4338000000000000l)) - 0x1.8p52;
}
/* What every logarithm answers outside of (0, infinity). */
CPL_INLINE float log_edges_f(float x, float result) {
    float beyond = x == 0.0f ? -CPL_INFF : x > 0.0f ? x : CPL_NANF;
    return bits_f(x) - 1u >= 0x7f7fffffu ? beyond : result;
}
CPL_INLINE double log_edges_d(double x, double result) {
    double beyond = x == 0.0 ? -CPL_INF : x > 0.0 ? x : CPL_NAN;
    return bits_d(x) - 1ul >= 0x7feffffffffffffful ? beyond : result;
}

/* log(2^exponent (1 + f)) */
CPL_INLINE float log_of_split_f(float f, float exponent) {
    float tail = madf(CPL_POLYF(f, LOG_F), f * f, exponent * LN2_LOW_F);
    return madf(exponent, LN2_HIGH_F, f + tail);
}
/* With s = f / (2 + f): log(1 + f) = f - f^2/2 + s (f^2/2 + s^2 P(s^2)), whose first term is exact. */
CPL_INLINE double log_of_split_d(double f, double exponent, double low) {
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double rest = mad(s, half + z * CPL_POLY(z, LOG_D), mad(exponent, LN2_LOW, low));
    return mad(exponent, LN2_HIGH, f - (half - rest));
}
/* log(1 + f) to about 2^-68, as a pair. */
CPL_INLINE pair log_pair(double f) {
    double sum = 2.0 + f, inverse = 1.0 / sum, s = f * inverse;
    double lost = f - (sum - 2.0); /* of the rounding of 2 + f */
    double low = (residual(s, sum, f) - s * lost) * inverse;
    pair z = two_product(s, s);
    z.low = mad(2.0 * s, low, z.low);
    pair third = pair_times(z, 0x1.5555555555555p-1);
    third.low = mad(z.high, 0x1.5555555555555p-55, third.low) + z.high * (z.high * CPL_POLY(z.high, LOG5_D));
    third = quick_sum(third.high, third.low);
    pair cubic = pair_product(third, (pair){s, low});
    pair result = quick_sum(2.0 * s, cubic.high);
    return quick_sum(result.high, result.low + (cubic.low + 2.0 * low));
}
/* (log((1 + s) / (1 - s)) - 2 s) / s^3 in s^2, relative to 2 s: error 2^-44.9; for float functions that work in double */
static const double LOG_MEDIUM[] = {
    0x1.555555561f2adp-1, 0x1.999996a692544p-2, 0x1.2494132cb8696p-2, 0x1.c62aa37ebb71cp-3, 0x1.911c66a569431p-3};
CPL_INLINE double log_medium(double f, double exponent) { /* log(2^exponent (1 + f)) */
    double s = f / (2.0 + f), z = s * s;
    return mad(exponent, LN2, mad(z * s, CPL_POLY(z, LOG_MEDIUM), 2.0 * s));
}
CPL_INLINE double log_plain(double x) { /* x > 0 */
    split_d it = split_double(x);
    return log_of_split_d(it.f, double_of_int(it.exponent), 0.0);
}
/* log(1 + x), x > -1. The fraction of 1 + x takes the bits of x itself: f = 2^-n x + (2^-n - 1). */
CPL_INLINE double log1p_plain(double x) {
    double sum = 1.0 + x;
    split_d it = split_double(sum);
    double shrink = power_of_two(-it.exponent >= -1022 ? -it.exponent : -1022);
    double lost = x >= 1.0 ? 1.0 - (sum - x) : x - (sum - 1.0);
    double low = __builtin_fabs(sum) >= 0x1p1000 ? 0.0 : lost * shrink / (1.0 + it.f);
    return log_of_split_d(it.f, double_of_int(it.exponent), low);
}
/* Within 2^-22 on [1/2, 2] and 2 ulp elsewhere; subnormals may be taken for the least normal numbers. */
CPL_INLINE float fast_log2(float x) {
    uint32_t bits = bits_f(x) - 0x3f3504f3u;
    float f = float_of((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
    float tail = CPL_POLYF(f, LOG2_F) * f;
    float result = madf(f, 0x1.715476p+0f + tail, (float)((int32_t)bits >> 23));
    return log_edges_f(x, result);
}
#endif
