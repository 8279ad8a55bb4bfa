#include <math.h>

void softmax(float *restrict out, const float *restrict in, int n, int rows)
{
#pragma omp parallel for
    for (int block = 0; block < rows; block++) {
        const float *row = in + (long)block * n;
        float *to = out + (long)block * n, partial[256], most = -INFINITY, sum = 0;
        for (int thread = 0; thread < 256; thread++)
            partial[thread] = -INFINITY;
        for (int first = 0; first < n; first += 256)
            for (int thread = 0; thread < 256 && first + thread < n; thread++)
                partial[thread] = partial[thread] < row[first + thread] ? row[first + thread] : partial[thread];
        for (int thread = 0; thread < 256; thread++)
            most = most < partial[thread] ? partial[thread] : most;
        for (int thread = 0; thread < 256; thread++)
            partial[thread] = 0;
        for (int first = 0; first < n; first += 256) {
            for (int thread = 0; thread < 256 && first + thread < n; thread++) {
                float value = expf(row[first + thread] - most);
                to[first + thread] = value;
                partial[thread] += value;
            }
        }
        for (int thread = 0; thread < 256; thread++)
            sum += partial[thread];
        float scale = 1.0f / sum;
        for (int i = 0; i < n; i++)
            to[i] *= scale;
    }
}
