// Variables of managed memory: found by the host by name, changed by kernels.
__managed__ int counter = 5;
__managed__ float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};
struct Setting { double scale; int bias; };
__device__ __managed__ Setting setting = {0.5, 7};
static __device__ int hidden = 3;

extern "C" __global__ void use(const int *in, float *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = (float)(in[i] * setting.scale) + setting.bias + table[i & 3] + hidden;
    atomicAdd(&counter, 1);
}
