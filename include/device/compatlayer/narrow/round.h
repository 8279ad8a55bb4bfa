/* What the 16-bit (and 8-bit) floating-point types share: rounding once.
 *
 * A value goes through float that was rounded to odd: where it was not exact, its last bit is 1, so the next rounding,
 * to a type with at least two digits less and in any direction, is the only one that counts. */
#ifndef CPL_DEVICE_NARROW_ROUND_H
#define CPL_DEVICE_NARROW_ROUND_H
#define CPL_NARROW_FN __host__ __device__ __forceinline__ __attribute__((nodebug))
CPL_PURE float __nv_half2float(short);
CPL_PURE short __nv_float2half_rn(float);

CPL_FN float cpl_odd_float(double value) {
    float near = (float)value;
    int bits = __float_as_int(near);
    bool rounded = (double)near != value && value == value && (bits & 0x7f800000) != 0x7f800000 && !(bits & 1);
    bool away = __builtin_fabs((double)near) > __builtin_fabs(value);
    return __int_as_float(rounded ? (away ? bits - 1 : bits | 1) : bits);
}
/* The 12 bits that a double cannot hold become one; what is left of the number is exact. */
CPL_FN double cpl_odd_double(unsigned long long value) {
    return (double)((value >> 53) ? (value & ~0xfffull) | ((value & 0xfffull) ? 0x800ull : 0ull) : value); }
CPL_FN double cpl_odd_double(long long value) {
    double size = cpl_odd_double(value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value);
    return value < 0 ? -size : size;
}
/* a * b + c rounded to odd, where a * b is exact in float (cpl_odd_fma_f) or in double: the error of the sum tells on
 * which side of it the exact one lies. */
#define CPL_ODD_FMA(name, type, bits_type, as_bits, of_bits) \
    CPL_FN type name(type a, type b, type c) { \
        type product = a * b, sum = product + c, back = sum - product; \
        type error = (product - (sum - back)) + (c - back); \
        bits_type bits = as_bits(sum); \
        bool inexact = (error < 0 || error > 0) && !(bits & 1); \
        return of_bits(inexact ? ((error > 0) == (sum > 0) ? bits | 1 : bits - 1) : bits); }
CPL_ODD_FMA(cpl_odd_fma_f, float, int, __float_as_int, __int_as_float)
CPL_ODD_FMA(cpl_odd_fma_d, double, long long, __double_as_longlong, __longlong_as_double)
#undef CPL_ODD_FMA

/* Neighbours of a number given as sign and magnitude in 16 bits; `wide` is its value, `exact` what it was made from.
 * After rounding to nearest, one step back gives the directed roundings. */
CPL_FN unsigned short cpl_step_rz(unsigned short bits, float wide, float exact) {
    return (unsigned short)(__builtin_fabsf(wide) > __builtin_fabsf(exact) ? bits - 1 : bits); }
CPL_FN unsigned short cpl_step_ru(unsigned short bits, float wide, float exact) {
    return (unsigned short)(wide < exact ? (bits & 0x8000 ? bits - 1 : bits + 1) : bits); }
CPL_FN unsigned short cpl_step_rd(unsigned short bits, float wide, float exact) {
    return (unsigned short)(wide > exact ? (bits & 0x8000 ? bits + 1 : bits - 1) : bits); }

/* bfloat16 is the upper half of a float. */
CPL_FN float cpl_bfloat16_wide(unsigned short bits) { return __uint_as_float((unsigned int)bits << 16); }
CPL_FN unsigned short cpl_bfloat16_bits(float value) {
    unsigned int bits = __float_as_uint(value);
    bits = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (unsigned short)(value != value ? 0x7fffu : bits); /* CUDA's NaN */
}
CPL_FN float cpl_half_wide(unsigned short bits) { return __nv_half2float((short)bits); }
CPL_FN unsigned short cpl_half_bits(float value) { return (unsigned short)__nv_float2half_rn(value); }
CPL_FN float cpl_half_fma(float a, float b, float c) { return cpl_odd_fma_f(a, b, c); }
CPL_FN float cpl_bfloat16_fma(float a, float b, float c) {
    return cpl_odd_float(cpl_odd_fma_d((double)a, (double)b, (double)c)); }

#define CPL_PASTE3_(a, b, c) a##b##c
#define CPL_PASTE3(a, b, c) CPL_PASTE3_(a, b, c)
#endif
