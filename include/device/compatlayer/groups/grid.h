/* The grid, whose blocks can wait for one another in a cooperative launch, and the cluster, which is one block. */
#ifndef CPL_GROUPS_GRID_H
#define CPL_GROUPS_GRID_H
/* One barrier for each program: cooperative launches of a context run one after the other. */
static __device__ unsigned int cpl_grid_arrived;
static __device__ volatile unsigned int cpl_grid_round;
extern "C" __device__ unsigned int cpl_grid_cooperative(void);

namespace cooperative_groups {
inline namespace __v1 {
namespace details {
CPL_CG unsigned long long grid_blocks() { return (unsigned long long)gridDim.x * gridDim.y * gridDim.z; }
CPL_CG unsigned long long block_number() {
    return ((unsigned long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x; }

/* After the block's barrier one thread arrives for the block; its round is over when the last block has arrived. */
CPL_CG unsigned int grid_arrive() {
    unsigned int round = 0;
    if (!cpl_grid_cooperative()) __trap(); /* blocks that wait for ones that have not begun would never end */
    __syncthreads();
    if (block_rank() == 0) {
        round = cpl_grid_round;
        __threadfence();
        if (atomicAdd(&cpl_grid_arrived, 1u) + 1 == grid_blocks()) {
            cpl_grid_arrived = 0;
            __threadfence();
            cpl_grid_round = round + 1;
        }
    }
    return round; }
CPL_CG void grid_wait(unsigned int round) {
    if (block_rank() == 0) {
        while (cpl_grid_round == round) { }
        __threadfence();
    }
    __syncthreads(); }
}

class grid_group {
public:
    CPL_CG_MEMBER bool is_valid() const { return cpl_grid_cooperative() != 0; }
    CPL_CG_MEMBER void sync() const { details::grid_wait(details::grid_arrive()); }
    class arrival_token {
        friend class grid_group;
        unsigned int round_;
        CPL_CG_MEMBER explicit arrival_token(unsigned int round) : round_(round) {}
    };
    CPL_CG_MEMBER arrival_token barrier_arrive() const { return arrival_token(details::grid_arrive()); }
    CPL_CG_MEMBER void barrier_wait(arrival_token &&token) const { details::grid_wait(token.round_); }
    static CPL_CG_MEMBER unsigned long long num_threads() { return details::grid_blocks() * details::block_threads(); }
    static CPL_CG_MEMBER unsigned long long size() { return num_threads(); }
    static CPL_CG_MEMBER unsigned long long thread_rank() {
        return details::block_number() * details::block_threads() + details::block_rank(); }
    static CPL_CG_MEMBER unsigned long long num_blocks() { return details::grid_blocks(); }
    static CPL_CG_MEMBER unsigned long long block_rank() { return details::block_number(); }
    static CPL_CG_MEMBER dim3 group_dim() { return dim3(gridDim.x, gridDim.y, gridDim.z); }
    static CPL_CG_MEMBER dim3 dim_blocks() { return dim3(gridDim.x, gridDim.y, gridDim.z); }
    static CPL_CG_MEMBER dim3 block_index() { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
    static CPL_CG_MEMBER unsigned long long num_clusters() { return details::grid_blocks(); }
    static CPL_CG_MEMBER unsigned long long cluster_rank() { return details::block_number(); }
    static CPL_CG_MEMBER dim3 dim_clusters() { return dim3(gridDim.x, gridDim.y, gridDim.z); }
    static CPL_CG_MEMBER dim3 cluster_index() { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
};
CPL_CG grid_group this_grid() { return grid_group(); }

/* A launch that asks for no clusters has clusters of one block, and this device launches no others. */
class cluster_group {
public:
    static CPL_CG_MEMBER void sync() { __syncthreads(); }
    class arrival_token {};
    static CPL_CG_MEMBER arrival_token barrier_arrive() { return arrival_token(); }
    static CPL_CG_MEMBER void barrier_wait() { __syncthreads(); }
    static CPL_CG_MEMBER void barrier_wait(arrival_token &&) { __syncthreads(); }
    static CPL_CG_MEMBER unsigned int num_threads() { return details::block_threads(); }
    static CPL_CG_MEMBER unsigned int size() { return details::block_threads(); }
    static CPL_CG_MEMBER unsigned int thread_rank() { return details::block_rank(); }
    static CPL_CG_MEMBER unsigned int num_blocks() { return 1; }
    static CPL_CG_MEMBER unsigned int block_rank() { return 0; }
    static CPL_CG_MEMBER dim3 dim_threads() { return dim3(blockDim.x, blockDim.y, blockDim.z); }
    static CPL_CG_MEMBER dim3 thread_index() { return dim3(threadIdx.x, threadIdx.y, threadIdx.z); }
    static CPL_CG_MEMBER dim3 dim_blocks() { return dim3(1, 1, 1); }
    static CPL_CG_MEMBER dim3 block_index() { return dim3(0, 0, 0); }
    template <typename T> static CPL_CG_MEMBER T *map_shared_rank(T *address, int rank) {
        if (rank != 0) __trap();
        return address; }
    static CPL_CG_MEMBER unsigned int query_shared_rank(const void *) { return 0; }
};
CPL_CG cluster_group this_cluster() { return cluster_group(); }

class __attribute__((unavailable("CUDA 13 has no launches over several devices"))) multi_grid_group;
template <typename Never = void> CPL_CG void this_multi_grid() {
    static_assert(sizeof(Never *) == 0, "CUDA 13 has no launches over several devices, and no multi_grid_group"); }
}
}
#endif
