/* Device integer functions and bit casts under libdevice's names; what NVVM IR front ends call. */
#include "math_library.h"
#include <string.h>

CPL_MATH(int32_t, abs, int32_t x) { return (int32_t)(x < 0 ? 0u - (uint32_t)x : (uint32_t)x); }
CPL_MATH(int64_t, llabs, int64_t x) { return (int64_t)(x < 0 ? 0u - (uint64_t)x : (uint64_t)x); }
CPL_MATH(int32_t, min, int32_t x, int32_t y) { return x < y ? x : y; }
CPL_MATH(int32_t, max, int32_t x, int32_t y) { return x > y ? x : y; }
CPL_MATH(uint32_t, umin, uint32_t x, uint32_t y) { return x < y ? x : y; }
CPL_MATH(uint32_t, umax, uint32_t x, uint32_t y) { return x > y ? x : y; }
CPL_MATH(int64_t, llmin, int64_t x, int64_t y) { return x < y ? x : y; }
CPL_MATH(int64_t, llmax, int64_t x, int64_t y) { return x > y ? x : y; }
CPL_MATH(uint64_t, ullmin, uint64_t x, uint64_t y) { return x < y ? x : y; }
CPL_MATH(uint64_t, ullmax, uint64_t x, uint64_t y) { return x > y ? x : y; }

CPL_MATH(int32_t, popc, uint32_t x) { return __builtin_popcount(x); }
CPL_MATH(int32_t, popcll, uint64_t x) { return __builtin_popcountll(x); }
CPL_MATH(int32_t, clz, uint32_t x) { return x ? __builtin_clz(x) : 32; }
CPL_MATH(int32_t, clzll, uint64_t x) { return x ? __builtin_clzll(x) : 64; }
CPL_MATH(int32_t, ffs, uint32_t x) { return x ? __builtin_ctz(x) + 1 : 0; }
CPL_MATH(int32_t, ffsll, uint64_t x) { return x ? __builtin_ctzll(x) + 1 : 0; }
static uint32_t reverse(uint32_t x) {
    x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
    x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
    x = ((x >> 4) & 0x0f0f0f0fu) | ((x & 0x0f0f0f0fu) << 4);
    return __builtin_bswap32(x);
}
CPL_MATH(uint32_t, brev, uint32_t x) { return reverse(x); }
CPL_MATH(uint64_t, brevll, uint64_t x) {
    return ((uint64_t)reverse((uint32_t)x) << 32) | reverse((uint32_t)(x >> 32)); }
CPL_MATH(uint32_t, byte_perm, uint32_t x, uint32_t y, uint32_t selector) {
    uint64_t bytes = ((uint64_t)y << 32) | x;
    uint32_t result = 0;
    for (int i = 0; i < 4; i++)
        result |= (uint32_t)((bytes >> (8 * ((selector >> (4 * i)) & 7))) & 0xff) << (8 * i);
    return result;
}
CPL_MATH(int32_t, mul24, int32_t x, int32_t y) {
    return (int32_t)((uint32_t)((int32_t)((uint32_t)x << 8) >> 8) * (uint32_t)((int32_t)((uint32_t)y << 8) >> 8)); }
CPL_MATH(uint32_t, umul24, uint32_t x, uint32_t y) { return (x & 0xffffffu) * (y & 0xffffffu); }
CPL_MATH(int32_t, mulhi, int32_t x, int32_t y) { return (int32_t)(((int64_t)x * y) >> 32); }
CPL_MATH(uint32_t, umulhi, uint32_t x, uint32_t y) { return (uint32_t)(((uint64_t)x * y) >> 32); }
CPL_MATH(int64_t, mul64hi, int64_t x, int64_t y) { return (int64_t)(((__int128)x * y) >> 64); }
CPL_MATH(uint64_t, umul64hi, uint64_t x, uint64_t y) { return (uint64_t)(((unsigned __int128)x * y) >> 64); }
CPL_MATH(uint32_t, sad, int32_t x, int32_t y, uint32_t z) {
    return z + (x > y ? (uint32_t)x - (uint32_t)y : (uint32_t)y - (uint32_t)x); }
CPL_MATH(uint32_t, usad, uint32_t x, uint32_t y, uint32_t z) { return z + (x > y ? x - y : y - x); }
CPL_MATH(int32_t, hadd, int32_t x, int32_t y) { return (int32_t)(((int64_t)x + y) >> 1); }
CPL_MATH(int32_t, rhadd, int32_t x, int32_t y) { return (int32_t)(((int64_t)x + y + 1) >> 1); }
CPL_MATH(uint32_t, uhadd, uint32_t x, uint32_t y) { return (uint32_t)(((uint64_t)x + y) >> 1); }
CPL_MATH(uint32_t, urhadd, uint32_t x, uint32_t y) { return (uint32_t)(((uint64_t)x + y + 1) >> 1); }

#define CPL_BITS(name, to, from) CPL_MATH(to, name, from x) { to y; memcpy(&y, &x, sizeof y); return y; }
CPL_BITS(float_as_int, int32_t, float)
CPL_BITS(float_as_uint, uint32_t, float)
CPL_BITS(int_as_float, float, int32_t)
CPL_BITS(uint_as_float, float, uint32_t)
CPL_BITS(double_as_longlong, int64_t, double)
CPL_BITS(longlong_as_double, double, int64_t)
static uint64_t bits_of(double x) { uint64_t y; memcpy(&y, &x, sizeof y); return y; }
CPL_MATH(int32_t, double2hiint, double x) { return (int32_t)(bits_of(x) >> 32); }
CPL_MATH(int32_t, double2loint, double x) { return (int32_t)bits_of(x); }
CPL_MATH(double, hiloint2double, int32_t high, int32_t low) {
    uint64_t bits = ((uint64_t)(uint32_t)high << 32) | (uint32_t)low;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- half precision, as the 16 bits of it ---- */
CPL_MATH(float, half2float, int16_t half) {
    uint32_t h = (uint16_t)half, sign = (h & 0x8000u) << 16, exponent = (h >> 10) & 31, fraction = h & 0x3ffu, bits;
    if (exponent == 31) bits = sign | 0x7f800000u | (fraction << 13);
    else if (exponent) bits = sign | ((exponent + 112) << 23) | (fraction << 13);
    else {
        float small = (float)fraction * 0x1p-24f;
        return sign ? -small : small;
    }
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
CPL_MATH(int16_t, float2half_rn, float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return (int16_t)0x7fff; /* CUDA's canonical NaN */
    if (size >= 0x477ff000u) return (int16_t)(sign | 0x7c00u);
    if (size < 0x33000001u) return (int16_t)sign;
    uint32_t exponent = size >> 23, fraction = (size & 0x7fffffu) | 0x800000u;
    uint32_t shift = exponent < 113 ? 126 - exponent : 13;
    uint32_t base = exponent < 113 ? 0 : (exponent - 113) << 10;
    uint32_t kept = fraction >> shift, rest = fraction & ((1u << shift) - 1), half = 1u << (shift - 1);
    kept += rest > half || (rest == half && (kept & 1));
    return (int16_t)(sign | (base + kept));
}
