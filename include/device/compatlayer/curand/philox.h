/* Philox4x32-10: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11. The seed is the key, the upper half
 * of the counter the subsequence, so that a subsequence is 2^66 numbers. */
#ifndef CPL_DEVICE_CURAND_PHILOX_H
#define CPL_DEVICE_CURAND_PHILOX_H
struct curandStatePhilox4_32_10 {
    uint4 ctr, output;
    uint2 key;
    unsigned int STATE;
    int boxmuller_flag, boxmuller_flag_double;
    float boxmuller_extra;
    double boxmuller_extra_double;
};
typedef struct curandStatePhilox4_32_10 curandStatePhilox4_32_10_t;

CPL_RANDOM_FN uint4 curand_Philox4x32_10(uint4 c, uint2 k) {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        unsigned long long first = 0xd2511f53ull * c.x, second = 0xcd9e8d57ull * c.z;
        c = make_uint4((unsigned int)(second >> 32) ^ c.y ^ k.x, (unsigned int)second,
                       (unsigned int)(first >> 32) ^ c.w ^ k.y, (unsigned int)first);
        k.x += 0x9e3779b9u;
        k.y += 0xbb67ae85u;
    }
    return c;
}
CPL_RANDOM_FN void cpl_philox_add(uint4 &c, unsigned long long low, unsigned long long high) {
    unsigned long long a = (unsigned long long)c.y << 32 | c.x, b = (unsigned long long)c.w << 32 | c.z;
    a += low;
    b += high + (a < low ? 1 : 0);
    c = make_uint4((unsigned int)a, (unsigned int)(a >> 32), (unsigned int)b, (unsigned int)(b >> 32));
}
CPL_RANDOM_FN void skipahead(unsigned long long n, curandStatePhilox4_32_10_t *state) {
    unsigned int place = state->STATE + (unsigned int)(n & 3);
    state->STATE = place & 3;
    cpl_philox_add(state->ctr, (n >> 2) + (place >> 2), 0);
    state->output = curand_Philox4x32_10(state->ctr, state->key);
}
CPL_RANDOM_FN void skipahead_sequence(unsigned long long n, curandStatePhilox4_32_10_t *state) {
    cpl_philox_add(state->ctr, 0, n);
    state->output = curand_Philox4x32_10(state->ctr, state->key);
}
CPL_RANDOM_FN void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                               curandStatePhilox4_32_10_t *state) {
    curandStatePhilox4_32_10_t made = {};
    made.key = make_uint2((unsigned int)seed, (unsigned int)(seed >> 32));
    cpl_philox_add(made.ctr, 0, subsequence);
    skipahead(offset, &made);
    *state = made;
}
CPL_RANDOM_FN unsigned int curand(curandStatePhilox4_32_10_t *state) {
    unsigned int place = state->STATE;
    uint4 all = state->output;
    state->STATE = (place + 1) & 3;
    if (place == 3) {
        cpl_philox_add(state->ctr, 1, 0);
        state->output = curand_Philox4x32_10(state->ctr, state->key);
    }
    return place == 0 ? all.x : place == 1 ? all.y : place == 2 ? all.z : all.w;
}
/* The next four. */
CPL_RANDOM_FN uint4 curand4(curandStatePhilox4_32_10_t *state) {
    uint4 a = state->output;
    cpl_philox_add(state->ctr, 1, 0);
    uint4 b = state->output = curand_Philox4x32_10(state->ctr, state->key);
    switch (state->STATE) {
    case 0: return a;
    case 1: return make_uint4(a.y, a.z, a.w, b.x);
    case 2: return make_uint4(a.z, a.w, b.x, b.y);
    default: return make_uint4(a.w, b.x, b.y, b.z);
    }
}
#endif
