/* CUDA's math library for float and double. What clang has good IR for is a builtin; the rest are calls of the native
 * device library (__nv_*). */
#ifndef CPL_DEVICE_MATH_H
#define CPL_DEVICE_MATH_H
/* Integer arguments take the double overload, as in the C++ standard library. */
template <bool, class T> struct cpl_if {};
template <class T> struct cpl_if<true, T> { typedef T type; };
template <class T> struct cpl_integral { static const bool value = __is_integral(T); };
#define CPL_INTEGRAL(T, R) typename cpl_if<__is_integral(T), R>::type

#define CPL_BUILTIN1(name) \
    CPL_FN float name##f(float x) { return __builtin_##name##f(x); } \
    CPL_FN float name(float x) { return __builtin_##name##f(x); } \
    CPL_FN double name(double x) { return __builtin_##name(x); } \
    template <class T> CPL_FN CPL_INTEGRAL(T, double) name(T x) { return __builtin_##name((double)x); }
/* -use_fast_math takes the fast intrinsics for some float functions. */
#ifdef __USE_FAST_MATH__
#define CPL_QUICK(name) __nv_fast_##name
#else
#define CPL_QUICK(name) __nv_##name
#endif
#define CPL_CALL1(name) CPL_CALL1_AS(name, __nv_##name##f)
#define CPL_CALL1_AS(name, single) \
    CPL_PURE float single(float); \
    CPL_PURE double __nv_##name(double); \
    CPL_FN float name##f(float x) { return single(x); } \
    CPL_FN float name(float x) { return single(x); } \
    CPL_FN double name(double x) { return __nv_##name(x); } \
    template <class T> CPL_FN CPL_INTEGRAL(T, double) name(T x) { return __nv_##name((double)x); }
/* Mixed and integer arguments promote to double. */
#define CPL_PROMOTED2(name) \
    CPL_FN double name(float x, double y) { return name((double)x, y); } \
    CPL_FN double name(double x, float y) { return name(x, (double)y); } \
    template <class T> CPL_FN CPL_INTEGRAL(T, double) name(T x, double y) { return name((double)x, y); } \
    template <class T> CPL_FN CPL_INTEGRAL(T, double) name(double x, T y) { return name(x, (double)y); } \
    template <class T> CPL_FN CPL_INTEGRAL(T, double) name(T x, float y) { return name((double)x, (double)y); } \
    template <class T> CPL_FN CPL_INTEGRAL(T, double) name(float x, T y) { return name((double)x, (double)y); } \
    template <class T, class U> CPL_FN typename cpl_if<__is_integral(T) && __is_integral(U), double>::type \
    name(T x, U y) { return name((double)x, (double)y); }
#define CPL_BUILTIN2(name) \
    CPL_FN float name##f(float x, float y) { return __builtin_##name##f(x, y); } \
    CPL_FN float name(float x, float y) { return __builtin_##name##f(x, y); } \
    CPL_FN double name(double x, double y) { return __builtin_##name(x, y); } \
    CPL_PROMOTED2(name)
#define CPL_CALL2(name) CPL_CALL2_AS(name, __nv_##name##f)
#define CPL_CALL2_AS(name, single) \
    CPL_PURE float single(float, float); \
    CPL_PURE double __nv_##name(double, double); \
    CPL_FN float name##f(float x, float y) { return single(x, y); } \
    CPL_FN float name(float x, float y) { return single(x, y); } \
    CPL_FN double name(double x, double y) { return __nv_##name(x, y); } \
    CPL_PROMOTED2(name)

CPL_BUILTIN1(ceil) CPL_BUILTIN1(floor) CPL_BUILTIN1(trunc) CPL_BUILTIN1(rint) CPL_BUILTIN1(nearbyint)
CPL_BUILTIN1(round) CPL_BUILTIN1(fabs) CPL_BUILTIN1(sqrt)
CPL_CALL1(acos) CPL_CALL1(acosh) CPL_CALL1(asin) CPL_CALL1(asinh) CPL_CALL1(atan) CPL_CALL1(atanh) CPL_CALL1(cbrt)
CPL_CALL1(cosh) CPL_CALL1(cospi) CPL_CALL1(erf) CPL_CALL1(erfc) CPL_CALL1(erfcinv) CPL_CALL1(erfcx)
CPL_CALL1(erfinv) CPL_CALL1(exp2) CPL_CALL1(expm1) CPL_CALL1(j0) CPL_CALL1(j1)
CPL_CALL1(lgamma) CPL_CALL1(log1p) CPL_CALL1(logb) CPL_CALL1(normcdf)
CPL_CALL1(normcdfinv) CPL_CALL1(rcbrt) CPL_CALL1(sinh) CPL_CALL1(sinpi) CPL_CALL1(tanh)
CPL_CALL1(tgamma) CPL_CALL1(y0) CPL_CALL1(y1) CPL_CALL1(cyl_bessel_i0) CPL_CALL1(cyl_bessel_i1) CPL_CALL1(rsqrt)
CPL_CALL1_AS(cos, CPL_QUICK(cosf)) CPL_CALL1_AS(exp, CPL_QUICK(expf)) CPL_CALL1_AS(exp10, CPL_QUICK(exp10f))
CPL_CALL1_AS(log, CPL_QUICK(logf)) CPL_CALL1_AS(log10, CPL_QUICK(log10f)) CPL_CALL1_AS(log2, CPL_QUICK(log2f))
CPL_CALL1_AS(sin, CPL_QUICK(sinf)) CPL_CALL1_AS(tan, CPL_QUICK(tanf))
CPL_BUILTIN2(copysign) CPL_BUILTIN2(fmax) CPL_BUILTIN2(fmin)
CPL_CALL2(atan2) CPL_CALL2(fdim) CPL_CALL2(fmod) CPL_CALL2(hypot) CPL_CALL2(nextafter)
CPL_CALL2_AS(pow, CPL_QUICK(powf))
CPL_CALL2(remainder) CPL_CALL2(rhypot)

CPL_FN float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
CPL_FN float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
CPL_FN double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
#define CPL_CALL(result, name, parameters, arguments) \
    CPL_PURE result __nv_##name parameters; \
    CPL_FN result name parameters { return __nv_##name arguments; }
#define CPL_STORE(result, name, parameters, arguments) \
    CPL_NATIVE result __nv_##name parameters; \
    CPL_FN result name parameters { return __nv_##name arguments; }
#define CPL_ALSO(result, name, parameters, call) CPL_FN result name parameters { return call; }
CPL_CALL(float, norm3df, (float x, float y, float z), (x, y, z))
CPL_CALL(double, norm3d, (double x, double y, double z), (x, y, z))
CPL_CALL(float, rnorm3df, (float x, float y, float z), (x, y, z))
CPL_CALL(double, rnorm3d, (double x, double y, double z), (x, y, z))
CPL_CALL(float, norm4df, (float x, float y, float z, float w), (x, y, z, w))
CPL_CALL(double, norm4d, (double x, double y, double z, double w), (x, y, z, w))
CPL_CALL(float, rnorm4df, (float x, float y, float z, float w), (x, y, z, w))
CPL_CALL(double, rnorm4d, (double x, double y, double z, double w), (x, y, z, w))
CPL_STORE(float, normf, (int n, const float *p), (n, p))
CPL_STORE(double, norm, (int n, const double *p), (n, p))
CPL_STORE(float, rnormf, (int n, const float *p), (n, p))
CPL_STORE(double, rnorm, (int n, const double *p), (n, p))
CPL_CALL(float, powif, (float x, int n), (x, n))
CPL_CALL(double, powi, (double x, int n), (x, n))
CPL_CALL(float, ldexpf, (float x, int n), (x, n))
CPL_CALL(double, ldexp, (double x, int n), (x, n))
CPL_ALSO(float, ldexp, (float x, int n), __nv_ldexpf(x, n))
CPL_CALL(float, scalbnf, (float x, int n), (x, n))
CPL_CALL(double, scalbn, (double x, int n), (x, n))
CPL_ALSO(float, scalbn, (float x, int n), __nv_scalbnf(x, n))
CPL_FN int cpl_clamp_exponent(long n) { return n > 100000 ? 100000 : n < -100000 ? -100000 : (int)n; }
CPL_ALSO(float, scalblnf, (float x, long n), __nv_scalbnf(x, cpl_clamp_exponent(n)))
CPL_ALSO(double, scalbln, (double x, long n), __nv_scalbn(x, cpl_clamp_exponent(n)))
CPL_ALSO(float, scalbln, (float x, long n), __nv_scalbnf(x, cpl_clamp_exponent(n)))
CPL_CALL(int, ilogbf, (float x), (x))
CPL_CALL(int, ilogb, (double x), (x))
CPL_ALSO(int, ilogb, (float x), __nv_ilogbf(x))
CPL_CALL(float, jnf, (int n, float x), (n, x))
CPL_CALL(double, jn, (int n, double x), (n, x))
CPL_CALL(float, ynf, (int n, float x), (n, x))
CPL_CALL(double, yn, (int n, double x), (n, x))
CPL_STORE(float, frexpf, (float x, int *e), (x, e))
CPL_STORE(double, frexp, (double x, int *e), (x, e))
CPL_ALSO(float, frexp, (float x, int *e), __nv_frexpf(x, e))
CPL_STORE(float, modff, (float x, float *whole), (x, whole))
CPL_STORE(double, modf, (double x, double *whole), (x, whole))
CPL_ALSO(float, modf, (float x, float *whole), __nv_modff(x, whole))
CPL_STORE(float, remquof, (float x, float y, int *quotient), (x, y, quotient))
CPL_STORE(double, remquo, (double x, double y, int *quotient), (x, y, quotient))
CPL_ALSO(float, remquo, (float x, float y, int *quotient), __nv_remquof(x, y, quotient))
CPL_NATIVE void CPL_QUICK(sincosf)(float, float *, float *);
CPL_FN void sincosf(float x, float *s, float *c) { CPL_QUICK(sincosf)(x, s, c); }
CPL_STORE(void, sincos, (double x, double *s, double *c), (x, s, c))
CPL_ALSO(void, sincos, (float x, float *s, float *c), CPL_QUICK(sincosf)(x, s, c))
CPL_STORE(void, sincospif, (float x, float *s, float *c), (x, s, c))
CPL_STORE(void, sincospi, (double x, double *s, double *c), (x, s, c))
CPL_ALSO(void, sincospi, (float x, float *s, float *c), __nv_sincospif(x, s, c))
CPL_ALSO(float, pow, (float x, int n), __nv_powif(x, n))
CPL_ALSO(double, pow, (double x, int n), __nv_powi(x, n))

#define CPL_TO_WHOLE(name, type) \
    CPL_PURE long long __nv_ll##name##f(float); CPL_PURE long long __nv_ll##name(double); \
    CPL_FN long long ll##name##f(float x) { return __nv_ll##name##f(x); } \
    CPL_FN long long ll##name(double x) { return __nv_ll##name(x); } \
    CPL_FN long long ll##name(float x) { return __nv_ll##name##f(x); } \
    CPL_FN long l##name##f(float x) { return (long)__nv_ll##name##f(x); } \
    CPL_FN long l##name(double x) { return (long)__nv_ll##name(x); } \
    CPL_FN long l##name(float x) { return (long)__nv_ll##name##f(x); }
CPL_TO_WHOLE(rint, long long)
CPL_TO_WHOLE(round, long long)
#undef CPL_TO_WHOLE

#define CPL_CLASS(name) \
    CPL_FN bool name(float x) { return __builtin_##name(x) != 0; } \
    CPL_FN bool name(double x) { return __builtin_##name(x) != 0; } \
    template <class T> CPL_FN CPL_INTEGRAL(T, bool) name(T x) { return __builtin_##name((double)x) != 0; }
#undef isnan
#undef isinf
#undef isfinite
#undef signbit
CPL_CLASS(isnan) CPL_CLASS(isfinite) CPL_CLASS(isnormal)
CPL_FN bool isinf(float x) { return __builtin_fabsf(x) == __builtin_inff(); }
CPL_FN bool isinf(double x) { return __builtin_fabs(x) == __builtin_inf(); }
template <class T> CPL_FN CPL_INTEGRAL(T, bool) isinf(T) { return false; }
CPL_FN bool signbit(float x) { return __builtin_bit_cast(int, x) < 0; }
CPL_FN bool signbit(double x) { return __builtin_bit_cast(long long, x) < 0; }
CPL_FN int __signbitf(float x) { return signbit(x); }
CPL_FN int __signbitd(double x) { return signbit(x); }
CPL_FN int __signbit(double x) { return signbit(x); }
CPL_FN int __isnanf(float x) { return isnan(x); }
CPL_FN int __isnand(double x) { return isnan(x); }
CPL_FN int __isnan(double x) { return isnan(x); }
CPL_FN int __isinff(float x) { return isinf(x); }
CPL_FN int __isinfd(double x) { return isinf(x); }
CPL_FN int __isinf(double x) { return isinf(x); }
CPL_FN int __finitef(float x) { return isfinite(x); }
CPL_FN int __isfinited(double x) { return isfinite(x); }
CPL_FN int __finite(double x) { return isfinite(x); }
CPL_PURE float __nv_nanf(const char *);
CPL_FN float nanf(const char *) { return __builtin_nanf(""); }
CPL_FN double nan(const char *) { return __builtin_nan(""); }
#undef CPL_CLASS

CPL_FN int abs(int x) { return (int)(x < 0 ? 0u - (unsigned int)x : (unsigned int)x); }
CPL_FN long labs(long x) { return (long)(x < 0 ? 0ul - (unsigned long)x : (unsigned long)x); }
CPL_FN long long llabs(long long x) {
    return (long long)(x < 0 ? 0ull - (unsigned long long)x : (unsigned long long)x); }
CPL_FN long abs(long x) { return labs(x); }
CPL_FN long long abs(long long x) { return llabs(x); }
CPL_FN float abs(float x) { return __builtin_fabsf(x); }
CPL_FN double abs(double x) { return __builtin_fabs(x); }

#define CPL_LESS(type, left, right) \
    CPL_FN type min(left x, right y) { return (type)x < (type)y ? (type)x : (type)y; } \
    CPL_FN type max(left x, right y) { return (type)x > (type)y ? (type)x : (type)y; }
#define CPL_LESS_MIXED(signed_type, unsigned_type) \
    CPL_LESS(signed_type, signed_type, signed_type) CPL_LESS(unsigned_type, unsigned_type, unsigned_type) \
    CPL_LESS(unsigned_type, signed_type, unsigned_type) CPL_LESS(unsigned_type, unsigned_type, signed_type)
CPL_LESS_MIXED(int, unsigned int)
CPL_LESS_MIXED(long, unsigned long)
CPL_LESS_MIXED(long long, unsigned long long)
#define CPL_EXTREME(type, left, right, f) \
    CPL_FN type min(left x, right y) { return __builtin_fmin##f((type)x, (type)y); } \
    CPL_FN type max(left x, right y) { return __builtin_fmax##f((type)x, (type)y); }
CPL_EXTREME(float, float, float, f)
CPL_EXTREME(double, double, double, )
CPL_EXTREME(double, float, double, )
CPL_EXTREME(double, double, float, )
#undef CPL_EXTREME
#undef CPL_LESS_MIXED
#undef CPL_LESS
CPL_FN unsigned int umin(unsigned int x, unsigned int y) { return x < y ? x : y; }
CPL_FN unsigned int umax(unsigned int x, unsigned int y) { return x > y ? x : y; }
CPL_FN long long llmin(long long x, long long y) { return x < y ? x : y; }
CPL_FN long long llmax(long long x, long long y) { return x > y ? x : y; }
CPL_FN unsigned long long ullmin(unsigned long long x, unsigned long long y) { return x < y ? x : y; }
CPL_FN unsigned long long ullmax(unsigned long long x, unsigned long long y) { return x > y ? x : y; }

/* Fast intrinsics. They promise less accuracy than the functions; quotients are right anyway. */
#define CPL_FAST1(name, target) \
    CPL_PURE float __nv_fast_##target(float); CPL_FN float name(float x) { return __nv_fast_##target(x); }
CPL_FAST1(__sinf, sinf) CPL_FAST1(__cosf, cosf) CPL_FAST1(__tanf, tanf) CPL_FAST1(__expf, expf)
CPL_FAST1(__exp10f, exp10f) CPL_FAST1(__logf, logf) CPL_FAST1(__log2f, log2f) CPL_FAST1(__log10f, log10f)
#undef CPL_FAST1
CPL_PURE float __nv_tanhf(float);
CPL_FN float __tanhf(float x) { return __nv_tanhf(x); }
CPL_PURE float __nv_fast_powf(float, float);
CPL_FN float __powf(float x, float y) { return __nv_fast_powf(x, y); }
CPL_FN float __fdividef(float x, float y) { return x / y; }
CPL_FN double fdivide(double x, double y) { return x / y; }
CPL_FN float fdividef(float x, float y) { return x / y; }
CPL_FN float fdivide(float x, float y) { return x / y; }
CPL_NATIVE void __nv_fast_sincosf(float, float *, float *);
CPL_FN void __sincosf(float x, float *s, float *c) { __nv_fast_sincosf(x, s, c); }
CPL_FN float __saturatef(float x) { return __builtin_fminf(__builtin_fmaxf(x, 0.0f), 1.0f); }
CPL_FN float saturate(float x) { return __saturatef(x); }

#undef CPL_ALSO
#undef CPL_STORE
#undef CPL_CALL
#undef CPL_CALL2
#undef CPL_CALL2_AS
#undef CPL_BUILTIN2
#undef CPL_PROMOTED2
#undef CPL_CALL1
#undef CPL_CALL1_AS
#undef CPL_QUICK
#undef CPL_BUILTIN1
#endif
