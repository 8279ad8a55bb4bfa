__kernel void spmv_scalar(__global float *y, __global const int *start, __global const int *column,
                          __global const float *value, __global const float *x, int rows)
{
    int row = get_global_id(0);
    if (row >= rows)
        return;
    float sum = 0;
    for (int i = start[row]; i < start[row + 1]; i++)
        sum += value[i] * x[column[i]];
    y[row] = sum;
}

// Without shuffles: the 32 sums of a row meet in local memory.
__kernel void spmv_vector(__global float *y, __global const int *start, __global const int *column,
                          __global const float *value, __global const float *x, int rows)
{
    __local float sums[256];
    int row = get_global_id(0) / 32, thread = get_local_id(0), lane = thread % 32;
    float sum = 0;
    if (row < rows)
        for (int i = start[row] + lane; i < start[row + 1]; i += 32)
            sum += value[i] * x[column[i]];
    sums[thread] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int offset = 16; offset > 0; offset >>= 1) {
        if (lane < offset)
            sums[thread] += sums[thread + offset];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane == 0 && row < rows)
        y[row] = sums[thread];
}
