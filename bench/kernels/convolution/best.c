enum { LANES = 64 };

// Rows straight from the image: 64 points of one row stay in registers while the filter passes over them.
void convolution(float *restrict out, const float *restrict in, const float *restrict filter, int width, int height)
{
#pragma omp parallel for
    for (int row = 0; row < height; row++) {
        for (int left = 0; left < width; left += LANES) {
            float sum[LANES] = {0};
            int whole = left >= RADIUS && left + LANES + RADIUS <= width;
            for (int j = -RADIUS; j <= RADIUS; j++) {
                if (row + j < 0 || row + j >= height)
                    continue;
                const float *from = in + (long)(row + j) * width + left;
                const float *weights = filter + (j + RADIUS) * (2 * RADIUS + 1);
                for (int i = -RADIUS; i <= RADIUS; i++) {
                    float weight = weights[i + RADIUS];
                    if (whole)
                        for (int x = 0; x < LANES; x++)
                            sum[x] += weight * from[x + i];
                    else
                        for (int x = 0; x < LANES; x++)
                            if (left + x + i >= 0 && left + x + i < width)
                                sum[x] += weight * from[x + i];
                }
            }
            for (int x = 0; x < LANES && left + x < width; x++)
                out[(long)row * width + left + x] = sum[x];
        }
    }
}
