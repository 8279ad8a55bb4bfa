/* Tiles of 64 to 1024 threads: several warps, which meet at a barrier and exchange values through shared memory. */
#ifndef CPL_GROUPS_WIDE_TILE_H
#define CPL_GROUPS_WIDE_TILE_H
namespace cooperative_groups {
inline namespace __v1 {
namespace details {
enum { wide_bytes = 32, wide_barriers = 0x100 }; /* barriers beyond those that programs can name, one for each tile */

/* 32 bytes for each warp of the block. */
CPL_CG char *wide_scratch() {
    static __shared__ __attribute__((aligned(16))) char scratch[32 * wide_bytes];
    return scratch; }

template <unsigned int Size> class tile<Size, true> {
    unsigned int part_, parts_;
    static CPL_CG_MEMBER unsigned int first_warp() { return __nvvm_read_ptx_sreg_warpid() & ~(Size / 32 - 1); }
    template <typename T> static CPL_CG_MEMBER T &slot(unsigned int warp) {
        return *reinterpret_cast<T *>(wide_scratch() + (first_warp() + warp) * wide_bytes); }
public:
    CPL_CG_MEMBER tile(unsigned int part, unsigned int parts) : part_(part), parts_(parts) {}
    CPL_CG_MEMBER void sync() const {
        unsigned int first = first_warp() * 32, left = (block_threads() + 31) / 32 * 32 - first;
        __barrier_sync_count(wide_barriers + first / Size, left < Size ? left : Size); }
    static constexpr CPL_CG_MEMBER unsigned int size() { return Size; }
    static constexpr CPL_CG_MEMBER unsigned int num_threads() { return Size; }
    static CPL_CG_MEMBER unsigned int thread_rank() { return block_rank() & (Size - 1); }
    CPL_CG_MEMBER unsigned int meta_group_rank() const { return part_; }
    CPL_CG_MEMBER unsigned int meta_group_size() const { return parts_; }
    CPL_CG_MEMBER bool is_valid() const { return true; }
    static CPL_CG_MEMBER unsigned int cpl_warp() { return __nvvm_read_ptx_sreg_warpid() & (Size / 32 - 1); }
    static CPL_CG_MEMBER unsigned int cpl_warps() {
        unsigned int left = (block_threads() + 31) / 32 - first_warp();
        return left < Size / 32 ? left : Size / 32; }
    /* All threads name the same rank, as documented for tiles of more than a warp. */
    template <typename T> CPL_CG_MEMBER T shfl(T value, int rank) const {
        static_assert(sizeof(T) <= 32 && __is_trivially_copyable(T),
                      "groups exchange values of trivially copyable types up to 32 bytes");
        if (thread_rank() == (unsigned int)rank % Size) slot<T>(0) = value;
        sync();
        T result = slot<T>(0);
        sync();
        return result; }
    CPL_CG_MEMBER int any(int predicate) const { return cpl_over_warps(__any_sync(~0u, predicate), either()) != 0; }
    CPL_CG_MEMBER int all(int predicate) const { return cpl_over_warps(!__all_sync(~0u, predicate), either()) == 0; }
    /* What each warp has (the same in all of its lanes), put together in the order of the warps by `apply`. */
    template <typename T, typename Operation> CPL_CG_MEMBER T cpl_over_warps(T value, Operation apply) const {
        if (lane() == 0) slot<T>(cpl_warp()) = value;
        sync();
        T result = slot<T>(0);
        for (unsigned int i = 1, n = cpl_warps(); i < n; i++) result = apply(result, slot<T>(i));
        sync();
        return result; }
    /* The same of the warps before this one, then of this one's `value`; `own` is the warp's total. */
    template <typename T, typename Operation>
    CPL_CG_MEMBER T cpl_after_warps(T value, T own, Operation apply) const {
        if (lane() == 0) slot<T>(cpl_warp()) = own;
        sync();
        unsigned int before = cpl_warp();
        if (before != 0) {
            T sum = slot<T>(0);
            for (unsigned int i = 1; i < before; i++) sum = apply(sum, slot<T>(i));
            value = apply(sum, value);
        }
        sync();
        return value; }
    /* What the warp before this one has; the first has its own. */
    template <typename T> CPL_CG_MEMBER T cpl_of_warp_before(T own) const {
        if (lane() == 0) slot<T>(cpl_warp()) = own;
        sync();
        T result = slot<T>(cpl_warp() ? cpl_warp() - 1 : 0);
        sync();
        return result; }
private:
    struct either { CPL_CG_MEMBER int operator()(int a, int b) const { return a | b; } };
};
}
}
}
#endif
