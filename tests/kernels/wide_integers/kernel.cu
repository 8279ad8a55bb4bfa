extern "C" __global__ void wide(const long long *a, const long long *b, unsigned long long *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    __int128 product = (__int128)a[i] * b[i];
    unsigned __int128 sum = (unsigned __int128)product + ((unsigned __int128)1 << 100);
    sum >>= i % 60;
    out[i * 4] = (unsigned long long)sum;
    out[i * 4 + 1] = (unsigned long long)(sum >> 64);
    out[i * 4 + 2] = (unsigned long long)__mul64hi(a[i], b[i]) ^ __umul64hi(a[i], b[i]);
    __int128 divisor = (b[i] | 1);
    out[i * 4 + 3] = (unsigned long long)(product / divisor) + (unsigned long long)(product % divisor);
}

extern "C" __global__ void factorial(unsigned long long *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned long long value = 1;
    for (unsigned k = 2; k <= i % 21; ++k)
        value *= k;
    out[i] = value;
}

extern "C" __global__ void converted(const long long *a, double *d, float *f, long long *back)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    __int128 value = (__int128)a[i] * a[(i + 1) % (gridDim.x * blockDim.x)];
    d[i] = (double)value;
    f[i] = (float)value + (float)(unsigned __int128)(value < 0 ? -value : value);
    back[i] = (long long)((__int128)d[i] >> 64) ^ (long long)((unsigned __int128)(d[i] < 0 ? -d[i] : d[i]) >> 63);
}
