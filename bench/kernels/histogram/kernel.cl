__kernel void clear(__global unsigned *bins)
{
    bins[get_local_id(0)] = 0;
}

__kernel void histogram_shared(__global unsigned *bins, __global const uchar *in, int n)
{
    __local unsigned counts[256];
    int thread = get_local_id(0);
    counts[thread] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = get_global_id(0); i < n; i += get_global_size(0))
        atomic_inc(&counts[in[i]]);
    barrier(CLK_LOCAL_MEM_FENCE);
    atomic_add(&bins[thread], counts[thread]);
}

__kernel void histogram_global(__global unsigned *bins, __global const uchar *in, int n)
{
    int i = get_global_id(0);
    if (i < n)
        atomic_inc(&bins[in[i]]);
}
