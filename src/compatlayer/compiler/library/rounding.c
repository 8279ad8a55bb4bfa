/* Rounding to whole numbers, remainders, and arithmetic that rounds to nearest. */
#include "base.h"

#define CPL_BUILTIN1(name) \
    CPL_MATH(float, name##f, float x) { return __builtin_##name##f(x); } \
    CPL_MATH(double, name, double x) { return __builtin_##name(x); }
#define CPL_BUILTIN2(name) \
    CPL_MATH(float, name##f, float x, float y) { return __builtin_##name##f(x, y); } \
    CPL_MATH(double, name, double x, double y) { return __builtin_##name(x, y); }
CPL_BUILTIN1(ceil) CPL_BUILTIN1(floor) CPL_BUILTIN1(trunc) CPL_BUILTIN1(rint) CPL_BUILTIN1(nearbyint)
CPL_BUILTIN1(round) CPL_BUILTIN1(fabs) CPL_BUILTIN2(copysign) CPL_BUILTIN2(fmax) CPL_BUILTIN2(fmin)
CPL_MATH(float, fdimf, float x, float y) { return x <= y ? 0.0f : x - y; }
CPL_MATH(double, fdim, double x, double y) { return x <= y ? 0.0 : x - y; }
CPL_MATH(float, saturatef, float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
#ifndef CPL_NO_FMA
CPL_MATH(float, fmaf, float x, float y, float z) { return __builtin_fmaf(x, y, z); }
CPL_MATH(double, fma, double x, double y, double z) { return __builtin_fma(x, y, z); }
CPL_MATH(float, fmaf_rn, float x, float y, float z) { return __builtin_fmaf(x, y, z); }
CPL_MATH(double, fma_rn, double x, double y, double z) { return __builtin_fma(x, y, z); }
#endif

#define CPL_NEAREST(letter, type) \
    CPL_MATH(type, letter##add_rn, type x, type y) { return x + y; } \
    CPL_MATH(type, letter##sub_rn, type x, type y) { return x - y; } \
    CPL_MATH(type, letter##mul_rn, type x, type y) { return x * y; } \
    CPL_MATH(type, letter##div_rn, type x, type y) { return x / y; } \
    CPL_MATH(type, letter##rcp_rn, type x) { return (type)1 / x; }
CPL_NEAREST(f, float)
CPL_NEAREST(d, double)
CPL_MATH(float, fast_fdividef, float x, float y) { return x / y; }
CPL_MATH(float, double2float_rn, double x) { return (float)x; }
CPL_MATH(float, int2float_rn, int32_t x) { return (float)x; }
CPL_MATH(float, uint2float_rn, uint32_t x) { return (float)x; }
CPL_MATH(float, ll2float_rn, int64_t x) { return (float)x; }
CPL_MATH(double, ll2double_rn, int64_t x) { return (double)x; }
CPL_MATH(float, ull2float_rn, uint64_t x) { return (float)x; }
CPL_MATH(double, ull2double_rn, uint64_t x) { return (double)x; }
CPL_MATH(double, int2double_rn, int32_t x) { return x; }
CPL_MATH(double, uint2double_rn, uint32_t x) { return x; }

/* To integers: saturating; NaN is 0 between float and 32 bits, else the top bit alone. */
CPL_INLINE int32_t to_int(double x) {
    int32_t result = x <= -2147483648.0 ? -2147483647 - 1 : (int32_t)x;
    result = x >= 2147483647.0 ? 2147483647 : result;
    return x != x ? -2147483647 - 1 : result;
}
CPL_INLINE uint32_t to_uint(double x) {
    uint32_t result = x > 0.0 ? (uint32_t)x : 0u;
    result = x >= 4294967295.0 ? 0xffffffffu : result;
    return x != x ? 0x80000000u : result;
}
CPL_INLINE double number(float x) { return x != x ? 0.0 : (double)x; }
CPL_INLINE int64_t to_ll(double x) {
    int64_t least = (int64_t)0x8000000000000000ul, result = x > -0x1p63 ? (int64_t)x : least;
    return x >= 0x1p63 ? 0x7fffffffffffffffl : result;
}
CPL_INLINE uint64_t to_ull(double x) {
    uint64_t result = x > 0.0 ? (uint64_t)x : 0ul;
    result = x >= 0x1p64 ? 0xfffffffffffffffful : result;
    return x != x ? 0x8000000000000000ul : result;
}
#define CPL_TO(suffix, rounding, from, type, word) \
    CPL_MATH(int32_t, from##2int_##suffix, type x) { return to_int(rounding(word(x))); } \
    CPL_MATH(uint32_t, from##2uint_##suffix, type x) { return to_uint(rounding(word(x))); } \
    CPL_MATH(int64_t, from##2ll_##suffix, type x) { return to_ll(rounding((double)x)); } \
    CPL_MATH(uint64_t, from##2ull_##suffix, type x) { return to_ull(rounding((double)x)); }
#define CPL_TO_EACH(from, word) \
    CPL_TO(rn, __builtin_rint, from, from, word) CPL_TO(rz, __builtin_trunc, from, from, word) \
    CPL_TO(ru, __builtin_ceil, from, from, word) CPL_TO(rd, __builtin_floor, from, from, word)
CPL_TO_EACH(float, number)
CPL_TO_EACH(double, (double))
CPL_MATH(int64_t, llrint, double x) { return to_ll(__builtin_rint(x)); }
CPL_MATH(int64_t, llrintf, float x) { return to_ll(__builtin_rint((double)x)); }
CPL_MATH(int64_t, llround, double x) { return to_ll(__builtin_round(x)); }
CPL_MATH(int64_t, llroundf, float x) { return to_ll(__builtin_round((double)x)); }

/* Remainders of |x| by |y| whose quotient has at most 22 (51) bits are exact in one step; the quotient may be one too
 * large. Others are rare, and so are zero, infinite x and NaN. */
typedef struct { double rest, quotient; } division;
CPL_INLINE division divide(double a, double b, double quotient, double rest) {
    division it = {rest, quotient};
    int below = rest < 0.0;
    it = (division){below ? rest + b : rest, below ? quotient - 1.0 : quotient};
    int above = it.rest >= b;
    it = (division){above ? it.rest - b : it.rest, above ? it.quotient + 1.0 : it.quotient};
    return a < b ? (division){a, 0.0} : it; /* b may be infinite */
}
CPL_INLINE double to_nearest(division it, double b) {
    double other = b - it.rest, half = 0.5 * it.quotient;
    int odd = __builtin_trunc(half) != half, up = it.rest > other || (it.rest == other && odd);
    return up ? it.rest - b : it.rest;
}
CPL_INLINE double signed_rest(double rest, double x) { return double_of(bits_d(rest) ^ (bits_d(x) & (1ul << 63))); }
CPL_INLINE division divide_f(float x, float y) {
    double a = __builtin_fabsf(x), b = __builtin_fabsf(y), quotient = __builtin_trunc(a / b);
    return divide(a, b, quotient, a - quotient * b); /* the product has at most 46 bits */
}
CPL_MATH(float, fmodf, float x, float y) {
    if (CPL_RARE(!(__builtin_fabsf(x) < 0x1p22f * __builtin_fabsf(y)) || x - x != 0.0f)) return CPL_SLOW(fmodf)(x, y);
    return (float)signed_rest(divide_f(x, y).rest, x);
}
CPL_MATH(float, remainderf, float x, float y) {
    if (CPL_RARE(!(__builtin_fabsf(x) < 0x1p22f * __builtin_fabsf(y)) || x - x != 0.0f))
        return CPL_SLOW(remainderf)(x, y);
    return (float)signed_rest(to_nearest(divide_f(x, y), __builtin_fabsf(y)), x);
}
#ifndef CPL_NO_FMA
CPL_INLINE division divide_d(double x, double y) {
    double a = __builtin_fabs(x), b = __builtin_fabs(y), quotient = __builtin_trunc(a / b);
    return divide(a, b, quotient, __builtin_fma(-quotient, b, a));
}
CPL_MATH(double, fmod, double x, double y) {
    if (CPL_RARE(!(__builtin_fabs(x) < 0x1p51 * __builtin_fabs(y)) || x - x != 0.0)) return CPL_SLOW(fmod)(x, y);
    return signed_rest(divide_d(x, y).rest, x);
}
CPL_MATH(double, remainder, double x, double y) {
    if (CPL_RARE(!(__builtin_fabs(x) < 0x1p51 * __builtin_fabs(y)) || x - x != 0.0)) return CPL_SLOW(remainder)(x, y);
    return signed_rest(to_nearest(divide_d(x, y), __builtin_fabs(y)), x);
}
#endif
