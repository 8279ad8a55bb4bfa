// Clocks go forward, sleeping takes time; addresses know their space and survive conversion; assumptions cost nothing.
__constant__ int fixed = 4;
__device__ int everywhere = 9;

extern "C" __global__ void time_passes(int *good)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    long long ticks = clock64();
    clock_t low = clock();
    unsigned long long before = __globaltimer(), after;
    __nanosleep(2000);
    do after = __globaltimer(); while (after - before < 1000);
    good[i] = (clock64() > ticks) + 2 * (after > before) + 4 * (clock() != low) + 8 * (after - before < 1000000000ull);
}

extern "C" __global__ void spaces(const int *in, int *out)
{
    __shared__ int here[4];
    extern __shared__ int more[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    volatile int mine[3] = {1, i % 3, 3};
    const int *local = (const int *)&mine[i % 3];
    if (threadIdx.x == 0) here[2] = 6;
    more[threadIdx.x] = i;
    __syncthreads();
    int flags = __isShared(here) | __isShared(more) << 1 | __isGlobal(in) << 2 | __isLocal(local) << 3;
    flags |= __isGlobal(&everywhere) << 4 | __isConstant(&fixed) << 5 | __isShared(in) << 6 | __isGlobal(here) << 7;
    flags |= __isLocal(in) << 8;
    const int *back = (const int *)__cvta_shared_to_generic(__cvta_generic_to_shared(&here[2]));
    const int *again = (const int *)__cvta_global_to_generic(__cvta_generic_to_global(&in[i]));
    __builtin_assume(blockDim.x > 0);
    __assume(gridDim.x > 0);
    out[i] = flags + (*back == 6 ? 1024 : 0) + (*again == in[i] ? 2048 : 0) + (*(const int *)__cvta_local_to_generic(
        __cvta_generic_to_local((const void *)local)) == mine[i % 3] ? 4096 : 0);
}
