#include <string.h>

// The border apart, so that the inner loop has no branch.
void stencil2d(float *restrict out, const float *restrict in, int width, int height)
{
#pragma omp parallel for
    for (int y = 0; y < height; y++) {
        const float *row = in + (long)y * width;
        float *to = out + (long)y * width;
        if (y == 0 || y == height - 1) {
            memcpy(to, row, width * sizeof *to);
            continue;
        }
        to[0] = row[0];
#pragma omp simd
        for (int x = 1; x < width - 1; x++)
            to[x] = 0.5f * row[x] + 0.125f * (row[x - 1] + row[x + 1] + row[x - width] + row[x + width]);
        to[width - 1] = row[width - 1];
    }
}
