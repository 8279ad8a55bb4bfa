__device__ int counter;
__device__ unsigned long long totals[3] = {5, 6, 7};
__device__ int backing[4] = {1, 2, 3, 4};
__device__ int *cursor = backing + 2;
__device__ struct { char tag; double weight; } record = {'x', 2.5};

extern "C" __global__ void count(int *order)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    order[i] = atomicAdd(&counter, 1);
    atomicAdd(&totals[i % 3], (unsigned long long)i);
}

extern "C" __global__ void follow(double *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = cursor[i % 2] + cursor[-1 - i % 2] * 10 + record.weight + (record.tag == 'x' ? 100 : 0);
}
