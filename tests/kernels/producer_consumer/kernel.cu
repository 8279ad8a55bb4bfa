// The first warp produces, the second consumes, through volatile flags and no barrier.
extern "C" __global__ void pipeline(const int *in, int *out, int n)
{
    __shared__ volatile int value, full;
    if (threadIdx.x == 0)
        full = 0;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 0; i < n; ++i) {
            while (full)
                ;
            value = in[blockIdx.x * n + i];
            __threadfence_block();
            full = 1;
        }
    } else if (threadIdx.x == 32) {
        for (int i = 0; i < n; ++i) {
            while (!full)
                ;
            __threadfence_block();
            out[blockIdx.x * n + i] = value * 2;
            full = 0;
        }
    }
}

// Each block waits for the one before it.
extern "C" __global__ void chained(int *flags, int *out)
{
    __shared__ int before;
    if (threadIdx.x == 0) {
        int seen = 1;
        if (blockIdx.x > 0)
            while ((seen = *(volatile int *)&flags[blockIdx.x - 1]) == 0)
                ;
        before = seen;
        __threadfence();
        *(volatile int *)&flags[blockIdx.x] = seen + 2;
    }
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = before;
}
