/* Device math that libm already offers within CUDA's error bounds. */
#include "math_library.h"

#define CPL_DOUBLE1(name) CPL_MATH(double, name, double x) { return name(x); }
#define CPL_FLOAT1(name) CPL_MATH(float, name##f, float x) { return name##f(x); }
#define CPL_BOTH1(name) CPL_DOUBLE1(name) CPL_FLOAT1(name)
/* libm's float form is off by more than CUDA allows, or is slow and inaccurate: the double form, rounded. */
#define CPL_FLOAT1_BY_DOUBLE(name) CPL_MATH(float, name##f, float x) { return (float)name((double)x); }

CPL_BOTH1(ceil) CPL_BOTH1(floor) CPL_BOTH1(trunc) CPL_BOTH1(rint) CPL_BOTH1(nearbyint) CPL_BOTH1(round)
CPL_BOTH1(fabs) CPL_BOTH1(sqrt) CPL_BOTH1(logb)
CPL_BOTH1(exp) CPL_BOTH1(exp2) CPL_BOTH1(expm1) CPL_BOTH1(log) CPL_BOTH1(log2) CPL_BOTH1(log1p)
CPL_BOTH1(sin) CPL_BOTH1(cos) CPL_BOTH1(tan) CPL_BOTH1(asin) CPL_BOTH1(acos) CPL_BOTH1(atan)
CPL_DOUBLE1(sinh) CPL_DOUBLE1(tanh) CPL_DOUBLE1(asinh) CPL_DOUBLE1(acosh) CPL_DOUBLE1(atanh)
CPL_FLOAT1_BY_DOUBLE(sinh) CPL_FLOAT1_BY_DOUBLE(cosh) CPL_FLOAT1_BY_DOUBLE(tanh)
CPL_FLOAT1_BY_DOUBLE(asinh) CPL_FLOAT1_BY_DOUBLE(acosh) CPL_FLOAT1_BY_DOUBLE(atanh)
CPL_FLOAT1_BY_DOUBLE(cbrt) CPL_FLOAT1_BY_DOUBLE(log10)
CPL_DOUBLE1(erf) CPL_DOUBLE1(erfc) CPL_FLOAT1_BY_DOUBLE(erf) CPL_FLOAT1_BY_DOUBLE(erfc)
CPL_DOUBLE1(j0) CPL_DOUBLE1(j1) CPL_DOUBLE1(y0) CPL_DOUBLE1(y1)
CPL_FLOAT1_BY_DOUBLE(j0) CPL_FLOAT1_BY_DOUBLE(j1) CPL_FLOAT1_BY_DOUBLE(y0) CPL_FLOAT1_BY_DOUBLE(y1)

#define CPL_DOUBLE2(name) CPL_MATH(double, name, double x, double y) { return name(x, y); }
#define CPL_FLOAT2(name) CPL_MATH(float, name##f, float x, float y) { return name##f(x, y); }
#define CPL_BOTH2(name) CPL_DOUBLE2(name) CPL_FLOAT2(name)
CPL_BOTH2(copysign) CPL_BOTH2(fdim) CPL_BOTH2(fmax) CPL_BOTH2(fmin) CPL_BOTH2(fmod) CPL_BOTH2(nextafter)
CPL_BOTH2(remainder) CPL_BOTH2(pow) CPL_DOUBLE2(atan2) CPL_DOUBLE2(hypot)
CPL_MATH(float, atan2f, float x, float y) { return (float)atan2((double)x, (double)y); }
CPL_MATH(float, hypotf, float x, float y) { return (float)hypot((double)x, (double)y); }
CPL_MATH(double, fma, double x, double y, double z) { return fma(x, y, z); }
CPL_MATH(float, fmaf, float x, float y, float z) { return fmaf(x, y, z); }
CPL_MATH(double, powi, double x, int n) { return pow(x, (double)n); }
CPL_MATH(float, powif, float x, int n) { return (float)pow((double)x, (double)n); }
CPL_MATH(double, jn, int n, double x) { return n < 0 ? NAN : jn(n, x); }
CPL_MATH(float, jnf, int n, float x) { return n < 0 ? NAN : (float)jn(n, (double)x); }
CPL_MATH(double, yn, int n, double x) { return n < 0 ? NAN : yn(n, x); }
CPL_MATH(float, ynf, int n, float x) { return n < 0 ? NAN : (float)yn(n, (double)x); }

CPL_MATH(double, ldexp, double x, int n) { return ldexp(x, n); }
CPL_MATH(float, ldexpf, float x, int n) { return ldexpf(x, n); }
CPL_MATH(double, scalbn, double x, int n) { return scalbn(x, n); }
CPL_MATH(float, scalbnf, float x, int n) { return scalbnf(x, n); }
/* CUDA answers INT_MIN for zero and NaN, INT_MAX for infinity. */
CPL_MATH(int, ilogb, double x) { return x == 0.0 || isnan(x) ? INT32_MIN : isinf(x) ? INT32_MAX : ilogb(x); }
CPL_MATH(int, ilogbf, float x) { return x == 0.0f || isnan(x) ? INT32_MIN : isinf(x) ? INT32_MAX : ilogbf(x); }
CPL_MATH(double, frexp, double x, int *e) { *e = 0; return frexp(x, e); }
CPL_MATH(float, frexpf, float x, int *e) { *e = 0; return frexpf(x, e); }
CPL_MATH(double, modf, double x, double *whole) { return modf(x, whole); }
CPL_MATH(float, modff, float x, float *whole) { return modff(x, whole); }
CPL_MATH(double, remquo, double x, double y, int *quotient) { *quotient = 0; return remquo(x, y, quotient); }
CPL_MATH(float, remquof, float x, float y, int *quotient) { *quotient = 0; return remquof(x, y, quotient); }
CPL_MATH(void, sincos, double x, double *s, double *c) { *s = sin(x); *c = cos(x); }
CPL_MATH(void, sincosf, float x, float *s, float *c) { *s = sinf(x); *c = cosf(x); }
CPL_MATH(double, nan, const int8_t *tag) { (void)tag; return NAN; }
CPL_MATH(float, nanf, const int8_t *tag) { (void)tag; return NAN; }

CPL_MATH(int, isnand, double x) { return isnan(x) != 0; }
CPL_MATH(int, isnanf, float x) { return isnan(x) != 0; }
CPL_MATH(int, isinfd, double x) { return isinf(x) != 0; }
CPL_MATH(int, isinff, float x) { return isinf(x) != 0; }
CPL_MATH(int, isfinited, double x) { return isfinite(x) != 0; }
CPL_MATH(int, finitef, float x) { return isfinite(x) != 0; }
CPL_MATH(int, signbitd, double x) { return signbit(x) != 0; }
CPL_MATH(int, signbitf, float x) { return signbit(x) != 0; }

/* The fast intrinsics promise less than the functions do. */
CPL_MATH(float, fast_sinf, float x) { return sinf(x); }
CPL_MATH(float, fast_cosf, float x) { return cosf(x); }
CPL_MATH(float, fast_tanf, float x) { return tanf(x); }
CPL_MATH(void, fast_sincosf, float x, float *s, float *c) { *s = sinf(x); *c = cosf(x); }
CPL_MATH(float, fast_expf, float x) { return expf(x); }
CPL_MATH(float, fast_exp10f, float x) { return (float)exp10((double)x); }
CPL_MATH(float, fast_logf, float x) { return logf(x); }
CPL_MATH(float, fast_log2f, float x) { return log2f(x); }
CPL_MATH(float, fast_log10f, float x) { return (float)log10((double)x); }
CPL_MATH(float, fast_powf, float x, float y) { return powf(x, y); }
CPL_MATH(float, fast_fdividef, float x, float y) { return x / y; }
