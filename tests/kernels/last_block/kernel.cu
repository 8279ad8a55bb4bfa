__device__ unsigned finished;

// Each block writes its sum; the last one to finish adds them up.
extern "C" __global__ void total(const int *in, int *partial, int *out, int n)
{
    __shared__ int buffer[1024];
    __shared__ bool last;
    int t = threadIdx.x, sum = 0;
    for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x)
        sum += in[i];
    buffer[t] = sum;
    __syncthreads();
    if (t == 0) {
        int all = 0;
        for (int k = 0; k < blockDim.x; ++k)
            all += buffer[k];
        partial[blockIdx.x] = all;
        __threadfence();
        last = atomicInc(&finished, gridDim.x) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && t == 0) {
        int all = 0;
        for (int k = 0; k < gridDim.x; ++k)
            all += ((volatile int *)partial)[k];
        *out = all;
        finished = 0;
    }
}
