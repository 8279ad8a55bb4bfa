/* Arithmetic that compiled kernels call where the CPU has no instruction for it: 128-bit division, 128-bit integers
 * to and from floating point, half and bfloat16, integer powers. The names are the ones every compiler's support library uses; that
 * library need not be present in the process.
 *
 * A 16-bit float travels in the low bits of a floating-point register, as the register arguments of both supported
 * machines have it, so `float` stands in for it here: only its low 16 bits have a meaning. */
#include "native.h"
#include <string.h>

typedef __int128 wide;
typedef unsigned __int128 uwide;

#define PROVIDED(result, name, ...) \
    CPL_EXPORT result name(__VA_ARGS__); \
    CPL_EXPORT result name(__VA_ARGS__)

/* ---- 128-bit division: one bit at a time, from the first bit in which it matters ------------------ */
static int leading_zeros(uwide value)
{
    uint64_t high = (uint64_t)(value >> 64);
    return high ? __builtin_clzll(high) : 64 + (value ? __builtin_clzll((uint64_t)value) : 64);
}

static uwide divide(uwide dividend, uwide divisor, uwide *remainder)
{
    if (!divisor || dividend < divisor) {
        *remainder = dividend;
        return divisor ? 0 : ~(uwide)0;
    }
    if (!(dividend >> 64)) {
        *remainder = (uint64_t)dividend % (uint64_t)divisor;
        return (uint64_t)dividend / (uint64_t)divisor;
    }
    uwide quotient = 0;
    for (int shift = leading_zeros(divisor) - leading_zeros(dividend); shift >= 0; --shift) {
        uwide part = divisor << shift;
        quotient <<= 1;
        if (dividend >= part) {
            dividend -= part;
            quotient |= 1;
        }
    }
    *remainder = dividend;
    return quotient;
}

static uwide magnitude(wide value)
{
    return value < 0 ? -(uwide)value : (uwide)value;
}

PROVIDED(uwide, __udivti3, uwide dividend, uwide divisor)
{
    uwide remainder;
    return divide(dividend, divisor, &remainder);
}

PROVIDED(uwide, __umodti3, uwide dividend, uwide divisor)
{
    uwide remainder;
    divide(dividend, divisor, &remainder);
    return remainder;
}

PROVIDED(wide, __divti3, wide dividend, wide divisor)
{
    uwide remainder, quotient = divide(magnitude(dividend), magnitude(divisor), &remainder);
    return (wide)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

PROVIDED(wide, __modti3, wide dividend, wide divisor)
{
    uwide remainder;
    divide(magnitude(dividend), magnitude(divisor), &remainder);
    return (wide)(dividend < 0 ? -remainder : remainder);
}

/* ---- 128-bit integers and floating point ------------------------------------------------------------ */
/* The top 64 bits decide; what lies below only breaks ties, so it is folded into the lowest bit. */
static uint64_t significant(uwide value, int *exponent)
{
    int zeros = leading_zeros(value);
    *exponent = 64 - zeros;
    if (zeros >= 64) {
        *exponent = 0;
        return (uint64_t)value;
    }
    uint64_t top = (uint64_t)(value >> (64 - zeros));
    uwide below = value << (64 + zeros);
    return top | (below != 0);
}

static double power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(1023 + exponent) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

PROVIDED(double, __floatuntidf, uwide value)
{
    int exponent;
    uint64_t top = significant(value, &exponent);
    return (double)top * power_of_two(exponent);
}

PROVIDED(float, __floatuntisf, uwide value)
{
    int exponent;
    uint64_t top = significant(value, &exponent);
    return (float)top * (float)power_of_two(exponent);
}

PROVIDED(double, __floattidf, wide value)
{
    double result = __floatuntidf(magnitude(value));
    return value < 0 ? -result : result;
}

PROVIDED(float, __floattisf, wide value)
{
    float result = __floatuntisf(magnitude(value));
    return value < 0 ? -result : result;
}

PROVIDED(uwide, __fixunsdfti, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52 & 2047) - 1075;
    uwide mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
    if ((bits >> 63) || exponent < -52)
        return 0;
    if (exponent > 75)
        return ~(uwide)0;
    return exponent < 0 ? mantissa >> -exponent : mantissa << exponent;
}

PROVIDED(uwide, __fixunssfti, float value)
{
    return __fixunsdfti(value);
}

PROVIDED(wide, __fixdfti, double value)
{
    const uwide lowest = (uwide)1 << 127;
    uwide size = __fixunsdfti(value < 0 ? -value : value);
    if (size >= lowest)
        return (wide)(value < 0 ? lowest : lowest - 1);
    return value < 0 ? -(wide)size : (wide)size;
}

PROVIDED(wide, __fixsfti, float value)
{
    return __fixdfti(value);
}

/* ---- small integer powers, and a product that may overflow --------------------------------------------- */
PROVIDED(double, __powidf2, double base, int exponent)
{
    double result = 1;
    for (unsigned left = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent; left; left >>= 1) {
        if (left & 1)
            result *= base;
        base *= base;
    }
    return exponent < 0 ? 1 / result : result;
}

PROVIDED(float, __powisf2, float base, int exponent)
{
    float result = 1;
    for (unsigned left = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent; left; left >>= 1) {
        if (left & 1)
            result *= base;
        base *= base;
    }
    return exponent < 0 ? 1 / result : result;
}

PROVIDED(wide, __muloti4, wide left, wide right, int *overflow)
{
    const uwide limit = ((uwide)1 << 127) - ((left < 0) == (right < 0));
    uwide a = magnitude(left), b = magnitude(right), rest;
    *overflow = a && b > divide(limit, a, &rest);
    return (wide)((uwide)left * (uwide)right);
}

/* ---- 16-bit floats ------------------------------------------------------------------------------------- */
static float carry(uint16_t bits)
{
    uint32_t word = bits;
    float carrier;
    memcpy(&carrier, &word, sizeof carrier);
    return carrier;
}

/* Rounds to nearest even into `mantissa` bits with exponents of a 16-bit format; the largest exponent is infinity. */
static uint16_t narrow(double value, int mantissa, int largest)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
    int exponent = (int)(bits >> 52 & 2047) - 1023 + largest;
    uint16_t infinity = (uint16_t)((2 * largest + 1) << mantissa);
    if ((bits & 0x7fffffffffffffff) > 0x7ff0000000000000)
        return 0x7fff;                /* the hardware's NaN */
    if (exponent > 2 * largest)
        return sign | infinity;
    int drop = 52 - mantissa;
    uint64_t whole = (bits & 0xfffffffffffff) | 0x10000000000000;
    if (exponent < 1) {
        drop += 1 - exponent;
        exponent = 1;
    }
    if (drop > 54)
        return sign;                  /* below half of the smallest number; zeros and a double's subnormals too */
    uint64_t kept = whole >> drop, lost = whole & (((uint64_t)1 << drop) - 1), half = (uint64_t)1 << (drop - 1);
    kept += lost > half || (lost == half && (kept & 1));
    /* The hidden bit adds one to the exponent, and so does a carry out of the mantissa. */
    return sign | (uint16_t)(((uint64_t)(exponent - 1) << mantissa) + kept);
}

PROVIDED(float, __truncsfbf2, float value)
{
    return carry(narrow(value, 7, 127));
}

PROVIDED(float, __truncdfbf2, double value)
{
    return carry(narrow(value, 7, 127));
}

PROVIDED(float, __truncsfhf2, float value)
{
    return carry(narrow(value, 10, 15));
}

PROVIDED(float, __truncdfhf2, double value)
{
    return carry(narrow(value, 10, 15));
}

PROVIDED(float, __extendhfsf2, float carrier)
{
    uint32_t word;
    memcpy(&word, &carrier, sizeof word);
    uint32_t sign = (word & 0x8000) << 16, exponent = word >> 10 & 31, mantissa = word & 1023;
    if (exponent == 0) {              /* zero or subnormal: a multiple of 2^-24 */
        float value = (float)mantissa * 0x1p-24f;
        return sign ? -value : value;
    }
    word = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | mantissa << 13;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}
