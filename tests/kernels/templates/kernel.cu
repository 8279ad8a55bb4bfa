namespace shapes {
template <typename T> struct Pair {
    T first, second;
    __device__ Pair(T a, T b) : first(a), second(b) {}
    template <typename F> __device__ auto fold(F f) const { return f(first, second); }
};

struct Add {
    template <typename T> __device__ T operator()(T a, T b) const { return a + b; }
};
struct Larger {
    template <typename T> __device__ T operator()(T a, T b) const { return a > b ? a : b; }
};

template <typename T, int Scale, typename Op>
__global__ void combine(const T *a, const T *b, T *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] = Pair<T>(a[i], b[i]).fold(Op{}) * T(Scale);
}
}

template <unsigned N> struct Power {
    static __device__ long long of(long long x) { return x * Power<N - 1>::of(x); }
};
template <> struct Power<0> {
    static __device__ long long of(long long) { return 1; }
};

template <unsigned... Exponents>
__global__ void powers(const int *in, long long *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    long long sum = 0;
    ((sum += Power<Exponents>::of(in[i])), ...);
    out[i] = sum;
}
