template <int Bins> __global__ void histogram(const unsigned char *data, unsigned *bins, int n)
{
    __shared__ unsigned local[Bins];
    for (int k = threadIdx.x; k < Bins; k += blockDim.x)
        local[k] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&local[data[i] % Bins], 1u);
    __syncthreads();
    for (int k = threadIdx.x; k < Bins; k += blockDim.x)
        if (local[k])
            atomicAdd(&bins[k], local[k]);
}
