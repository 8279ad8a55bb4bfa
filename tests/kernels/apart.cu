// Kernels in which threads wait for others that never come. Line numbers matter to test_apart.py.
extern "C" __global__ void half_waits(int *out)
{
    if (threadIdx.x >= 40) {
        __syncthreads();
    } else {
        if (threadIdx.x == 7)
            out[7] = __shfl_sync(0xffffffffu, 1, 0);
        __syncthreads();
    }
}

extern "C" __global__ void two_barriers(int *out)
{
    if (threadIdx.x % 4 == 1) {
        asm volatile("bar.sync 1;");
        out[0] = 1;
    } else {
        __syncthreads();
    }
}

extern "C" __global__ void partners_at_a_barrier(int *out)
{
    int x = threadIdx.x;
    if (x % 32 < 5)
        out[x] = __shfl_sync(0xffffffffu, x, 0);
    __syncthreads();
}

extern "C" __global__ void partners_behind_a_loop(int *out)
{
    for (int k = 0; k < (int)threadIdx.x % 3; k++)
        out[threadIdx.x] = __reduce_add_sync(0xffffffffu, k);
    __syncthreads();
}

extern "C" __global__ void partners_beside_a_vote(int *out)
{
    if ((threadIdx.x & 8) == 0)
        out[threadIdx.x] = __any_sync(0xffffu, out[0]);
    __syncthreads();
}

extern "C" __global__ void mask_without_the_caller(int *out)
{
    if (threadIdx.x > 70)
        out[threadIdx.x] = __shfl_sync(0x0000ffffu, threadIdx.x, 0);
}

extern "C" __global__ void asserts(int *out)
{
    if (threadIdx.x % 32 > 20)
        for (unsigned k = 0; k < 90; k++)
            assert(threadIdx.x < k && "all is well");
    out[threadIdx.x] = 1;
}

extern "C" __global__ void right(int *out)
{
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = __shfl_xor_sync(0xffffffffu, threadIdx.x, 1);
}
