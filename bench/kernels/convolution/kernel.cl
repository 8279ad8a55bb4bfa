// 2D convolution with a (2 RADIUS + 1)^2 filter; outside of the image lie zeros.
__kernel void convolution(__global float *out, __global const float *in, __global const float *filter, int width,
                          int height)
{
    __local float tile[16 + 2 * RADIUS][16 + 2 * RADIUS];
    int tx = get_local_id(0), ty = get_local_id(1);
    int left = get_group_id(0) * 16 - RADIUS, top = get_group_id(1) * 16 - RADIUS;
    for (int y = ty; y < 16 + 2 * RADIUS; y += 16) {
        for (int x = tx; x < 16 + 2 * RADIUS; x += 16) {
            int column = left + x, row = top + y;
            bool inside = column >= 0 && column < width && row >= 0 && row < height;
            tile[y][x] = inside ? in[row * width + column] : 0.0f;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    int column = get_group_id(0) * 16 + tx, row = get_group_id(1) * 16 + ty;
    if (column >= width || row >= height)
        return;
    float sum = 0;
    for (int j = 0; j <= 2 * RADIUS; j++)
        for (int i = 0; i <= 2 * RADIUS; i++)
            sum += filter[j * (2 * RADIUS + 1) + i] * tile[ty + j][tx + i];
    out[row * width + column] = sum;
}
