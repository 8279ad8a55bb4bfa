__constant__ unsigned primes[64];

__device__ __forceinline__ unsigned turn(unsigned x, int by) { return __funnelshift_r(x, x, by); }

__device__ void compress(unsigned *state, const unsigned char *chunk)
{
    unsigned w[64];
    for (int t = 0; t < 16; ++t)
        w[t] = __byte_perm(*reinterpret_cast<const unsigned *>(chunk + 4 * t), 0, 0x0123);
    for (int t = 16; t < 64; ++t)
        w[t] = w[t - 16] + (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ (w[t - 15] >> 3)) + w[t - 7] +
               (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ (w[t - 2] >> 10));
    unsigned a = state[0], b = state[1], c = state[2], d = state[3];
    unsigned e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; ++t) {
        unsigned one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + primes[t] + w[t];
        unsigned two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    const unsigned added[8] = {a, b, c, d, e, f, g, h};
#pragma unroll
    for (int k = 0; k < 8; ++k)
        state[k] += added[k];
}

// One message of `size` bytes for each thread.
extern "C" __global__ void sha256(const unsigned char *messages, int size, const unsigned *start, unsigned char *digests)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned char *message = messages + (size_t)i * size;
    __align__(4) unsigned char chunk[64];
    unsigned state[8];
    memcpy(state, start, sizeof state);
    int at = 0;
    for (bool done = false; !done;) {
        for (int k = 0; k < 64; ++k, ++at)
            chunk[k] = at < size ? message[at] : at == size ? 0x80 : 0;
        if (at > size + 8) {
            unsigned long long bits = 8ull * size;
            for (int k = 0; k < 8; ++k)
                chunk[56 + k] = (unsigned char)(bits >> (56 - 8 * k));
            done = true;
        }
        compress(state, chunk);
    }
    for (int k = 0; k < 32; ++k)
        digests[i * 32 + k] = (unsigned char)(state[k / 4] >> (24 - 8 * (k % 4)));
}
