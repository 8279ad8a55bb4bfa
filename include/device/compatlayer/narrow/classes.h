/* The classes of 8-, 6- and 4-bit floating-point types: alone, as pairs and as quadruples. Whoever includes this defines
 *     CPL_DOWN(x)     the bits of a float, in the format
 *     CPL_WIDE(x)     the __half_raw of such bits
 *     CPL_BITS        bits from one part of a pair to the next
 *     CPL_SIZE        the bits of a magnitude
 * They saturate; their conversions to integers go towards zero and saturate. */
#ifndef CPL_NARROW_CLASSES_H
#define CPL_NARROW_CLASSES_H
#define CPL_SMALL_FROM(name, type, value) \
    CPL_NARROW_FN explicit name(const type x) : __x(CPL_DOWN(value)) {}
#define CPL_SMALL_TO(type, call) \
    CPL_NARROW_FN explicit operator type() const { return call(__half(CPL_WIDE(__x))); }
#define CPL_SMALL(name, storage) \
    struct name { \
        storage __x; \
        name() = default; \
        CPL_SMALL_FROM(name, __half, __half2float(x)) CPL_SMALL_FROM(name, __nv_bfloat16, __bfloat162float(x)) \
        CPL_SMALL_FROM(name, float, x) CPL_SMALL_FROM(name, double, cpl_odd_float(x)) \
        CPL_SMALL_FROM(name, int, (float)x) CPL_SMALL_FROM(name, unsigned int, (float)x) \
        CPL_SMALL_FROM(name, short, (float)x) CPL_SMALL_FROM(name, unsigned short, (float)x) \
        CPL_SMALL_FROM(name, long, (float)x) CPL_SMALL_FROM(name, unsigned long, (float)x) \
        CPL_SMALL_FROM(name, long long, (float)x) CPL_SMALL_FROM(name, unsigned long long, (float)x) \
        CPL_SMALL_TO(__half, ) CPL_SMALL_TO(float, __half2float) CPL_SMALL_TO(double, (double)__half2float) \
        CPL_SMALL_TO(__nv_bfloat16, __nv_bfloat16) CPL_SMALL_TO(int, __half2int_rz) \
        CPL_SMALL_TO(unsigned int, __half2uint_rz) CPL_SMALL_TO(short, __half2short_rz) \
        CPL_SMALL_TO(unsigned short, __half2ushort_rz) CPL_SMALL_TO(long, (long)__half2ll_rz) \
        CPL_SMALL_TO(unsigned long, (unsigned long)__half2ull_rz) CPL_SMALL_TO(long long, __half2ll_rz) \
        CPL_SMALL_TO(unsigned long long, __half2ull_rz) CPL_SMALL_TO(char, (char)__half2char_rz) \
        CPL_SMALL_TO(signed char, __half2char_rz) CPL_SMALL_TO(unsigned char, __half2uchar_rz) \
        CPL_NARROW_FN explicit operator bool() const { return (__x & CPL_SIZE) != 0; } \
    };
#define CPL_SMALL_TWO(name, storage, one) \
    struct __attribute__((aligned(sizeof(storage)))) name { \
        storage __x; \
        name() = default; \
        CPL_NARROW_FN explicit name(const __half2 v) : __x(cpl_join(one(v.x), one(v.y))) {} \
        CPL_NARROW_FN explicit name(const __nv_bfloat162 v) : __x(cpl_join(one(v.x), one(v.y))) {} \
        CPL_NARROW_FN explicit name(const float2 v) : __x(cpl_join(one(v.x), one(v.y))) {} \
        CPL_NARROW_FN explicit name(const double2 v) : __x(cpl_join(one(v.x), one(v.y))) {} \
        CPL_NARROW_FN explicit operator __half2() const { \
            one low, high; low.__x = __x & ((1u << CPL_BITS) - 1); high.__x = __x >> CPL_BITS; \
            return __half2(low.operator __half(), high.operator __half()); } \
        CPL_NARROW_FN explicit operator float2() const { return __half22float2(operator __half2()); } \
    private: \
        CPL_NARROW_FN static storage cpl_join(one low, one high) { \
            return (storage)(low.__x | (unsigned int)high.__x << CPL_BITS); } \
    };
#define CPL_SMALL_FOUR(name, storage, two) \
    struct __attribute__((aligned(sizeof(storage)))) name { \
        storage __x; \
        name() = default; \
        CPL_NARROW_FN explicit name(const __half2 low, const __half2 high) : __x(cpl_join(two(low), two(high))) {} \
        CPL_NARROW_FN explicit name(const __nv_bfloat162 low, const __nv_bfloat162 high) : \
            __x(cpl_join(two(low), two(high))) {} \
        CPL_NARROW_FN explicit name(const float4 v) : \
            __x(cpl_join(two(make_float2(v.x, v.y)), two(make_float2(v.z, v.w)))) {} \
        CPL_NARROW_FN explicit name(const double4 v) : \
            __x(cpl_join(two(make_double2(v.x, v.y)), two(make_double2(v.z, v.w)))) {} \
        CPL_NARROW_FN explicit operator float4() const { \
            two low, high; low.__x = __x & ((1u << 2 * CPL_BITS) - 1); high.__x = __x >> 2 * CPL_BITS; \
            float2 a = low.operator float2(), b = high.operator float2(); return make_float4(a.x, a.y, b.x, b.y); } \
    private: \
        CPL_NARROW_FN static storage cpl_join(two low, two high) { \
            return (storage)(low.__x | (unsigned int)high.__x << 2 * CPL_BITS); } \
    };
#endif
