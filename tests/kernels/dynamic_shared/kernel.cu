// Two arrays carved out of one dynamic buffer, beside a static one.
extern "C" __global__ void carve(const double *in, const short *keys, double *out)
{
    extern __shared__ __align__(16) unsigned char memory[];
    __shared__ int bias[4];
    double *numbers = reinterpret_cast<double *>(memory);
    short *order = reinterpret_cast<short *>(numbers + blockDim.x);
    int t = threadIdx.x;
    if (t < 4)
        bias[t] = t * 100;
    for (int i = t; i < 4; i += blockDim.x)
        bias[i] = i * 100;
    int i = blockIdx.x * blockDim.x + t;
    numbers[t] = in[i];
    order[t] = keys[i];
    __syncthreads();
    out[i] = numbers[order[t]] + bias[order[t] % 4];
}

extern "C" __global__ void declared_size(unsigned *out)
{
    extern __shared__ unsigned char memory[];
    unsigned size;
    asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(size));
    memory[size - 1] = 1;
    out[blockIdx.x * blockDim.x + threadIdx.x] = size;
}
