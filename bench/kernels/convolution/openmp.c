void convolution(float *restrict out, const float *restrict in, const float *restrict filter, int width, int height)
{
#pragma omp parallel for collapse(2)
    for (int top = 0; top < height; top += 16) {
        for (int left = 0; left < width; left += 16) {
            float tile[16 + 2 * RADIUS][16 + 2 * RADIUS], sum[16][16] = {{0}};
            for (int y = 0; y < 16 + 2 * RADIUS; y++) {
                for (int x = 0; x < 16 + 2 * RADIUS; x++) {
                    int column = left - RADIUS + x, row = top - RADIUS + y;
                    int inside = column >= 0 && column < width && row >= 0 && row < height;
                    tile[y][x] = inside ? in[row * width + column] : 0.0f;
                }
            }
            for (int ty = 0; ty < 16; ty++)
                for (int j = 0; j <= 2 * RADIUS; j++)
                    for (int i = 0; i <= 2 * RADIUS; i++)
                        for (int tx = 0; tx < 16; tx++)
                            sum[ty][tx] += filter[j * (2 * RADIUS + 1) + i] * tile[ty + j][tx + i];
            for (int ty = 0; ty < 16 && top + ty < height; ty++)
                for (int tx = 0; tx < 16 && left + tx < width; tx++)
                    out[(top + ty) * width + left + tx] = sum[ty][tx];
        }
    }
}
