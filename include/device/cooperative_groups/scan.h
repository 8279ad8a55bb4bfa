/* Scans over tiles and coalesced groups, in the order of the ranks. */
#ifndef CPL_COOPERATIVE_GROUPS_SCAN_H
#define CPL_COOPERATIVE_GROUPS_SCAN_H
#include "reduce.h"
namespace cooperative_groups {
template <typename Group, typename T, typename Operation>
CPL_CG T inclusive_scan(const Group &group, T value, Operation apply) {
    unsigned int size = group.size(), rank = group.thread_rank();
    for (unsigned int by = 1; by < size; by *= 2) {
        T before = group.shfl_up(value, by);
        if (rank >= by) value = apply(before, value);
    }
    return value; }
template <typename Group, typename T> CPL_CG T inclusive_scan(const Group &group, T value) {
    return inclusive_scan(group, value, plus<T>()); }
template <typename Group, typename T, typename Operation>
CPL_CG T exclusive_scan(const Group &group, T value, Operation apply) {
    T before = group.shfl_up(inclusive_scan(group, value, apply), 1u);
    return group.thread_rank() == 0 ? T() : before; }
template <typename Group, typename T> CPL_CG T exclusive_scan(const Group &group, T value) {
    return exclusive_scan(group, value, plus<T>()); }
}
#endif
