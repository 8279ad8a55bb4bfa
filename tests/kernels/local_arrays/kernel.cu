extern "C" __global__ void sort_each(const int *in, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int local[17];
    for (int k = 0; k < 17; ++k)
        local[k] = in[i * 17 + k];
    for (int k = 1; k < 17; ++k) {
        int value = local[k], at = k;
        while (at > 0 && local[at - 1] > value) {
            local[at] = local[at - 1];
            --at;
        }
        local[at] = value;
    }
    for (int k = 0; k < 17; ++k)
        out[i * 17 + k] = local[k];
}

struct Node { short next; float value; };

// Addresses of locals passed to a function that is not inlined; a two-dimensional local array of structs.
__device__ __noinline__ void link(Node (*nodes)[4], int rows, int seed)
{
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < 4; ++c)
            nodes[r][c] = {short((r * 4 + c * 7 + seed) % 12), float(r * 10 + c)};
}

extern "C" __global__ void chase(float *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Node nodes[3][4];
    link(nodes, 3, i);
    float sum = 0;
    int at = i % 12;
    for (int k = 0; k < 20; ++k) {
        sum += nodes[at / 4][at % 4].value;
        at = nodes[at / 4][at % 4].next;
    }
    out[i] = sum;
}
