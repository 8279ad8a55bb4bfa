extern "C" __global__ void triad(float *a, const float *b, const float *c, float scale, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        a[i] = b[i] + scale * c[i];
}
