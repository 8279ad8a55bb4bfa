/* Device arithmetic and conversions with a rounding mode: rn nearest even, rz toward zero, ru up, rd down.
 *
 * The mode is switched around one operation. Operands and result are volatile, because compilers move arithmetic
 * across fesetround otherwise. */
#include "math_library.h"
#include <fenv.h>

#define CPL_ROUNDED(mode, type, expression) \
    fesetround(mode); \
    volatile type result = (expression); \
    fesetround(FE_TONEAREST); \
    return result;
#define CPL_EACH_MODE(define, ...) \
    define(rn, FE_TONEAREST, __VA_ARGS__) define(rz, FE_TOWARDZERO, __VA_ARGS__) \
    define(ru, FE_UPWARD, __VA_ARGS__) define(rd, FE_DOWNWARD, __VA_ARGS__)

#define CPL_BINARY(suffix, mode, name, type, op) CPL_MATH(type, name##_##suffix, type x, type y) { \
    volatile type a = x, b = y; CPL_ROUNDED(mode, type, a op b) }
CPL_EACH_MODE(CPL_BINARY, fadd, float, +)
CPL_EACH_MODE(CPL_BINARY, fsub, float, -)
CPL_EACH_MODE(CPL_BINARY, fmul, float, *)
CPL_EACH_MODE(CPL_BINARY, fdiv, float, /)
CPL_EACH_MODE(CPL_BINARY, dadd, double, +)
CPL_EACH_MODE(CPL_BINARY, dsub, double, -)
CPL_EACH_MODE(CPL_BINARY, dmul, double, *)
CPL_EACH_MODE(CPL_BINARY, ddiv, double, /)

#define CPL_RECIPROCAL(suffix, mode, name, type) CPL_MATH(type, name##_##suffix, type x) { \
    volatile type a = x; CPL_ROUNDED(mode, type, (type)1 / a) }
CPL_EACH_MODE(CPL_RECIPROCAL, frcp, float)
CPL_EACH_MODE(CPL_RECIPROCAL, drcp, double)
#define CPL_CALL1(suffix, mode, name, type, function) CPL_MATH(type, name##_##suffix, type x) { \
    volatile type a = x; CPL_ROUNDED(mode, type, function(a)) }
CPL_EACH_MODE(CPL_CALL1, fsqrt, float, sqrtf)
CPL_EACH_MODE(CPL_CALL1, dsqrt, double, sqrt)
#define CPL_CALL3(suffix, mode, name, type, function) \
    CPL_MATH(type, name##_##suffix, type x, type y, type z) { \
        volatile type a = x, b = y, c = z; CPL_ROUNDED(mode, type, function(a, b, c)) }
CPL_EACH_MODE(CPL_CALL3, fmaf, float, fmaf)
CPL_EACH_MODE(CPL_CALL3, fma, double, fma)

#define CPL_CONVERT(suffix, mode, name, to, from) CPL_MATH(to, name##_##suffix, from x) { \
    volatile from a = x; CPL_ROUNDED(mode, to, (to)a) }
CPL_EACH_MODE(CPL_CONVERT, double2float, float, double)
CPL_EACH_MODE(CPL_CONVERT, int2float, float, int32_t)
CPL_EACH_MODE(CPL_CONVERT, uint2float, float, uint32_t)
CPL_EACH_MODE(CPL_CONVERT, ll2float, float, int64_t)
CPL_EACH_MODE(CPL_CONVERT, ll2double, double, int64_t)
CPL_MATH(double, int2double_rn, int32_t x) { return x; }
CPL_MATH(double, uint2double_rn, uint32_t x) { return x; }

/* Unsigned 64-bit integers have no conversion instruction: the halves convert exactly, their sum rounds once in
 * double; for float the bits below the 25th are folded into a sticky bit first, so that rounding happens once. */
static uint64_t sticky(uint64_t x) {
    if (x < (UINT64_C(1) << 40)) return x;
    return (x & ~UINT64_C(0xfff)) | ((x & 0xfff) != 0 ? 0x800u : 0u);
}
static double exact_double(uint64_t x) { return (double)(uint32_t)(x >> 32) * 4294967296.0 + (double)(uint32_t)x; }
#define CPL_ULL2DOUBLE(suffix, mode, name) CPL_MATH(double, name##_##suffix, uint64_t x) { \
    volatile double high = (double)(uint32_t)(x >> 32) * 4294967296.0, low = (double)(uint32_t)x; \
    CPL_ROUNDED(mode, double, high + low) }
#define CPL_ULL2FLOAT(suffix, mode, name) CPL_MATH(float, name##_##suffix, uint64_t x) { \
    volatile double a = exact_double(sticky(x)); CPL_ROUNDED(mode, float, (float)a) }
CPL_EACH_MODE(CPL_ULL2DOUBLE, ull2double)
CPL_EACH_MODE(CPL_ULL2FLOAT, ull2float)

/* ---- to integers: saturating; NaN is 0 between float and 32 bits, else the top bit alone, as PTX's cvt has it ---- */
static int32_t to_int(double x) {
    return isnan(x) ? INT32_MIN : x >= 2147483647.0 ? INT32_MAX : x <= -2147483648.0 ? INT32_MIN : (int32_t)x; }
static uint32_t to_uint(double x) {
    return isnan(x) ? UINT32_C(1) << 31 : x <= 0.0 ? 0 : x >= 4294967295.0 ? UINT32_MAX : (uint32_t)x; }
static double number(float x) { return isnan(x) ? 0.0 : (double)x; }
static int64_t to_ll(double x) {
    return isnan(x) ? INT64_MIN : x >= 9223372036854775808.0 ? INT64_MAX
         : x <= -9223372036854775808.0 ? INT64_MIN : (int64_t)x; }
static uint64_t to_ull(double x) {
    return isnan(x) ? UINT64_C(1) << 63 : x <= 0.0 ? 0 : x >= 18446744073709551616.0 ? UINT64_MAX : (uint64_t)x; }
#define CPL_TO(suffix, rounding, from, wide, to, type) \
    CPL_MATH(type, from##2##to##_##suffix, from x) { return to_##to(rounding(wide(x))); }
#define CPL_TO_EACH(from, wide, to, type) \
    CPL_TO(rn, rint, from, wide, to, type) CPL_TO(rz, trunc, from, wide, to, type) \
    CPL_TO(ru, ceil, from, wide, to, type) CPL_TO(rd, floor, from, wide, to, type)
CPL_TO_EACH(float, number, int, int32_t)
CPL_TO_EACH(float, number, uint, uint32_t)
CPL_TO_EACH(float, (double), ll, int64_t)
CPL_TO_EACH(float, (double), ull, uint64_t)
CPL_TO_EACH(double, (double), int, int32_t)
CPL_TO_EACH(double, (double), uint, uint32_t)
CPL_TO_EACH(double, (double), ll, int64_t)
CPL_TO_EACH(double, (double), ull, uint64_t)
CPL_MATH(int64_t, llrint, double x) { return to_ll(rint(x)); }
CPL_MATH(int64_t, llrintf, float x) { return to_ll(rint((double)x)); }
CPL_MATH(int64_t, llround, double x) { return to_ll(round(x)); }
CPL_MATH(int64_t, llroundf, float x) { return to_ll(round((double)x)); }
CPL_MATH(float, saturatef, float x) { return isnan(x) || x <= 0.0f ? 0.0f : x >= 1.0f ? 1.0f : x; }
