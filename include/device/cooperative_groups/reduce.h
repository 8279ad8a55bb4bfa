/* Reductions over tiles and coalesced groups; every thread gets the result.
 * Values are combined in the order of their ranks, as two neighbours or two halves of an aligned part at a time. */
#ifndef CPL_COOPERATIVE_GROUPS_REDUCE_H
#define CPL_COOPERATIVE_GROUPS_REDUCE_H
#include "../cooperative_groups.h"
namespace cooperative_groups {
inline namespace __v1 {
#define CPL_OPERATION(name, result) \
    template <typename T = void> struct name { CPL_CG_MEMBER T operator()(T a, T b) const { return result; } }; \
    template <> struct name<void> { \
        template <typename T> CPL_CG_MEMBER T operator()(T a, T b) const { return result; } \
    };
CPL_OPERATION(plus, a + b)
CPL_OPERATION(less, b < a ? b : a)
CPL_OPERATION(greater, a < b ? b : a)
CPL_OPERATION(bit_and, a &b)
CPL_OPERATION(bit_or, a | b)
CPL_OPERATION(bit_xor, a ^ b)
#undef CPL_OPERATION

namespace details {
/* Whether one instruction reduces such words over a mask of lanes, and which. */
template <typename T, typename Operation> struct whole { static constexpr bool known = false; };
#define CPL_WHOLE(type, operation, function) \
    template <> struct whole<type, operation<type>> { \
        static constexpr bool known = true; \
        static CPL_CG_MEMBER type reduced(unsigned int mask, type value) { return (type)function(mask, value); } \
    };
CPL_WHOLE(int, plus, __reduce_add_sync)
CPL_WHOLE(int, less, __reduce_min_sync)
CPL_WHOLE(int, greater, __reduce_max_sync)
CPL_WHOLE(int, bit_and, __reduce_and_sync)
CPL_WHOLE(int, bit_or, __reduce_or_sync)
CPL_WHOLE(int, bit_xor, __reduce_xor_sync)
CPL_WHOLE(unsigned int, plus, __reduce_add_sync)
CPL_WHOLE(unsigned int, less, __reduce_min_sync)
CPL_WHOLE(unsigned int, greater, __reduce_max_sync)
CPL_WHOLE(unsigned int, bit_and, __reduce_and_sync)
CPL_WHOLE(unsigned int, bit_or, __reduce_or_sync)
CPL_WHOLE(unsigned int, bit_xor, __reduce_xor_sync)
#undef CPL_WHOLE

template <bool Known> struct reducer { /* one instruction */
    template <unsigned int Size, typename Parent, typename T, typename Operation>
    static CPL_CG_MEMBER T run(const thread_block_tile<Size, Parent> &group, T value, Operation) {
        return whole<T, Operation>::reduced(group.cpl_mask(), value); }
    template <typename T, typename Operation>
    static CPL_CG_MEMBER T run(const coalesced_group &group, T value, Operation) {
        return whole<T, Operation>::reduced(group.cpl_mask(), value); }
};
template <> struct reducer<false> {
    template <unsigned int Size, typename Parent, typename T, typename Operation>
    static CPL_CG_MEMBER T run(const thread_block_tile<Size, Parent> &group, T value, Operation apply) {
#pragma unroll
        for (unsigned int by = 1; by < Size; by *= 2) {
            T other = group.shfl_xor(value, by);
            bool second = lane() & by; /* operations need not be commutative */
            value = apply(second ? other : value, second ? value : other);
        }
        return value; }
    /* After round k each thread has the value of up to 2^k threads from its own on; `next` is who follows those. */
    template <typename T, typename Operation>
    static CPL_CG_MEMBER T run(const coalesced_group &group, T value, Operation apply) {
        unsigned int mask = group.cpl_mask(), above = mask & ~below() & ~(1u << lane()), none = 32;
        unsigned int next = above ? __ffs(above) - 1 : none;
#pragma unroll
        for (unsigned int by = 1; by < 32; by *= 2) {
            unsigned int from = next == none ? lane() : next;
            T other = group.cpl_from(value, from);
            unsigned int after = __shfl_sync(mask, next, from);
            if (next != none) value = apply(value, other);
            next = next == none ? none : after;
        }
        return group.cpl_from(value, (unsigned int)__ffs(mask) - 1); }
};
template <bool Wide> struct reduction {
    template <typename Group, typename T, typename Operation>
    static CPL_CG_MEMBER T run(const Group &group, T value, Operation apply) {
        return reducer<whole<T, Operation>::known>::run(group, value, apply); }
};
template <> struct reduction<true> {
    template <typename Group, typename T, typename Operation>
    static CPL_CG_MEMBER T run(const Group &group, T value, Operation apply) {
        T own = reducer<whole<T, Operation>::known>::run(thread_block_tile<32>(0, 1), value, apply);
        return group.cpl_over_warps(own, apply); }
};
template <typename Group> struct is_wide { static constexpr bool value = false; };
template <unsigned int Size, typename Parent> struct is_wide<thread_block_tile<Size, Parent>> {
    static constexpr bool value = (Size > 32); };

/* Updates of cuda::atomic and cuda::atomic_ref by one thread, with what they have for it. */
template <typename Atomic, typename T> CPL_CG T update(Atomic &atomic, T value, plus<T>) { return atomic.fetch_add(value); }
template <typename Atomic, typename T> CPL_CG T update(Atomic &atomic, T value, less<T>) { return atomic.fetch_min(value); }
template <typename Atomic, typename T> CPL_CG T update(Atomic &atomic, T value, greater<T>) {
    return atomic.fetch_max(value); }
template <typename Atomic, typename T> CPL_CG T update(Atomic &atomic, T value, bit_and<T>) {
    return atomic.fetch_and(value); }
template <typename Atomic, typename T> CPL_CG T update(Atomic &atomic, T value, bit_or<T>) { return atomic.fetch_or(value); }
template <typename Atomic, typename T> CPL_CG T update(Atomic &atomic, T value, bit_xor<T>) {
    return atomic.fetch_xor(value); }
template <typename Atomic, typename T, typename Operation> CPL_CG T update(Atomic &atomic, T value, Operation apply) {
    T before = atomic.load();
    while (!atomic.compare_exchange_weak(before, apply(before, value))) { }
    return before; }
}

template <typename Group, typename T, typename Operation>
CPL_CG auto reduce(const Group &group, T &&value, Operation &&apply) -> typename details::plain<T>::type {
    typedef typename details::plain<T>::type Value;
    typedef typename details::plain<Operation>::type Applied;
    return details::reduction<details::is_wide<Group>::value>::run(group, (Value)value, (Applied)apply); }

template <typename Group, typename Atomic, typename T, typename Operation>
CPL_CG void reduce_update_async(const Group &group, Atomic &&atomic, T &&value, Operation &&apply) {
    typename details::plain<T>::type total = reduce(group, value, apply);
    typedef typename details::plain<Operation>::type Applied;
    if (group.thread_rank() == 0) details::update(atomic, total, (Applied)apply); }
template <typename Group, typename Atomic, typename T, typename Operation>
CPL_CG void reduce_store_async(const Group &group, Atomic &&atomic, T &&value, Operation &&apply) {
    typename details::plain<T>::type total = reduce(group, value, apply);
    if (group.thread_rank() == 0) atomic.store(total); }
}
}
#endif
