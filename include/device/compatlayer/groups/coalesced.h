/* The lanes of a mask, whose ranks follow the lanes. */
#ifndef CPL_GROUPS_COALESCED_H
#define CPL_GROUPS_COALESCED_H
namespace cooperative_groups {
inline namespace __v1 {
class coalesced_group : public thread_group {
    unsigned int meta_rank_, meta_size_;
public:
    CPL_CG_MEMBER explicit coalesced_group(unsigned int mask, unsigned int meta_rank = 0, unsigned int meta_size = 1)
        : thread_group(mask, __popc(mask & details::below()), __popc(mask), false), meta_rank_(meta_rank),
          meta_size_(meta_size) {}
    CPL_CG_MEMBER unsigned int cpl_mask() const { return mask_; }
    CPL_CG_MEMBER unsigned long long meta_group_rank() const { return meta_rank_; }
    CPL_CG_MEMBER unsigned long long meta_group_size() const { return meta_size_; }
    CPL_CG_MEMBER void sync() const { __syncwarp(mask_); }
    /* From a lane, not a rank. */
    template <typename T> CPL_CG_MEMBER T cpl_from(T value, unsigned int lane) const {
        unsigned int mask = mask_;
        return details::moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_sync(mask, word, lane); }); }
    template <typename T> CPL_CG_MEMBER T shfl(T value, unsigned int rank) const {
        return cpl_from(value, details::nth(mask_, rank < size_ ? rank : rank % size_)); }
    template <typename T> CPL_CG_MEMBER T shfl_up(T value, unsigned int by) const {
        return cpl_from(value, details::nth(mask_, rank_ >= by ? rank_ - by : rank_)); }
    template <typename T> CPL_CG_MEMBER T shfl_down(T value, unsigned int by) const {
        return cpl_from(value, details::nth(mask_, by < size_ - rank_ ? rank_ + by : rank_)); }
    CPL_CG_MEMBER int any(int predicate) const { return __any_sync(mask_, predicate); }
    CPL_CG_MEMBER int all(int predicate) const { return __all_sync(mask_, predicate); }
    CPL_CG_MEMBER unsigned int ballot(int predicate) const {
        return details::packed(__ballot_sync(mask_, predicate), mask_); }
    template <typename T> CPL_CG_MEMBER unsigned int match_any(T value) const {
        return details::packed(__match_any_sync(mask_, value), mask_); }
    template <typename T> CPL_CG_MEMBER unsigned int match_all(T value, int &same) const {
        return details::packed(__match_all_sync(mask_, value, &same), mask_); }
};
CPL_CG coalesced_group coalesced_threads() { return coalesced_group(__activemask()); }
}
}
#endif
