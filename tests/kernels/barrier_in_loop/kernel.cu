#define LIMIT 1024

extern "C" __global__ void block_sum(const int *in, int *out)
{
    __shared__ int part[LIMIT];
    int t = threadIdx.x;
    part[t] = in[blockIdx.x * blockDim.x + t];
    __syncthreads();
    for (int width = blockDim.x; width > 1;) {
        int half = (width + 1) / 2;
        if (t + half < width)
            part[t] += part[t + half];
        width = half;
        __syncthreads();
    }
    if (t == 0)
        out[blockIdx.x] = part[0];
}

// Inclusive scan, double-buffered in dynamic shared memory.
extern "C" __global__ void block_scan(const int *in, int *out)
{
    extern __shared__ int buffer[];
    int n = blockDim.x, t = threadIdx.x, from = 0;
    buffer[t] = in[blockIdx.x * n + t];
    __syncthreads();
    for (int step = 1; step < n; step *= 2) {
        int value = buffer[from * n + t];
        if (t >= step)
            value += buffer[from * n + t - step];
        from = 1 - from;
        buffer[from * n + t] = value;
        __syncthreads();
    }
    out[blockIdx.x * n + t] = buffer[from * n + t];
}

// The trip count differs from block to block; each round rotates the block's values by one.
extern "C" __global__ void rotate(int *data)
{
    extern __shared__ int buffer[];
    int n = blockDim.x, t = threadIdx.x;
    int mine = data[blockIdx.x * n + t];
    int rounds = blockIdx.x * 3 + 1;
    while (rounds--) {
        buffer[t] = mine;
        __syncthreads();
        mine = buffer[(t + 1) % n];
        __syncthreads();
    }
    data[blockIdx.x * n + t] = mine;
}
