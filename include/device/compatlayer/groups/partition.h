/* Groups made of parts of other groups. */
#ifndef CPL_GROUPS_PARTITION_H
#define CPL_GROUPS_PARTITION_H
namespace cooperative_groups {
inline namespace __v1 {
/* The number of the tile is the same in all lanes of a warp where it can be. */
template <unsigned int Size>
CPL_CG thread_block_tile<Size, thread_block> tiled_partition(const thread_block &parent) {
    unsigned int part = Size >= 32 ? __nvvm_read_ptx_sreg_warpid() / (Size >= 32 ? Size / 32 : 1)
                                   : parent.thread_rank() / Size;
    return thread_block_tile<Size, thread_block>(part, (parent.size() + Size - 1) / Size); }
template <unsigned int Size, unsigned int ParentSize, typename GrandParent>
CPL_CG thread_block_tile<Size, thread_block_tile<ParentSize, GrandParent>>
tiled_partition(const thread_block_tile<ParentSize, GrandParent> &parent) {
    static_assert(Size <= ParentSize, "a tile is no larger than the group that it is a part of");
    return thread_block_tile<Size, thread_block_tile<ParentSize, GrandParent>>(parent.thread_rank() / Size,
                                                                               ParentSize / Size); }
CPL_CG thread_group tiled_partition(const thread_group &parent, unsigned int size) {
    return thread_group(parent.cpl_part(size), parent.thread_rank() & (size - 1), size, false); }
CPL_CG coalesced_group tiled_partition(const coalesced_group &parent, unsigned int size) {
    return coalesced_group(parent.cpl_part(size), parent.thread_rank() / size, (parent.size() + size - 1) / size); }

/* Groups of equal labels, or of equal truth. */
template <typename Group, typename Label> CPL_CG coalesced_group labeled_partition(const Group &group, Label label) {
    unsigned int mask = group.cpl_mask(), same = __match_any_sync(mask, label);
    unsigned int leaders = __ballot_sync(mask, (same & details::below()) == 0);
    return coalesced_group(same, __popc(leaders & ((same & -same) - 1)), __popc(leaders)); }
template <typename Group> CPL_CG coalesced_group labeled_partition(const Group &group, bool label) {
    return labeled_partition(group, (int)label); }
template <typename Group> CPL_CG coalesced_group binary_partition(const Group &group, bool truth) {
    unsigned int mask = group.cpl_mask(), yes = __ballot_sync(mask, truth);
    return coalesced_group(truth ? yes : mask & ~yes, truth ? 0 : 1, 2); }

template <typename Group> CPL_CG void sync(const Group &group) { group.sync(); }
template <typename Group> CPL_CG auto thread_rank(const Group &group) -> decltype(group.thread_rank()) {
    return group.thread_rank(); }
template <typename Group> CPL_CG auto group_size(const Group &group) -> decltype(group.size()) { return group.size(); }

/* Runs `work` on one thread; the second tells its answer to all. */
template <typename Group, typename Work, typename... Arguments>
CPL_CG void invoke_one(const Group &group, Work &&work, Arguments &&...arguments) {
    if (group.thread_rank() == 0) work(static_cast<Arguments &&>(arguments)...); }
template <typename Group, typename Work, typename... Arguments>
CPL_CG auto invoke_one_broadcast(const Group &group, Work &&work, Arguments &&...arguments)
    -> typename details::plain<decltype(work(static_cast<Arguments &&>(arguments)...))>::type {
    typedef typename details::plain<decltype(work(static_cast<Arguments &&>(arguments)...))>::type Result;
    union Answer { Result value; char none; __device__ Answer() : none(0) {} } answer;
    if (group.thread_rank() == 0) answer.value = work(static_cast<Arguments &&>(arguments)...);
    return group.shfl(answer.value, 0); }
}
}
#endif
