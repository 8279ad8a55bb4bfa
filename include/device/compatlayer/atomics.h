/* Atomic functions: relaxed, as CUDA has them; the scopes differ only in name on one machine. */
#ifndef CPL_DEVICE_ATOMICS_H
#define CPL_DEVICE_ATOMICS_H
#define CPL_SCOPED(declare, name, type) declare(name, type) declare(name##_block, type) declare(name##_system, type)
#define CPL_ADD(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
#define CPL_SUB(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_sub(p, v, __ATOMIC_RELAXED); }
#define CPL_MIN(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_min(p, v, __ATOMIC_RELAXED); }
#define CPL_MAX(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_max(p, v, __ATOMIC_RELAXED); }
#define CPL_AND(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_and(p, v, __ATOMIC_RELAXED); }
#define CPL_OR(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_or(p, v, __ATOMIC_RELAXED); }
#define CPL_XOR(name, type) CPL_FN type name(type *p, type v) { return __atomic_fetch_xor(p, v, __ATOMIC_RELAXED); }
#define CPL_INC(name, type) CPL_FN type name(type *p, type v) { return __nvvm_atom_inc_gen_ui(p, v); }
#define CPL_DEC(name, type) CPL_FN type name(type *p, type v) { return __nvvm_atom_dec_gen_ui(p, v); }
#define CPL_EXCH(name, type) CPL_FN type name(type *p, type v) { return __atomic_exchange_n(p, v, __ATOMIC_RELAXED); }
#define CPL_CAS(name, type) CPL_FN type name(type *p, type compare, type v) { \
    __atomic_compare_exchange_n(p, &compare, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); return compare; }
CPL_SCOPED(CPL_ADD, atomicAdd, int)
CPL_SCOPED(CPL_ADD, atomicAdd, unsigned int)
CPL_SCOPED(CPL_ADD, atomicAdd, unsigned long long)
/* Templates, so that a program's own atomicAdd for these types, as devices once needed one, is preferred to ours. */
#define CPL_ADD_FLOAT(name, type) template <int = 0> CPL_ADD(name, type)
CPL_SCOPED(CPL_ADD_FLOAT, atomicAdd, float)
CPL_SCOPED(CPL_ADD_FLOAT, atomicAdd, double)
CPL_SCOPED(CPL_SUB, atomicSub, int)
CPL_SCOPED(CPL_SUB, atomicSub, unsigned int)
CPL_SCOPED(CPL_INC, atomicInc, unsigned int)
CPL_SCOPED(CPL_DEC, atomicDec, unsigned int)
#define CPL_INTEGERS(declare, name) \
    CPL_SCOPED(declare, name, int) CPL_SCOPED(declare, name, unsigned int) \
    CPL_SCOPED(declare, name, unsigned long long)
CPL_INTEGERS(CPL_MIN, atomicMin)
CPL_SCOPED(CPL_MIN, atomicMin, long long)
CPL_INTEGERS(CPL_MAX, atomicMax)
CPL_SCOPED(CPL_MAX, atomicMax, long long)
CPL_INTEGERS(CPL_AND, atomicAnd)
CPL_SCOPED(CPL_AND, atomicAnd, long long)
CPL_INTEGERS(CPL_OR, atomicOr)
CPL_SCOPED(CPL_OR, atomicOr, long long)
CPL_INTEGERS(CPL_XOR, atomicXor)
CPL_SCOPED(CPL_XOR, atomicXor, long long)
CPL_INTEGERS(CPL_EXCH, atomicExch)
CPL_INTEGERS(CPL_CAS, atomicCAS)
CPL_SCOPED(CPL_CAS, atomicCAS, unsigned short)
#define CPL_EXCH_FLOAT(name, type) CPL_FN type name(type *p, type v) { \
    type old; __atomic_exchange(p, &v, &old, __ATOMIC_RELAXED); return old; }
CPL_SCOPED(CPL_EXCH_FLOAT, atomicExch, float)
#define CPL_ADD_LANES2(name, type) CPL_FN type name(type *p, type v) { \
    type old; old.x = atomicAdd(&p->x, v.x); old.y = atomicAdd(&p->y, v.y); return old; }
#define CPL_ADD_LANES4(name, type) CPL_FN type name(type *p, type v) { \
    type old; old.x = atomicAdd(&p->x, v.x); old.y = atomicAdd(&p->y, v.y); \
    old.z = atomicAdd(&p->z, v.z); old.w = atomicAdd(&p->w, v.w); return old; }
/* Vector adds promise atomicity per element only. */
CPL_SCOPED(CPL_ADD_LANES2, atomicAdd, float2)
CPL_SCOPED(CPL_ADD_LANES4, atomicAdd, float4)
/* 16 bytes at once, of any type that is copied as bytes and aligned to 16. */
CPL_NATIVE unsigned __int128 __compatlayer_cas_b128(void *, unsigned __int128, unsigned __int128);
#define CPL_WIDE(suffix) \
    template <class T> CPL_FN typename cpl_wide_type<T, sizeof(T) == 16 && __alignof__(T) >= 16>::type atomicCAS##suffix( \
        T *p, T compare, T value) { \
        return __builtin_bit_cast(T, __compatlayer_cas_b128(p, __builtin_bit_cast(unsigned __int128, compare), \
                                                            __builtin_bit_cast(unsigned __int128, value))); } \
    template <class T> CPL_FN typename cpl_wide_type<T, sizeof(T) == 16 && __alignof__(T) >= 16>::type atomicExch##suffix( \
        T *p, T value) { \
        unsigned __int128 seen = *(volatile unsigned __int128 *)p, old; \
        do { \
            old = seen; \
            seen = __compatlayer_cas_b128(p, old, __builtin_bit_cast(unsigned __int128, value)); \
        } while (seen != old); \
        return __builtin_bit_cast(T, old); }
template <class T, bool> struct cpl_wide_type {};
template <class T> struct cpl_wide_type<T, true> { typedef T type; };
CPL_WIDE()
CPL_WIDE(_block)
CPL_WIDE(_system)
#undef CPL_WIDE
#undef CPL_ADD_FLOAT
#undef CPL_ADD_LANES2
#undef CPL_ADD_LANES4
#undef CPL_EXCH_FLOAT
#undef CPL_INTEGERS
#undef CPL_CAS
#undef CPL_EXCH
#undef CPL_DEC
#undef CPL_INC
#undef CPL_XOR
#undef CPL_OR
#undef CPL_AND
#undef CPL_MAX
#undef CPL_MIN
#undef CPL_SUB
#undef CPL_ADD
#undef CPL_SCOPED
#endif
