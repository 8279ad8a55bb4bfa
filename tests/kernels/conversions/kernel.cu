// Float to integer saturates; casts compile to the same instruction as the _rz intrinsics.
extern "C" __global__ void saturate(const float *in, int *s, unsigned *u, long long *ls, unsigned long long *lu,
                                    int *cast)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float x = in[i];
    s[i] = __float2int_rz(x);
    u[i] = __float2uint_rz(x);
    ls[i] = __float2ll_rz(x);
    lu[i] = __float2ull_rz(x);
    cast[i] = (int)x;
}

extern "C" __global__ void saturate_double(const double *in, int *s, unsigned *u, long long *ls, int *nearest)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    double x = in[i];
    s[i] = __double2int_rz(x);
    u[i] = __double2uint_rz(x);
    ls[i] = __double2ll_rz(x);
    nearest[i] = __double2int_rn(x);
}

extern "C" __global__ void between(const int *in, float *f, double *d, signed char *c, unsigned short *us, float *bits)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    f[i] = (float)in[i] + __int2float_rn(in[i]) + (float)(unsigned)in[i] + (float)((long long)in[i] * 4097);
    d[i] = (double)in[i] + (double)(float)in[i];
    c[i] = (signed char)in[i];
    us[i] = (unsigned short)in[i];
    bits[i] = __int_as_float(__float_as_int((float)in[i]) & 0x7fffffff);
}
