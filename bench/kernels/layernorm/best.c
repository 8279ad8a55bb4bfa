#include <math.h>

void layernorm(float *restrict out, const float *restrict in, const float *restrict gain, const float *restrict bias,
               int n, int rows)
{
#pragma omp parallel for
    for (int block = 0; block < rows; block++) {
        const float *row = in + (long)block * n;
        float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum, square)
        for (int i = 0; i < n; i++) {
            sum += row[i];
            square += row[i] * row[i];
        }
        float mean = sum / n, scale = 1.0f / sqrtf(square / n - mean * mean + 1e-5f);
#pragma omp simd
        for (int i = 0; i < n; i++)
            out[(long)block * n + i] = (row[i] - mean) * scale * gain[i] + bias[i];
    }
}
