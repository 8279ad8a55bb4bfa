/* Reductions over tiles and coalesced groups; every thread gets the result. */
#ifndef CPL_COOPERATIVE_GROUPS_REDUCE_H
#define CPL_COOPERATIVE_GROUPS_REDUCE_H
#include "../cooperative_groups.h"
namespace cooperative_groups {
template <typename T> struct plus { CPL_CG_MEMBER T operator()(T a, T b) const { return a + b; } };
template <typename T> struct less { CPL_CG_MEMBER T operator()(T a, T b) const { return b < a ? b : a; } };
template <typename T> struct greater { CPL_CG_MEMBER T operator()(T a, T b) const { return a < b ? b : a; } };
template <typename T> struct bit_and { CPL_CG_MEMBER T operator()(T a, T b) const { return a & b; } };
template <typename T> struct bit_or { CPL_CG_MEMBER T operator()(T a, T b) const { return a | b; } };
template <typename T> struct bit_xor { CPL_CG_MEMBER T operator()(T a, T b) const { return a ^ b; } };

template <typename Group, typename T, typename Operation> CPL_CG T reduce(const Group &group, T value, Operation apply) {
    unsigned int size = group.size(), rank = group.thread_rank();
    for (unsigned int width = size; width > 1;) {
        unsigned int half = (width + 1) / 2;
        T other = group.shfl(value, (rank + half) % size);
        if (rank + half < width) value = apply(value, other);
        width = half;
    }
    return group.shfl(value, 0); }
}
#endif
