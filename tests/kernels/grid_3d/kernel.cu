// Each thread notes who it is at its place in the whole 3-D index space.
extern "C" __global__ void place(unsigned *out)
{
    unsigned x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y,
             z = blockIdx.z * blockDim.z + threadIdx.z;
    unsigned nx = gridDim.x * blockDim.x, ny = gridDim.y * blockDim.y;
    unsigned linear = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x, lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    out[(z * ny + y) * nx + x] = x + y * 100 + z * 10000 + linear * 1000000 + (lane == linear % warpSize ? 0 : 1);
}

// A 7-point stencil with its tile in shared memory.
extern "C" __global__ void stencil(const float *in, float *out, int nx, int ny, int nz)
{
    extern __shared__ float tile[];
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y,
        z = blockIdx.z * blockDim.z + threadIdx.z;
    int at = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    bool inside = x < nx && y < ny && z < nz;
    tile[at] = inside ? in[(z * ny + y) * nx + x] : 0.0f;
    __syncthreads();
    if (!inside)
        return;
    float sum = tile[at];
    if (threadIdx.x > 0)
        sum += tile[at - 1];
    else if (x > 0)
        sum += in[(z * ny + y) * nx + x - 1];
    if (z + 1 < nz)
        sum += threadIdx.z + 1 < blockDim.z ? tile[at + blockDim.x * blockDim.y] : in[((z + 1) * ny + y) * nx + x];
    out[(z * ny + y) * nx + x] = sum;
}
