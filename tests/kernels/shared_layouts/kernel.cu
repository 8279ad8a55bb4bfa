struct Particle { float4 position; char tag; double mass; };

template <int N> __device__ int counted(int add)
{
    __shared__ int total[N];
    if (threadIdx.x < N)
        total[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&total[threadIdx.x % N], add);
    __syncthreads();
    int sum = 0;
    for (int k = 0; k < N && k < blockDim.x; ++k)
        sum += total[k];
    __syncthreads();
    return sum;
}

// One shared object for each instantiation; pointers to shared memory in generic and shared form.
extern "C" __global__ void layouts(int *sums, double *masses, int *spaces)
{
    __shared__ Particle particles[3];
    __shared__ int *where[2];
    __shared__ int target[2];
    int i = blockIdx.x * blockDim.x + threadIdx.x, t = threadIdx.x;
    if (t == 0) {
        for (int k = 0; k < 3; ++k)
            particles[k] = {make_float4(k, 1, 2, 3), 'a', 0.5 * k};
        where[0] = &target[1];
        where[1] = &target[0];
        target[0] = 10;
        target[1] = 20;
    }
    __syncthreads();
    const Particle *chosen = &particles[t % 3];
    masses[i] = chosen->mass + chosen->position.x + chosen->tag;
    sums[i] = counted<1>(1) + counted<4>(2) * 1000 + *where[t % 2] * 100000;
    spaces[i] = (__isShared(where[0]) ? 1 : 0) | (__isShared(sums) ? 2 : 0);
}

// Two kernels of one module with shared memory of their own; neither sees the other's.
extern "C" __global__ void second(int *out)
{
    __shared__ short table[101];
    for (int k = threadIdx.x; k < 101; k += blockDim.x)
        table[k] = (short)(k * k);
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = table[threadIdx.x % 101];
}
