// n is a power of two. One launch for each step of the network: pairs `distance` apart, ascending in runs of `run`.
extern "C" __global__ void copy(int *to, const int *from, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        to[i] = from[i];
}

extern "C" __global__ void bitonic_step(int *data, int distance, int run, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int other = i ^ distance;
    if (i < n && other > i) {
        int here = data[i], there = data[other];
        bool ascending = (i & run) == 0;
        if ((here > there) == ascending) {
            data[i] = there;
            data[other] = here;
        }
    }
}
