// Accelerations of n bodies (x, y, z, mass), tile by tile through shared memory; n is a multiple of 128.
__kernel void nbody(__global float4 *acceleration, __global const float4 *body, int n)
{
    __local float4 tile[128];
    int i = get_group_id(0) * 128 + get_local_id(0);
    float4 me = body[i];
    float ax = 0, ay = 0, az = 0;
    for (int first = 0; first < n; first += 128) {
        tile[get_local_id(0)] = body[first + get_local_id(0)];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int j = 0; j < 128; j++) {
            float dx = tile[j].x - me.x, dy = tile[j].y - me.y, dz = tile[j].z - me.z;
            float inverse = rsqrt(dx * dx + dy * dy + dz * dz + 1e-3f);
            float scale = tile[j].w * inverse * inverse * inverse;
            ax += dx * scale;
            ay += dy * scale;
            az += dz * scale;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    acceleration[i] = (float4)(ax, ay, az, 0);
}
