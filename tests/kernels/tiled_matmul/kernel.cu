template <int T>
__global__ void matmul(const float *a, const float *b, float *c, int rows, int inner, int columns)
{
    __shared__ float left[T][T], right[T][T + 1];
    int row = blockIdx.y * T + threadIdx.y, column = blockIdx.x * T + threadIdx.x;
    float sum = 0.0f;
    for (int base = 0; base < inner; base += T) {
        left[threadIdx.y][threadIdx.x] =
            row < rows && base + threadIdx.x < inner ? a[row * inner + base + threadIdx.x] : 0.0f;
        right[threadIdx.y][threadIdx.x] =
            column < columns && base + threadIdx.y < inner ? b[(base + threadIdx.y) * columns + column] : 0.0f;
        __syncthreads();
#pragma unroll
        for (int k = 0; k < T; ++k)
            sum += left[threadIdx.y][k] * right[k][threadIdx.x];
        __syncthreads();
    }
    if (row < rows && column < columns)
        c[row * columns + column] = sum;
}
