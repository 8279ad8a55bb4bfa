#include <math.h>

void layernorm(float *restrict out, const float *restrict in, const float *restrict gain, const float *restrict bias,
               int n, int rows)
{
#pragma omp parallel for
    for (int block = 0; block < rows; block++) {
        const float *row = in + (long)block * n;
        float sums[256] = {0}, squares[256] = {0}, sum = 0, square = 0;
        for (int first = 0; first < n; first += 256) {
            for (int thread = 0; thread < 256 && first + thread < n; thread++) {
                float value = row[first + thread];
                sums[thread] += value;
                squares[thread] += value * value;
            }
        }
        for (int thread = 0; thread < 256; thread++) {
            sum += sums[thread];
            square += squares[thread];
        }
        float mean = sum / n, scale = 1.0f / sqrtf(square / n - mean * mean + 1e-5f);
        for (int i = 0; i < n; i++)
            out[(long)block * n + i] = (row[i] - mean) * scale * gain[i] + bias[i];
    }
}
