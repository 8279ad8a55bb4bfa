/* Arithmetic, comparisons and functions of one 16-bit type; see type.h for the macros.
 *
 * Float has more than twice the digits of these types plus two: + - * / and sqrt through float round once. Functions
 * beyond those are float's, rounded. NaN results are CUDA's 0x7fff. */
#define CPL_PAIR(call) CPL_S2(call(a.x, b.x), call(a.y, b.y))
/* -0 and NaN are 0 when saturated; for relu NaN stays. */
CPL_FN CPL_S CPL_PASTE3(cpl_, CPL_N, _sat)(float f) { return CPL_NEAR(f > 0.0f ? (f < 1.0f ? f : 1.0f) : 0.0f); }
CPL_FN CPL_S CPL_PASTE3(cpl_, CPL_N, _relu)(float f) { return CPL_NEAR(f <= 0.0f ? 0.0f : f); }
#define CPL_SAT CPL_PASTE3(cpl_, CPL_N, _sat)
#define CPL_FMA CPL_PASTE3(cpl_, CPL_N, _fma)
#define CPL_BINARY(name, op) \
    CPL_FN CPL_S __h##name(CPL_S a, CPL_S b) { \
        _Pragma("clang fp contract(off)") return CPL_NEAR(CPL_F(a) op CPL_F(b)); } \
    CPL_FN CPL_S2 __h##name##2(CPL_S2 a, CPL_S2 b) { return CPL_PAIR(__h##name); }
#define CPL_BINARY_FORMS(name, op) \
    CPL_BINARY(name, op) \
    CPL_FN CPL_S __h##name##_rn(CPL_S a, CPL_S b) { return __h##name(a, b); } \
    CPL_FN CPL_S2 __h##name##2_rn(CPL_S2 a, CPL_S2 b) { return __h##name##2(a, b); } \
    CPL_FN CPL_S __h##name##_sat(CPL_S a, CPL_S b) { \
        _Pragma("clang fp contract(off)") return CPL_SAT(CPL_F(a) op CPL_F(b)); } \
    CPL_FN CPL_S2 __h##name##2_sat(CPL_S2 a, CPL_S2 b) { return CPL_PAIR(__h##name##_sat); }
CPL_BINARY_FORMS(add, +)
CPL_BINARY_FORMS(sub, -)
CPL_BINARY_FORMS(mul, *)
CPL_BINARY(div, /)
CPL_FN CPL_S2 __h2div(CPL_S2 a, CPL_S2 b) { return __hdiv2(a, b); }
#define CPL_FUSED(suffix, apply) \
    CPL_FN CPL_S __hfma##suffix(CPL_S a, CPL_S b, CPL_S c) { return apply(CPL_FMA(CPL_F(a), CPL_F(b), CPL_F(c))); } \
    CPL_FN CPL_S2 __hfma2##suffix(CPL_S2 a, CPL_S2 b, CPL_S2 c) { \
        return CPL_S2(__hfma##suffix(a.x, b.x, c.x), __hfma##suffix(a.y, b.y, c.y)); }
CPL_FUSED(, CPL_NEAR)
CPL_FUSED(_sat, CPL_SAT)
CPL_FUSED(_relu, CPL_PASTE3(cpl_, CPL_N, _relu))
CPL_FN CPL_S __hneg(CPL_S a) { return CPL_OF(CPL_RAW(a) ^ 0x8000u); }
CPL_FN CPL_S __habs(CPL_S a) { return CPL_OF(CPL_RAW(a) & 0x7fffu); }
CPL_FN CPL_S2 __hneg2(CPL_S2 a) { return CPL_S2(__hneg(a.x), __hneg(a.y)); }
CPL_FN CPL_S2 __habs2(CPL_S2 a) { return CPL_S2(__habs(a.x), __habs(a.y)); }
/* Complex numbers: a * b + c. */
CPL_FN CPL_S2 __hcmadd(CPL_S2 a, CPL_S2 b, CPL_S2 c) {
    return CPL_S2(__hfma(__hneg(a.y), b.y, __hfma(a.x, b.x, c.x)), __hfma(a.y, b.x, __hfma(a.x, b.y, c.y))); }

/* Comparisons: false where an operand is NaN, but for the forms with u. */
#define CPL_ORDER(name, test) \
    CPL_FN bool __h##name(CPL_S a, CPL_S b) { float x = CPL_F(a), y = CPL_F(b); return test; } \
    CPL_FN bool __hb##name##2(CPL_S2 a, CPL_S2 b) { return __h##name(a.x, b.x) & __h##name(a.y, b.y); } \
    CPL_FN CPL_S2 __h##name##2(CPL_S2 a, CPL_S2 b) { \
        return CPL_S2(CPL_OF(__h##name(a.x, b.x) ? CPL_ONE : 0u), CPL_OF(__h##name(a.y, b.y) ? CPL_ONE : 0u)); } \
    CPL_FN unsigned int __h##name##2_mask(CPL_S2 a, CPL_S2 b) { \
        return (__h##name(a.x, b.x) ? 0xffffu : 0u) | (__h##name(a.y, b.y) ? 0xffff0000u : 0u); }
CPL_ORDER(eq, x == y) CPL_ORDER(ne, (x < y) | (x > y)) CPL_ORDER(lt, x < y) CPL_ORDER(le, x <= y) CPL_ORDER(gt, x > y)
CPL_ORDER(ge, x >= y) CPL_ORDER(equ, !((x < y) | (x > y))) CPL_ORDER(neu, x != y) CPL_ORDER(ltu, !(x >= y))
CPL_ORDER(leu, !(x > y)) CPL_ORDER(gtu, !(x <= y)) CPL_ORDER(geu, !(x < y))
CPL_FN bool __hisnan(CPL_S a) { return (CPL_RAW(a) & 0x7fffu) > CPL_INFINITE; }
CPL_FN int __hisinf(CPL_S a) {
    unsigned int bits = CPL_RAW(a); return (bits & 0x7fffu) != CPL_INFINITE ? 0 : bits & 0x8000u ? -1 : 1; }
CPL_FN CPL_S2 __hisnan2(CPL_S2 a) { return __hneu2(a, a); }
/* NaN loses, or wins in the forms with _nan; +0 is greater than -0. Integers with the order of the numbers are compared:
 * all in one width, which lanes like. */
#define CPL_EXTREME(name, op) \
    CPL_FN CPL_S __h##name(CPL_S a, CPL_S b) { \
        int left = (short)CPL_RAW(a), right = (short)CPL_RAW(b); \
        int picked = (left ^ ((left >> 15) & 0x7fff)) op (right ^ ((right >> 15) & 0x7fff)) ? left : right; \
        picked = (right & 0x7fff) > (int)CPL_INFINITE ? left : picked; \
        picked = (left & 0x7fff) > (int)CPL_INFINITE ? right : picked; \
        return CPL_OF((picked & 0x7fff) > (int)CPL_INFINITE ? 0x7fffu : (unsigned int)picked); } \
    CPL_FN CPL_S __h##name##_nan(CPL_S a, CPL_S b) { \
        int left = (short)CPL_RAW(a), right = (short)CPL_RAW(b); \
        int picked = (left ^ ((left >> 15) & 0x7fff)) op (right ^ ((right >> 15) & 0x7fff)) ? left : right; \
        int nan = ((left & 0x7fff) > (int)CPL_INFINITE) | ((right & 0x7fff) > (int)CPL_INFINITE); \
        return CPL_OF(nan ? 0x7fffu : (unsigned int)picked); } \
    CPL_FN CPL_S2 __h##name##2(CPL_S2 a, CPL_S2 b) { return CPL_PAIR(__h##name); } \
    CPL_FN CPL_S2 __h##name##2_nan(CPL_S2 a, CPL_S2 b) { return CPL_PAIR(__h##name##_nan); }
CPL_EXTREME(max, >)
CPL_EXTREME(min, <)

#define CPL_FUNCTION(name, call) \
    CPL_FN CPL_S h##name(CPL_S a) { return CPL_NEAR(call(CPL_F(a))); } \
    CPL_FN CPL_S2 h2##name(CPL_S2 a) { return CPL_S2(h##name(a.x), h##name(a.y)); }
CPL_FUNCTION(sqrt, __fsqrt_rn) CPL_FUNCTION(rsqrt, __nv_rsqrtf) CPL_FUNCTION(rcp, __frcp_rn)
CPL_FUNCTION(exp, __nv_expf) CPL_FUNCTION(exp2, __nv_exp2f) CPL_FUNCTION(exp10, __nv_exp10f)
CPL_FUNCTION(log, __nv_logf) CPL_FUNCTION(log2, __nv_log2f) CPL_FUNCTION(log10, __nv_log10f)
CPL_FUNCTION(sin, __nv_sinf) CPL_FUNCTION(cos, __nv_cosf)
CPL_FUNCTION(tanh, __nv_tanhf) CPL_FUNCTION(tanh_approx, __nv_tanhf)
CPL_FUNCTION(floor, __builtin_floorf) CPL_FUNCTION(ceil, __builtin_ceilf) CPL_FUNCTION(trunc, __builtin_truncf)
CPL_FUNCTION(rint, __builtin_rintf)

#ifndef CPL_NO_NARROW_OPERATORS
#define CPL_OPERATOR(name, op) \
    CPL_FN CPL_S operator op(const CPL_S &a, const CPL_S &b) { return __h##name(a, b); } \
    CPL_FN CPL_S &operator op##=(CPL_S &a, const CPL_S &b) { return a = __h##name(a, b); }
CPL_OPERATOR(add, +) CPL_OPERATOR(sub, -) CPL_OPERATOR(mul, *) CPL_OPERATOR(div, /)
#undef CPL_OPERATOR
CPL_FN CPL_S operator+(const CPL_S &a) { return a; }
CPL_FN CPL_S operator-(const CPL_S &a) { return __hneg(a); }
CPL_FN CPL_S &operator++(CPL_S &a) { return a = __hadd(a, CPL_OF(CPL_ONE)); }
CPL_FN CPL_S &operator--(CPL_S &a) { return a = __hsub(a, CPL_OF(CPL_ONE)); }
CPL_FN CPL_S operator++(CPL_S &a, int) { CPL_S old = a; ++a; return old; }
CPL_FN CPL_S operator--(CPL_S &a, int) { CPL_S old = a; --a; return old; }
#define CPL_RELATION(name, op) CPL_FN bool operator op(const CPL_S &a, const CPL_S &b) { return __h##name(a, b); }
CPL_RELATION(eq, ==) CPL_RELATION(neu, !=) CPL_RELATION(lt, <) CPL_RELATION(le, <=) CPL_RELATION(gt, >)
CPL_RELATION(ge, >=)
#undef CPL_RELATION
#endif
#ifndef CPL_NO_NARROW2_OPERATORS
#define CPL_OPERATOR(name, op) \
    CPL_FN CPL_S2 operator op(const CPL_S2 &a, const CPL_S2 &b) { return __h##name##2(a, b); } \
    CPL_FN CPL_S2 &operator op##=(CPL_S2 &a, const CPL_S2 &b) { return a = __h##name##2(a, b); }
CPL_OPERATOR(add, +) CPL_OPERATOR(sub, -) CPL_OPERATOR(mul, *) CPL_OPERATOR(div, /)
#undef CPL_OPERATOR
CPL_FN CPL_S2 operator+(const CPL_S2 &a) { return a; }
CPL_FN CPL_S2 operator-(const CPL_S2 &a) { return __hneg2(a); }
CPL_FN CPL_S2 &operator++(CPL_S2 &a) { return a = __hadd2(a, CPL_S2(CPL_OF(CPL_ONE), CPL_OF(CPL_ONE))); }
CPL_FN CPL_S2 &operator--(CPL_S2 &a) { return a = __hsub2(a, CPL_S2(CPL_OF(CPL_ONE), CPL_OF(CPL_ONE))); }
CPL_FN CPL_S2 operator++(CPL_S2 &a, int) { CPL_S2 old = a; ++a; return old; }
CPL_FN CPL_S2 operator--(CPL_S2 &a, int) { CPL_S2 old = a; --a; return old; }
#define CPL_RELATION(name, op) CPL_FN bool operator op(const CPL_S2 &a, const CPL_S2 &b) { return __hb##name##2(a, b); }
CPL_RELATION(eq, ==) CPL_RELATION(neu, !=) CPL_RELATION(lt, <) CPL_RELATION(le, <=) CPL_RELATION(gt, >)
CPL_RELATION(ge, >=)
#undef CPL_RELATION
#endif

/* A pair is added as two numbers, each atomically, which is all that CUDA promises. */
#define CPL_ADD(name) \
    CPL_FN CPL_S name(CPL_S *p, CPL_S value) { \
        return __builtin_bit_cast(CPL_S, __atomic_fetch_add((CPL_NATIVE_S *)p, __builtin_bit_cast(CPL_NATIVE_S, value), \
                                                            __ATOMIC_RELAXED)); } \
    CPL_FN CPL_S2 name(CPL_S2 *p, CPL_S2 value) { \
        CPL_S low = name(&p->x, value.x); return CPL_S2(low, name(&p->y, value.y)); }
CPL_ADD(atomicAdd)
CPL_ADD(atomicAdd_block)
CPL_ADD(atomicAdd_system)
#undef CPL_ADD
#undef CPL_FUNCTION
#undef CPL_EXTREME
#undef CPL_ORDER
#undef CPL_FUSED
#undef CPL_BINARY_FORMS
#undef CPL_BINARY
#undef CPL_FMA
#undef CPL_SAT
#undef CPL_PAIR
