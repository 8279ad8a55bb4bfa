#include <math.h>

void flash_attention(float *restrict out, const float *restrict query, const float *restrict key,
                     const float *restrict value, int n, int heads)
{
#pragma omp parallel for collapse(2)
    for (int block_y = 0; block_y < heads; block_y++) {
        for (int block_x = 0; block_x < n / ROWS; block_x++) {
            float q[DEPTH][ROWS], sum[DEPTH][ROWS] = {{0}}, most[ROWS], total[ROWS] = {0};
            long head = (long)block_y * n * DEPTH;
            for (int thread = 0; thread < ROWS; thread++) {
                most[thread] = -INFINITY;
                for (int d = 0; d < DEPTH; d++)
                    q[d][thread] = query[head + (block_x * ROWS + thread) * DEPTH + d] / sqrtf(DEPTH);
            }
            for (int j = 0; j < n; j++) {
                float score[ROWS] = {0}, old[ROWS], weight[ROWS];
                for (int d = 0; d < DEPTH; d++)
                    for (int thread = 0; thread < ROWS; thread++)
                        score[thread] += q[d][thread] * key[head + j * DEPTH + d];
                for (int thread = 0; thread < ROWS; thread++) {
                    float higher = most[thread] < score[thread] ? score[thread] : most[thread];
                    old[thread] = expf(most[thread] - higher);
                    weight[thread] = expf(score[thread] - higher);
                    total[thread] = total[thread] * old[thread] + weight[thread];
                    most[thread] = higher;
                }
                for (int d = 0; d < DEPTH; d++)
                    for (int thread = 0; thread < ROWS; thread++)
                        sum[d][thread] = sum[d][thread] * old[thread] + weight[thread] * value[head + j * DEPTH + d];
            }
            for (int thread = 0; thread < ROWS; thread++)
                for (int d = 0; d < DEPTH; d++)
                    out[head + (block_x * ROWS + thread) * DEPTH + d] = sum[d][thread] / total[thread];
        }
    }
}
