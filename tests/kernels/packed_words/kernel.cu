#define FOR_BOTH(row, name)                                   \
    out[(row * 2) * n + i] = name##2(a[i], b[i]);             \
    out[(row * 2 + 1) * n + i] = name##4(a[i], b[i]);

extern "C" __global__ void packed(const unsigned *a, const unsigned *b, unsigned *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
    FOR_BOTH(0, __vadd)
    FOR_BOTH(1, __vaddss)
    FOR_BOTH(2, __vaddus)
    FOR_BOTH(3, __vsub)
    FOR_BOTH(4, __vsubss)
    FOR_BOTH(5, __vsubus)
    FOR_BOTH(6, __vmaxs)
    FOR_BOTH(7, __vminu)
    FOR_BOTH(8, __vabsdiffu)
    FOR_BOTH(9, __vavgu)
    FOR_BOTH(10, __vcmpgts)
    FOR_BOTH(11, __vseteq)
    FOR_BOTH(12, __vsadu)
    out[26 * n + i] = __vneg2(a[i]);
    out[27 * n + i] = __vabsss4(a[i]);
}
