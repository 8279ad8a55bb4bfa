extern "C" __global__ void __launch_bounds__(64) bounded(int *out)
{
    out[blockIdx.x * blockDim.x + threadIdx.x] = blockDim.x;
}

extern "C" __global__ void __launch_bounds__(128, 2) nothing(int) {}

extern "C" __global__ void clocks(long long *out)
{
    long long begin = clock64();
    unsigned sum = 0;
    for (int k = 0; k < 100; ++k)
        sum += k * (unsigned)begin;
    long long end = clock64();
    out[blockIdx.x * blockDim.x + threadIdx.x] = end >= begin && (sum | 1) ? 1 : 0;
    __nanosleep(10);
}
