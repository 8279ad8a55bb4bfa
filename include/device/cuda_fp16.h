/* Half precision: storage in 16 bits, arithmetic through float, which rounds to half exactly once for + - * / and sqrt
 * because float has more than twice half's digits plus two. */
#ifndef CPL_CUDA_FP16_H
#define CPL_CUDA_FP16_H
#define CPL_HALF_FN __host__ __device__ __forceinline__ __attribute__((nodebug))
CPL_PURE float __nv_half2float(short);
CPL_PURE short __nv_float2half_rn(float);

struct __half_raw { unsigned short x; };
struct __half2_raw { unsigned short x, y; };

struct __attribute__((aligned(2))) __half {
protected:
    unsigned short __x;

public:
    __half() = default;
    CPL_HALF_FN __half(const __half_raw &raw) : __x(raw.x) {}
    CPL_HALF_FN __half(float value) : __x((unsigned short)__nv_float2half_rn(value)) {}
    CPL_HALF_FN __half(double value) : __x(cpl_from_double(value)) {}
    CPL_HALF_FN __half(int value) : __x(cpl_from_double(value)) {}
    CPL_HALF_FN __half(unsigned int value) : __x(cpl_from_double(value)) {}
    CPL_HALF_FN __half(short value) : __x(cpl_from_double(value)) {}
    CPL_HALF_FN __half(unsigned short value) : __x(cpl_from_double(value)) {}
    CPL_HALF_FN __half(long value) : __x(cpl_from_double((double)value)) {}
    CPL_HALF_FN __half(unsigned long value) : __x(cpl_from_double((double)value)) {}
    CPL_HALF_FN __half(long long value) : __x(cpl_from_double((double)value)) {}
    CPL_HALF_FN __half(unsigned long long value) : __x(cpl_from_double((double)value)) {}
    CPL_HALF_FN operator float() const { return __nv_half2float((short)__x); }
    CPL_HALF_FN operator __half_raw() const { __half_raw raw = {__x}; return raw; }
    CPL_HALF_FN operator __half_raw() const volatile { __half_raw raw = {__x}; return raw; }
    CPL_HALF_FN explicit operator bool() const { return (__x & 0x7fffu) != 0; }
    CPL_HALF_FN __half &operator=(const __half_raw &raw) { __x = raw.x; return *this; }
    CPL_HALF_FN __half &operator=(float value) { return *this = __half(value); }
    CPL_HALF_FN __half &operator=(double value) { return *this = __half(value); }
    CPL_HALF_FN __half &operator=(int value) { return *this = __half(value); }

private:
    /* Through float rounded to odd, so that the second rounding is the only one that counts. */
    CPL_HALF_FN static unsigned short cpl_from_double(double value) {
        float near = (float)value;
        int bits = __float_as_int(near);
        if ((double)near != value && value == value && !(bits & 1) && (bits & 0x7f800000) != 0x7f800000) {
            bool away = __builtin_fabs((double)near) > __builtin_fabs(value);
            near = __int_as_float(away ? bits - 1 : bits | 1);
        }
        return (unsigned short)__nv_float2half_rn(near);
    }
};
typedef __half half;
struct __attribute__((aligned(4))) __half2 {
    __half x, y;
    __half2() = default;
    CPL_HALF_FN __half2(const __half &a, const __half &b) : x(a), y(b) {}
    CPL_HALF_FN __half2(const __half2_raw &raw) {
        __half_raw a = {raw.x}, b = {raw.y}; x = a; y = b; }
    CPL_HALF_FN operator __half2_raw() const {
        __half2_raw raw = {__half_raw(x).x, __half_raw(y).x}; return raw; }
};
typedef __half2 half2;

CPL_FN __half __float2half(float x) { return __half(x); }
CPL_FN __half __float2half_rn(float x) { return __half(x); }
CPL_FN __half __double2half(double x) { return __half(x); }
CPL_FN float __half2float(__half x) { return (float)x; }
CPL_FN __half __ushort_as_half(unsigned short x) { __half_raw raw = {x}; return __half(raw); }
CPL_FN __half __short_as_half(short x) { return __ushort_as_half((unsigned short)x); }
CPL_FN unsigned short __half_as_ushort(__half x) { return __half_raw(x).x; }
CPL_FN short __half_as_short(__half x) { return (short)__half_raw(x).x; }
#define CPL_HALF_TO(name, type) \
    CPL_FN type __half2##name##_rn(__half x) { return __float2##name##_rn((float)x); } \
    CPL_FN type __half2##name##_rz(__half x) { return __float2##name##_rz((float)x); } \
    CPL_FN type __half2##name##_ru(__half x) { return __float2##name##_ru((float)x); } \
    CPL_FN type __half2##name##_rd(__half x) { return __float2##name##_rd((float)x); } \
    CPL_FN __half __##name##2half_rn(type x) { return __half(x); }
CPL_HALF_TO(int, int)
CPL_HALF_TO(uint, unsigned int)
#undef CPL_HALF_TO
CPL_FN __half2 make_half2(__half x, __half y) { return __half2(x, y); }
CPL_FN __half2 __halves2half2(__half x, __half y) { return __half2(x, y); }
CPL_FN __half2 __half2half2(__half x) { return __half2(x, x); }
CPL_FN __half2 __float2half2_rn(float x) { return __half2(__half(x), __half(x)); }
CPL_FN __half2 __floats2half2_rn(float x, float y) { return __half2(__half(x), __half(y)); }
CPL_FN __half2 __float22half2_rn(float2 v) { return __half2(__half(v.x), __half(v.y)); }
CPL_FN float2 __half22float2(__half2 v) { return make_float2((float)v.x, (float)v.y); }
CPL_FN float __low2float(__half2 v) { return (float)v.x; }
CPL_FN float __high2float(__half2 v) { return (float)v.y; }
CPL_FN __half __low2half(__half2 v) { return v.x; }
CPL_FN __half __high2half(__half2 v) { return v.y; }
CPL_FN __half2 __low2half2(__half2 v) { return __half2(v.x, v.x); }
CPL_FN __half2 __high2half2(__half2 v) { return __half2(v.y, v.y); }
CPL_FN __half2 __lowhigh2highlow(__half2 v) { return __half2(v.y, v.x); }
CPL_FN __half2 __lows2half2(__half2 a, __half2 b) { return __half2(a.x, b.x); }
CPL_FN __half2 __highs2half2(__half2 a, __half2 b) { return __half2(a.y, b.y); }

#define CPL_HALF_BINARY(name, op) \
    CPL_FN __half __h##name(__half a, __half b) { \
        _Pragma("clang fp contract(off)") return __half((float)a op (float)b); } \
    CPL_FN __half __h##name##_rn(__half a, __half b) { return __h##name(a, b); } \
    CPL_FN __half2 __h##name##2(__half2 a, __half2 b) { return __half2(__h##name(a.x, b.x), __h##name(a.y, b.y)); } \
    CPL_FN __half operator op(const __half &a, const __half &b) { return __h##name(a, b); } \
    CPL_FN __half2 operator op(const __half2 &a, const __half2 &b) { return __h##name##2(a, b); } \
    CPL_FN __half &operator op##=(__half &a, const __half &b) { return a = __h##name(a, b); } \
    CPL_FN __half2 &operator op##=(__half2 &a, const __half2 &b) { return a = __h##name##2(a, b); }
CPL_HALF_BINARY(add, +)
CPL_HALF_BINARY(sub, -)
CPL_HALF_BINARY(mul, *)
CPL_HALF_BINARY(div, /)
#undef CPL_HALF_BINARY
CPL_FN __half2 __h2div(__half2 a, __half2 b) { return __hdiv2(a, b); }
/* The product of two halves is exact in float. The sum is exact in double, or so close to c that c is the answer
 * either way: one rounding is left. */
CPL_FN __half __hfma(__half a, __half b, __half c) {
    return __half((double)((float)a * (float)b) + (double)(float)c); }
CPL_FN __half2 __hfma2(__half2 a, __half2 b, __half2 c) {
    return __half2(__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)); }
CPL_FN __half __hneg(__half a) { return __ushort_as_half((unsigned short)(__half_as_ushort(a) ^ 0x8000u)); }
CPL_FN __half2 __hneg2(__half2 a) { return __half2(__hneg(a.x), __hneg(a.y)); }
CPL_FN __half __habs(__half a) { return __ushort_as_half((unsigned short)(__half_as_ushort(a) & 0x7fffu)); }
CPL_FN __half2 __habs2(__half2 a) { return __half2(__habs(a.x), __habs(a.y)); }
CPL_FN __half operator-(const __half &a) { return __hneg(a); }
CPL_FN __half operator+(const __half &a) { return a; }
CPL_FN __half2 operator-(const __half2 &a) { return __hneg2(a); }

#define CPL_HALF_COMPARE(name, op) \
    CPL_FN bool __h##name(__half a, __half b) { return (float)a op (float)b; } \
    CPL_FN bool operator op(const __half &a, const __half &b) { return (float)a op (float)b; } \
    CPL_FN bool __hb##name##2(__half2 a, __half2 b) { return __h##name(a.x, b.x) && __h##name(a.y, b.y); } \
    CPL_FN __half2 __h##name##2(__half2 a, __half2 b) { \
        return __half2(__half(__h##name(a.x, b.x) ? 1.0f : 0.0f), __half(__h##name(a.y, b.y) ? 1.0f : 0.0f)); }
CPL_HALF_COMPARE(eq, ==)
CPL_HALF_COMPARE(ne, !=)
CPL_HALF_COMPARE(lt, <)
CPL_HALF_COMPARE(le, <=)
CPL_HALF_COMPARE(gt, >)
CPL_HALF_COMPARE(ge, >=)
#undef CPL_HALF_COMPARE
CPL_FN bool __hisnan(__half a) { return (__half_as_ushort(a) & 0x7fffu) > 0x7c00u; }
CPL_FN int __hisinf(__half a) {
    unsigned short bits = __half_as_ushort(a);
    return bits == 0x7c00u ? 1 : bits == 0xfc00u ? -1 : 0;
}
CPL_FN __half __hmin(__half a, __half b) { return __half(__builtin_fminf((float)a, (float)b)); }
CPL_FN __half __hmax(__half a, __half b) { return __half(__builtin_fmaxf((float)a, (float)b)); }
CPL_FN __half2 __hmin2(__half2 a, __half2 b) { return __half2(__hmin(a.x, b.x), __hmin(a.y, b.y)); }
CPL_FN __half2 __hmax2(__half2 a, __half2 b) { return __half2(__hmax(a.x, b.x), __hmax(a.y, b.y)); }

#define CPL_HALF_MATH(name, function) \
    CPL_FN __half h##name(__half a) { return __half(function((float)a)); } \
    CPL_FN __half2 h2##name(__half2 a) { return __half2(h##name(a.x), h##name(a.y)); }
CPL_HALF_MATH(sqrt, sqrtf) CPL_HALF_MATH(rsqrt, rsqrtf) CPL_HALF_MATH(exp, expf) CPL_HALF_MATH(exp2, exp2f)
CPL_HALF_MATH(exp10, exp10f) CPL_HALF_MATH(log, logf) CPL_HALF_MATH(log2, log2f) CPL_HALF_MATH(log10, log10f)
CPL_HALF_MATH(sin, sinf) CPL_HALF_MATH(cos, cosf) CPL_HALF_MATH(tanh, tanhf) CPL_HALF_MATH(floor, floorf)
CPL_HALF_MATH(ceil, ceilf) CPL_HALF_MATH(trunc, truncf) CPL_HALF_MATH(rint, rintf) CPL_HALF_MATH(rcp, __frcp_rn)
#undef CPL_HALF_MATH

#define CPL_HALF_SHUFFLE(name, second) \
    CPL_FN __half name(unsigned int mask, __half value, second lane, int width = 32) { \
        return __ushort_as_half((unsigned short)name(mask, (unsigned int)__half_as_ushort(value), lane, width)); } \
    CPL_FN __half2 name(unsigned int mask, __half2 value, second lane, int width = 32) { \
        return __builtin_bit_cast(__half2, name(mask, __builtin_bit_cast(unsigned int, value), lane, width)); }
CPL_HALF_SHUFFLE(__shfl_sync, int)
CPL_HALF_SHUFFLE(__shfl_up_sync, unsigned int)
CPL_HALF_SHUFFLE(__shfl_down_sync, unsigned int)
CPL_HALF_SHUFFLE(__shfl_xor_sync, int)
#undef CPL_HALF_SHUFFLE
CPL_FN __half atomicAdd(__half *p, __half value) {
    unsigned short *bits = (unsigned short *)p, old = __atomic_load_n(bits, __ATOMIC_RELAXED), seen;
    do {
        seen = old;
        old = atomicCAS(bits, seen, __half_as_ushort(__hadd(__ushort_as_half(seen), value)));
    } while (old != seen);
    return __ushort_as_half(old);
}
CPL_FN __half2 atomicAdd(__half2 *p, __half2 value) {
    __half2 old;
    old.x = atomicAdd(&p->x, value.x);
    old.y = atomicAdd(&p->y, value.y);
    return old;
}
#undef CPL_HALF_FN
#endif
