/* One 16-bit floating-point type and the pair of it. cuda_fp16.h and cuda_bf16.h include this file with
 *   CPL_S, CPL_S2, CPL_SRAW, CPL_S2RAW  the names of the types,
 *   CPL_N                               the word for it in names of functions: half, bfloat16
 *   CPL_OTHER                           the other type, whose conversion is explicit. */
struct CPL_SRAW { unsigned short x; };
struct __attribute__((aligned(4))) CPL_S2RAW { unsigned short x, y; };
#define CPL_BITS CPL_PASTE3(cpl_, CPL_N, _bits)
#define CPL_WIDE CPL_PASTE3(cpl_, CPL_N, _wide)

struct __attribute__((aligned(2))) CPL_S {
protected:
    unsigned short __x;

public:
    CPL_S() = default;
    __host__ __device__ CPL_CONSTEXPR CPL_S(const CPL_SRAW &raw) : __x(raw.x) {}
    CPL_NARROW_FN explicit CPL_S(const CPL_OTHER other);
#ifndef CPL_NO_NARROW_CONVERSIONS
    CPL_NARROW_FN CPL_S(float value) : __x(CPL_BITS(value)) {}
    CPL_NARROW_FN CPL_S(double value) : __x(CPL_BITS(cpl_odd_float(value))) {}
    CPL_NARROW_FN CPL_S(int value) : __x(CPL_BITS(cpl_odd_float((double)value))) {}
    CPL_NARROW_FN CPL_S(unsigned int value) : __x(CPL_BITS(cpl_odd_float((double)value))) {}
    CPL_NARROW_FN CPL_S(short value) : __x(CPL_BITS((float)value)) {}
    CPL_NARROW_FN CPL_S(unsigned short value) : __x(CPL_BITS((float)value)) {}
    CPL_NARROW_FN CPL_S(long value) : __x(CPL_BITS(cpl_odd_float(cpl_odd_double((long long)value)))) {}
    CPL_NARROW_FN CPL_S(unsigned long value) : __x(CPL_BITS(cpl_odd_float(cpl_odd_double((unsigned long long)value)))) {}
    CPL_NARROW_FN CPL_S(long long value) : __x(CPL_BITS(cpl_odd_float(cpl_odd_double(value)))) {}
    CPL_NARROW_FN CPL_S(unsigned long long value) : __x(CPL_BITS(cpl_odd_float(cpl_odd_double(value)))) {}
    CPL_NARROW_FN operator float() const { return CPL_WIDE(__x); }
    CPL_NARROW_FN explicit operator bool() const { return (__x & 0x7fffu) != 0; }
    /* Towards zero, and they saturate. */
    CPL_NARROW_FN explicit operator int() const { return __float2int_rz(CPL_WIDE(__x)); }
    CPL_NARROW_FN explicit operator unsigned int() const { return __float2uint_rz(CPL_WIDE(__x)); }
    CPL_NARROW_FN explicit operator long() const { return (long)__float2ll_rz(CPL_WIDE(__x)); }
    CPL_NARROW_FN explicit operator unsigned long() const { return (unsigned long)__float2ull_rz(CPL_WIDE(__x)); }
    CPL_NARROW_FN explicit operator long long() const { return __float2ll_rz(CPL_WIDE(__x)); }
    CPL_NARROW_FN explicit operator unsigned long long() const { return __float2ull_rz(CPL_WIDE(__x)); }
    CPL_NARROW_FN explicit operator short() const { return (short)cpl_clamped(-32768, 32767); }
    CPL_NARROW_FN explicit operator unsigned short() const { return (unsigned short)cpl_clamped(0, 65535); }
    CPL_NARROW_FN explicit operator char() const {
        return (char)cpl_clamped((char)-1 < 0 ? -128 : 0, (char)-1 < 0 ? 127 : 255); }
    CPL_NARROW_FN explicit operator signed char() const { return (signed char)cpl_clamped(-128, 127); }
    CPL_NARROW_FN explicit operator unsigned char() const { return (unsigned char)cpl_clamped(0, 255); }
    CPL_NARROW_FN CPL_S &operator=(float value) { __x = CPL_BITS(value); return *this; }
    CPL_NARROW_FN CPL_S &operator=(double value) { return *this = CPL_S(value); }
    CPL_NARROW_FN CPL_S &operator=(int value) { return *this = CPL_S(value); }
    CPL_NARROW_FN CPL_S &operator=(unsigned int value) { return *this = CPL_S(value); }
    CPL_NARROW_FN CPL_S &operator=(short value) { return *this = CPL_S(value); }
    CPL_NARROW_FN CPL_S &operator=(unsigned short value) { return *this = CPL_S(value); }
    CPL_NARROW_FN CPL_S &operator=(long long value) { return *this = CPL_S(value); }
    CPL_NARROW_FN CPL_S &operator=(unsigned long long value) { return *this = CPL_S(value); }
#endif
#ifndef CPL_NO_NARROW_CONVERSIONS

private:
    CPL_NARROW_FN int cpl_clamped(int low, int high) const {
        int i = __float2int_rz(CPL_WIDE(__x)); return i < low ? low : i > high ? high : i; }

public:
#endif
    CPL_NARROW_FN operator CPL_SRAW() const { CPL_SRAW raw = {__x}; return raw; }
    CPL_NARROW_FN operator CPL_SRAW() const volatile { CPL_SRAW raw = {__x}; return raw; }
    CPL_NARROW_FN CPL_S &operator=(const CPL_SRAW &raw) { __x = raw.x; return *this; }
    CPL_NARROW_FN volatile CPL_S &operator=(const CPL_SRAW &raw) volatile { __x = raw.x; return *this; }
    CPL_NARROW_FN volatile CPL_S &operator=(const volatile CPL_SRAW &raw) volatile { __x = raw.x; return *this; }
};

struct __attribute__((aligned(4))) CPL_S2 {
    CPL_S x, y;
    CPL_S2() = default;
    __host__ __device__ CPL_CONSTEXPR CPL_S2(const CPL_S &a, const CPL_S &b) : x(a), y(b) {}
    CPL_NARROW_FN CPL_S2(const CPL_S2RAW &raw) { CPL_SRAW a = {raw.x}, b = {raw.y}; x = a; y = b; }
    /* A template, so that `pair = {}` can only mean the pair itself. */
    template <class R> CPL_NARROW_FN typename cpl_if<__is_same(R, CPL_S2RAW), CPL_S2>::type &operator=(const R &raw) {
        return *this = CPL_S2(raw); }
    CPL_NARROW_FN operator CPL_S2RAW() const {
        CPL_S2RAW raw = {((CPL_SRAW)x).x, ((CPL_SRAW)y).x}; return raw; }
};
#define CPL_RAW(value) (((CPL_SRAW)(value)).x)
#define CPL_F(value) CPL_WIDE(CPL_RAW(value))
CPL_FN CPL_S CPL_PASTE3(cpl_, CPL_N, _of)(unsigned int bits) { CPL_SRAW raw = {(unsigned short)bits}; return CPL_S(raw); }
CPL_FN CPL_S CPL_PASTE3(cpl_, CPL_N, _near)(float value) { return CPL_PASTE3(cpl_, CPL_N, _of)(CPL_BITS(value)); }
#define CPL_OF CPL_PASTE3(cpl_, CPL_N, _of)
#define CPL_NEAR CPL_PASTE3(cpl_, CPL_N, _near)
