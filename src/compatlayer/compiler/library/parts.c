/* Exponents, fractions and neighbours of floating-point numbers; classification. */
#include "base.h"

/* x * 2^n with one rounding. */
CPL_INLINE float load_exponent_f(float x, int32_t n) {
    int32_t bounded = n < -400 ? -400 : n > 400 ? 400 : n;
    return (float)((double)x * power_of_two(bounded));
}
CPL_INLINE double load_exponent(double x, int32_t n) {
    int64_t left = n < -2200 ? -2200 : n > 2200 ? 2200 : n;
    /* Going down by 969 keeps 53 bits above the subnormals, unless the result is too small to be anything but zero. */
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
        int64_t step = left > 1023 ? 1023 : left < -1022 ? -969 : 0;
        x *= power_of_two(step);
        left -= step;
    }
    left = left > 1023 ? 1023 : left < -1022 ? -1022 : left;
    return x * power_of_two(left);
}
CPL_MATH(float, ldexpf, float x, int32_t n) { return load_exponent_f(x, n); }
CPL_MATH(double, ldexp, double x, int32_t n) { return load_exponent(x, n); }
CPL_MATH(float, scalbnf, float x, int32_t n) { return load_exponent_f(x, n); }
CPL_MATH(double, scalbn, double x, int32_t n) { return load_exponent(x, n); }

/* |x| = 2^exponent m, 1 <= m < 2, for finite x other than 0. */
CPL_INLINE int32_t exponent_of_f(float x) {
    float size = __builtin_fabsf(x), grown = size * 0x1p24f;
    int subnormal = size < 0x1p-126f;
    return (int32_t)(bits_f(subnormal ? grown : size) >> 23) - (subnormal ? 151 : 127);
}
CPL_INLINE int32_t exponent_of(double x) {
    double size = __builtin_fabs(x), grown = size * 0x1p54;
    int subnormal = size < 0x1p-1022;
    return (int32_t)(bits_d(subnormal ? grown : size) >> 52) - (subnormal ? 1077 : 1023);
}
/* CUDA answers INT_MIN for zero and NaN, INT_MAX for infinity. */
CPL_MATH(int32_t, ilogbf, float x) {
    int32_t result = exponent_of_f(x), least = -2147483647 - 1;
    result = __builtin_fabsf(x) == CPL_INFF ? 2147483647 : result;
    return x == 0.0f || x != x ? least : result;
}
CPL_MATH(int32_t, ilogb, double x) {
    int32_t result = exponent_of(x), least = -2147483647 - 1;
    result = __builtin_fabs(x) == CPL_INF ? 2147483647 : result;
    return x == 0.0 || x != x ? least : result;
}
CPL_MATH(float, logbf, float x) {
    float result = (float)exponent_of_f(x);
    result = x - x != 0.0f ? x * x : result;
    return x == 0.0f ? -CPL_INFF : result;
}
CPL_MATH(double, logb, double x) {
    double result = exponent_of(x);
    result = x - x != 0.0 ? x * x : result;
    return x == 0.0 ? -CPL_INF : result;
}
CPL_MATH(float, frexpf, float x, int32_t *e) {
    float grown = x * 0x1p24f;
    uint32_t bits = bits_f(__builtin_fabsf(x) < 0x1p-126f ? grown : x);
    int other = x == 0.0f || x - x != 0.0f;
    int32_t exponent = exponent_of_f(x) + 1;
    *e = other ? 0 : exponent;
    return other ? x : float_of((bits & 0x807fffffu) | 0x3f000000u);
}
CPL_MATH(double, frexp, double x, int32_t *e) {
    double grown = x * 0x1p54;
    uint64_t bits = bits_d(__builtin_fabs(x) < 0x1p-1022 ? grown : x);
    int other = x == 0.0 || x - x != 0.0;
    int32_t exponent = exponent_of(x) + 1;
    *e = other ? 0 : exponent;
    return other ? x : double_of((bits & 0x800ffffffffffffful) | 0x3fe0000000000000ul);
}
CPL_MATH(float, modff, float x, float *whole) {
    float kept = __builtin_truncf(x), rest = x - kept;
    *whole = kept;
    return __builtin_copysignf(__builtin_fabsf(x) == CPL_INFF ? 0.0f : rest, x);
}
CPL_MATH(double, modf, double x, double *whole) {
    double kept = __builtin_trunc(x), rest = x - kept;
    *whole = kept;
    return __builtin_copysign(__builtin_fabs(x) == CPL_INF ? 0.0 : rest, x);
}
/* The bits of numbers of one sign are in order: away from zero is one more. */
CPL_MATH(float, nextafterf, float x, float y) {
    uint32_t up = bits_f(x) + 1u, down = bits_f(x) - 1u, sign = bits_f(y) & 0x80000000u;
    float moved = float_of((x < y) == (x > 0.0f) ? up : down);
    float result = x == 0.0f ? float_of(sign | 1u) : moved;
    result = x == y ? y : result;
    return x != x || y != y ? x + y : result;
}
CPL_MATH(double, nextafter, double x, double y) {
    uint64_t up = bits_d(x) + 1u, down = bits_d(x) - 1u, sign = bits_d(y) & (1ul << 63);
    double moved = double_of((x < y) == (x > 0.0) ? up : down);
    double result = x == 0.0 ? double_of(sign | 1u) : moved;
    result = x == y ? y : result;
    return x != x || y != y ? x + y : result;
}

CPL_MATH(int32_t, isnanf, float x) { return x != x; }
CPL_MATH(int32_t, isnand, double x) { return x != x; }
CPL_MATH(int32_t, isinff, float x) { return __builtin_fabsf(x) == CPL_INFF; }
CPL_MATH(int32_t, isinfd, double x) { return __builtin_fabs(x) == CPL_INF; }
CPL_MATH(int32_t, finitef, float x) { return x - x == 0.0f; }
CPL_MATH(int32_t, isfinited, double x) { return x - x == 0.0; }
CPL_MATH(int32_t, signbitf, float x) { return (int32_t)(bits_f(x) >> 31); }
CPL_MATH(int32_t, signbitd, double x) { return (int32_t)(bits_d(x) >> 63); }
