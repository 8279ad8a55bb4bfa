#include <math.h>

enum { KEYS = 32 };

// Blocks of KEYS keys: one rescaling for each block; 4 sums stay in registers; exp in vectors by -ffast-math.
void flash_attention(float *restrict out, const float *restrict query, const float *restrict key,
                     const float *restrict value, int n, int heads)
{
#pragma omp parallel for collapse(2)
    for (int block_y = 0; block_y < heads; block_y++) {
        for (int block_x = 0; block_x < n / ROWS; block_x++) {
            float q[DEPTH][ROWS], sum[DEPTH][ROWS] = {{0}}, most[ROWS], total[ROWS] = {0}, score[KEYS][ROWS];
            long head = (long)block_y * n * DEPTH;
            for (int thread = 0; thread < ROWS; thread++) {
                most[thread] = -1e30f;
                for (int d = 0; d < DEPTH; d++)
                    q[d][thread] = query[head + (block_x * ROWS + thread) * DEPTH + d] / sqrtf(DEPTH);
            }
            for (int first = 0; first < n; first += KEYS) {
                const float *keys = key + head + (long)first * DEPTH, *values = value + head + (long)first * DEPTH;
                float higher[ROWS], old[ROWS];
                for (int thread = 0; thread < ROWS; thread++)
                    higher[thread] = most[thread];
                for (int j = 0; j < KEYS; j += 4) {
                    float dot[4][ROWS] = {{0}};
                    for (int d = 0; d < DEPTH; d++)
                        for (int i = 0; i < 4; i++)
#pragma omp simd
                            for (int thread = 0; thread < ROWS; thread++)
                                dot[i][thread] += q[d][thread] * keys[(j + i) * DEPTH + d];
                    for (int i = 0; i < 4; i++)
                        for (int thread = 0; thread < ROWS; thread++) {
                            score[j + i][thread] = dot[i][thread];
                            higher[thread] = higher[thread] < dot[i][thread] ? dot[i][thread] : higher[thread];
                        }
                }
                for (int thread = 0; thread < ROWS; thread++) {
                    old[thread] = expf(most[thread] - higher[thread]);
                    total[thread] *= old[thread];
                    most[thread] = higher[thread];
                }
                for (int j = 0; j < KEYS; j++)
#pragma omp simd
                    for (int thread = 0; thread < ROWS; thread++)
                        total[thread] += score[j][thread] = expf(score[j][thread] - most[thread]);
                for (int d = 0; d < DEPTH; d++) {
                    float add[ROWS];
                    for (int thread = 0; thread < ROWS; thread++)
                        add[thread] = sum[d][thread] * old[thread];
                    for (int j = 0; j < KEYS; j++)
                        for (int thread = 0; thread < ROWS; thread++)
                            add[thread] += score[j][thread] * values[j * DEPTH + d];
                    for (int thread = 0; thread < ROWS; thread++)
                        sum[d][thread] = add[thread];
                }
            }
            for (int thread = 0; thread < ROWS; thread++)
                for (int d = 0; d < DEPTH; d++)
                    out[head + (block_x * ROWS + thread) * DEPTH + d] = sum[d][thread] / total[thread];
        }
    }
}
