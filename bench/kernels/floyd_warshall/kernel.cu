extern "C" __global__ void copy(int *to, const int *from, int n)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (column < n && row < n)
        to[row * n + column] = from[row * n + column];
}

// All paths through node k; one launch for each k.
extern "C" __global__ void floyd_warshall(int *distance, int k, int n)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (column >= n || row >= n)
        return;
    int through = distance[row * n + k] + distance[k * n + column];
    if (through < distance[row * n + column])
        distance[row * n + column] = through;
}
