#define INFINITY __int_as_float(0x7f800000) // the run-time compiler has no <math.h>

// One step of k-means: each point to its nearest centre, and the sums and counts of the new centres.
extern "C" __global__ void clear(float *sums, int *counts)
{
    int i = threadIdx.x;
    for (int j = i; j < CENTRES * DIMENSIONS; j += blockDim.x)
        sums[j] = 0;
    if (i < CENTRES)
        counts[i] = 0;
}

// points is DIMENSIONS x n.
extern "C" __global__ void kmeans(int *label, float *sums, int *counts, const float *points, const float *centres,
                                  int n)
{
    __shared__ float near[CENTRES * DIMENSIONS], block_sums[CENTRES * DIMENSIONS];
    __shared__ int block_counts[CENTRES];
    int thread = threadIdx.x, i = blockIdx.x * blockDim.x + thread;
    for (int j = thread; j < CENTRES * DIMENSIONS; j += blockDim.x) {
        near[j] = centres[j];
        block_sums[j] = 0;
    }
    if (thread < CENTRES)
        block_counts[thread] = 0;
    __syncthreads();
    if (i < n) {
        float point[DIMENSIONS], least = INFINITY;
        int best = 0;
        for (int d = 0; d < DIMENSIONS; d++)
            point[d] = points[d * n + i];
        for (int c = 0; c < CENTRES; c++) {
            float distance = 0;
            for (int d = 0; d < DIMENSIONS; d++) {
                float difference = point[d] - near[c * DIMENSIONS + d];
                distance += difference * difference;
            }
            if (distance < least) {
                least = distance;
                best = c;
            }
        }
        label[i] = best;
        for (int d = 0; d < DIMENSIONS; d++)
            atomicAdd(&block_sums[best * DIMENSIONS + d], point[d]);
        atomicAdd(&block_counts[best], 1);
    }
    __syncthreads();
    for (int j = thread; j < CENTRES * DIMENSIONS; j += blockDim.x)
        atomicAdd(&sums[j], block_sums[j]);
    if (thread < CENTRES)
        atomicAdd(&counts[thread], block_counts[thread]);
}
