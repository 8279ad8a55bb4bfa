#define INFINITY __int_as_float(0x7f800000) // the run-time compiler has no <math.h>

// Attention without its n x n matrix: a block has ROWS queries of one head, a thread one query; keys and values pass
// through shared memory in tiles of ROWS. n is a multiple of ROWS; DEPTH numbers for each query, key and value.
extern "C" __global__ void flash_attention(float *out, const float *query, const float *key, const float *value, int n)
{
    __shared__ float keys[ROWS][DEPTH], values[ROWS][DEPTH];
    int thread = threadIdx.x, head = blockIdx.y * n * DEPTH, row = blockIdx.x * ROWS + thread;
    float q[DEPTH], sum[DEPTH], most = -INFINITY, total = 0, scale = rsqrtf((float)DEPTH);
    for (int d = 0; d < DEPTH; d++) {
        q[d] = query[head + row * DEPTH + d] * scale;
        sum[d] = 0;
    }
    for (int first = 0; first < n; first += ROWS) {
        for (int i = thread; i < ROWS * DEPTH; i += ROWS) {
            keys[i / DEPTH][i % DEPTH] = key[head + first * DEPTH + i];
            values[i / DEPTH][i % DEPTH] = value[head + first * DEPTH + i];
        }
        __syncthreads();
        for (int j = 0; j < ROWS; j++) {
            float score = 0;
            for (int d = 0; d < DEPTH; d++)
                score += q[d] * keys[j][d];
            float higher = fmaxf(most, score), old = expf(most - higher), weight = expf(score - higher);
            total = total * old + weight;
            for (int d = 0; d < DEPTH; d++)
                sum[d] = sum[d] * old + weight * values[j][d];
            most = higher;
        }
        __syncthreads();
    }
    for (int d = 0; d < DEPTH; d++)
        out[head + row * DEPTH + d] = sum[d] / total;
}
