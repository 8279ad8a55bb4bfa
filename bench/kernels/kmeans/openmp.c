#include <math.h>
#include <string.h>

enum { THREADS = 256 };

// A block's shared sums belong to one thread here and need no atomics.
void kmeans(int *restrict label, float *restrict sums, int *restrict counts, const float *restrict points,
            const float *restrict centres, int n)
{
    memset(sums, 0, CENTRES * DIMENSIONS * sizeof *sums);
    memset(counts, 0, CENTRES * sizeof *counts);
#pragma omp parallel for
    for (int first = 0; first < n; first += THREADS) {
        float block_sums[CENTRES * DIMENSIONS] = {0}, point[DIMENSIONS][THREADS], least[THREADS];
        int block_counts[CENTRES] = {0}, best[THREADS], threads = n - first < THREADS ? n - first : THREADS;
        for (int thread = 0; thread < threads; thread++) {
            least[thread] = INFINITY;
            best[thread] = 0;
            for (int d = 0; d < DIMENSIONS; d++)
                point[d][thread] = points[d * n + first + thread];
        }
        for (int c = 0; c < CENTRES; c++) {
            for (int thread = 0; thread < threads; thread++) {
                float distance = 0;
                for (int d = 0; d < DIMENSIONS; d++) {
                    float difference = point[d][thread] - centres[c * DIMENSIONS + d];
                    distance += difference * difference;
                }
                best[thread] = distance < least[thread] ? c : best[thread];
                least[thread] = distance < least[thread] ? distance : least[thread];
            }
        }
        for (int thread = 0; thread < threads; thread++) {
            label[first + thread] = best[thread];
            for (int d = 0; d < DIMENSIONS; d++)
                block_sums[best[thread] * DIMENSIONS + d] += point[d][thread];
            block_counts[best[thread]]++;
        }
        for (int j = 0; j < CENTRES * DIMENSIONS; j++) {
#pragma omp atomic
            sums[j] += block_sums[j];
        }
        for (int c = 0; c < CENTRES; c++) {
#pragma omp atomic
            counts[c] += block_counts[c];
        }
    }
}
