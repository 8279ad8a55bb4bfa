#define FULL 0xffffffffu

// Rows of `out`: up, down, butterfly, indexed, and the same within segments of 8. The block is whole warps.
extern "C" __global__ void shuffles(const int *in, int *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int v = in[i];
    out[0 * n + i] = __shfl_up_sync(FULL, v, 3);
    out[1 * n + i] = __shfl_down_sync(FULL, v, 5);
    out[2 * n + i] = __shfl_xor_sync(FULL, v, 6);
    out[3 * n + i] = __shfl_sync(FULL, v, (threadIdx.x * 7) % 32);
    out[4 * n + i] = __shfl_up_sync(FULL, v, 3, 8);
    out[5 * n + i] = __shfl_down_sync(FULL, v, 5, 8);
    out[6 * n + i] = __shfl_xor_sync(FULL, v, 4, 8);
    out[7 * n + i] = __shfl_sync(FULL, v, 2, 8);
}

template <typename T> __global__ void warp_sum(const T *in, T *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    T v = i < n ? in[i] : T(0);
    for (int step = 16; step > 0; step /= 2)
        v += __shfl_down_sync(FULL, v, step);
    if (threadIdx.x % 32 == 0)
        atomicAdd(out, v);
}

// Only the named lanes take part; odd and even lanes shuffle apart, in different branches.
extern "C" __global__ void halves(const int *in, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32, v = in[i];
    if (lane % 2)
        out[i] = __shfl_sync(0xaaaaaaaau, v, 31) + __shfl_xor_sync(0xaaaaaaaau, v, 2);
    else
        out[i] = __shfl_sync(0x55555555u, v, 0) - __shfl_xor_sync(0x55555555u, v, 2);
}

// A block that is not whole warps: the mask names the lanes there are.
extern "C" __global__ void ragged(const double *in, double *out)
{
    int t = threadIdx.x, warp_base = t / 32 * 32;
    int lanes = min(32, (int)blockDim.x - warp_base);
    unsigned mask = lanes == 32 ? FULL : (1u << lanes) - 1;
    int i = blockIdx.x * blockDim.x + t;
    out[i] = __shfl_sync(mask, in[i], (t + 1) % 32 % lanes);
}

// 64 bits. Rows: by a constant, by what all lanes share, by what each lane has, within segments of 8, of a part of the
// warp, and one whose halves go to different lanes.
template <typename T> __global__ void wide(const T *in, T *out, int by, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32;
    T v = in[i];
    out[0 * n + i] = __shfl_up_sync(FULL, v, 3);
    out[1 * n + i] = __shfl_down_sync(FULL, v, 16);
    out[2 * n + i] = __shfl_xor_sync(FULL, v, 9);
    out[3 * n + i] = __shfl_up_sync(FULL, v, by);
    out[4 * n + i] = __shfl_down_sync(FULL, v, by);
    out[5 * n + i] = __shfl_xor_sync(FULL, v, by);
    out[6 * n + i] = __shfl_sync(FULL, v, by);
    out[7 * n + i] = __shfl_sync(FULL, v, lane * 7 % 32);
    out[8 * n + i] = __shfl_down_sync(FULL, v, by, 8);
    T part = v;
    if (lane & 4)
        part = __shfl_sync(0xf0f0f0f0u, v, lane | 24);
    out[9 * n + i] = part;
    long long bits;
    memcpy(&bits, &v, 8);
    unsigned low = __shfl_xor_sync(FULL, (unsigned)bits, 1), high = __shfl_xor_sync(FULL, (unsigned)(bits >> 32), 2);
    bits = (long long)((unsigned long long)low << 32 | high);
    memcpy(&part, &bits, 8);
    out[10 * n + i] = part;
}
