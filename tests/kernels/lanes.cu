// Kernels that part the lanes of a vector in ways that generated ones do not.
#include <cooperative_groups.h>
#include <cuda_fp16.h>
namespace cg = cooperative_groups;

#define THREAD                                                                                                        \
    const unsigned tid = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);                         \
    const unsigned threads = blockDim.x * blockDim.y * blockDim.z, gid = blockIdx.x * threads + tid;                  \
    (void)gid

// Warp by warp without __syncwarp, as code before Volta did it; whole warps only.
extern "C" __global__ void volatile_sums(const int *in, int *out)
{
    THREAD;
    __shared__ int all[1024 + 32];
    volatile int *own = all;
    own[tid] = in[gid];
    if ((tid & 31) < 16) {
        own[tid] += own[tid + 16];
        own[tid] += own[tid + 8];
        own[tid] += own[tid + 4];
        own[tid] += own[tid + 2];
        own[tid] += own[tid + 1];
    }
    if ((tid & 31) == 0)
        out[gid / 32] = own[tid];
}

extern "C" __global__ void bools(const unsigned char *in, bool *out, unsigned *bits)
{
    THREAD;
    __shared__ bool shared[1024];
    bool seen[8];
    for (int k = 0; k < 8; k++)
        seen[k] = in[gid] >> k & 1;
    shared[tid] = seen[tid & 7];
    __syncthreads();
    bool other = shared[(tid + 1) % threads];
    if (in[gid] & 1)
        seen[in[gid] >> 5] = !seen[in[gid] >> 5] || other;
    unsigned word = 0;
    for (int k = 0; k < 8; k++)
        word |= seen[k] << k;
    out[gid] = other != seen[in[gid] & 7];
    bits[gid] = word;
}

extern "C" __global__ void halves(const __half *in, __half *out)
{
    THREAD;
    __half x = in[gid];
    if (__hlt(x, __float2half(0.0f))) {
        for (unsigned k = 0; k < (tid & 3); k++)
            x = __hadd(x, __float2half(0.5f));
    } else if (tid & 1) {
        x = __hmul(x, __float2half(2.0f));
    }
    out[gid] = x;
}

// 64-bit quotients trap on the host where a lane that stays out would divide by its zero.
extern "C" __global__ void quotients(const long long *n, const long long *d, long long *out, int *small, short *tiny)
{
    THREAD;
    long long q = -7;
    int s = -7;
    short t = -7;
    if (d[gid] != 0 && d[gid] != -1) {
        q = n[gid] / d[gid] + n[gid] % d[gid];
        if ((int)d[gid] != 0 && (int)d[gid] != -1)
            s = (int)n[gid] / (int)d[gid] - (int)n[gid] % (int)d[gid];
        if ((short)d[gid] != 0)
            t = (short)((short)n[gid] / (short)d[gid]) ^ (unsigned char)n[gid] % (unsigned short)((short)d[gid]);
    }
    out[gid] = q;
    small[gid] = s;
    tiny[gid] = t;
}

// Two phis that exchange their values, a trip count for each lane, and values that live on behind the loop.
extern "C" __global__ void fibonacci(const int *n, unsigned *out)
{
    THREAD;
    unsigned a = 0, b = 1, last = 77;
    int k = 0;
    for (; k < n[gid]; k++) {
        unsigned sum = a + b;
        a = b;
        b = sum;
        last = k * 3;
        if (sum % 7 == 5)
            break;
    }
    out[gid] = a * 1000003 + b * 101 + last + k;
}

extern "C" __global__ void tickets(const int *bin, unsigned *own, unsigned *in_bin, unsigned *grid_ticket,
                                   unsigned *counters)
{
    THREAD;
    __shared__ unsigned next, bins[8];
    if (tid == 0)
        next = 0;
    if (tid < 8)
        bins[tid] = 0;
    for (unsigned k = threads; k < 8; k++)
        bins[k] = 0;
    __syncthreads();
    if (bin[gid] != 3) {
        own[gid] = atomicAdd(&next, 1u);
        in_bin[gid] = atomicAdd(&bins[bin[gid]], 2u);
        grid_ticket[gid] = atomicAdd(counters, 3u);
        atomicMax(counters + 1, gid);
        atomicSub(counters + 2 + bin[gid], gid);
        atomicInc(counters + 10, 4);
    }
    if (bin[gid] & 1)
        atomicExch(&counters[11], 5u);
}

extern "C" __global__ void largest(const double *in, unsigned long long *out)
{
    THREAD;
    if (tid % 3 == 1)
        return;
    unsigned long long seen = *out, old;
    do {
        old = seen;
        if (__longlong_as_double(old) >= in[gid])
            break;
        seen = atomicCAS(out, old, __double_as_longlong(in[gid]));
    } while (seen != old);
}

// Indices that wrap, or look as if they could.
extern "C" __global__ void neighbours(const int *in, int *out, unsigned n)
{
    THREAD;
    unsigned i = gid;
    int sum = 0;
    if (i > 0)
        sum += in[i - 1u];
    if (i + 1u < n)
        sum += in[i + 1u] * 3;
    sum += in[(i * 0x80000001u) % n] + in[(i ^ 0xffffffffu) % n] + in[(unsigned)(i - 5u) & 3u];
    unsigned far = i - 3u;
    if (far < n)
        sum += 7 * in[far];
    if ((far += 0x80000000u) - 0x80000000u < n)
        sum += 11 * in[far - 0x80000000u];
    const int *end = in + n;
    sum += end[-1 - (int)i] + end[-(long long)(i % n) - 1];
    out[i] = sum;
}

struct Node { int depth; float sum; unsigned char tag; short path[6]; };
__device__ __noinline__ void grow(Node *node, int by)
{
    node->path[node->depth % 6] = (short)(by * 3);
    node->sum += by * 0.5f;
    node->tag ^= (unsigned char)by;
    if (++node->depth < by)
        grow(node, by - 1);
}

extern "C" __global__ void grown(const int *by, float *sums, int *checks)
{
    THREAD;
    Node node = {};
    node.sum = tid;
    if (by[gid] & 1)
        grow(&node, by[gid] & 7);
    else if (by[gid] & 2)
        grow(&node, 2);
    int check = node.depth + 10 * node.tag;
    for (int k = 0; k < 6; k++)
        check = check * 7 + node.path[k];
    sums[gid] = node.sum;
    checks[gid] = check;
}

__device__ __noinline__ int twice(int x) { return 2 * x; }
__device__ __noinline__ int plus9(int x) { return x + 9; }
__device__ __noinline__ int halved(int x) { return x < 4 ? x : halved(x / 2) + 1; }
extern "C" __global__ void chosen(const int *in, int *out)
{
    THREAD;
    int (*const ways[])(int) = {twice, plus9, halved};
    int x = in[gid] & 0xffff;
    if (x & 8)
        x = ways[x % 3](x);
    out[gid] = x;
}

// Groups of lanes with masks of their own; whole warps only.
extern "C" __global__ void groups(const int *in, int *out)
{
    THREAD;
    int lane = tid & 31;
    unsigned eight = 0xffu << (lane & 24), parity = 0x55555555u << (lane & 1);
    int sum = 0;
    if (in[gid / 8 * 8] & 1) {
        sum = __shfl_sync(eight, in[gid], 3, 8) + 5 * __shfl_xor_sync(eight, in[gid], lane & 4, 8);
        sum ^= __ballot_sync(eight, in[gid] & 2) + __any_sync(eight, in[gid] & 4);
        sum += __reduce_add_sync(eight, in[gid]) + __match_any_sync(eight, in[gid] & 3);
    }
    sum += __reduce_min_sync(parity, in[gid]) + __shfl_down_sync(parity, in[gid], 2, 16);
    int all;
    unsigned same = __match_all_sync(parity, in[gid] >> 30, &all);
    out[gid] = sum + same * 3 + all;
}

extern "C" __global__ void tiles(const int *in, int *out)
{
    THREAD;
    auto block = cg::this_thread_block();
    auto four = cg::tiled_partition<4>(block);
    auto sixteen = cg::tiled_partition<16>(block);
    int x = in[gid];
    if (sixteen.meta_group_rank() & 1) {
        for (int k = 8; k > 0; k /= 2)
            x += sixteen.shfl_down(x, k);
        x = sixteen.shfl(x, 0);
    } else if (four.any(x < 0)) {
        x = four.shfl_xor(x, 3) + four.ballot(x & 1);
    }
    out[gid] = x;
}

// Lanes leave at three depths, the others go on to barriers.
extern "C" __global__ void leaving(const int *in, int *out, int *counts)
{
    THREAD;
    __shared__ int here;
    if (tid == 0)
        here = 0;
    out[gid] = -1;
    __syncthreads();
    int x = in[gid];
    for (int turn = 0; turn < 4; turn++) {
        for (int k = 0; k < (x & 3); k++) {
            if ((x >> k & 15) == 9) {
                out[gid] = 100 * turn + k;
                return;
            }
        }
        if (x % 11 == turn) {
            atomicAdd(&here, 1);
            return;
        }
        int left = __syncthreads_count(x & 1);
        x = x / 2 + left;
        if (__syncthreads_or(x > 1 << 29))
            break;
    }
    out[gid] = x;
    atomicMax(&counts[blockIdx.x], here);
}

extern "C" __global__ void told(const int *in)
{
    THREAD;
    if (in[gid] % 5 == 2)
        printf("thread %u has %d and %.2f %s\n", gid, in[gid], in[gid] * 0.25, in[gid] & 1 ? "odd" : "even");
    else if (in[gid] % 5 == 3)
        printf("three at %u\n", gid);
}
