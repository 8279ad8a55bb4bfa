#include <cuda_fp16.h>

// CUDA 8's forms: whoever is here takes part. Rows of `out` as in shuffles/. The block is whole warps.
extern "C" __global__ void shuffles(const int *in, int *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int v = in[i];
    out[0 * n + i] = __shfl_up(v, 3);
    out[1 * n + i] = __shfl_down(v, 5u);
    out[2 * n + i] = __shfl_xor(v, 6);
    out[3 * n + i] = __shfl(v, (threadIdx.x * 7) % 32);
    out[4 * n + i] = __shfl_up(v, 3, 8);
    out[5 * n + i] = __shfl_down(v, 5, 8);
    out[6 * n + i] = __shfl_xor(v, 4, 8);
    out[7 * n + i] = __shfl(v, 2, 8);
}

template <typename T> __global__ void warp_sum(const T *in, T *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    T v = in[i];
#pragma unroll
    for (int step = warpSize / 2; step > 0; step >>= 1)
        v += __shfl_down(v, step);
    if (threadIdx.x % warpSize == 0)
        out[i / warpSize] = v;
}

extern "C" __global__ void votes(const int *in, unsigned *ballots, int *flags)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    ballots[i] = __ballot(in[i] > 0);
    flags[i] = (__any(in[i] > 90) ? 1 : 0) | (__all(in[i] > -95) ? 2 : 0);
    if (in[i] > 0)
        flags[i] |= __popc(__ballot(1)) << 8;
}

// A program's own, for where CUDA has none: they are taken.
__device__ float __shfl(float value, int lane) { return value + 1000 * lane; }
template <typename T> __device__ T __shfl_xor(T value, int lane, int width = 32) { return value - lane - width; }
__device__ int __any(int flag) { return 7 * flag; }

extern "C" __global__ void own(const float *in, float *out)
{
    int i = threadIdx.x;
    out[i] = __shfl(in[i], 2) + __shfl_xor(in[i], 3u) + __any(1);
}
