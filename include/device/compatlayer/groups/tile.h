/* Tiles of 1, 2, 4, 8, 16 or 32 consecutive threads. */
#ifndef CPL_GROUPS_TILE_H
#define CPL_GROUPS_TILE_H
namespace cooperative_groups {
inline namespace __v1 {
namespace details {
constexpr __device__ unsigned int log2_of(unsigned int n) { return n <= 1 ? 0 : 1 + log2_of(n / 2); }

template <unsigned int Size, bool Wide> class tile {
    unsigned int part_, parts_; /* which part of its parent this is, and of how many */
public:
    CPL_CG_MEMBER tile(unsigned int part, unsigned int parts) : part_(part), parts_(parts) {}
    /* Those of a tile in a warp whose threads are fewer are never asked for. */
    CPL_CG_MEMBER unsigned int cpl_mask() const {
        return Size == 32 ? 0xffffffffu : ((1u << (Size & 31)) - 1) << (lane() & ~(Size - 1)); }
    CPL_CG_MEMBER void sync() const { __syncwarp(cpl_mask()); }
    static constexpr CPL_CG_MEMBER unsigned int size() { return Size; }
    static constexpr CPL_CG_MEMBER unsigned int num_threads() { return Size; }
    static CPL_CG_MEMBER unsigned int thread_rank() { return lane() & (Size - 1); }
    CPL_CG_MEMBER unsigned int meta_group_rank() const { return part_; }
    CPL_CG_MEMBER unsigned int meta_group_size() const { return parts_; }
    CPL_CG_MEMBER bool is_valid() const { return true; }
    CPL_CG_MEMBER operator thread_group() const { return thread_group(cpl_mask(), thread_rank(), Size, false); }
    template <typename T> CPL_CG_MEMBER T shfl(T value, int rank) const {
        unsigned int mask = cpl_mask();
        return moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_sync(mask, word, rank, (int)Size); }); }
    template <typename T> CPL_CG_MEMBER T shfl_up(T value, unsigned int by) const {
        unsigned int mask = cpl_mask();
        return moved(value, [=](unsigned int word) CPL_CG_LAMBDA {
            return __shfl_up_sync(mask, word, by, (int)Size); }); }
    template <typename T> CPL_CG_MEMBER T shfl_down(T value, unsigned int by) const {
        unsigned int mask = cpl_mask();
        return moved(value, [=](unsigned int word) CPL_CG_LAMBDA {
            return __shfl_down_sync(mask, word, by, (int)Size); }); }
    template <typename T> CPL_CG_MEMBER T shfl_xor(T value, unsigned int bits) const {
        unsigned int mask = cpl_mask();
        return moved(value, [=](unsigned int word) CPL_CG_LAMBDA {
            return __shfl_xor_sync(mask, word, bits, (int)Size); }); }
    CPL_CG_MEMBER int any(int predicate) const { return __any_sync(cpl_mask(), predicate); }
    CPL_CG_MEMBER int all(int predicate) const { return __all_sync(cpl_mask(), predicate); }
    CPL_CG_MEMBER unsigned int ballot(int predicate) const { return own(__ballot_sync(cpl_mask(), predicate)); }
    template <typename T> CPL_CG_MEMBER unsigned int match_any(T value) const {
        return own(__match_any_sync(cpl_mask(), value)); }
    template <typename T> CPL_CG_MEMBER unsigned int match_all(T value, int &same) const {
        return own(__match_all_sync(cpl_mask(), value, &same)); }
private:
    static CPL_CG_MEMBER unsigned int own(unsigned int lanes) { return lanes >> (lane() & ~(Size - 1) & 31); }
};
}

/* `Size` consecutive threads. Without a Parent it has forgotten the type of what it is a part of. */
template <unsigned int Size, typename Parent = void> class thread_block_tile : public details::tile<Size, (Size > 32)> {
    static_assert(Size > 0 && Size <= 1024 && (Size & (Size - 1)) == 0, "a tile has 1, 2, 4, ... or 1024 threads");
public:
    CPL_CG_MEMBER thread_block_tile(unsigned int part, unsigned int parts)
        : details::tile<Size, (Size > 32)>(part, parts) {}
    template <typename Other> CPL_CG_MEMBER thread_block_tile(const thread_block_tile<Size, Other> &other)
        : details::tile<Size, (Size > 32)>(other.meta_group_rank(), other.meta_group_size()) {}
};
CPL_CG thread_block_tile<1> this_thread() { return thread_block_tile<1>(0, 1); }
}
}
#endif
