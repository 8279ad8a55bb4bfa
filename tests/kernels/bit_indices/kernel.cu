// Indices of operations on bits: neighbours follow each other for some of their parameters, and not for others.
template <typename T>
static __device__ void exchange(const T *in, T *out, int i, int distance, int length, int n)
{
    out[i ^ distance] = in[i];
    out[n + i] = in[i ^ distance];
    int place = i & (length - 1), to = 2 * i - place;
    out[2 * n + to] = in[i];
    out[2 * n + to + length] = in[n - 1 - i];
    out[4 * n + ((i + distance) & (n - 1))] = in[(unsigned)(i + length) % (unsigned)n];
}

extern "C" __global__ void exchanges(const float *floats, const double2 *doubles, const uchar4 *bytes,
                                     float *floats_out, double2 *doubles_out, uchar4 *bytes_out, int distance,
                                     int length, int n, int skip)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && i % 8 != skip) {
        exchange(floats, floats_out, i, distance, length, n);
        exchange(doubles, doubles_out, i, distance, length, n);
        exchange(bytes, bytes_out, i, distance, length, n);
    }
}
