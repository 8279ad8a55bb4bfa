struct Flags { unsigned low : 3, mid : 7; int sign : 5; bool on : 1; };
union Either { float f; unsigned char bytes[4]; };

__device__ __noinline__ bool both(bool a, bool b) { return a && b; }
__device__ __noinline__ signed char narrow(signed char a, short b) { return (signed char)(a + b); }

extern "C" __global__ void small(const signed char *c, const unsigned short *s, const bool *b, signed char *cs,
                                 short *ss, bool *bs, int *packed)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    cs[i] = narrow(c[i], (short)s[i]);
    ss[i] = (short)(s[i] * 3 - c[i]);
    bs[i] = both(b[i], c[i] > 0) || s[i] == 0;
    Flags flags;
    flags.low = c[i];
    flags.mid = s[i];
    flags.sign = c[i];
    flags.on = b[i];
    Either either;
    either.f = (float)c[i];
    packed[i] = flags.low + flags.mid * 10 + flags.sign * 2000 + (flags.on ? 100000 : 0) + either.bytes[3];
}

extern "C" __global__ void logic(const bool *a, const bool *b, unsigned char *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = (a[i] & b[i]) | (a[i] ^ b[i]) << 1 | (!a[i]) << 2 | (a[i] + b[i]) << 4;
}
