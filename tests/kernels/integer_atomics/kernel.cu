// Every operation over one cell; `old` of add and exch is checked through sums that hold in any order.
extern "C" __global__ void signed_ops(const int *in, int *cells)
{
    int v = in[blockIdx.x * blockDim.x + threadIdx.x];
    atomicAdd(&cells[0], v);
    atomicSub(&cells[1], v);
    atomicMin(&cells[2], v);
    atomicMax(&cells[3], v);
    atomicAnd(&cells[4], v | 0xff);
    atomicOr(&cells[5], v & 0xff00);
    atomicXor(&cells[6], v);
}

extern "C" __global__ void unsigned_ops(const unsigned *in, unsigned *cells)
{
    unsigned v = in[blockIdx.x * blockDim.x + threadIdx.x];
    atomicAdd(&cells[0], v);
    atomicSub(&cells[1], v);
    atomicMin(&cells[2], v);
    atomicMax(&cells[3], v);
    atomicInc(&cells[4], 6u);
    atomicDec(&cells[5], 4u);
    unsigned seen = cells[6], before;
    do {
        before = seen;
        seen = atomicCAS(&cells[6], before, before * 3u + 1u);
    } while (seen != before);
}

extern "C" __global__ void wide_ops(const unsigned long long *in, unsigned long long *cells, long long *signed_cells)
{
    unsigned long long v = in[blockIdx.x * blockDim.x + threadIdx.x];
    atomicAdd(&cells[0], v);
    atomicMin(&cells[1], v);
    atomicMax(&cells[2], v);
    atomicAnd(&cells[3], v | 0xffffull);
    atomicOr(&cells[4], v & 0xff00ff00ull);
    atomicXor(&cells[5], v);
    atomicMin(&signed_cells[0], (long long)v);
    atomicMax(&signed_cells[1], (long long)v);
    unsigned long long seen = cells[6], before;
    do {
        before = seen;
        seen = atomicCAS(&cells[6], before, before + 5ull);
    } while (seen != before);
}

// A chain of exchanges: what came back and what stayed add up to what went in; the last one out adds the rest.
extern "C" __global__ void exchange(unsigned long long *cell, unsigned long long *returned, unsigned *done)
{
    unsigned long long i = blockIdx.x * blockDim.x + threadIdx.x + 1;
    atomicAdd(returned, atomicExch(cell, i));
    if (atomicAdd(done, 1u) == gridDim.x * blockDim.x - 1)
        atomicAdd(returned, atomicExch(cell, 0ull));
}

extern "C" __global__ void in_shared(const int *keys, int *bins)
{
    __shared__ int local[16];
    for (int k = threadIdx.x; k < 16; k += blockDim.x)
        local[k] = 0;
    __syncthreads();
    atomicAdd(&local[keys[blockIdx.x * blockDim.x + threadIdx.x] & 15], 1);
    __syncthreads();
    for (int k = threadIdx.x; k < 16; k += blockDim.x)
        atomicAdd_system(&bins[k], local[k]);
}
