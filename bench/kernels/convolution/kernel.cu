// 2D convolution with a (2 RADIUS + 1)^2 filter; outside of the image lie zeros.
extern "C" __global__ void convolution(float *out, const float *in, const float *filter, int width, int height)
{
    __shared__ float tile[16 + 2 * RADIUS][16 + 2 * RADIUS];
    int tx = threadIdx.x, ty = threadIdx.y;
    int left = blockIdx.x * 16 - RADIUS, top = blockIdx.y * 16 - RADIUS;
    for (int y = ty; y < 16 + 2 * RADIUS; y += 16) {
        for (int x = tx; x < 16 + 2 * RADIUS; x += 16) {
            int column = left + x, row = top + y;
            bool inside = column >= 0 && column < width && row >= 0 && row < height;
            tile[y][x] = inside ? in[row * width + column] : 0.0f;
        }
    }
    __syncthreads();
    int column = blockIdx.x * 16 + tx, row = blockIdx.y * 16 + ty;
    if (column >= width || row >= height)
        return;
    float sum = 0;
    for (int j = 0; j <= 2 * RADIUS; j++)
        for (int i = 0; i <= 2 * RADIUS; i++)
            sum += filter[j * (2 * RADIUS + 1) + i] * tile[ty + j][tx + i];
    out[row * width + column] = sum;
}
