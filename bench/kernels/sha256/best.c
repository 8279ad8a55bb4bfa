// SHA-256 of n messages of 64 bytes each, 16 at a time: each word is a vector of the same word of 16 messages.
static const unsigned round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef unsigned words __attribute__((vector_size(64)));

static inline words rotate_right(words x, int bits)
{
    return x >> bits | x << (32 - bits);
}

// One block of 64 bytes, given as 16 big-endian words; `w` is overwritten.
static inline void compress(words *state, words *w)
{
    words a = state[0], b = state[1], c = state[2], d = state[3];
    words e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        if (i >= 16) {
            words x = w[(i + 1) % 16], y = w[(i + 14) % 16];
            w[i % 16] += w[(i + 9) % 16] + (rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3)
                         + (rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10);
        }
        words first = h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + ((e & f) ^ (~e & g))
                         + round_constant[i] + w[i % 16];
        words second = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22))
                          + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void sha256(unsigned *restrict digest, const unsigned *restrict message, int n)
{
    static const unsigned start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
#pragma omp parallel for
    for (int first = 0; first < n; first += 16) {
        words state[8], w[16];
        int lanes = n - first < 16 ? n - first : 16;
        for (int j = 0; j < 8; j++)
            state[j] = (words){0} + start[j];
        for (int j = 0; j < 16; j++)
            for (int lane = 0; lane < 16; lane++)
                w[j][lane] = message[16 * (first + (lane < lanes ? lane : 0)) + j];
        compress(state, w);
        for (int j = 0; j < 16; j++)
            w[j] = (words){0};
        w[0] += 0x80000000u;
        w[15] += 512;
        compress(state, w);
        for (int lane = 0; lane < lanes; lane++)
            for (int j = 0; j < 8; j++)
                digest[8 * (first + lane) + j] = state[j][lane];
    }
}
