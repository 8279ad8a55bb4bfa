/* Conversions and data movement of one 16-bit type; see type.h for the macros. Names paste CPL_N between two words. */
#define CPL_TO(name, type) CPL_FN type CPL_PASTE3(__, CPL_N, 2##name)(CPL_S x)
#define CPL_FROM(name, type) CPL_FN CPL_S CPL_PASTE3(__##name##2, CPL_N, )(type x)
#define CPL_FROM_BY(name, mode, type) CPL_FN CPL_S CPL_PASTE3(__##name##2, CPL_N, _##mode)(type x)
CPL_TO(float, float) { return CPL_F(x); }
CPL_FROM(float, float) { return CPL_NEAR(x); }
CPL_FROM(double, double) { return CPL_NEAR(cpl_odd_float(x)); }
/* `exact` is a float that holds x, or x rounded to odd. */
#define CPL_BY_MODE(name, type, exact) \
    CPL_FROM_BY(name, rn, type) { return CPL_NEAR(exact); } \
    CPL_FROM_BY(name, rz, type) { \
        float f = exact; unsigned short near = CPL_BITS(f); return CPL_OF(cpl_step_rz(near, CPL_WIDE(near), f)); } \
    CPL_FROM_BY(name, ru, type) { \
        float f = exact; unsigned short near = CPL_BITS(f); return CPL_OF(cpl_step_ru(near, CPL_WIDE(near), f)); } \
    CPL_FROM_BY(name, rd, type) { \
        float f = exact; unsigned short near = CPL_BITS(f); return CPL_OF(cpl_step_rd(near, CPL_WIDE(near), f)); }
CPL_BY_MODE(float, float, x)
CPL_BY_MODE(short, short, (float)x)
CPL_BY_MODE(ushort, unsigned short, (float)x)
CPL_BY_MODE(int, int, cpl_odd_float((double)x))
CPL_BY_MODE(uint, unsigned int, cpl_odd_float((double)x))
CPL_BY_MODE(ll, long long, cpl_odd_float(cpl_odd_double(x)))
CPL_BY_MODE(ull, unsigned long long, cpl_odd_float(cpl_odd_double(x)))
#undef CPL_BY_MODE
/* PTX cvt: saturates; NaN is 0, and 2^63 as 64 bits. */
#define CPL_CLAMPED(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
#define CPL_TO_INTEGERS(mode) \
    CPL_TO(int_##mode, int) { return __float2int_##mode(CPL_F(x)); } \
    CPL_TO(uint_##mode, unsigned int) { return __float2uint_##mode(CPL_F(x)); } \
    CPL_TO(ll_##mode, long long) { return __float2ll_##mode(CPL_F(x)); } \
    CPL_TO(ull_##mode, unsigned long long) { return __float2ull_##mode(CPL_F(x)); } \
    CPL_TO(short_##mode, short) { int i = __float2int_##mode(CPL_F(x)); return (short)CPL_CLAMPED(i, -32768, 32767); } \
    CPL_TO(ushort_##mode, unsigned short) { \
        int i = __float2int_##mode(CPL_F(x)); return (unsigned short)CPL_CLAMPED(i, 0, 65535); }
CPL_TO_INTEGERS(rn)
CPL_TO_INTEGERS(rz)
CPL_TO_INTEGERS(ru)
CPL_TO_INTEGERS(rd)
CPL_TO(char_rz, signed char) { int i = __float2int_rz(CPL_F(x)); return (signed char)CPL_CLAMPED(i, -128, 127); }
CPL_TO(uchar_rz, unsigned char) { int i = __float2int_rz(CPL_F(x)); return (unsigned char)CPL_CLAMPED(i, 0, 255); }
#undef CPL_TO_INTEGERS
#undef CPL_CLAMPED
CPL_FN unsigned short CPL_PASTE3(__, CPL_N, _as_ushort)(CPL_S x) { return CPL_RAW(x); }
CPL_FN short CPL_PASTE3(__, CPL_N, _as_short)(CPL_S x) { return (short)CPL_RAW(x); }
CPL_FN CPL_S CPL_PASTE3(__ushort_as_, CPL_N, )(unsigned short x) { return CPL_OF(x); }
CPL_FN CPL_S CPL_PASTE3(__short_as_, CPL_N, )(short x) { return CPL_OF((unsigned short)x); }

/* Pairs. */
CPL_FN CPL_S2 CPL_PASTE3(make_, CPL_N, 2)(CPL_S x, CPL_S y) { return CPL_S2(x, y); }
CPL_FN CPL_S2 CPL_PASTE3(__halves2, CPL_N, 2)(CPL_S x, CPL_S y) { return CPL_S2(x, y); }
CPL_FN CPL_S2 CPL_PASTE3(__, CPL_N, CPL_PASTE3(2, CPL_N, 2))(CPL_S x) { return CPL_S2(x, x); }
CPL_FN CPL_S2 CPL_PASTE3(__float2, CPL_N, 2_rn)(float x) { return CPL_S2(CPL_NEAR(x), CPL_NEAR(x)); }
CPL_FN CPL_S2 CPL_PASTE3(__floats2, CPL_N, 2_rn)(float x, float y) { return CPL_S2(CPL_NEAR(x), CPL_NEAR(y)); }
CPL_FN CPL_S2 CPL_PASTE3(__float22, CPL_N, 2_rn)(float2 v) { return CPL_S2(CPL_NEAR(v.x), CPL_NEAR(v.y)); }
CPL_FN float2 CPL_PASTE3(__, CPL_N, 22float2)(CPL_S2 v) { return make_float2(CPL_F(v.x), CPL_F(v.y)); }
CPL_FN float __low2float(CPL_S2 v) { return CPL_F(v.x); }
CPL_FN float __high2float(CPL_S2 v) { return CPL_F(v.y); }
CPL_FN CPL_S CPL_PASTE3(__low2, CPL_N, )(CPL_S2 v) { return v.x; }
CPL_FN CPL_S CPL_PASTE3(__high2, CPL_N, )(CPL_S2 v) { return v.y; }
CPL_FN CPL_S2 CPL_PASTE3(__low2, CPL_N, 2)(CPL_S2 v) { return CPL_S2(v.x, v.x); }
CPL_FN CPL_S2 CPL_PASTE3(__high2, CPL_N, 2)(CPL_S2 v) { return CPL_S2(v.y, v.y); }
CPL_FN CPL_S2 __lowhigh2highlow(CPL_S2 v) { return CPL_S2(v.y, v.x); }
CPL_FN CPL_S2 CPL_PASTE3(__lows2, CPL_N, 2)(CPL_S2 a, CPL_S2 b) { return CPL_S2(a.x, b.x); }
CPL_FN CPL_S2 CPL_PASTE3(__highs2, CPL_N, 2)(CPL_S2 a, CPL_S2 b) { return CPL_S2(a.y, b.y); }

#define CPL_SHUFFLE(name, second) \
    CPL_FN CPL_S name(unsigned int mask, CPL_S value, second lane, int width = 32) { \
        return CPL_OF(name(mask, (unsigned int)CPL_RAW(value), lane, width)); } \
    CPL_FN CPL_S2 name(unsigned int mask, CPL_S2 value, second lane, int width = 32) { \
        return __builtin_bit_cast(CPL_S2, name(mask, __builtin_bit_cast(unsigned int, value), lane, width)); }
CPL_SHUFFLE(__shfl_sync, int)
CPL_SHUFFLE(__shfl_up_sync, unsigned int)
CPL_SHUFFLE(__shfl_down_sync, unsigned int)
CPL_SHUFFLE(__shfl_xor_sync, int)
#undef CPL_SHUFFLE
#undef CPL_FROM_BY
#undef CPL_FROM
#undef CPL_TO
