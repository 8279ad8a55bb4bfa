extern "C" __global__ void votes(const int *in, unsigned *ballots, int *flags)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, base = threadIdx.x / 32 * 32;
    int lanes = min(32, (int)blockDim.x - base);
    unsigned mask = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    ballots[i] = __ballot_sync(mask, in[i] > 0);
    flags[i] = (__any_sync(mask, in[i] > 90) ? 1 : 0) | (__all_sync(mask, in[i] > -95) ? 2 : 0) |
               (__activemask() == mask ? 4 : 0);
}

// Lanes with the same key find each other; the first of each group counts it.
extern "C" __global__ void groups(const int *keys, int *sizes, int *counts)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, base = threadIdx.x / 32 * 32;
    int lanes = min(32, (int)blockDim.x - base);
    unsigned mask = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    unsigned peers = __match_any_sync(mask, keys[i]);
    sizes[i] = __popc(peers);
    if (__ffs(peers) - 1 == threadIdx.x % 32)
        atomicAdd(&counts[keys[i]], __popc(peers));
    int same;
    __match_all_sync(mask, keys[i] >= 0, &same);
    sizes[i] += same ? 100 : 0;
}

// Warp-aggregated append inside a branch.
extern "C" __global__ void append(const int *in, int *total, int *sum)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (in[i] % 3 == 0) {
        unsigned active = __activemask();
        int lane = threadIdx.x % 32, leader = __ffs(active) - 1, base = 0;
        if (lane == leader)
            base = atomicAdd(total, __popc(active));
        base = __shfl_sync(active, base, leader);
        atomicAdd(sum, base + __popc(active & ((1u << lane) - 1)));
    }
}

extern "C" __global__ void block_votes(const int *in, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int count = __syncthreads_count(in[i] > 0);
    int all = __syncthreads_and(in[i] > -95), any = __syncthreads_or(in[i] > 90);
    out[i] = count * 4 + (all ? 2 : 0) + (any ? 1 : 0);
}

extern "C" __global__ void reductions(const int *in, unsigned *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, base = threadIdx.x / 32 * 32;
    int lanes = min(32, (int)blockDim.x - base);
    unsigned mask = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    int least = __reduce_min_sync(mask, in[i]), sum = __reduce_add_sync(mask, in[i]);
    unsigned bits = __reduce_xor_sync(mask, (unsigned)in[i]);
    __syncwarp(mask);
    out[i] = (unsigned)least + (unsigned)sum * 3u + bits * 7u;
}
