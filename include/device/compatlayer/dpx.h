/* Three-way minima and maxima, additions before them, clamps at zero: the functions for dynamic programming ("SIMD
 * Intrinsics" of the CUDA Math API). Additions wrap around. */
#ifndef CPL_DEVICE_DPX_H
#define CPL_DEVICE_DPX_H
#define CPL_DPX(s, op, type, kind, plus) \
    CPL_FN type __vi##op##3_##kind(type a, type b, type c) { return s(s(a, b), c); } \
    CPL_FN type __viadd##op##_##kind(type a, type b, type c) { return s(plus(a, b), c); }
#define CPL_DPX_RELU(s, op, type, kind, plus, zero) \
    CPL_FN type __vi##op##_##kind##_relu(type a, type b) { return zero(s(a, b), 0); } \
    CPL_FN type __vi##op##3_##kind##_relu(type a, type b, type c) { return zero(s(s(a, b), c), 0); } \
    CPL_FN type __viadd##op##_##kind##_relu(type a, type b, type c) { return zero(s(plus(a, b), c), 0); }
CPL_FN int cpl_wrapping_sum(int a, int b) { return (int)((unsigned int)a + (unsigned int)b); }
CPL_FN unsigned int cpl_wrapping_sum(unsigned int a, unsigned int b) { return a + b; }
CPL_DPX(max, max, int, s32, cpl_wrapping_sum)
CPL_DPX(min, min, int, s32, cpl_wrapping_sum)
CPL_DPX(max, max, unsigned int, u32, cpl_wrapping_sum)
CPL_DPX(min, min, unsigned int, u32, cpl_wrapping_sum)
CPL_DPX(__vmaxs2, max, unsigned int, s16x2, __vadd2)
CPL_DPX(__vmins2, min, unsigned int, s16x2, __vadd2)
CPL_DPX(__vmaxu2, max, unsigned int, u16x2, __vadd2)
CPL_DPX(__vminu2, min, unsigned int, u16x2, __vadd2)
CPL_DPX_RELU(max, max, int, s32, cpl_wrapping_sum, max)
CPL_DPX_RELU(min, min, int, s32, cpl_wrapping_sum, max)
CPL_DPX_RELU(__vmaxs2, max, unsigned int, s16x2, __vadd2, __vmaxs2)
CPL_DPX_RELU(__vmins2, min, unsigned int, s16x2, __vadd2, __vmaxs2)
/* These also tell whether the first operand was taken; equal ones count as taken. */
#define CPL_DPX_WHICH(op, type, kind, order) \
    CPL_FN type __vib##op##_##kind(type a, type b, bool *first) { *first = a order b; return op(a, b); }
CPL_DPX_WHICH(max, int, s32, >=)
CPL_DPX_WHICH(min, int, s32, <=)
CPL_DPX_WHICH(max, unsigned int, u32, >=)
CPL_DPX_WHICH(min, unsigned int, u32, <=)
#define CPL_DPX_WHICH2(op, s, lane, kind, order) \
    CPL_FN unsigned int __vib##op##_##kind(unsigned int a, unsigned int b, bool *high, bool *low) { \
        *high = (lane)(a >> 16) order (lane)(b >> 16); *low = (lane)a order (lane)b; return s(a, b); }
CPL_DPX_WHICH2(max, __vmaxs2, short, s16x2, >=)
CPL_DPX_WHICH2(min, __vmins2, short, s16x2, <=)
CPL_DPX_WHICH2(max, __vmaxu2, unsigned short, u16x2, >=)
CPL_DPX_WHICH2(min, __vminu2, unsigned short, u16x2, <=)
#undef CPL_DPX_WHICH2
#undef CPL_DPX_WHICH
#undef CPL_DPX_RELU
#undef CPL_DPX
#endif
