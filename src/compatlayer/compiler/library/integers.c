/* Integer functions, and bits taken for numbers. */
#include "base.h"

CPL_MATH(int32_t, abs, int32_t x) { return (int32_t)(x < 0 ? 0u - (uint32_t)x : (uint32_t)x); }
CPL_MATH(int64_t, llabs, int64_t x) { return (int64_t)(x < 0 ? 0ul - (uint64_t)x : (uint64_t)x); }
#define CPL_LEAST_MOST(least, most, type) \
    CPL_MATH(type, least, type x, type y) { return x < y ? x : y; } \
    CPL_MATH(type, most, type x, type y) { return x > y ? x : y; }
CPL_LEAST_MOST(min, max, int32_t)
CPL_LEAST_MOST(umin, umax, uint32_t)
CPL_LEAST_MOST(llmin, llmax, int64_t)
CPL_LEAST_MOST(ullmin, ullmax, uint64_t)
CPL_MATH(int32_t, popc, uint32_t x) { return __builtin_popcount(x); }
CPL_MATH(int32_t, popcll, uint64_t x) { return __builtin_popcountl(x); }
CPL_MATH(int32_t, clz, uint32_t x) { return __builtin_clzg(x, 32); }
CPL_MATH(int32_t, clzll, uint64_t x) { return __builtin_clzg(x, 64); }
CPL_MATH(int32_t, ffs, uint32_t x) { return __builtin_ctzg(x, -1) + 1; }
CPL_MATH(int32_t, ffsll, uint64_t x) { return __builtin_ctzg(x, -1) + 1; }
CPL_MATH(uint32_t, brev, uint32_t x) { return __builtin_bitreverse32(x); }
CPL_MATH(uint64_t, brevll, uint64_t x) { return __builtin_bitreverse64(x); }
CPL_INLINE int32_t low_24(int32_t x) { return (int32_t)((uint32_t)x << 8) >> 8; }
CPL_MATH(int32_t, mul24, int32_t x, int32_t y) { return (int32_t)((uint32_t)low_24(x) * (uint32_t)low_24(y)); }
CPL_MATH(uint32_t, umul24, uint32_t x, uint32_t y) { return (x & 0xffffffu) * (y & 0xffffffu); }
CPL_MATH(int32_t, mulhi, int32_t x, int32_t y) { return (int32_t)(((int64_t)x * y) >> 32); }
CPL_MATH(uint32_t, umulhi, uint32_t x, uint32_t y) { return (uint32_t)(((uint64_t)x * y) >> 32); }
/* The high half of a product of 64 bits, from products of 32. */
CPL_INLINE uint64_t high_half(uint64_t x, uint64_t y) {
    uint64_t xl = (uint32_t)x, xh = x >> 32, yl = (uint32_t)y, yh = y >> 32;
    uint64_t middle = xh * yl + ((xl * yl) >> 32), other = xl * yh + (uint32_t)middle;
    return xh * yh + (middle >> 32) + (other >> 32);
}
CPL_MATH(uint64_t, umul64hi, uint64_t x, uint64_t y) { return high_half(x, y); }
CPL_MATH(int64_t, mul64hi, int64_t x, int64_t y) {
    uint64_t high = high_half((uint64_t)x, (uint64_t)y);
    return (int64_t)(high - (x < 0 ? (uint64_t)y : 0ul) - (y < 0 ? (uint64_t)x : 0ul));
}
CPL_INLINE uint32_t chosen_byte(uint64_t bytes, uint32_t selector, uint32_t at) {
    return (uint32_t)((bytes >> (8u * ((selector >> (4u * at)) & 7u))) & 0xfful) << (8u * at);
}
CPL_MATH(uint32_t, byte_perm, uint32_t x, uint32_t y, uint32_t selector) {
    uint64_t bytes = ((uint64_t)y << 32) | x;
    return chosen_byte(bytes, selector, 0) | chosen_byte(bytes, selector, 1) | chosen_byte(bytes, selector, 2) |
           chosen_byte(bytes, selector, 3);
}
CPL_MATH(uint32_t, sad, int32_t x, int32_t y, uint32_t z) {
    return z + (x > y ? (uint32_t)x - (uint32_t)y : (uint32_t)y - (uint32_t)x); }
CPL_MATH(uint32_t, usad, uint32_t x, uint32_t y, uint32_t z) { return z + (x > y ? x - y : y - x); }
CPL_MATH(int32_t, hadd, int32_t x, int32_t y) { return (int32_t)(((int64_t)x + y) >> 1); }
CPL_MATH(int32_t, rhadd, int32_t x, int32_t y) { return (int32_t)(((int64_t)x + y + 1) >> 1); }
CPL_MATH(uint32_t, uhadd, uint32_t x, uint32_t y) { return (uint32_t)(((uint64_t)x + y) >> 1); }
CPL_MATH(uint32_t, urhadd, uint32_t x, uint32_t y) { return (uint32_t)(((uint64_t)x + y + 1) >> 1); }

#define CPL_BITS(name, to, from) CPL_MATH(to, name, from x) { return __builtin_bit_cast(to, x); }
CPL_BITS(float_as_int, int32_t, float)
CPL_BITS(float_as_uint, uint32_t, float)
CPL_BITS(int_as_float, float, int32_t)
CPL_BITS(uint_as_float, float, uint32_t)
CPL_BITS(double_as_longlong, int64_t, double)
CPL_BITS(longlong_as_double, double, int64_t)
CPL_MATH(int32_t, double2hiint, double x) { return (int32_t)(bits_d(x) >> 32); }
CPL_MATH(int32_t, double2loint, double x) { return (int32_t)bits_d(x); }
CPL_MATH(double, hiloint2double, int32_t high, int32_t low) {
    return double_of(((uint64_t)(uint32_t)high << 32) | (uint32_t)low); }
