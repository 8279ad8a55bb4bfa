// A transform of POINTS complex numbers for each block of POINTS / 2 threads: radix 2, Stockham, in shared memory.
extern "C" __global__ void fft(float2 *out, const float2 *in, const float2 *twiddle)
{
    __shared__ float2 data[2][POINTS];
    int thread = threadIdx.x, from = 0;
    const float2 *first = in + blockIdx.x * POINTS;
    data[0][thread] = first[thread];
    data[0][thread + POINTS / 2] = first[thread + POINTS / 2];
    __syncthreads();
    for (int length = 1; length < POINTS; length <<= 1) {
        int place = thread & (length - 1);
        float2 factor = twiddle[place * (POINTS / 2 / length)];
        float2 a = data[from][thread], b = data[from][thread + POINTS / 2];
        float2 turned = make_float2(b.x * factor.x - b.y * factor.y, b.x * factor.y + b.y * factor.x);
        int to = 2 * thread - place;
        data[1 - from][to] = make_float2(a.x + turned.x, a.y + turned.y);
        data[1 - from][to + length] = make_float2(a.x - turned.x, a.y - turned.y);
        from = 1 - from;
        __syncthreads();
    }
    float2 *last = out + blockIdx.x * POINTS;
    last[thread] = data[from][thread];
    last[thread + POINTS / 2] = data[from][thread + POINTS / 2];
}
