// What the API programs launch. Compiled to PTX text, which a real driver can take too.
__device__ int counter = 5;
__constant__ float scale[4];

extern "C" __global__ void add_one(int *data, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        data[i] += 1;
}

extern "C" __global__ void count() { atomicAdd(&counter, 1); }

extern "C" __global__ void __launch_bounds__(128) bounded(int *out) { out[threadIdx.x] = blockDim.x; }

extern "C" __global__ void shared_sum(int *out)
{
    __shared__ int fixed[100];
    extern __shared__ int dynamic[];
    fixed[threadIdx.x % 100] = 1;
    dynamic[threadIdx.x] = 2;
    __syncthreads();
    out[threadIdx.x] = fixed[threadIdx.x % 100] + dynamic[threadIdx.x];
}

struct Pair { char tag; double weight; };

extern "C" __global__ void mixed(char a, double b, Pair c, short d, float *out)
{
    *out = a + b + c.tag + c.weight + d + scale[0];
}

extern "C" __global__ void size_of_grid(unsigned *out)
{
    if (blockIdx.x == gridDim.x - 1 && blockIdx.y == gridDim.y - 1 && threadIdx.x == 0)
        out[0] = gridDim.x, out[1] = gridDim.y, out[2] = gridDim.z;
}

extern "C" __global__ void store(int *out) { out[0] = 1; }

extern "C" __global__ void stop() { asm volatile("trap;"); }
