// Reading memory as another type through a pointer cast: undefined in C++, everyday in CUDA.
__device__ __noinline__ float through(int* bits, float* value, int i) {
    bits[i] = 0x3f800000;
    value[i] = 2.0f;
    return __int_as_float(bits[i]);
}

extern "C" __global__ void aliased(float* data, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = through((int*)data, data, i);
}

extern "C" __global__ void fast_inverse_root(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float value = x[i];
    int bits = *(int*)&value;
    bits = 0x5f3759df - (bits >> 1);
    float guess = *(float*)&bits;
    y[i] = guess * (1.5f - 0.5f * value * guess * guess);
}

extern "C" __global__ void quads(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i * 4 + 3 >= n) return;
    float local[4];
    *(float4*)local = ((const float4*)x)[i];
    for (int k = 0; k < 4; ++k) local[k] += k;
    ((float4*)y)[i] = *(float4*)local;
}
