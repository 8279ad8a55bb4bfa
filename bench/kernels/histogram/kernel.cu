extern "C" __global__ void clear(unsigned *bins)
{
    bins[threadIdx.x] = 0;
}

// Bins of each block in shared memory, added to the result at the end; any grid does the whole array.
extern "C" __global__ void histogram_shared(unsigned *bins, const unsigned char *in, int n)
{
    __shared__ unsigned counts[256];
    counts[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&counts[in[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], counts[threadIdx.x]);
}

extern "C" __global__ void histogram_global(unsigned *bins, const unsigned char *in, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        atomicAdd(&bins[in[i]], 1u);
}
