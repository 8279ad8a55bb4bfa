#include <math.h>

// With -ffast-math the exponential and the sums are vectors.
void softmax(float *restrict out, const float *restrict in, int n, int rows)
{
#pragma omp parallel for
    for (int block = 0; block < rows; block++) {
        const float *row = in + (long)block * n;
        float *to = out + (long)block * n, most = row[0], sum = 0;
#pragma omp simd reduction(max : most)
        for (int i = 0; i < n; i++)
            most = row[i] > most ? row[i] : most;
#pragma omp simd reduction(+ : sum)
        for (int i = 0; i < n; i++)
            sum += to[i] = expf(row[i] - most);
        float scale = 1.0f / sum;
#pragma omp simd
        for (int i = 0; i < n; i++)
            to[i] *= scale;
    }
}
