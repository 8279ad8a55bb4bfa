/* Half precision, as the 16 bits of it. */
#include "base.h"

#ifdef CPL_NO_FMA
/* Processors as old as that have no conversion. Subnormal halves are whole multiples of 2^-24. */
CPL_MATH(float, half2float, int16_t half) {
    uint32_t size = (uint32_t)half & 0x7fffu, sign = ((uint32_t)half & 0x8000u) << 16;
    float subnormal = (float)(int32_t)size * 0x1p-24f, normal = float_of((size << 13) + (112u << 23));
    float special = float_of((size << 13) | 0x7f800000u);
    float result = pick_f(size >= 0x7c00u, special, pick_f(size < 0x400u, subnormal, normal));
    return float_of(bits_f(result) | sign);
}
CPL_MATH(int16_t, float2half_rn, float x) {
    uint32_t bits = bits_f(x), size = bits & 0x7fffffffu, sign = (bits >> 16) & 0x8000u;
    uint32_t subnormal = bits_f(float_of(size) + 0.5f) - bits_f(0.5f); /* rounds at 2^-24 */
    uint32_t normal = ((size + 0xfffu + ((size >> 13) & 1u)) >> 13) - (112u << 10);
    uint32_t result = size < 0x38800000u ? subnormal : normal;
    result = size >= 0x477ff000u ? 0x7c00u : result;
    return (int16_t)(size > 0x7f800000u ? 0x7fffu : result | sign); /* CUDA's NaN */
}
#else
CPL_MATH(float, half2float, int16_t half) { return (float)__builtin_bit_cast(_Float16, half); }
CPL_MATH(int16_t, float2half_rn, float x) {
    int16_t result = __builtin_bit_cast(int16_t, (_Float16)x);
    return x != x ? (int16_t)0x7fff : result; /* CUDA's NaN */
}
#endif
