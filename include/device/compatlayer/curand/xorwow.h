/* XORWOW: G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003), section 3.1. A subsequence is 2^67
 * numbers. Seeding is not published; the first numbers of ten subsequences of seed 0 are known, and a test has them. */
#ifndef CPL_DEVICE_CURAND_XORWOW_H
#define CPL_DEVICE_CURAND_XORWOW_H
#include "xorwow_powers.h"
struct curandStateXORWOW {
    unsigned int d, v[5];
    int boxmuller_flag, boxmuller_flag_double;
    float boxmuller_extra;
    double boxmuller_extra_double;
};
typedef struct curandStateXORWOW curandStateXORWOW_t;
typedef struct curandStateXORWOW curandState_t;
typedef struct curandStateXORWOW curandState;

CPL_RANDOM_FN void cpl_xorwow_step(unsigned int *v) {
    unsigned int t = v[0] ^ (v[0] >> 2);
    v[0] = v[1];
    v[1] = v[2];
    v[2] = v[3];
    v[3] = v[4];
    v[4] = (v[4] ^ (v[4] << 4)) ^ (t ^ (t << 1));
}

/* 2^first * count steps of the shift register: for each bit of the count, a polynomial of the step. */
CPL_RANDOM_FN void cpl_xorwow_skip(unsigned int *v, unsigned long long count, int first) {
    for (int at = first; count != 0; count >>= 1, ++at) {
        unsigned int sum[5] = {0, 0, 0, 0, 0}, then[5] = {v[0], v[1], v[2], v[3], v[4]};
        for (int word = 0; word < 5; ++word) {
            for (unsigned int bits = cpl_xorwow_powers[at][word], i = 0; i < 32; ++i, bits >>= 1) {
                unsigned int taken = 0u - (bits & 1u);
#pragma unroll
                for (int j = 0; j < 5; ++j) sum[j] ^= then[j] & taken;
                cpl_xorwow_step(then);
            }
        }
        bool odd = count & 1;
#pragma unroll
        for (int j = 0; j < 5; ++j) v[j] = odd ? sum[j] : v[j];
    }
}

CPL_RANDOM_FN void skipahead(unsigned long long n, curandStateXORWOW_t *state) {
    cpl_xorwow_skip(state->v, n, 0);
    state->d += 362437u * (unsigned int)n;
}
CPL_RANDOM_FN void skipahead_sequence(unsigned long long n, curandStateXORWOW_t *state) {
    cpl_xorwow_skip(state->v, n, 67); /* d comes round in 2^32 steps */
}
CPL_RANDOM_FN void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                               curandStateXORWOW_t *state) {
    unsigned int low = 1099087573u * ((unsigned int)seed ^ 0xaad26b49u);
    unsigned int high = 2591861531u * ((unsigned int)(seed >> 32) ^ 0xf7dcefddu);
    curandStateXORWOW_t made = {};
    made.d = 6615241u + low + high;
    made.v[0] = 123456789u + low;
    made.v[1] = 362436069u ^ low;
    made.v[2] = 521288629u + high;
    made.v[3] = 88675123u ^ high;
    made.v[4] = 5783321u + low;
    skipahead_sequence(subsequence, &made);
    skipahead(offset, &made);
    *state = made;
}
CPL_RANDOM_FN unsigned int curand(curandStateXORWOW_t *state) {
    cpl_xorwow_step(state->v);
    state->d += 362437u;
    return state->v[4] + state->d;
}
#endif
