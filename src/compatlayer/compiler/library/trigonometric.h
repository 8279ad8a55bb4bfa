/* Cores of the trigonometric family: reduction to an octant, sine and cosine there. */
#ifndef COMPATLAYER_LIBRARY_TRIGONOMETRIC_H
#define COMPATLAYER_LIBRARY_TRIGONOMETRIC_H
#include "base.h"

/* (sin(r) - r) / r^3 in r^2 on |r| <= 0.80, relative to sin(r): error 2^-27.7; 2^-57.5 */
static const float SIN_F[] = {-0x1.555544p-3f, 0x1.1106aap-7f, -0x1.990d74p-13f};
static const double SIN_D[] = {
    -0x1.5555555555545p-3, 0x1.111111110f26p-7, -0x1.a01a019b4b9bbp-13, 0x1.71de34ca54279p-19,
    -0x1.ae5ddd813b69bp-26, 0x1.5d6b29f33895p-33};
/* (cos(r) - 1 + r^2 / 2) / r^4 in r^2 on |r| <= 0.80, relative to cos(r): error 2^-32.6; 2^-63.5 */
static const float COS_F[] = {0x1.555548p-5f, -0x1.6c0af4p-10f, 0x1.999116p-16f};
static const double COS_D[] = {
    0x1.5555555555548p-5, -0x1.6c16c16c1498fp-10, 0x1.a01a019beb7afp-16, -0x1.27e4f77aef81fp-22,
    0x1.1ee98af544ef7p-29, -0x1.8f7c93cc9e841p-37};

/* x = n pi/2 + r, |r| <= pi/4 and a bit; r is off by half an ulp. Larger arguments go to the C library. */
#define TRIGONOMETRIC_LIMIT_F 65536.0f
#define TRIGONOMETRIC_LIMIT 1e6
typedef struct { float r; int32_t n; } octant_f;
typedef struct { double r; int64_t n; } octant_d;
CPL_INLINE octant_f reduce_float(float x) {
    near_f n = nearest_f(x * 0x1.45f306p-1f);
#ifdef CPL_NO_FMA
    /* in double: n times the first part (33 bits of pi/2) is exact, so is the difference */
    double r = ((double)x - n.value * 0x1.921fb544p+0) - n.value * 0x1.0b4611a626331p-34;
    return (octant_f){(float)r, n.whole};
#else
    /* n times the first part (24 bits) cancels with x exactly in a fused operation */
    float near = __builtin_fmaf(n.value, -0x1.921fb6p+0f, x), r = __builtin_fmaf(n.value, 0x1.777a5cp-25f, near);
    return (octant_f){__builtin_fmaf(n.value, 0x1.ee59dap-50f, r), n.whole};
#endif
}
CPL_INLINE octant_d reduce_double(double x) {
    near_d n = nearest_d(x * 0x1.45f306dc9c883p-1);
#ifdef CPL_NO_FMA
    /* parts of 33 bits: their products with n are exact */
    pair first = two_sum(x - n.value * 0x1.921fb544p+0, n.value * -0x1.0b4611a6p-34);
    pair second = two_sum(first.low, n.value * -0x1.3198a2ep-69);
    pair sum = quick_sum(first.high, second.high);
    return (octant_d){sum.high + (sum.low + (second.low - n.value * 0x1.b839a252049c1p-104)), n.whole};
#else
    double near = __builtin_fma(n.value, -0x1.921fb54442d18p+0, x);
    double r = __builtin_fma(n.value, -0x1.1a62633145c07p-54, near);
    return (octant_d){__builtin_fma(n.value, 0x1.f1976b7ed8fbcp-110, r), n.whole};
#endif
}

CPL_INLINE float sin_octant_f(float r) {
    float z = r * r;
    return madf(CPL_POLYF(z, SIN_F) * z, r, r);
}
CPL_INLINE float cos_octant_f(float r) {
    float z = r * r;
    return madf(madf(CPL_POLYF(z, COS_F), z, -0.5f), z, 1.0f);
}
/* 1 - z/2 is split so that its rounding comes back. */
CPL_INLINE pair cos_parts(double r) {
    double z = r * r, half = 0.5 * z, main = 1.0 - half;
    return (pair){main, mad(CPL_POLY(z, COS_D) * z, z, (1.0 - main) - half)};
}
CPL_INLINE pair sin_parts(double r) {
    double z = r * r;
    return (pair){r, CPL_POLY(z, SIN_D) * z * r};
}
CPL_INLINE double sin_octant(double r) {
    double z = r * r;
    return mad(CPL_POLY(z, SIN_D) * z, r, r);
}
CPL_INLINE double cos_octant(double r) {
    pair it = cos_parts(r);
    return it.high + it.low;
}

/* Sine and cosine of n pi/2 + angle, from those of the angle. */
CPL_INLINE float turn_f(float even, float odd, int32_t n) {
    float chosen = n & 1 ? odd : even;
    return float_of(bits_f(chosen) ^ (((uint32_t)n & 2u) << 30));
}
CPL_INLINE double turn(double even, double odd, int64_t n) {
    double chosen = n & 1 ? odd : even;
    return double_of(bits_d(chosen) ^ (((uint64_t)n & 2u) << 62));
}
#endif
