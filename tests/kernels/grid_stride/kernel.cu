// Loops that step by the whole grid: blocks of any number do all elements.

extern "C" __global__ void saxpy(float *y, const float *x, float a, int n)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        y[i] = a * x[i] + y[i];
}

// What a thread knows before and after its loop: how often it went round, the last index, its block.
extern "C" __global__ void memories(const int *in, int *turns, int *last, unsigned *sum, int n)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x, stride = gridDim.x * blockDim.x, count = 0, at = -1;
    unsigned total = blockIdx.x;
    for (int i = thread; i < n; i += stride) {
        total += in[i];
        at = i;
        count++;
    }
    turns[thread] = count;
    last[thread] = at * 2 + (int)blockIdx.x;
    sum[thread] = total;
}

// Some threads leave before the loop, some within it.
extern "C" __global__ void leavers(int *out, const int *in, int n, int limit)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    if (thread % 7 == 3)
        return;
    for (long long i = thread; i < n; i += (long long)gridDim.x * blockDim.x) {
        if (in[i] > limit)
            break;
        out[i] = in[i] + blockIdx.x;
    }
}

extern "C" __global__ void planes(float *out, const float *in, int width, int height)
{
    for (int y = blockIdx.y * blockDim.y + threadIdx.y; y < height; y += gridDim.y * blockDim.y)
        for (int x = blockIdx.x * blockDim.x + threadIdx.x; x < width; x += gridDim.x * blockDim.x)
            out[y * width + x] = in[y * width + x] * (y + 1);
}

extern "C" __global__ void rows(float *out, const float *in, int width, int height)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    if (x < width)
        for (int y = blockIdx.y * blockDim.y + threadIdx.y; y < height; y += gridDim.y * blockDim.y)
            out[y * width + x] = in[y * width + x] + blockIdx.y * 100 + blockIdx.x + blockIdx.z;
}

extern "C" __global__ void counts(unsigned *bins, const unsigned *in, int n)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&bins[in[i] % 16], 1u + (blockIdx.x == 0));
}

// Memory of the block's own: its blocks must not mix.
extern "C" __global__ void own(int *out, const int *in, int n)
{
    __shared__ volatile int mine[256];
    mine[threadIdx.x] = blockIdx.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        out[i] = in[i] + mine[threadIdx.x];
        mine[threadIdx.x] = mine[threadIdx.x] + 1000;
    }
}

// Little but gathers: lanes go through such a loop one by one.
extern "C" __global__ void gathered(int *out, const int *label, const int *count, int n)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        out[i] += (count[label[i]] % 2) ^ 1;
}
