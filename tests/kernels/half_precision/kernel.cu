#include <cuda_fp16.h>

extern "C" __global__ void halves(const __half *a, const __half *b, __half *sum, __half *fused, float *wide,
                                  bool *less)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    sum[i] = __hadd(a[i], b[i]);
    fused[i] = __hfma(a[i], b[i], __float2half(1.0f));
    wide[i] = __half2float(a[i]) * __half2float(b[i]);
    less[i] = __hlt(a[i], b[i]);
}

extern "C" __global__ void pairs(const __half2 *a, __half2 *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    __half2 swapped = __halves2half2(__high2half(a[i]), __low2half(a[i]));
    out[i] = __hadd2(a[i], __hmul2(swapped, __float2half2_rn(2.0f)));
}
