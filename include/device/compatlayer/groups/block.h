/* thread_group, whose kind is known at run time, and the block. */
#ifndef CPL_GROUPS_BLOCK_H
#define CPL_GROUPS_BLOCK_H
namespace cooperative_groups {
inline namespace __v1 {
/* Any group of threads of a block, whose size is known only at run time. */
class thread_group {
protected:
    unsigned int mask_, rank_, size_;
    bool block_;
public:
    CPL_CG_MEMBER thread_group(unsigned int mask, unsigned int rank, unsigned int size, bool block)
        : mask_(mask), rank_(rank), size_(size), block_(block) {}
    CPL_CG_MEMBER unsigned long long size() const { return size_; }
    CPL_CG_MEMBER unsigned long long num_threads() const { return size_; }
    CPL_CG_MEMBER unsigned long long thread_rank() const { return rank_; }
    CPL_CG_MEMBER bool is_valid() const { return true; }
    CPL_CG_MEMBER void sync() const { if (block_) __syncthreads(); else __syncwarp(mask_); }
    /* The lanes of the part of `size` threads that this thread is in; `size` is a power of two up to 32. */
    CPL_CG_MEMBER unsigned int cpl_part(unsigned int size) const {
        if (size == 0 || size > 32 || (size & (size - 1))) __trap();
        unsigned int first = rank_ & ~(size - 1), ones = size == 32 ? 0xffffffffu : (1u << (size & 31)) - 1;
        if (block_) {
            unsigned int threads = size_ - (rank_ & ~31u); /* a last warp may be short */
            return ones << (first & 31) & (threads >= 32 ? 0xffffffffu : (1u << (threads & 31)) - 1);
        }
        unsigned int rest = mask_; /* members `first` and up, `size` of them */
        for (unsigned int i = 0; i < 32; i++) rest = i < first ? rest & (rest - 1) : rest;
        unsigned int after = rest;
        for (unsigned int i = 0; i < 32; i++) after = i < size ? after & (after - 1) : after;
        return rest & ~after; }
};

/* Kept for blocks that are made with memory for tiles of more than a warp; those here need none of the program's. */
template <unsigned int MaxBlockSize = 1024> struct block_tile_memory {
    static_assert(MaxBlockSize <= 1024, "a block has 1024 threads at most");
    char cpl_unused;
};

class thread_block : public thread_group {
public:
    CPL_CG_MEMBER thread_block() : thread_group(0xffffffffu, details::block_rank(), details::block_threads(), true) {}
    static CPL_CG_MEMBER void sync() { __syncthreads(); }
    static CPL_CG_MEMBER unsigned int size() { return details::block_threads(); }
    static CPL_CG_MEMBER unsigned int num_threads() { return details::block_threads(); }
    static CPL_CG_MEMBER unsigned int thread_rank() { return details::block_rank(); }
    static CPL_CG_MEMBER dim3 group_index() { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
    static CPL_CG_MEMBER dim3 thread_index() { return dim3(threadIdx.x, threadIdx.y, threadIdx.z); }
    static CPL_CG_MEMBER dim3 group_dim() { return dim3(blockDim.x, blockDim.y, blockDim.z); }
    static CPL_CG_MEMBER dim3 dim_threads() { return dim3(blockDim.x, blockDim.y, blockDim.z); }
    /* All of the waiting is done in barrier_wait, which every thread that arrived has to call. */
    class arrival_token {
        friend class thread_block;
        CPL_CG_MEMBER arrival_token() {}
    public:
        arrival_token(const arrival_token &) = delete;
        arrival_token(arrival_token &&) = default;
        arrival_token &operator=(const arrival_token &) = delete;
        arrival_token &operator=(arrival_token &&) = default;
    };
    CPL_CG_MEMBER arrival_token barrier_arrive() const { return arrival_token(); }
    CPL_CG_MEMBER void barrier_wait(arrival_token &&) const { __syncthreads(); }
};
CPL_CG thread_block this_thread_block() { return thread_block(); }
template <unsigned int MaxBlockSize> CPL_CG thread_block this_thread_block(block_tile_memory<MaxBlockSize> &) {
    return thread_block(); }
}
}
#endif
