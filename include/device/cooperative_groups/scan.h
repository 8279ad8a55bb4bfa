/* Scans over tiles and coalesced groups, in the order of the ranks. The first thread's exclusive result is T(). */
#ifndef CPL_COOPERATIVE_GROUPS_SCAN_H
#define CPL_COOPERATIVE_GROUPS_SCAN_H
#include "reduce.h"
namespace cooperative_groups {
inline namespace __v1 {
namespace details {
template <unsigned int Size, typename Parent, typename T, typename Operation>
CPL_CG T scanned(const thread_block_tile<Size, Parent> &group, T value, Operation apply) {
#pragma unroll
    for (unsigned int by = 1; by < Size; by *= 2) {
        T before = group.shfl_up(value, by);
        if (group.thread_rank() >= by) value = apply(before, value);
    }
    return value; }
/* As in a reduction: `before` is who precedes the threads whose values this one has. */
template <typename T, typename Operation> CPL_CG T scanned(const coalesced_group &group, T value, Operation apply) {
    unsigned int mask = group.cpl_mask(), under = mask & below(), none = 32;
    unsigned int before = under ? 31 - __clz(under) : none;
#pragma unroll
    for (unsigned int by = 1; by < 32; by *= 2) {
        unsigned int from = before == none ? lane() : before;
        T other = group.cpl_from(value, from);
        unsigned int further = __shfl_sync(mask, before, from);
        if (before != none) value = apply(other, value);
        before = before == none ? none : further;
    }
    return value; }

/* In a warp, a thread's inclusive result; over more warps, both kinds need the warp's own first. */
template <bool Wide> struct scan {
    template <typename Group, typename T, typename Operation>
    static CPL_CG_MEMBER T inclusive(const Group &group, T value, Operation apply) {
        return scanned(group, value, apply); }
    template <typename Group, typename T> static CPL_CG_MEMBER T shifted(const Group &group, T value) {
        T before = group.shfl_up(value, 1u);
        return group.thread_rank() == 0 ? T() : before; }
};
template <> struct scan<true> {
    template <typename Group, typename T, typename Operation>
    static CPL_CG_MEMBER T inclusive(const Group &group, T value, Operation apply) {
        thread_block_tile<32> warp(0, 1);
        T own = scanned(warp, value, apply);
        return group.cpl_after_warps(own, warp.shfl(own, 31), apply); }
    /* The last lane's value of the warp before comes through the warps' slots. */
    template <typename Group, typename T> static CPL_CG_MEMBER T shifted(const Group &group, T value) {
        thread_block_tile<32> warp(0, 1);
        T before = warp.shfl_up(value, 1u), across = group.cpl_of_warp_before(warp.shfl(value, 31));
        return group.thread_rank() == 0 ? T() : lane() == 0 ? across : before; }
};
}

template <typename Group, typename T, typename Operation>
CPL_CG auto inclusive_scan(const Group &group, T &&value, Operation &&apply) -> typename details::plain<T>::type {
    typedef typename details::plain<T>::type Value;
    typedef typename details::plain<Operation>::type Applied;
    return details::scan<details::is_wide<Group>::value>::inclusive(group, (Value)value, (Applied)apply); }
template <typename Group, typename T>
CPL_CG auto inclusive_scan(const Group &group, T &&value) -> typename details::plain<T>::type {
    return inclusive_scan(group, value, plus<typename details::plain<T>::type>()); }
template <typename Group, typename T, typename Operation>
CPL_CG auto exclusive_scan(const Group &group, T &&value, Operation &&apply) -> typename details::plain<T>::type {
    return details::scan<details::is_wide<Group>::value>::shifted(group, inclusive_scan(group, value, apply)); }
template <typename Group, typename T>
CPL_CG auto exclusive_scan(const Group &group, T &&value) -> typename details::plain<T>::type {
    return exclusive_scan(group, value, plus<typename details::plain<T>::type>()); }

/* The group's total goes into the atomic, and what that held before comes in front of every thread's result. */
namespace details {
template <typename Group, typename Atomic, typename T, typename Operation>
CPL_CG T before_group(const Group &group, Atomic &&atomic, T inclusive, Operation apply) {
    unsigned int last = (unsigned int)group.size() - 1;
    T before = inclusive;
    if (group.thread_rank() == last) before = update(atomic, inclusive, apply);
    return group.shfl(before, last); }
}
template <typename Group, typename Atomic, typename T, typename Operation>
CPL_CG auto inclusive_scan_update(const Group &group, Atomic &&atomic, T &&value, Operation &&apply) ->
    typename details::plain<T>::type {
    typename details::plain<T>::type inclusive = inclusive_scan(group, value, apply);
    return apply(details::before_group(group, atomic, inclusive, (typename details::plain<Operation>::type)apply),
                 inclusive); }
template <typename Group, typename Atomic, typename T>
CPL_CG auto inclusive_scan_update(const Group &group, Atomic &&atomic, T &&value) -> typename details::plain<T>::type {
    return inclusive_scan_update(group, atomic, value, plus<typename details::plain<T>::type>()); }
template <typename Group, typename Atomic, typename T, typename Operation>
CPL_CG auto exclusive_scan_update(const Group &group, Atomic &&atomic, T &&value, Operation &&apply) ->
    typename details::plain<T>::type {
    typedef typename details::plain<T>::type Value;
    Value inclusive = inclusive_scan(group, value, apply);
    Value before = details::before_group(group, atomic, inclusive, (typename details::plain<Operation>::type)apply);
    Value exclusive = details::scan<details::is_wide<Group>::value>::shifted(group, inclusive);
    return group.thread_rank() == 0 ? before : apply(before, exclusive); }
template <typename Group, typename Atomic, typename T>
CPL_CG auto exclusive_scan_update(const Group &group, Atomic &&atomic, T &&value) -> typename details::plain<T>::type {
    return exclusive_scan_update(group, atomic, value, plus<typename details::plain<T>::type>()); }
}
}
#endif
