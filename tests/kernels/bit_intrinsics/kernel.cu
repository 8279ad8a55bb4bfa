extern "C" __global__ void bits(const unsigned *in, const unsigned long long *wide, unsigned *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned x = in[i];
    unsigned long long y = wide[i];
    unsigned *row = out + i * 12;
    row[0] = __popc(x);
    row[1] = __clz(x);
    row[2] = __ffs(x);
    row[3] = __brev(x);
    row[4] = __popcll(y);
    row[5] = __clzll(y);
    row[6] = __ffsll(y);
    row[7] = (unsigned)(__brevll(y) >> 7);
    row[8] = __byte_perm(x, (unsigned)y, 0x6172);
    row[9] = __funnelshift_l(x, (unsigned)y, i % 40);
    row[10] = __funnelshift_r(x, (unsigned)y, i % 40);
    row[11] = __sad((int)x, (int)y, 7u) + __hadd((int)x, (int)y) + __rhadd((int)x, (int)y);
}
