// One row of n columns for each block of 256 threads.
extern "C" __global__ void layernorm(float *out, const float *in, const float *gain, const float *bias, int n)
{
    __shared__ float sums[8], squares[8];
    const float *row = in + blockIdx.x * n;
    float sum = 0, square = 0;
    for (int i = threadIdx.x; i < n; i += 256) {
        float value = row[i];
        sum += value;
        square += value * value;
    }
    for (int offset = 16; offset > 0; offset >>= 1) {
        sum += __shfl_down_sync(0xffffffffu, sum, offset);
        square += __shfl_down_sync(0xffffffffu, square, offset);
    }
    if (threadIdx.x % 32 == 0) {
        sums[threadIdx.x / 32] = sum;
        squares[threadIdx.x / 32] = square;
    }
    __syncthreads();
    sum = square = 0;
    for (int warp = 0; warp < 8; warp++) {
        sum += sums[warp];
        square += squares[warp];
    }
    float mean = sum / n, scale = rsqrtf(square / n - mean * mean + 1e-5f);
    for (int i = threadIdx.x; i < n; i += 256)
        out[blockIdx.x * n + i] = (row[i] - mean) * scale * gain[i] + bias[i];
}
