// A transform of POINTS complex numbers for each block of POINTS / 2 threads: radix 2, Stockham, in shared memory.
__kernel void fft(__global float2 *out, __global const float2 *in, __global const float2 *twiddle)
{
    __local float2 data[2][POINTS];
    int thread = get_local_id(0), from = 0;
    __global const float2 *first = in + get_group_id(0) * POINTS;
    data[0][thread] = first[thread];
    data[0][thread + POINTS / 2] = first[thread + POINTS / 2];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int length = 1; length < POINTS; length <<= 1) {
        int place = thread & (length - 1);
        float2 factor = twiddle[place * (POINTS / 2 / length)];
        float2 a = data[from][thread], b = data[from][thread + POINTS / 2];
        float2 turned = (float2)(b.x * factor.x - b.y * factor.y, b.x * factor.y + b.y * factor.x);
        int to = 2 * thread - place;
        data[1 - from][to] = (float2)(a.x + turned.x, a.y + turned.y);
        data[1 - from][to + length] = (float2)(a.x - turned.x, a.y - turned.y);
        from = 1 - from;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    __global float2 *last = out + get_group_id(0) * POINTS;
    last[thread] = data[from][thread];
    last[thread + POINTS / 2] = data[from][thread + POINTS / 2];
}
