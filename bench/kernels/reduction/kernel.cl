__kernel void reduce_shared(__global float *partial, __global const float *in, int n)
{
    __local float sums[256];
    int thread = get_local_id(0);
    float sum = 0;
    for (int i = get_group_id(0) * 256 * STEPS + thread, step = 0; step < STEPS; step++, i += 256)
        if (i < n)
            sum += in[i];
    sums[thread] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_size = 128; half_size > 0; half_size >>= 1) {
        if (thread < half_size)
            sums[thread] += sums[thread + half_size];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (thread == 0)
        partial[get_group_id(0)] = sums[0];
}

// OpenCL C without subgroups has no shuffle: what its programmer writes in place of one.
__kernel void reduce_shuffle(__global float *partial, __global const float *in, int n)
{
    __local float sums[256];
    int thread = get_local_id(0);
    float sum = 0;
    for (int i = get_group_id(0) * 256 * STEPS + thread, step = 0; step < STEPS; step++, i += 256)
        if (i < n)
            sum += in[i];
    sums[thread] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_size = 128; half_size > 0; half_size >>= 1) {
        if (thread < half_size)
            sums[thread] += sums[thread + half_size];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (thread == 0)
        partial[get_group_id(0)] = sums[0];
}
