/* Bit casts, conversions with a rounding mode, and arithmetic with a rounding mode. */
#ifndef CPL_DEVICE_CASTS_H
#define CPL_DEVICE_CASTS_H
CPL_FN int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
CPL_FN unsigned int __float_as_uint(float x) { return __builtin_bit_cast(unsigned int, x); }
CPL_FN float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
CPL_FN float __uint_as_float(unsigned int x) { return __builtin_bit_cast(float, x); }
CPL_FN long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
CPL_FN double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
CPL_FN int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
CPL_FN int __double2loint(double x) { return (int)__double_as_longlong(x); }
CPL_FN double __hiloint2double(int hi, int lo) {
    return __longlong_as_double((long long)(((unsigned long long)(unsigned int)hi << 32) | (unsigned int)lo)); }
/* Their names before CUDA 12. */
CPL_FN int float_as_int(float x) { return __float_as_int(x); }
CPL_FN unsigned int float_as_uint(float x) { return __float_as_uint(x); }
CPL_FN float int_as_float(int x) { return __int_as_float(x); }
CPL_FN float uint_as_float(unsigned int x) { return __uint_as_float(x); }

/* Casts saturate: -fno-strict-float-cast-overflow makes them intrinsics that do. NaN becomes 0, or the top bit alone
 * where the float or the integer has 64 bits, as with PTX's cvt. The compiler's own idea of a constant NaN is 0. */
#define CPL_WHOLE(type, none, x, whole) (__builtin_constant_p(x) && x != x ? (type)(none) : (type)(whole))
#define CPL_TO_INTEGER(from, source, f, to, type, none) \
    CPL_FN type __##from##2##to##_rn(source x) { return CPL_WHOLE(type, none, x, __builtin_rint##f(x)); } \
    CPL_FN type __##from##2##to##_rz(source x) { return CPL_WHOLE(type, none, x, x); } \
    CPL_FN type __##from##2##to##_ru(source x) { return CPL_WHOLE(type, none, x, __builtin_ceil##f(x)); } \
    CPL_FN type __##from##2##to##_rd(source x) { return CPL_WHOLE(type, none, x, __builtin_floor##f(x)); }
CPL_TO_INTEGER(float, float, f, int, int, 0)
CPL_TO_INTEGER(float, float, f, uint, unsigned int, 0)
CPL_TO_INTEGER(double, double, , int, int, 0x80000000u)
CPL_TO_INTEGER(double, double, , uint, unsigned int, 0x80000000u)
CPL_TO_INTEGER(float, float, f, ll, long long, 1ull << 63)
CPL_TO_INTEGER(float, float, f, ull, unsigned long long, 1ull << 63)
CPL_TO_INTEGER(double, double, , ll, long long, 1ull << 63)
CPL_TO_INTEGER(double, double, , ull, unsigned long long, 1ull << 63)
#undef CPL_TO_INTEGER
#undef CPL_WHOLE

#define CPL_DIRECTED1(name, to, from) \
    CPL_PURE to __nv_##name##_rz(from); CPL_FN to __##name##_rz(from x) { return __nv_##name##_rz(x); } \
    CPL_PURE to __nv_##name##_ru(from); CPL_FN to __##name##_ru(from x) { return __nv_##name##_ru(x); } \
    CPL_PURE to __nv_##name##_rd(from); CPL_FN to __##name##_rd(from x) { return __nv_##name##_rd(x); }
#define CPL_FROM_INTEGER(name, to, from) \
    CPL_FN to __##name##_rn(from x) { return (to)x; } CPL_DIRECTED1(name, to, from)
CPL_FROM_INTEGER(int2float, float, int)
CPL_FROM_INTEGER(uint2float, float, unsigned int)
CPL_FROM_INTEGER(ll2float, float, long long)
CPL_FROM_INTEGER(ull2float, float, unsigned long long)
CPL_FROM_INTEGER(ll2double, double, long long)
CPL_FROM_INTEGER(ull2double, double, unsigned long long)
CPL_FROM_INTEGER(double2float, float, double)
CPL_FN double __int2double_rn(int x) { return (double)x; }
CPL_FN double __uint2double_rn(unsigned int x) { return (double)x; }

#define CPL_DIRECTED2(name, type) \
    CPL_PURE type __nv_##name##_rz(type, type); \
    CPL_FN type __##name##_rz(type x, type y) { return __nv_##name##_rz(x, y); } \
    CPL_PURE type __nv_##name##_ru(type, type); \
    CPL_FN type __##name##_ru(type x, type y) { return __nv_##name##_ru(x, y); } \
    CPL_PURE type __nv_##name##_rd(type, type); \
    CPL_FN type __##name##_rd(type x, type y) { return __nv_##name##_rd(x, y); }
#define CPL_DIRECTED3(name, type) \
    CPL_PURE type __nv_##name##_rz(type, type, type); \
    CPL_FN type __##name##_rz(type x, type y, type z) { return __nv_##name##_rz(x, y, z); } \
    CPL_PURE type __nv_##name##_ru(type, type, type); \
    CPL_FN type __##name##_ru(type x, type y, type z) { return __nv_##name##_ru(x, y, z); } \
    CPL_PURE type __nv_##name##_rd(type, type, type); \
    CPL_FN type __##name##_rd(type x, type y, type z) { return __nv_##name##_rd(x, y, z); }
/* The _rn forms promise never to be merged into an fma. */
#define CPL_EXACT2(name, type, op) \
    CPL_FN type __##name##_rn(type x, type y) { _Pragma("clang fp contract(off)") return x op y; } \
    CPL_DIRECTED2(name, type)
CPL_EXACT2(fadd, float, +)
CPL_EXACT2(fsub, float, -)
CPL_EXACT2(fmul, float, *)
CPL_EXACT2(dadd, double, +)
CPL_EXACT2(dsub, double, -)
CPL_EXACT2(dmul, double, *)
CPL_EXACT2(fdiv, float, /)
CPL_EXACT2(ddiv, double, /)
CPL_FN float __fmaf_rn(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
CPL_FN double __fma_rn(double x, double y, double z) { return __builtin_fma(x, y, z); }
CPL_DIRECTED3(fmaf, float)
CPL_DIRECTED3(fma, double)
/* Those never flush subnormal numbers, whatever -ftz says; here that is a mode of the whole kernel. */
CPL_FN float __fmaf_ieee_rn(float x, float y, float z) { return __fmaf_rn(x, y, z); }
CPL_FN float __fmaf_ieee_rz(float x, float y, float z) { return __fmaf_rz(x, y, z); }
CPL_FN float __fmaf_ieee_ru(float x, float y, float z) { return __fmaf_ru(x, y, z); }
CPL_FN float __fmaf_ieee_rd(float x, float y, float z) { return __fmaf_rd(x, y, z); }
/* Two floats at once. */
#define CPL_TWO_FLOATS(mode) \
    CPL_FN float2 __fadd2_##mode(float2 a, float2 b) { \
        return make_float2(__fadd_##mode(a.x, b.x), __fadd_##mode(a.y, b.y)); } \
    CPL_FN float2 __fmul2_##mode(float2 a, float2 b) { \
        return make_float2(__fmul_##mode(a.x, b.x), __fmul_##mode(a.y, b.y)); } \
    CPL_FN float2 __ffma2_##mode(float2 a, float2 b, float2 c) { \
        return make_float2(__fmaf_##mode(a.x, b.x, c.x), __fmaf_##mode(a.y, b.y, c.y)); }
CPL_TWO_FLOATS(rn)
CPL_TWO_FLOATS(rz)
CPL_TWO_FLOATS(ru)
CPL_TWO_FLOATS(rd)
#undef CPL_TWO_FLOATS
CPL_FN float __frcp_rn(float x) { return 1.0f / x; }
CPL_FN double __drcp_rn(double x) { return 1.0 / x; }
CPL_FN float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
CPL_FN double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
CPL_DIRECTED1(frcp, float, float)
CPL_DIRECTED1(drcp, double, double)
CPL_DIRECTED1(fsqrt, float, float)
CPL_DIRECTED1(dsqrt, double, double)
CPL_PURE float __nv_frsqrt_rn(float);
CPL_FN float __frsqrt_rn(float x) { return __nv_frsqrt_rn(x); }
#undef CPL_EXACT2
#undef CPL_DIRECTED3
#undef CPL_DIRECTED2
#undef CPL_FROM_INTEGER
#undef CPL_DIRECTED1
#endif
