// Inclusive scan: blocks of 256 (Hillis and Steele), the blocks' totals by one block, then their addition.
extern "C" __global__ void scan_blocks(int *out, int *totals, const int *in, int n)
{
    __shared__ int sums[2][256];
    int thread = threadIdx.x, i = blockIdx.x * 256 + thread, from = 0;
    sums[0][thread] = i < n ? in[i] : 0;
    __syncthreads();
    for (int offset = 1; offset < 256; offset <<= 1) {
        int value = sums[from][thread];
        if (thread >= offset)
            value += sums[from][thread - offset];
        sums[1 - from][thread] = value;
        from = 1 - from;
        __syncthreads();
    }
    if (i < n)
        out[i] = sums[from][thread];
    if (thread == 255)
        totals[blockIdx.x] = sums[from][255];
}

// One block of 1024 threads: each takes a run of the totals and leaves what lies before each one.
extern "C" __global__ void scan_totals(int *totals, int count)
{
    __shared__ int runs[1024];
    int thread = threadIdx.x, length = (count + 1023) / 1024, first = thread * length;
    int last = min(first + length, count), sum = 0;
    for (int i = first; i < last; i++)
        sum += totals[i];
    runs[thread] = sum;
    __syncthreads();
    for (int offset = 1; offset < 1024; offset <<= 1) {
        int value = thread >= offset ? runs[thread - offset] : 0;
        __syncthreads();
        runs[thread] += value;
        __syncthreads();
    }
    int before = runs[thread] - sum;
    for (int i = first; i < last; i++) {
        int value = totals[i];
        totals[i] = before;
        before += value;
    }
}

extern "C" __global__ void add_totals(int *out, const int *totals, int n)
{
    int i = blockIdx.x * 256 + threadIdx.x;
    if (i < n)
        out[i] += totals[blockIdx.x];
}
