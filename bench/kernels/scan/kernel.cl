// Inclusive scan: blocks of 256 (Hillis and Steele), the blocks' totals by one block, then their addition.
__kernel void scan_blocks(__global int *out, __global int *totals, __global const int *in, int n)
{
    __local int sums[2][256];
    int thread = get_local_id(0), i = get_group_id(0) * 256 + thread, from = 0;
    sums[0][thread] = i < n ? in[i] : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int offset = 1; offset < 256; offset <<= 1) {
        int value = sums[from][thread];
        if (thread >= offset)
            value += sums[from][thread - offset];
        sums[1 - from][thread] = value;
        from = 1 - from;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (i < n)
        out[i] = sums[from][thread];
    if (thread == 255)
        totals[get_group_id(0)] = sums[from][255];
}

// One block of 1024 threads: each takes a run of the totals and leaves what lies before each one.
__kernel void scan_totals(__global int *totals, int count)
{
    __local int runs[1024];
    int thread = get_local_id(0), length = (count + 1023) / 1024, first = thread * length;
    int last = min(first + length, count), sum = 0;
    for (int i = first; i < last; i++)
        sum += totals[i];
    runs[thread] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int offset = 1; offset < 1024; offset <<= 1) {
        int value = thread >= offset ? runs[thread - offset] : 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        runs[thread] += value;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    int before = runs[thread] - sum;
    for (int i = first; i < last; i++) {
        int value = totals[i];
        totals[i] = before;
        before += value;
    }
}

__kernel void add_totals(__global int *out, __global const int *totals, int n)
{
    int i = get_group_id(0) * 256 + get_local_id(0);
    if (i < n)
        out[i] += totals[get_group_id(0)];
}
