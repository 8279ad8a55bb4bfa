float block_reduce(__local float *shared, float value, bool maximum)
{
    int thread = get_local_id(0);
    shared[thread] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_size = 128; half_size > 0; half_size >>= 1) {
        if (thread < half_size)
            shared[thread] = maximum ? fmax(shared[thread], shared[thread + half_size])
                                     : shared[thread] + shared[thread + half_size];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    value = shared[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return value;
}

__kernel void softmax(__global float *out, __global const float *in, int n)
{
    __local float shared[256];
    __global const float *row = in + get_group_id(0) * n;
    __global float *to = out + get_group_id(0) * n;
    float most = -INFINITY;
    for (int i = get_local_id(0); i < n; i += 256)
        most = fmax(most, row[i]);
    most = block_reduce(shared, most, true);
    float sum = 0;
    for (int i = get_local_id(0); i < n; i += 256) {
        float value = exp(row[i] - most);
        to[i] = value;
        sum += value;
    }
    float scale = 1.0f / block_reduce(shared, sum, false);
    for (int i = get_local_id(0); i < n; i += 256)
        to[i] *= scale;
}
