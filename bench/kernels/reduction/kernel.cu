// One partial sum for each block of 256 threads; each thread first adds up STEPS elements.
extern "C" __global__ void reduce_shared(float *partial, const float *in, int n)
{
    __shared__ float sums[256];
    int thread = threadIdx.x;
    float sum = 0;
    for (int i = blockIdx.x * 256 * STEPS + thread, step = 0; step < STEPS; step++, i += 256)
        if (i < n)
            sum += in[i];
    sums[thread] = sum;
    __syncthreads();
    for (int half = 128; half > 0; half >>= 1) {
        if (thread < half)
            sums[thread] += sums[thread + half];
        __syncthreads();
    }
    if (thread == 0)
        partial[blockIdx.x] = sums[0];
}

extern "C" __global__ void reduce_shuffle(float *partial, const float *in, int n)
{
    __shared__ float sums[8];
    int thread = threadIdx.x;
    float sum = 0;
    for (int i = blockIdx.x * 256 * STEPS + thread, step = 0; step < STEPS; step++, i += 256)
        if (i < n)
            sum += in[i];
    for (int offset = 16; offset > 0; offset >>= 1)
        sum += __shfl_down_sync(0xffffffffu, sum, offset);
    if (thread % 32 == 0)
        sums[thread / 32] = sum;
    __syncthreads();
    if (thread < 32) {
        sum = thread < 8 ? sums[thread] : 0.0f;
        for (int offset = 4; offset > 0; offset >>= 1)
            sum += __shfl_down_sync(0xffffffffu, sum, offset);
        if (thread == 0)
            partial[blockIdx.x] = sum;
    }
}
