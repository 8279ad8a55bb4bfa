/* Cores of the exponential family: e^x as a fraction and a power of two. */
#ifndef COMPATLAYER_LIBRARY_EXPONENTIAL_H
#define COMPATLAYER_LIBRARY_EXPONENTIAL_H
#include "base.h"

/* All fits here and in the other files are minimax (Remez exchange on a dense grid, 45 digits), coefficients rounded
 * one after the other with the rest fitted anew; "error" is the largest one, of the kind named. */

/* (e^r - 1 - r) / r^2 on |r| <= ln2/2; relative to e^r: error 2^-27.5 */
static const float EXP_F[] = {0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.55588ap-5f, 0x1.123f28p-7f, 0x1.6a9f26p-10f};
/* the same, relative to e^r - 1: error 2^-30.3 */
static const float EXPM1_F[] = {
    0x1p-1f, 0x1.555554p-3f, 0x1.5554fap-5f, 0x1.1112b4p-7f, 0x1.6d3e32p-10f, 0x1.9ed63ap-13f};
/* (e^r - 1 - r) / r^2 on |r| <= ln2/2, relative to e^r - 1: error 2^-57.2 (2^-62 relative to e^r) */
static const double EXP_D[] = {
    0x1.0000000000001p-1, 0x1.5555555555555p-3, 0x1.5555555554ad6p-5, 0x1.1111111110a08p-7, 0x1.6c16c16f9f291p-10,
    0x1.a01a01a8b697fp-13, 0x1.a019f28adfedfp-16, 0x1.71de092d2979cp-19, 0x1.2800db5cc9243p-22,
    0x1.af435d940afafp-26, 0x1.f378fc49db4d6p-30};
/* (2^f - 1) / f on |f| <= 1/2, relative to 2^f: error 2^-27.1; 2^-57.1 */
static const float EXP2_F[] = {
    0x1.62e432p-1f, 0x1.ebfbf4p-3f, 0x1.c6adbp-5f, 0x1.3b1774p-7f, 0x1.5fb90cp-10f, 0x1.52b772p-13f};
static const double EXP2_D[] = {
    0x1.62e42fefa39efp-1, 0x1.ebfbdff82c574p-3, 0x1.c6b08d704a179p-5, 0x1.3b2ab6fba8bcfp-7, 0x1.5d87fe788b643p-10,
    0x1.430912eb8083p-13, 0x1.ffcbfccd87bc6p-17, 0x1.62c04b5fd7a21p-20, 0x1.b524403c378a6p-24,
    0x1.e451a407d2d1ap-28, 0x1.ead21fdf6f21bp-32, 0x1.2c4540ed5c73dp-35};

/* (e^r - 1 - r) / r^2 and (2^f - 1) / f again, for float functions that work in double: error 2^-34.2, 2^-34.3 */
static const double EXP_MEDIUM[] = {
    0x1.0000003a6eb5cp-1, 0x1.55555441c47ccp-3, 0x1.55548d13d3bbdp-5, 0x1.111271ed85b69p-7, 0x1.6d8dae4df3d1cp-10,
    0x1.9f0826b25bf56p-13};
static const double EXP2_MEDIUM[] = {
    0x1.62e42ff0e3f1p-1, 0x1.ebfbe078462dbp-3, 0x1.c6b08abca8f26p-5, 0x1.3b29f2d98983p-7, 0x1.5d8a883db892dp-10,
    0x1.445d2e66d4405p-13, 0x1.fde560893f492p-17};

#define LN2 0x1.62e42fefa39efp-1
#define LOG2_E 0x1.71547652b82fep+0
/* ln 2 in two parts; the first has so few bits that its product with an exponent is exact. */
#define LN2_HIGH_F 0x1.62e4p-1f
#define LN2_LOW_F 0x1.7f7d1cp-20f
#define LN2_HIGH 0x1.62e42fefap-1
#define LN2_LOW 0x1.cf79abc9e3b3ap-40

/* x = n ln2 + r, |r| <= ln2/2; `low` is what rounding r has lost. */
typedef struct { double r, low; int64_t n; } reduced_d;
CPL_INLINE reduced_d reduce_exp(double x) {
    near_d n = nearest_d(x * LOG2_E);
    double r = mad(n.value, -LN2_HIGH, x), tail = n.value * LN2_LOW;
    double best = r - tail;
    return (reduced_d){best, (r - best) - tail, n.whole};
}
CPL_INLINE double exp_fraction(double r) { /* e^r */
    double q = CPL_POLY(r, EXP_D);
    return mad(mad(q, r, 1.0), r, 1.0);
}
/* e^x 2^shift, also where that is subnormal. */
CPL_INLINE double exp_scaled(double x, int64_t shift) {
    double bounded = clamp_d(x, -760.0, 720.0);
    near_d n = nearest_d(bounded * LOG2_E);
    double r = mad(n.value, -LN2_LOW, mad(n.value, -LN2_HIGH, bounded));
    return scale_d(exp_fraction(r), n.whole + shift);
}
/* e^(x + low) as a fraction times 2^n; |low| is far below 1, and left out where x is clamped. */
typedef struct { double fraction; int64_t n; } power_d;
CPL_INLINE power_d exp_of_pair(double x, double low) {
    double bounded = clamp_d(x, -760.0, 720.0);
    reduced_d it = reduce_exp(bounded);
    double rest = it.low + (bounded == x ? low : 0.0), r = it.r;
    double tail = CPL_POLY(r, EXP_D) * (r * r);
    return (power_d){1.0 + (r + mad(rest, 1.0 + (r + tail), tail)), it.n};
}
/* e^x and 2^x to 2^-34; |x| <= 700 and 1000. */
CPL_INLINE double exp_medium(double x) {
    near_d n = nearest_d(x * LOG2_E);
    double r = mad(n.value, -LN2, x), q = CPL_POLY(r, EXP_MEDIUM);
    return mad(mad(q, r, 1.0), r, 1.0) * power_of_two(n.whole);
}
CPL_INLINE double exp2_medium(double x) {
    near_d n = nearest_d(x);
    double f = x - n.value;
    return mad(CPL_POLY(f, EXP2_MEDIUM), f, 1.0) * power_of_two(n.whole);
}
CPL_INLINE float exp_float(float x) {
    float bounded = clamp_f(x, -105.0f, 90.0f);
    near_f n = nearest_f(bounded * 0x1.715476p+0f);
    float r = madf(n.value, -LN2_LOW_F, madf(n.value, -LN2_HIGH_F, bounded));
    float q = CPL_POLYF(r, EXP_F);
    return scale_f(madf(madf(q, r, 1.0f), r, 1.0f), n.whole);
}
/* The fast forms are within 2 + |1.17 x| ulp: one step of reduction, and no subnormal results. */
CPL_INLINE float fast_exp2(float x) {
    float bounded = clamp_f(x, -127.0f, 128.0f);
    near_f n = nearest_f(bounded);
    float f = bounded - n.value;
    float result = float_of(bits_f(madf(CPL_POLYF(f, EXP2_F), f, 1.0f)) + ((uint32_t)n.whole << 23));
    result = x < -126.0f ? 0.0f : result;
    return x >= 128.0f ? CPL_INFF : result;
}
#endif
