// Bitonic sort of a block's values in shared memory; the block's size is a power of two.
template <typename T> __global__ void bitonic(T *data)
{
    extern __shared__ __align__(8) unsigned char memory[];
    T *values = reinterpret_cast<T *>(memory);
    unsigned t = threadIdx.x, base = blockIdx.x * blockDim.x;
    values[t] = data[base + t];
    __syncthreads();
    for (unsigned size = 2; size <= blockDim.x; size *= 2)
        for (unsigned stride = size / 2; stride > 0; stride /= 2) {
            unsigned other = t ^ stride;
            if (other > t) {
                bool ascending = (t & size) == 0;
                if ((values[t] > values[other]) == ascending) {
                    T kept = values[t];
                    values[t] = values[other];
                    values[other] = kept;
                }
            }
            __syncthreads();
        }
    data[base + t] = values[t];
}

// A radix sort of one block: warp ballots rank each bit's keys, any block size.
extern "C" __global__ void radix(unsigned *data)
{
    __shared__ unsigned keys[1024], zeros[32];
    unsigned t = threadIdx.x, n = blockDim.x, base = blockIdx.x * n, lane = t % 32, warp = t / 32;
    unsigned lanes = min(32u, n - warp * 32), mask = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    unsigned key = data[base + t];
    for (int bit = 0; bit < 32; ++bit) {
        bool one = key >> bit & 1;
        unsigned cleared = __ballot_sync(mask, !one);
        if (lane == 0)
            zeros[warp] = __popc(cleared);
        __syncthreads();
        unsigned before = 0, all = 0;
        for (unsigned w = 0; w < (n + 31) / 32; ++w) {
            before += w < warp ? zeros[w] : 0;
            all += zeros[w];
        }
        unsigned zero_rank = before + __popc(cleared & ((1u << lane) - 1));
        keys[one ? all + t - zero_rank : zero_rank] = key;
        __syncthreads();
        key = keys[t];
        __syncthreads();
    }
    data[base + t] = key;
}
