// Threads at and after `live` leave before the barrier; exited threads count as arrived.
extern "C" __global__ void neighbours(const int *in, int *out, int live)
{
    __shared__ int buffer[1024];
    int t = threadIdx.x;
    if (t >= live)
        return;
    buffer[t] = in[blockIdx.x * blockDim.x + t];
    __syncthreads();
    int sum = buffer[t];
    if (t + 1 < live)
        sum += buffer[t + 1];
    out[blockIdx.x * blockDim.x + t] = sum;
}

// One thread leaves per round, inside the loop that holds the barrier.
extern "C" __global__ void leaving(int *out)
{
    __shared__ int round;
    int t = threadIdx.x;
    for (int i = 0; i < blockDim.x; ++i) {
        if (t == i)
            round = i * 10;
        __syncthreads();
        int seen = round;
        __syncthreads();
        if (t == i) {
            out[blockIdx.x * blockDim.x + t] = seen;
            return;
        }
    }
}

// Barriers in both arms of a branch that depends on the block only.
extern "C" __global__ void uniform_branch(const int *in, int *out)
{
    __shared__ int buffer[1024];
    int t = threadIdx.x, n = blockDim.x, base = blockIdx.x * n;
    if (blockIdx.x % 2) {
        buffer[t] = in[base + t];
        __syncthreads();
        out[base + t] = buffer[n - 1 - t];
    } else {
        buffer[n - 1 - t] = 2 * in[base + t];
        __syncthreads();
        out[base + t] = buffer[t];
    }
}
