// Attention without its n x n matrix: a block has ROWS queries of one head, a thread one query; keys and values pass
// through shared memory in tiles of ROWS. n is a multiple of ROWS; DEPTH numbers for each query, key and value.
__kernel void flash_attention(__global float *out, __global const float *query, __global const float *key,
                              __global const float *value, int n)
{
    __local float keys[ROWS][DEPTH], values[ROWS][DEPTH];
    int thread = get_local_id(0), head = get_group_id(1) * n * DEPTH, row = get_group_id(0) * ROWS + thread;
    float q[DEPTH], sum[DEPTH], most = -INFINITY, total = 0, scale = rsqrt((float)DEPTH);
    for (int d = 0; d < DEPTH; d++) {
        q[d] = query[head + row * DEPTH + d] * scale;
        sum[d] = 0;
    }
    for (int first = 0; first < n; first += ROWS) {
        for (int i = thread; i < ROWS * DEPTH; i += ROWS) {
            keys[i / DEPTH][i % DEPTH] = key[head + first * DEPTH + i];
            values[i / DEPTH][i % DEPTH] = value[head + first * DEPTH + i];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int j = 0; j < ROWS; j++) {
            float score = 0;
            for (int d = 0; d < DEPTH; d++)
                score += q[d] * keys[j][d];
            float higher = fmax(most, score), old = exp(most - higher), weight = exp(score - higher);
            total = total * old + weight;
            for (int d = 0; d < DEPTH; d++)
                sum[d] = sum[d] * old + weight * values[j][d];
            most = higher;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int d = 0; d < DEPTH; d++)
        out[head + row * DEPTH + d] = sum[d] / total;
}
