/* exp, exp2, exp10, expm1 and the fast forms of them. */
#include "exponential.h"

CPL_MATH(float, expf, float x) { return exp_float(x); }
CPL_MATH(double, exp, double x) { return exp_scaled(x, 0); }

CPL_MATH(float, exp2f, float x) {
    float bounded = clamp_f(x, -152.0f, 129.0f);
    near_f n = nearest_f(bounded);
    float f = bounded - n.value;
    return scale_f(madf(CPL_POLYF(f, EXP2_F), f, 1.0f), n.whole);
}
CPL_MATH(double, exp2, double x) {
    double bounded = clamp_d(x, -1080.0, 1025.0);
    near_d n = nearest_d(bounded);
    double f = bounded - n.value;
    return scale_d(mad(CPL_POLY(f, EXP2_D), f, 1.0), n.whole);
}

/* 10^x = 2^n e^(ln(10) (x - n log10(2))) */
CPL_INLINE float exp10_float(float x) {
    float bounded = clamp_f(x, -46.0f, 39.0f);
    near_f n = nearest_f(bounded * 0x1.a934f0p+1f);
    float r = madf(n.value, -0x1.3509f8p-18f, madf(n.value, -0x1.344p-2f, bounded));
    float scaled = r * 0x1.26bb1cp+1f;
    float q = CPL_POLYF(scaled, EXP_F);
    return scale_f(madf(madf(q, scaled, 1.0f), scaled, 1.0f), n.whole);
}
CPL_MATH(float, exp10f, float x) { return exp10_float(x); }
CPL_MATH(double, exp10, double x) {
    double bounded = clamp_d(x, -330.0, 310.0);
    near_d n = nearest_d(bounded * 0x1.a934f0979a371p+1);
    double near = mad(n.value, -0x1.3441350ap-2, bounded), tail = n.value * -0x1.0c0219dc1da99p-39;
    double r = near - tail, low = (near - r) - tail;
    pair scaled = two_product(r, 0x1.26bb1bbb55516p+1);
    double rest = scaled.low + mad(r, -0x1.f48ad494ea3e9p-53, low * 0x1.26bb1bbb55516p+1);
    double sum = mad(CPL_POLY(scaled.high, EXP_D), scaled.high * scaled.high, mad(rest, scaled.high, rest));
    return scale_d(1.0 + (scaled.high + sum), n.whole);
}

/* 2^n (e^r - 1) + (2^n - 1), all halved on the way so that n may be 128 (1024). */
CPL_MATH(float, expm1f, float x) {
    float bounded = clamp_f(x, -20.0f, 88.9f);
    near_f n = nearest_f(bounded * 0x1.715476p+0f);
    float near = madf(n.value, -LN2_HIGH_F, bounded), lost = n.value * LN2_LOW_F;
    float r = near - lost, low = (near - r) - lost;
    float tail = madf(CPL_POLYF(r, EXPM1_F), r * r, low);
    float half = power_of_two_f(n.whole - 1), base = half - 0.5f, main = half * r;
    float sum = base + main, large = n.whole > 0 ? base : main, small = n.whole > 0 ? main : base;
    float result = 2.0f * (sum + madf(half, tail, small - (sum - large)));
    return __builtin_fabsf(x) < 0x1p-24f ? x : result;
}
CPL_MATH(double, expm1, double x) {
    double bounded = clamp_d(x, -40.0, 710.0);
    reduced_d it = reduce_exp(bounded);
    double tail = mad(CPL_POLY(it.r, EXP_D), it.r * it.r, it.low);
    double half = power_of_two(it.n - 1);
    pair sum = two_sum(half - 0.5, half * it.r);
    double result = 2.0 * (sum.high + mad(half, tail, sum.low));
    return __builtin_fabs(x) < 0x1p-54 ? x : result;
}

CPL_MATH(float, fast_expf, float x) { return fast_exp2(x * 0x1.715476p+0f); }
CPL_MATH(float, fast_exp10f, float x) { return fast_exp2(x * 0x1.a934fp+1f); }
