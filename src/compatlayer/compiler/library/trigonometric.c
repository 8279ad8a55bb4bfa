/* sin, cos, sincos, tan, and the fast forms of them. */
#include "trigonometric.h"

CPL_MATH(float, sinf, float x) {
    if (CPL_RARE(!(__builtin_fabsf(x) <= TRIGONOMETRIC_LIMIT_F))) return CPL_SLOW(sinf)(x);
    octant_f it = reduce_float(x);
    float result = turn_f(sin_octant_f(it.r), cos_octant_f(it.r), it.n);
    return x == 0.0f ? x : result;
}
CPL_MATH(float, cosf, float x) {
    if (CPL_RARE(!(__builtin_fabsf(x) <= TRIGONOMETRIC_LIMIT_F))) return CPL_SLOW(cosf)(x);
    octant_f it = reduce_float(x);
    return turn_f(sin_octant_f(it.r), cos_octant_f(it.r), it.n + 1);
}
CPL_MATH(void, sincosf, float x, float *s, float *c) {
    if (CPL_RARE(!(__builtin_fabsf(x) <= TRIGONOMETRIC_LIMIT_F))) {
        *s = CPL_SLOW(sinf)(x);
        *c = CPL_SLOW(cosf)(x);
        return;
    }
    octant_f it = reduce_float(x);
    float sine = sin_octant_f(it.r), cosine = cos_octant_f(it.r);
    float result = turn_f(sine, cosine, it.n);
    *s = x == 0.0f ? x : result;
    *c = turn_f(sine, cosine, it.n + 1);
}
CPL_MATH(double, sin, double x) {
    if (CPL_RARE(!(__builtin_fabs(x) <= TRIGONOMETRIC_LIMIT))) return CPL_SLOW(sin)(x);
    octant_d it = reduce_double(x);
    double result = turn(sin_octant(it.r), cos_octant(it.r), it.n);
    return x == 0.0 ? x : result;
}
CPL_MATH(double, cos, double x) {
    if (CPL_RARE(!(__builtin_fabs(x) <= TRIGONOMETRIC_LIMIT))) return CPL_SLOW(cos)(x);
    octant_d it = reduce_double(x);
    return turn(sin_octant(it.r), cos_octant(it.r), it.n + 1);
}
CPL_MATH(void, sincos, double x, double *s, double *c) {
    if (CPL_RARE(!(__builtin_fabs(x) <= TRIGONOMETRIC_LIMIT))) {
        *s = CPL_SLOW(sin)(x);
        *c = CPL_SLOW(cos)(x);
        return;
    }
    octant_d it = reduce_double(x);
    double sine = sin_octant(it.r), cosine = cos_octant(it.r);
    double result = turn(sine, cosine, it.n);
    *s = x == 0.0 ? x : result;
    *c = turn(sine, cosine, it.n + 1);
}

CPL_MATH(float, tanf, float x) {
    if (CPL_RARE(!(__builtin_fabsf(x) <= TRIGONOMETRIC_LIMIT_F))) return CPL_SLOW(tanf)(x);
    octant_f it = reduce_float(x);
    float sine = sin_octant_f(it.r), cosine = cos_octant_f(it.r);
    float above = it.n & 1 ? -cosine : sine, below = it.n & 1 ? sine : cosine;
    float result = above / below;
    return x == 0.0f ? x : result;
}
/* Numerator and denominator keep what rounding them loses, and the quotient gets it back. */
CPL_MATH(double, tan, double x) {
    if (CPL_RARE(!(__builtin_fabs(x) <= TRIGONOMETRIC_LIMIT))) return CPL_SLOW(tan)(x);
    octant_d it = reduce_double(x);
    pair s = sin_parts(it.r), c = cos_parts(it.r);
    pair sine = quick_sum(s.high, s.low), cosine = quick_sum(c.high, c.low);
    pair above = it.n & 1 ? (pair){-cosine.high, -cosine.low} : sine, below = it.n & 1 ? sine : cosine;
    double quotient = above.high / below.high;
    double rest = (residual(quotient, below.high, above.high) + above.low - quotient * below.low) / below.high;
    double result = quotient + rest;
    return x == 0.0 ? x : result;
}

/* Within 2^-21.4 on [-pi, pi]; the error grows with the argument as it does on the device. No slow path: beyond the
 * limit the result is a number without meaning, at infinity NaN. */
CPL_INLINE octant_f reduce_fast(float x) {
    float bounded = __builtin_fabsf(x) > 4e6f ? x - x : x;
    near_f n = nearest_f(bounded * 0x1.45f306p-1f);
    float near = madf(n.value, -0x1.fb6p-12f, madf(n.value, -0x1.92p+0f, bounded));
    return (octant_f){madf(n.value, 0x1.777a5cp-25f, near), n.whole};
}
CPL_MATH(float, fast_sinf, float x) {
    octant_f it = reduce_fast(x);
    return turn_f(sin_octant_f(it.r), cos_octant_f(it.r), it.n);
}
CPL_MATH(float, fast_cosf, float x) {
    octant_f it = reduce_fast(x);
    return turn_f(sin_octant_f(it.r), cos_octant_f(it.r), it.n + 1);
}
CPL_MATH(void, fast_sincosf, float x, float *s, float *c) {
    octant_f it = reduce_fast(x);
    float sine = sin_octant_f(it.r), cosine = cos_octant_f(it.r);
    *s = turn_f(sine, cosine, it.n);
    *c = turn_f(sine, cosine, it.n + 1);
}
CPL_MATH(float, fast_tanf, float x) {
    octant_f it = reduce_fast(x);
    float sine = sin_octant_f(it.r), cosine = cos_octant_f(it.r);
    return turn_f(sine, cosine, it.n) / turn_f(sine, cosine, it.n + 1);
}
