/* sinpi, cospi and sincospi: reduction is exact, so that nothing is rare. */
#include "trigonometric.h"

/* (sin(pi r) - pi r) / r^3 in r^2 on |r| <= 1/4, relative to sin(pi r): error 2^-33.4; 2^-57.9 */
static const float SINPI_F[] = {-0x1.4abbcep+2f, 0x1.466b78p+1f, -0x1.32adaap-1f, 0x1.443a9ap-4f};
static const double SINPI_D[] = {
    -0x1.4abbce625be46p+2, 0x1.466bc67758c4cp+1, -0x1.32d2cce31bf0dp-1, 0x1.5078300345b19p-4, -0x1.e3008fa72503ap-8,
    0x1.e3fbdedb0e554p-12};
/* (cos(pi r) - 1) / r^2 in r^2 on |r| <= 1/4, relative to cos(pi r): error 2^-31.1; 2^-61.5 */
static const float COSPI_F[] = {-0x1.3bd3ccp+2f, 0x1.03c1bp+2f, -0x1.55b2b6p+0f, 0x1.d4f8p-3f};
static const double COSPI_D[] = {
    -0x1.3bd3cc9be45dep+2, 0x1.03c1f081b5a52p+2, -0x1.55d3c7e3bfe61p+0, 0x1.e1f50675b488bp-3, -0x1.a6d1e23c11c91p-6,
    0x1.f9c4b11614e21p-10, -0x1.b035a41d8e8e6p-14};

typedef struct { float sine, cosine; int32_t n; } waves_f;
typedef struct { double sine, cosine; int64_t n; } waves_d;
/* Numbers from 2^24 (2^53) on are even integers; infinity less itself is NaN. */
CPL_INLINE waves_f waves_of_f(float x) {
    float bounded = __builtin_fabsf(x) >= 0x1p24f ? x - x : x;
    float whole = __builtin_rintf(2.0f * bounded), r = madf(whole, -0.5f, bounded);
#ifdef CPL_NO_FMA
    double wide = r, square = wide * wide; /* the products' roundings would add up to more than an ulp */
    double sine = wide * (0x1.921fb54442d18p+1 + CPL_POLY(square, SINPI_D) * square);
    return (waves_f){(float)sine, (float)(1.0 + CPL_POLY(square, COSPI_D) * square), (int32_t)whole};
#else
    float z = r * r, sine = madf(r, 0x1.921fb6p+1f, madf(CPL_POLYF(z, SINPI_F) * z, r, r * -0x1.777a5cp-24f));
    return (waves_f){sine, madf(CPL_POLYF(z, COSPI_F), z, 1.0f), (int32_t)whole};
#endif
}
CPL_INLINE waves_d waves_of(double x) {
    double bounded = __builtin_fabs(x) >= 0x1p53 ? x - x : x;
    double whole = __builtin_rint(2.0 * bounded), r = mad(whole, -0.5, bounded), z = r * r;
    double sine = mad(r, 0x1.921fb54442d18p+1, mad(CPL_POLY(z, SINPI_D) * z, r, r * 0x1.1a62633145c07p-53));
    /* the last two bits of `whole` */
    double quarter = whole - 4.0 * __builtin_floor(0.25 * whole);
    return (waves_d){sine, mad(CPL_POLY(z, COSPI_D), z, 1.0), nearest_d(quarter).whole};
}
/* Integers give a zero with the argument's sign. */
CPL_INLINE float sinpi_of_f(waves_f it, float x) {
    float result = turn_f(it.sine, it.cosine, it.n);
    return result == 0.0f ? __builtin_copysignf(0.0f, x) : result;
}
CPL_INLINE float cospi_of_f(waves_f it) { return turn_f(it.sine, it.cosine, it.n + 1) + 0.0f; }
CPL_INLINE double sinpi_of(waves_d it, double x) {
    double result = turn(it.sine, it.cosine, it.n);
    return result == 0.0 ? __builtin_copysign(0.0, x) : result;
}
CPL_INLINE double cospi_of(waves_d it) { return turn(it.sine, it.cosine, it.n + 1) + 0.0; }

CPL_MATH(float, sinpif, float x) { return sinpi_of_f(waves_of_f(x), x); }
CPL_MATH(float, cospif, float x) { return cospi_of_f(waves_of_f(x)); }
CPL_MATH(void, sincospif, float x, float *s, float *c) {
    waves_f it = waves_of_f(x);
    *s = sinpi_of_f(it, x);
    *c = cospi_of_f(it);
}
CPL_MATH(double, sinpi, double x) { return sinpi_of(waves_of(x), x); }
CPL_MATH(double, cospi, double x) { return cospi_of(waves_of(x)); }
CPL_MATH(void, sincospi, double x, double *s, double *c) {
    waves_d it = waves_of(x);
    *s = sinpi_of(it, x);
    *c = cospi_of(it);
}
