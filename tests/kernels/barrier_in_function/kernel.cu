__device__ __noinline__ int exchange(int *buffer, int value, int from)
{
    buffer[threadIdx.x] = value;
    __syncthreads();
    int result = buffer[from];
    __syncthreads();
    return result;
}

// The barrier is two calls deep, and its shared memory belongs to the callee.
__device__ __noinline__ int block_maximum(int value)
{
    __shared__ int slots[1024];
    int best = value;
    for (int step = 1; step < blockDim.x; step *= 2)
        best = max(best, exchange(slots, best, (threadIdx.x + step) % blockDim.x));
    return best;
}

extern "C" __global__ void maximum(const int *in, int *reversed, int *out)
{
    __shared__ int buffer[1024];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    reversed[i] = exchange(buffer, in[i], blockDim.x - 1 - threadIdx.x);
    out[i] = block_maximum(in[i]);
}
