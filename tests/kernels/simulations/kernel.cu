extern "C" __global__ void mandelbrot(int *counts, int width, int height, int limit)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height)
        return;
    double cr = __dadd_rn(-2.0, __ddiv_rn(__dmul_rn(3.0, x), width));
    double ci = __dadd_rn(-1.5, __ddiv_rn(__dmul_rn(3.0, y), height));
    double zr = 0.0, zi = 0.0;
    int count = 0;
    while (count < limit && __dadd_rn(__dmul_rn(zr, zr), __dmul_rn(zi, zi)) <= 4.0) {
        double next = __dadd_rn(__dsub_rn(__dmul_rn(zr, zr), __dmul_rn(zi, zi)), cr);
        zi = __dadd_rn(__dmul_rn(__dmul_rn(2.0, zr), zi), ci);
        zr = next;
        ++count;
    }
    counts[y * width + x] = count;
}

// Forces of all bodies on each, in tiles of a block.
extern "C" __global__ void forces(const float4 *bodies, float3 *out, int n)
{
    extern __shared__ float4 tile[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float4 mine = i < n ? bodies[i] : make_float4(0, 0, 0, 0);
    float3 sum = make_float3(0, 0, 0);
    for (int base = 0; base < n; base += blockDim.x) {
        tile[threadIdx.x] = base + threadIdx.x < n ? bodies[base + threadIdx.x] : make_float4(0, 0, 0, 0);
        __syncthreads();
        for (int k = 0; k < blockDim.x; ++k) {
            float4 other = tile[k];
            float dx = other.x - mine.x, dy = other.y - mine.y, dz = other.z - mine.z;
            float inverse = rsqrtf(dx * dx + dy * dy + dz * dz + 0.01f);
            float scale = other.w * inverse * inverse * inverse;
            sum.x += dx * scale;
            sum.y += dy * scale;
            sum.z += dz * scale;
        }
        __syncthreads();
    }
    if (i < n)
        out[i] = sum;
}

extern "C" __global__ void life(const unsigned char *in, unsigned char *out, int width, int height)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < width * height; i += gridDim.x * blockDim.x) {
        int x = i % width, y = i / width, neighbours = 0;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx)
                if (dx || dy)
                    neighbours += in[(y + dy + height) % height * width + (x + dx + width) % width];
        out[i] = neighbours == 3 || (neighbours == 2 && in[i]);
    }
}
