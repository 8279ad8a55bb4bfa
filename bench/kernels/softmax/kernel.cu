#define INFINITY __int_as_float(0x7f800000) // the run-time compiler has no <math.h>

// One row of n columns for each block of 256 threads.
__device__ float block_reduce(float value, bool maximum)
{
    __shared__ float shared[8];
    for (int offset = 16; offset > 0; offset >>= 1) {
        float other = __shfl_xor_sync(0xffffffffu, value, offset);
        value = maximum ? fmaxf(value, other) : value + other;
    }
    if (threadIdx.x % 32 == 0)
        shared[threadIdx.x / 32] = value;
    __syncthreads();
    value = shared[0];
    for (int warp = 1; warp < 8; warp++)
        value = maximum ? fmaxf(value, shared[warp]) : value + shared[warp];
    __syncthreads();
    return value;
}

extern "C" __global__ void softmax(float *out, const float *in, int n)
{
    const float *row = in + blockIdx.x * n;
    float most = -INFINITY;
    for (int i = threadIdx.x; i < n; i += 256)
        most = fmaxf(most, row[i]);
    most = block_reduce(most, true);
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += 256) {
        float value = expf(row[i] - most);
        out[blockIdx.x * n + i] = value;
        sum += value;
    }
    float scale = 1.0f / block_reduce(sum, false);
    for (int i = threadIdx.x; i < n; i += 256)
        out[blockIdx.x * n + i] *= scale;
}
