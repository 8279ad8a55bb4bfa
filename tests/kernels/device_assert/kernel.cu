#ifndef __CUDACC_RTC__
#include <cassert>
#endif

extern "C" __global__ void checked(const int *in, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    assert(in[i] >= 0);
    out[i] = in[i] + 1;
}

extern "C" __global__ void trapped(const int *in)
{
    if (in[blockIdx.x * blockDim.x + threadIdx.x] < 0)
        __trap();
}
