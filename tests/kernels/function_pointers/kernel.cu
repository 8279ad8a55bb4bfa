typedef float (*Operation)(float, float);

__device__ float add(float a, float b) { return a + b; }
__device__ float subtract(float a, float b) { return a - b; }
__device__ float multiply(float a, float b) { return a * b; }

__device__ Operation operations[3] = {add, subtract, multiply};

template <Operation F> __device__ float applied(float a, float b) { return F(a, b); }

// A barrier behind an indirect call.
__device__ int waiting(int *slot, int value)
{
    if (threadIdx.x == 0)
        *slot = value;
    __syncthreads();
    int seen = *slot;
    __syncthreads();
    return seen;
}
typedef int (*Waiting)(int *, int);
__device__ Waiting rendezvous = waiting;

extern "C" __global__ void dispatch(const float *a, const float *b, float *out, int *seen)
{
    __shared__ int slot;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Operation chosen = operations[i % 3];
    out[i] = chosen(a[i], b[i]) + applied<subtract>(a[i], b[i]);
    seen[i] = rendezvous(&slot, blockIdx.x + 10);
}
