/* Cooperative groups: the block, its warps' tiles, the threads that run together, the grid.
 * Follows "Cooperative Groups" of the CUDA C++ programming guide. */
#ifndef CPL_COOPERATIVE_GROUPS_H
#define CPL_COOPERATIVE_GROUPS_H
#define _CG_HAS_OP_REDUCE 1
#define CPL_CG static __inline__ __attribute__((device, always_inline, nodebug, unused))
#define CPL_CG_MEMBER __inline__ __attribute__((device, always_inline, nodebug))
#define CPL_CG_LAMBDA __attribute__((nodebug))

/* One barrier for each program: cooperative launches of a context run one after the other. */
static __device__ unsigned int cpl_grid_arrived;
static __device__ volatile unsigned int cpl_grid_round;

namespace cooperative_groups {
inline namespace __v1 { /* CCCL's headers declare groups in it */
namespace details {
CPL_CG unsigned int lane() { return __nvvm_read_ptx_sreg_laneid(); }
CPL_CG unsigned int block_rank() {
    return (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x; }
CPL_CG unsigned int block_threads() { return blockDim.x * blockDim.y * blockDim.z; }
CPL_CG unsigned long long grid_blocks() { return (unsigned long long)gridDim.x * gridDim.y * gridDim.z; }
CPL_CG unsigned long long block_number() {
    return ((unsigned long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x; }
CPL_CG unsigned int below() { return (1u << lane()) - 1; }
/* The lane of the `rank`-th set bit. */
CPL_CG unsigned int nth(unsigned int mask, unsigned int rank) {
    while (rank--) mask &= mask - 1;
    return __ffs(mask) - 1; }

/* Values of any size travel word by word. */
template <typename T, typename Move> CPL_CG T moved(T value, Move move) {
    constexpr int words = (sizeof(T) + 3) / 4;
    union Words { unsigned int word[words]; char bytes[sizeof(T)]; __device__ Words() {} } buffer;
    buffer.word[words - 1] = 0;
    __builtin_memcpy(buffer.bytes, &value, sizeof(T));
    for (int i = 0; i < words; i++) buffer.word[i] = move(buffer.word[i]);
    __builtin_memcpy(&value, buffer.bytes, sizeof(T));
    return value; }

CPL_CG void grid_barrier() {
    __syncthreads();
    if (block_rank() == 0) {
        unsigned int round = cpl_grid_round;
        __threadfence();
        if (atomicAdd(&cpl_grid_arrived, 1u) + 1 == grid_blocks()) {
            cpl_grid_arrived = 0;
            __threadfence();
            cpl_grid_round = round + 1;
        } else {
            while (cpl_grid_round == round) { }
        }
        __threadfence();
    }
    __syncthreads(); }
}

class thread_block;
class coalesced_group;

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
    /* The part of `size` threads (a power of two up to 32) that this thread is in. */
    CPL_CG_MEMBER thread_group cpl_part(unsigned int size) const {
        unsigned int first = rank_ / size * size, mask = 0;
        if (block_)
            mask = size >= 32 ? 0xffffffffu : ((1u << size) - 1) << (first & 31);
        else
            for (unsigned int i = first; i < first + size && i < size_; i++) mask |= 1u << details::nth(mask_, i);
        return thread_group(mask, rank_ - first, size, false); }
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
    struct arrival_token {};
    CPL_CG_MEMBER arrival_token barrier_arrive() const { return arrival_token(); }
    CPL_CG_MEMBER void barrier_wait(arrival_token) const { __syncthreads(); }
};
CPL_CG thread_block this_thread_block() { return thread_block(); }

class grid_group {
public:
    CPL_CG_MEMBER bool is_valid() const { return true; }
    CPL_CG_MEMBER void sync() const { details::grid_barrier(); }
    static CPL_CG_MEMBER unsigned long long num_threads() { return details::grid_blocks() * details::block_threads(); }
    static CPL_CG_MEMBER unsigned long long size() { return num_threads(); }
    static CPL_CG_MEMBER unsigned long long thread_rank() {
        return details::block_number() * details::block_threads() + details::block_rank(); }
    static CPL_CG_MEMBER unsigned long long num_blocks() { return details::grid_blocks(); }
    static CPL_CG_MEMBER unsigned long long block_rank() { return details::block_number(); }
    static CPL_CG_MEMBER dim3 group_dim() { return dim3(gridDim.x, gridDim.y, gridDim.z); }
    static CPL_CG_MEMBER dim3 dim_blocks() { return dim3(gridDim.x, gridDim.y, gridDim.z); }
    static CPL_CG_MEMBER dim3 block_index() { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
};
CPL_CG grid_group this_grid() { return grid_group(); }

/* The lanes of `mask`: what tiles and coalesced groups share. Ranks follow the lanes. */
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
    template <typename T> CPL_CG_MEMBER T shfl(T value, unsigned int rank) const {
        unsigned int lane = details::nth(mask_, rank % size_), mask = mask_;
        return details::moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_sync(mask, word, lane); }); }
    template <typename T> CPL_CG_MEMBER T shfl_up(T value, unsigned int by) const {
        return shfl(value, rank_ >= by ? rank_ - by : rank_); }
    template <typename T> CPL_CG_MEMBER T shfl_down(T value, unsigned int by) const {
        return shfl(value, rank_ + by < size_ ? rank_ + by : rank_); }
    CPL_CG_MEMBER int any(int predicate) const { return __any_sync(mask_, predicate); }
    CPL_CG_MEMBER int all(int predicate) const { return __all_sync(mask_, predicate); }
    CPL_CG_MEMBER unsigned int ballot(int predicate) const { return packed(__ballot_sync(mask_, predicate)); }
    template <typename T> CPL_CG_MEMBER unsigned int match_any(T value) const {
        return packed(__match_any_sync(mask_, value)); }
    template <typename T> CPL_CG_MEMBER unsigned int match_all(T value, int &same) const {
        return packed(__match_all_sync(mask_, value, &same)); }
private:
    CPL_CG_MEMBER unsigned int packed(unsigned int lanes) const {
        unsigned int result = 0, place = 0;
        for (unsigned int rest = mask_; rest; rest &= rest - 1, place++)
            if (lanes & rest & -rest) result |= 1u << place;
        return result; }
};
CPL_CG coalesced_group coalesced_threads() { return coalesced_group(__activemask()); }

/* `Size` consecutive lanes: 1, 2, 4, 8, 16 or 32. Without a Parent it has forgotten the type of what it is a part of. */
template <unsigned int Size, typename Parent = void> class thread_block_tile {
    static_assert(Size > 0 && Size <= 32 && (Size & (Size - 1)) == 0,
                  "a tile has 1, 2, 4, 8, 16 or 32 threads; larger ones are not supported");
    unsigned int part_, parts_; /* which part of its parent this is, and of how many */
public:
    CPL_CG_MEMBER thread_block_tile(unsigned int part, unsigned int parts) : part_(part), parts_(parts) {}
    template <typename Other> CPL_CG_MEMBER thread_block_tile(const thread_block_tile<Size, Other> &other)
        : part_(other.meta_group_rank()), parts_(other.meta_group_size()) {}
    CPL_CG_MEMBER unsigned int cpl_mask() const {
        return Size == 32 ? 0xffffffffu : ((1u << (Size & 31)) - 1) << (details::lane() & ~(Size - 1)); }
    CPL_CG_MEMBER void sync() const { __syncwarp(cpl_mask()); }
    static constexpr CPL_CG_MEMBER unsigned int size() { return Size; }
    static constexpr CPL_CG_MEMBER unsigned int num_threads() { return Size; }
    static CPL_CG_MEMBER unsigned int thread_rank() { return details::lane() & (Size - 1); }
    CPL_CG_MEMBER unsigned int meta_group_rank() const { return part_; }
    CPL_CG_MEMBER unsigned int meta_group_size() const { return parts_; }
    CPL_CG_MEMBER bool is_valid() const { return true; }
    CPL_CG_MEMBER operator thread_group() const { return thread_group(cpl_mask(), thread_rank(), Size, false); }
    template <typename T> CPL_CG_MEMBER T shfl(T value, int rank) const {
        unsigned int mask = cpl_mask();
        return details::moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_sync(mask, word, rank, (int)Size); }); }
    template <typename T> CPL_CG_MEMBER T shfl_up(T value, unsigned int by) const {
        unsigned int mask = cpl_mask();
        return details::moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_up_sync(mask, word, by, (int)Size); }); }
    template <typename T> CPL_CG_MEMBER T shfl_down(T value, unsigned int by) const {
        unsigned int mask = cpl_mask();
        return details::moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_down_sync(mask, word, by, (int)Size); }); }
    template <typename T> CPL_CG_MEMBER T shfl_xor(T value, unsigned int bits) const {
        unsigned int mask = cpl_mask();
        return details::moved(value, [=](unsigned int word) CPL_CG_LAMBDA { return __shfl_xor_sync(mask, word, bits, (int)Size); }); }
    CPL_CG_MEMBER int any(int predicate) const { return __any_sync(cpl_mask(), predicate); }
    CPL_CG_MEMBER int all(int predicate) const { return __all_sync(cpl_mask(), predicate); }
    CPL_CG_MEMBER unsigned int ballot(int predicate) const { return own(__ballot_sync(cpl_mask(), predicate)); }
    template <typename T> CPL_CG_MEMBER unsigned int match_any(T value) const {
        return own(__match_any_sync(cpl_mask(), value)); }
    template <typename T> CPL_CG_MEMBER unsigned int match_all(T value, int &same) const {
        return own(__match_all_sync(cpl_mask(), value, &same)); }
private:
    CPL_CG_MEMBER unsigned int own(unsigned int lanes) const {
        return lanes >> (details::lane() & ~(Size - 1) & 31); }
};

template <unsigned int Size, typename Parent> CPL_CG thread_block_tile<Size, Parent> tiled_partition(const Parent &parent) {
    return thread_block_tile<Size, Parent>(parent.thread_rank() / Size, (parent.size() + Size - 1) / Size); }
CPL_CG thread_group tiled_partition(const thread_group &parent, unsigned int size) { return parent.cpl_part(size); }

/* Groups of equal labels, or of equal truth. */
template <typename Group, typename Label> CPL_CG coalesced_group labeled_partition(const Group &group, Label label) {
    unsigned int mask = group.cpl_mask(), same = __match_any_sync(mask, label);
    unsigned int leaders = __ballot_sync(mask, (same & details::below()) == 0);
    return coalesced_group(same, __popc(leaders & ((same & -same) - 1)), __popc(leaders)); }
template <typename Group> CPL_CG coalesced_group binary_partition(const Group &group, bool truth) {
    unsigned int mask = group.cpl_mask(), yes = __ballot_sync(mask, truth);
    return coalesced_group(truth ? yes : mask & ~yes, truth ? 0 : 1, 2); }

template <typename Group> CPL_CG void sync(const Group &group) { group.sync(); }
template <typename Group> CPL_CG unsigned int thread_rank(const Group &group) { return group.thread_rank(); }
template <typename Group> CPL_CG unsigned int group_size(const Group &group) { return group.size(); }

/* Runs `work` on one thread. */
template <typename Group, typename Work> CPL_CG void invoke_one(const Group &group, Work work) {
    if (group.thread_rank() == 0) work(); }
}
}
#endif
