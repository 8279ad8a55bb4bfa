__kernel void transpose_naive(__global float *out, __global const float *in, int n)
{
    int x = get_group_id(0) * 32 + get_local_id(0), y = get_group_id(1) * 32 + get_local_id(1);
    for (int j = 0; j < 32; j += 8)
        out[x * n + y + j] = in[(y + j) * n + x];
}

__kernel void transpose_tiled(__global float *out, __global const float *in, int n)
{
    __local float tile[32][32 + PAD];
    int local_x = get_local_id(0), local_y = get_local_id(1);
    int x = get_group_id(0) * 32 + local_x, y = get_group_id(1) * 32 + local_y;
    for (int j = 0; j < 32; j += 8)
        tile[local_y + j][local_x] = in[(y + j) * n + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    x = get_group_id(1) * 32 + local_x;
    y = get_group_id(0) * 32 + local_y;
    for (int j = 0; j < 32; j += 8)
        out[(y + j) * n + x] = tile[local_x][local_y + j];
}
