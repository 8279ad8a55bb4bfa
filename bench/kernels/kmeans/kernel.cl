// OpenCL C 1.2 has no atomic addition of floats: the loop that stands for it.
void add_local(volatile __local float *to, float value)
{
    union { unsigned bits; float number; } old, sum;
    do {
        old.number = *to;
        sum.number = old.number + value;
    } while (atomic_cmpxchg((volatile __local unsigned *)to, old.bits, sum.bits) != old.bits);
}

void add_global(volatile __global float *to, float value)
{
    union { unsigned bits; float number; } old, sum;
    do {
        old.number = *to;
        sum.number = old.number + value;
    } while (atomic_cmpxchg((volatile __global unsigned *)to, old.bits, sum.bits) != old.bits);
}

// One step of k-means: each point to its nearest centre, and the sums and counts of the new centres.
__kernel void clear(__global float *sums, __global int *counts)
{
    int i = get_local_id(0);
    for (int j = i; j < CENTRES * DIMENSIONS; j += get_local_size(0))
        sums[j] = 0;
    if (i < CENTRES)
        counts[i] = 0;
}

// points is DIMENSIONS x n.
__kernel void kmeans(__global int *label, __global float *sums, __global int *counts, __global const float *points,
                     __global const float *centres, int n)
{
    __local float near[CENTRES * DIMENSIONS], block_sums[CENTRES * DIMENSIONS];
    __local int block_counts[CENTRES];
    int thread = get_local_id(0), i = get_group_id(0) * get_local_size(0) + thread;
    for (int j = thread; j < CENTRES * DIMENSIONS; j += get_local_size(0)) {
        near[j] = centres[j];
        block_sums[j] = 0;
    }
    if (thread < CENTRES)
        block_counts[thread] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
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
            add_local(&block_sums[best * DIMENSIONS + d], point[d]);
        atomic_add(&block_counts[best], 1);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = thread; j < CENTRES * DIMENSIONS; j += get_local_size(0))
        add_global(&sums[j], block_sums[j]);
    if (thread < CENTRES)
        atomic_add(&counts[thread], block_counts[thread]);
}
