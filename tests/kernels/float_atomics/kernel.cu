extern "C" __global__ void accumulate(const float *f, const double *d, float *fsum, double *dsum, float *last)
{
    __shared__ float block_sum;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (threadIdx.x == 0)
        block_sum = 0.0f;
    __syncthreads();
    atomicAdd(&block_sum, f[i]);
    __syncthreads();
    if (threadIdx.x == 0)
        atomicAdd(fsum, block_sum);
    atomicAdd(dsum, d[i]);
    if (atomicExch(last, 1.5f) == 42.0f)
        last[1] += 1.0f;
}

// The well-known maximum of floats through an integer compare-and-swap.
extern "C" __global__ void maximum(const float *in, float *best)
{
    float v = in[blockIdx.x * blockDim.x + threadIdx.x];
    int *bits = reinterpret_cast<int *>(best);
    int old = *bits;
    while (__int_as_float(old) < v) {
        int assumed = old;
        old = atomicCAS(bits, assumed, __float_as_int(v));
        if (old == assumed)
            break;
    }
}
