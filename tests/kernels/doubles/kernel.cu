// Newton's square root and a compensated sum: wrong contraction or float arithmetic shows in the last digits.
extern "C" __global__ void newton(const double *in, double *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    double x = in[i], root = x > 1.0 ? x : 1.0;
    for (int k = 0; k < 60; ++k) {
        double next = 0.5 * (root + x / root);
        if (next == root)
            break;
        root = next;
    }
    out[i] = root;
}

extern "C" __global__ void kahan(const double *in, double *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    double sum = 0.0, lost = 0.0;
    for (int k = 0; k < n; ++k) {
        double y = __dsub_rn(in[(i + k) % n], lost);
        double t = __dadd_rn(sum, y);
        lost = __dsub_rn(__dsub_rn(t, sum), y);
        sum = t;
    }
    out[i] = sum;
}
