__kernel void layernorm(__global float *out, __global const float *in, __global const float *gain,
                        __global const float *bias, int n)
{
    __local float sums[256], squares[256];
    int thread = get_local_id(0);
    __global const float *row = in + get_group_id(0) * n;
    float sum = 0, square = 0;
    for (int i = thread; i < n; i += 256) {
        float value = row[i];
        sum += value;
        square += value * value;
    }
    sums[thread] = sum;
    squares[thread] = square;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_size = 128; half_size > 0; half_size >>= 1) {
        if (thread < half_size) {
            sums[thread] += sums[thread + half_size];
            squares[thread] += squares[thread + half_size];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    float mean = sums[0] / n, scale = rsqrt(squares[0] / n - mean * mean + 1e-5f);
    for (int i = thread; i < n; i += 256)
        out[get_group_id(0) * n + i] = (row[i] - mean) * scale * gain[i] + bias[i];
}
