/* Device math that libm lacks, or offers with larger errors than CUDA documents. Extended precision (long double)
 * absorbs the conditioning of each formula; where it is no wider than double the results lose an ulp or two. */
#include "math_library.h"

#define CPL_PI 3.14159265358979323846264338327950288L
#define CPL_SQRT_PI 1.77245385090551602729816748334114518L
#define CPL_SQRT_2 1.41421356237309504880168872420969808L

CPL_MATH(double, cosh, double x) { return (double)coshl(x); }
CPL_MATH(double, cbrt, double x) { return (double)cbrtl(x); }
CPL_MATH(double, log10, double x) { return (double)log10l(x); }
CPL_MATH(double, exp10, double x) { return (double)exp10l(x); }
CPL_MATH(float, exp10f, float x) { return (float)exp10((double)x); }
CPL_MATH(double, tgamma, double x) { return tgamma(x); }
CPL_MATH(float, tgammaf, float x) {
    /* CUDA: tgamma(-infinity) and negative integers are NaN, and so says libm. */
    return (float)tgamma((double)x);
}
/* The reentrant forms leave libm's global `signgam` alone: kernels run on many threads. */
CPL_MATH(double, lgamma, double x) { int sign; return isinf(x) ? INFINITY : lgamma_r(x, &sign); }
CPL_MATH(float, lgammaf, float x) { int sign; return isinf(x) ? INFINITY : (float)lgamma_r((double)x, &sign); }

/* ---- roots and norms: long double's exponent range makes scaling unnecessary ---- */
CPL_MATH(double, rsqrt, double x) { return (double)(1.0L / sqrtl(x)); }
CPL_MATH(float, rsqrtf, float x) { return (float)(1.0 / sqrt((double)x)); }
CPL_MATH(float, frsqrt_rn, float x) { return (float)(1.0L / sqrtl(x)); }
CPL_MATH(double, rcbrt, double x) { return (double)(1.0L / cbrtl(x)); }
CPL_MATH(float, rcbrtf, float x) { return (float)(1.0 / cbrt((double)x)); }

/* An infinite component wins over NaN, as hypot has it. */
static long double norm_of(int count, const double *p) {
    long double sum = 0.0L;
    int infinite = 0;
    for (int i = 0; i < count; i++) {
        infinite |= isinf(p[i]) != 0;
        sum += (long double)p[i] * p[i];
    }
    return infinite ? INFINITY : sqrtl(sum);
}
CPL_MATH(double, rhypot, double x, double y) { return (double)(1.0L / norm_of(2, (double[]){x, y})); }
CPL_MATH(float, rhypotf, float x, float y) { return (float)(1.0L / norm_of(2, (double[]){x, y})); }
CPL_MATH(double, norm3d, double x, double y, double z) { return (double)norm_of(3, (double[]){x, y, z}); }
CPL_MATH(float, norm3df, float x, float y, float z) { return (float)norm_of(3, (double[]){x, y, z}); }
CPL_MATH(double, rnorm3d, double x, double y, double z) { return (double)(1.0L / norm_of(3, (double[]){x, y, z})); }
CPL_MATH(float, rnorm3df, float x, float y, float z) { return (float)(1.0L / norm_of(3, (double[]){x, y, z})); }
CPL_MATH(double, norm4d, double x, double y, double z, double w) {
    return (double)norm_of(4, (double[]){x, y, z, w}); }
CPL_MATH(float, norm4df, float x, float y, float z, float w) { return (float)norm_of(4, (double[]){x, y, z, w}); }
CPL_MATH(double, rnorm4d, double x, double y, double z, double w) {
    return (double)(1.0L / norm_of(4, (double[]){x, y, z, w})); }
CPL_MATH(float, rnorm4df, float x, float y, float z, float w) {
    return (float)(1.0L / norm_of(4, (double[]){x, y, z, w})); }
static long double norm_of_floats(int count, const float *p) {
    long double sum = 0.0L;
    int infinite = 0;
    for (int i = 0; i < count; i++) {
        infinite |= isinf(p[i]) != 0;
        sum += (long double)p[i] * p[i];
    }
    return infinite ? INFINITY : sqrtl(sum);
}
CPL_MATH(double, norm, int count, const double *p) { return (double)norm_of(count, p); }
CPL_MATH(double, rnorm, int count, const double *p) { return (double)(1.0L / norm_of(count, p)); }
CPL_MATH(float, normf, int count, const float *p) { return (float)norm_of_floats(count, p); }
CPL_MATH(float, rnormf, int count, const float *p) { return (float)(1.0L / norm_of_floats(count, p)); }

/* ---- sine and cosine of pi*x: the reduction is exact ---- */
static long double sin_pi(double x) {
    double r = x - 2.0 * rint(0.5 * x); /* [-1, 1], exact */
    if (fabs(r) > 0.5) r = copysign(1.0, r) - r;
    if (r == 0.0) return copysignl(0.0L, x); /* integers keep the argument's sign */
    return fabs(r) <= 0.25 ? sinl(CPL_PI * r) : copysignl(cosl(CPL_PI * (0.5L - fabsl(r))), r);
}
static long double cos_pi(double x) {
    double r = fabs(x - 2.0 * rint(0.5 * x)); /* [0, 1] */
    if (r == 0.5) return 0.0L;
    if (r < 0.25) return cosl(CPL_PI * r);
    if (r > 0.75) return -cosl(CPL_PI * (1.0L - r));
    return sinl(CPL_PI * (0.5L - r));
}
CPL_MATH(double, sinpi, double x) { return (double)sin_pi(x); }
CPL_MATH(float, sinpif, float x) { return (float)sin_pi(x); }
CPL_MATH(double, cospi, double x) { return (double)cos_pi(x); }
CPL_MATH(float, cospif, float x) { return (float)cos_pi(x); }
CPL_MATH(void, sincospi, double x, double *s, double *c) { *s = (double)sin_pi(x); *c = (double)cos_pi(x); }
CPL_MATH(void, sincospif, float x, float *s, float *c) { *s = (float)sin_pi(x); *c = (float)cos_pi(x); }

/* ---- error functions ---- */
/* exp(x^2) erfc(x); for large x the asymptotic series 1/(x sqrt(pi)) * sum (-1)^k (2k-1)!! / (2x^2)^k. */
static long double erfcx_of(long double x) {
    if (x < 50.0L) return expl(x * x) * erfcl(x);
    long double sum = 1.0L, term = 1.0L, step = 1.0L / (2.0L * x * x);
    for (int k = 1; k < 10; k++) {
        term *= -(2 * k - 1) * step;
        sum += term;
    }
    return sum / (x * CPL_SQRT_PI);
}
CPL_MATH(double, erfcx, double x) { return (double)erfcx_of(x); }
CPL_MATH(float, erfcxf, float x) { return (float)erfcx_of(x); }

/* The y >= 0 with erfc(y) = q, 0 < q <= 1: Newton on log erfc, which is nearly quadratic, from the asymptotic form. */
static long double erfc_inverse(long double q) {
    long double t = logl(q), y;
    if (q > 0.3L) {
        y = (1.0L - q) * (CPL_SQRT_PI / 2.0L);
    } else {
        y = sqrtl(-t - 0.5L * logl(-t * CPL_PI));
    }
    for (int i = 0; i < 8; i++) {
        long double scaled = erfcx_of(y);
        /* d/dy log erfc(y) = -2 / (sqrt(pi) erfcx(y)) */
        long double change = (logl(scaled) - y * y - t) * scaled * (CPL_SQRT_PI / 2.0L);
        y += change;
        if (fabsl(change) <= 1e-19L * fabsl(y)) break;
    }
    return y;
}
/* The y with erf(y) = x for |x| <= 0.5: Newton on erf. */
static long double erf_inverse_small(long double x) {
    long double y = x * (CPL_SQRT_PI / 2.0L);
    for (int i = 0; i < 8; i++) {
        long double change = (x - erfl(y)) * expl(y * y) * (CPL_SQRT_PI / 2.0L);
        y += change;
        if (fabsl(change) <= 1e-19L * fabsl(y)) break;
    }
    return y;
}
static long double erf_inverse(long double x) {
    long double size = fabsl(x);
    if (!(size <= 1.0L)) return NAN;
    if (size == 1.0L) return copysignl(INFINITY, x);
    if (size <= 0.5L) return x == 0.0L ? x : erf_inverse_small(x);
    return copysignl(erfc_inverse(1.0L - size), x);
}
static long double erfc_inverse_full(long double q) {
    if (!(q >= 0.0L && q <= 2.0L)) return NAN;
    if (q == 0.0L) return INFINITY;
    if (q == 2.0L) return -INFINITY;
    if (q >= 0.5L && q <= 1.5L) return erf_inverse_small(1.0L - q);
    return q < 1.0L ? erfc_inverse(q) : -erfc_inverse(2.0L - q);
}
CPL_MATH(double, erfinv, double x) { return (double)erf_inverse(x); }
CPL_MATH(float, erfinvf, float x) { return (float)erf_inverse(x); }
CPL_MATH(double, erfcinv, double x) { return (double)erfc_inverse_full(x); }
CPL_MATH(float, erfcinvf, float x) { return (float)erfc_inverse_full(x); }
CPL_MATH(double, normcdf, double x) { return (double)(0.5L * erfcl(-x / CPL_SQRT_2)); }
CPL_MATH(float, normcdff, float x) { return (float)(0.5L * erfcl(-x / CPL_SQRT_2)); }
CPL_MATH(double, normcdfinv, double x) { return (double)(-CPL_SQRT_2 * erfc_inverse_full(2.0L * x)); }
CPL_MATH(float, normcdfinvf, float x) { return (float)(-CPL_SQRT_2 * erfc_inverse_full(2.0L * x)); }

/* ---- modified Bessel functions of the first kind, order 0 and 1 ---- */
static long double bessel_i(int order, long double x) {
    long double size = fabsl(x), result;
    if (isnan(x) || isinf(x)) return order && x < 0 ? -INFINITY : x * x;
    if (size < 30.0L) { /* power series; every term is positive */
        long double quarter = size * size / 4.0L, term = order ? size / 2.0L : 1.0L;
        result = term;
        for (int k = 1; k < 200 && term > result * 1e-21L; k++) {
            term *= quarter / ((long double)k * (k + order));
            result += term;
        }
    } else { /* asymptotic series with mu = 4 order^2 */
        long double mu = order ? 4.0L : 0.0L, term = 1.0L, sum = 1.0L;
        for (int k = 1; k < 40; k++) {
            long double odd = 2.0L * k - 1.0L;
            term *= -(mu - odd * odd) / (k * 8.0L * size);
            sum += term;
            if (fabsl(term) < 1e-21L) break;
        }
        result = expl(size) / sqrtl(2.0L * CPL_PI * size) * sum;
    }
    return order ? copysignl(result, x) : result;
}
CPL_MATH(double, cyl_bessel_i0, double x) { return (double)bessel_i(0, x); }
CPL_MATH(float, cyl_bessel_i0f, float x) { return (float)bessel_i(0, x); }
CPL_MATH(double, cyl_bessel_i1, double x) { return (double)bessel_i(1, x); }
CPL_MATH(float, cyl_bessel_i1f, float x) { return (float)bessel_i(1, x); }
