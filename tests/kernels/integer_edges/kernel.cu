// Division by zero must not trap, also in lanes that a branch masks off.
extern "C" __global__ void divide(const int *a, const int *b, int *quotient, int *remainder, int *guarded)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    quotient[i] = a[i] / b[i];
    remainder[i] = a[i] % b[i];
    guarded[i] = b[i] != 0 ? a[i] / b[i] : 12345;
    if (b[i] == 0)
        quotient[i] = remainder[i] = -1;
    if (b[i] == -1 && a[i] == (-2147483647 - 1))
        quotient[i] = remainder[i] = -2;
}

extern "C" __global__ void divide_wide(const long long *a, const long long *b, long long *out,
                                       unsigned long long *uout)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    long long q = a[i] / b[i], r = a[i] % b[i];
    unsigned long long uq = (unsigned long long)a[i] / (unsigned long long)b[i];
    out[i] = b[i] == 0 || b[i] == -1 ? 0 : q * 7 + r;
    uout[i] = b[i] == 0 ? 0 : uq;
}

// CUDA's shift instructions clamp the count at the width; x86's wrap.
extern "C" __global__ void shift(const unsigned *a, const unsigned *count, unsigned *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned left, right;
    int arithmetic;
    asm("shl.b32 %0, %1, %2;" : "=r"(left) : "r"(a[i]), "r"(count[i]));
    asm("shr.u32 %0, %1, %2;" : "=r"(right) : "r"(a[i]), "r"(count[i]));
    asm("shr.s32 %0, %1, %2;" : "=r"(arithmetic) : "r"((int)a[i]), "r"(count[i]));
    out[i * 3] = left;
    out[i * 3 + 1] = right;
    out[i * 3 + 2] = (unsigned)arithmetic;
}

extern "C" __global__ void wrap(const int *a, const int *b, unsigned *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned x = a[i], y = b[i];
    out[i] = x * y + (x << 7 ^ y >> 3) - __umulhi(x, y) + (unsigned)__mulhi(a[i], b[i]) + __umul24(x, y) +
             __usad(x, y, 5u) + (unsigned)min(a[i], b[i]) + max(x, y) + (unsigned)abs(a[i] / 2);
}
