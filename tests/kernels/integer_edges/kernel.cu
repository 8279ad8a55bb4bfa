// Division by zero must not trap, also in lanes that a branch masks off; it gives what the hardware gives.
extern "C" __global__ void divide(const int *a, const int *b, int *quotient, int *remainder, int *guarded)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    quotient[i] = a[i] / b[i];
    remainder[i] = a[i] % b[i];
    guarded[i] = b[i] != 0 ? a[i] / b[i] : 12345;
}

extern "C" __global__ void divide_wide(const long long *a, const long long *b, long long *out,
                                       unsigned long long *uout)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = (a[i] / b[i]) * 7 + a[i] % b[i];
    uout[i] = (unsigned long long)a[i] / (unsigned long long)b[i];
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
