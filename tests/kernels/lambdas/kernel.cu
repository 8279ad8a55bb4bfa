template <typename F> __device__ void for_each(int n, F f)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        f(i);
}

template <typename F, typename G> __device__ auto compose(F f, G g)
{
    return [=](auto x) { return f(g(x)); };
}

extern "C" __global__ void captured(const int *in, int *out, double *mixed, int n, int factor)
{
    int hits = 0;
    auto scale = [factor](int x) { return x * factor; };
    auto shift = [](auto x) { return x + 1; };
    auto both = compose(scale, shift);
    for_each(n, [&](int i) {
        ++hits;
        out[i] = both(in[i]);
        mixed[i] = shift(0.5 * in[i]) + hits - hits;
    });
}
