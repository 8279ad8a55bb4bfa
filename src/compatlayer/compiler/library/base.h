/* What the files of the inlined device math library share.
 *
 * Every function here becomes LLVM IR that is inlined into kernels and widened to SIMD lanes, so it is straight-line:
 * both sides of a choice are computed, then one is selected. The only branches lead to rare slow paths, which call the
 * scalar C library (native/math*.c) under the same name. No headers, no tables, no fast-math flags: results depend on
 * nothing but the arguments. CPL_NO_FMA builds the library for processors without a fused multiply-add. */
#ifndef COMPATLAYER_LIBRARY_BASE_H
#define COMPATLAYER_LIBRARY_BASE_H

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long int64_t;
typedef unsigned long uint64_t;

#define CPL_INLINE static inline __attribute__((always_inline))
/* The definition of __nv_`name`. Its body may call CPL_SLOW(name), which is the scalar C function. */
#define CPL_MATH(result, name, ...) \
    result cpl_math_##name(__VA_ARGS__); \
    result cpl_math_##name(__VA_ARGS__)
#define CPL_SLOW(name) __nv_##name
/* The scalar C functions. */
float __nv_sinf(float), __nv_cosf(float), __nv_tanf(float), __nv_fmodf(float, float), __nv_remainderf(float, float);
double __nv_erfcinv(double), __nv_normcdfinv(double);
double __nv_sin(double), __nv_cos(double), __nv_tan(double), __nv_fmod(double, double), __nv_remainder(double, double);
#define CPL_RARE(condition) __builtin_expect(!!(condition), 0)

#define CPL_INF __builtin_inf()
#define CPL_NAN __builtin_nan("")
#define CPL_INFF __builtin_inff()
#define CPL_NANF __builtin_nanf("")

CPL_INLINE uint32_t bits_f(float x) { return __builtin_bit_cast(uint32_t, x); }
CPL_INLINE float float_of(uint32_t x) { return __builtin_bit_cast(float, x); }
CPL_INLINE uint64_t bits_d(double x) { return __builtin_bit_cast(uint64_t, x); }
CPL_INLINE double double_of(uint64_t x) { return __builtin_bit_cast(double, x); }

/* x * y + z, fused where the processor can. Code that needs the single rounding uses two_product instead. */
#ifdef CPL_NO_FMA
CPL_INLINE float madf(float x, float y, float z) { return x * y + z; }
CPL_INLINE double mad(double x, double y, double z) { return x * y + z; }
#else
CPL_INLINE float madf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
CPL_INLINE double mad(double x, double y, double z) { return __builtin_fma(x, y, z); }
#endif

/* c[0] + c[1] x + ... by Horner's rule. */
#define CPL_POLY(x, c) poly(x, c, sizeof(c) / sizeof(c)[0])
#define CPL_POLYF(x, c) polyf(x, c, sizeof(c) / sizeof(c)[0])
CPL_INLINE double poly(double x, const double *c, int count) {
    double sum = c[count - 1];
#pragma clang loop unroll(full)
    for (int i = count - 2; i >= 0; i--) sum = mad(sum, x, c[i]);
    return sum;
}
CPL_INLINE float polyf(float x, const float *c, int count) {
    float sum = c[count - 1];
#pragma clang loop unroll(full)
    for (int i = count - 2; i >= 0; i--) sum = madf(sum, x, c[i]);
    return sum;
}

/* A number as the unevaluated sum of two doubles, |low| <= ulp(high) / 2. */
typedef struct { double high, low; } pair;
CPL_INLINE pair quick_sum(double a, double b) { /* exact where |a| >= |b| or a == 0 */
    double s = a + b;
    return (pair){s, b - (s - a)};
}
CPL_INLINE pair two_sum(double a, double b) { /* exact */
    double s = a + b, t = s - a;
    return (pair){s, (a - (s - t)) + (b - t)};
}
CPL_INLINE pair two_product(double a, double b) { /* exact but for underflow, and overflow above 2^996 without fma */
    double p = a * b;
#ifdef CPL_NO_FMA
    double ta = a * 134217729.0, tb = b * 134217729.0; /* 2^27 + 1: the halves have at most 26 bits */
    double ah = ta - (ta - a), bh = tb - (tb - b), al = a - ah, bl = b - bh;
    return (pair){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#else
    return (pair){p, __builtin_fma(a, b, -p)};
#endif
}
/* z - x * y without the rounding of the product; exact where the difference is a double. */
CPL_INLINE double residual(double x, double y, double z) {
#ifdef CPL_NO_FMA
    pair p = two_product(x, y);
    return (z - p.high) - p.low;
#else
    return __builtin_fma(-x, y, z);
#endif
}
CPL_INLINE pair pair_product(pair a, pair b) {
    pair p = two_product(a.high, b.high);
    return quick_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}
CPL_INLINE pair pair_times(pair a, double b) {
    pair p = two_product(a.high, b);
    return quick_sum(p.high, mad(a.low, b, p.low));
}
CPL_INLINE pair pair_sum(pair a, pair b) {
    pair s = two_sum(a.high, b.high);
    return quick_sum(s.high, s.low + (a.low + b.low));
}

/* 2^n for a float or double in the normal range. */
CPL_INLINE float power_of_two_f(int32_t n) { return float_of((uint32_t)(n + 127) << 23); }
CPL_INLINE double power_of_two(int64_t n) { return double_of((uint64_t)(n + 1023) << 52); }
/* x * 2^n where x is within [2^-8, 2^8] or NaN; the result may be subnormal (one rounding), zero or infinite.
 * |n| <= 250 and 2000. */
CPL_INLINE float scale_f(float x, int32_t n) {
    int32_t half = n >> 1;
    return x * power_of_two_f(half) * power_of_two_f(n - half);
}
CPL_INLINE double scale_d(double x, int64_t n) {
    int64_t half = (int64_t)((uint64_t)(n + 0x2000) >> 1) - 0x1000; /* AVX2 shifts 64-bit lanes as unsigned only */
    return x * power_of_two(half) * power_of_two(n - half);
}

/* The nearest integer to x, as a floating-point number and in the low bits of `bits`; |x| <= 2^21 and 2^50.
 * Adding 1.5 * 2^23 (2^52) leaves no bits for the fraction. */
typedef struct { float value; int32_t whole; } near_f;
typedef struct { double value; int64_t whole; } near_d;
CPL_INLINE near_f nearest_f(float x) {
    float shifted = x + 0x1.8p23f;
    return (near_f){shifted - 0x1.8p23f, (int32_t)(bits_f(shifted) - bits_f(0x1.8p23f))};
}
CPL_INLINE near_d nearest_d(double x) {
    double shifted = x + 0x1.8p52;
    return (near_d){shifted - 0x1.8p52, (int64_t)(bits_d(shifted) - bits_d(0x1.8p52))};
}
/* A select, where clang would make a branch of nested choices. */
CPL_INLINE double pick(int condition, double yes, double no) { return condition ? yes : no; }
CPL_INLINE float pick_f(int condition, float yes, float no) { return condition ? yes : no; }
/* Clamps that keep NaN. */
CPL_INLINE float clamp_f(float x, float low, float high) {
    float above = x < low ? low : x;
    return above > high ? high : above;
}
CPL_INLINE double clamp_d(double x, double low, double high) {
    double above = x < low ? low : x;
    return above > high ? high : above;
}
#endif
