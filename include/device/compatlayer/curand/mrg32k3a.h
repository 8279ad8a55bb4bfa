/* MRG32k3a: P. L'Ecuyer, "Good Parameters and Implementations for Combined Multiple Recursive Random Number Generators",
 * Operations Research 47 (1999). Subsequences are 2^76 numbers apart, sequences 2^127. */
#ifndef CPL_DEVICE_CURAND_MRG32K3A_H
#define CPL_DEVICE_CURAND_MRG32K3A_H
struct curandStateMRG32k3a {
    unsigned int s1[3], s2[3];
    int boxmuller_flag, boxmuller_flag_double;
    float boxmuller_extra;
    double boxmuller_extra_double;
};
typedef struct curandStateMRG32k3a curandStateMRG32k3a_t;
#define CPL_M1 4294967087u
#define CPL_M2 4294944443u

/* 2^32 is 209 modulo the first modulus, and 22853 modulo the second. */
CPL_RANDOM_FN unsigned int cpl_mod1(unsigned long long x) {
    x = (x & 0xffffffffu) + (x >> 32) * 209u;
    x = (x & 0xffffffffu) + (x >> 32) * 209u;
    return (unsigned int)(x >= CPL_M1 ? x - CPL_M1 : x);
}
CPL_RANDOM_FN unsigned int cpl_mod2(unsigned long long x) {
    x = (x & 0xffffffffu) + (x >> 32) * 22853u;
    x = (x & 0xffffffffu) + (x >> 32) * 22853u;
    return (unsigned int)(x >= CPL_M2 ? x - CPL_M2 : x);
}
struct cpl_first { static CPL_RANDOM_MEMBER unsigned int mod(unsigned long long x) { return cpl_mod1(x); } };
struct cpl_second { static CPL_RANDOM_MEMBER unsigned int mod(unsigned long long x) { return cpl_mod2(x); } };

template <class Modulus> CPL_RANDOM_FN unsigned int cpl_mrg_dot(const unsigned int *row, unsigned int x, unsigned int y,
                                                                unsigned int z) {
    unsigned long long sum = Modulus::mod((unsigned long long)row[0] * x);
    sum += Modulus::mod((unsigned long long)row[1] * y);
    return Modulus::mod(sum + Modulus::mod((unsigned long long)row[2] * z));
}
/* s becomes matrix^count s. */
template <class Modulus> CPL_RANDOM_FN void cpl_mrg_skip(const unsigned int *matrix, unsigned long long count,
                                                         unsigned int *s) {
    unsigned int power[9], square[9];
#pragma unroll
    for (int i = 0; i < 9; ++i) power[i] = matrix[i];
    for (; count != 0; count >>= 1) {
        if (count & 1) {
            unsigned int x = s[0], y = s[1], z = s[2];
#pragma unroll
            for (int i = 0; i < 3; ++i) s[i] = cpl_mrg_dot<Modulus>(power + 3 * i, x, y, z);
        }
#pragma unroll
        for (int i = 0; i < 9; ++i)
            square[i] = cpl_mrg_dot<Modulus>(power + i / 3 * 3, power[i % 3], power[i % 3 + 3], power[i % 3 + 6]);
#pragma unroll
        for (int i = 0; i < 9; ++i) power[i] = square[i];
    }
}
/* One step, 2^76 and 2^127 of them; a test computes the powers anew. */
static __device__ const unsigned int cpl_mrg_powers[3][2][9] = {
    {{0, 1, 0, 0, 0, 1, 4294156359u, 1403580u, 0}, {0, 1, 0, 0, 0, 1, 4293573854u, 0, 527612u}},
    {{82758667u, 1871391091u, 4127413238u, 3672831523u, 69195019u, 1871391091u, 3672091415u, 3528743235u, 69195019u},
     {1511326704u, 3759209742u, 1610795712u, 4292754251u, 1511326704u, 3889917532u, 3859662829u, 4292754251u,
      3708466080u}},
    {{2427906178u, 3580155704u, 949770784u, 226153695u, 1230515664u, 3580155704u, 1988835001u, 986791581u, 1230515664u},
     {1464411153u, 277697599u, 1610723613u, 32183930u, 1464411153u, 1022607788u, 2824425944u, 32183930u, 2093834863u}}};
#define CPL_SKIP(name, power) \
    CPL_RANDOM_FN void name(unsigned long long n, curandStateMRG32k3a_t *state) { \
        cpl_mrg_skip<cpl_first>(cpl_mrg_powers[power][0], n, state->s1); \
        cpl_mrg_skip<cpl_second>(cpl_mrg_powers[power][1], n, state->s2); }
CPL_SKIP(skipahead, 0)
CPL_SKIP(skipahead_subsequence, 1)
CPL_SKIP(skipahead_sequence, 2)
#undef CPL_SKIP

CPL_RANDOM_FN void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                               curandStateMRG32k3a_t *state) {
    unsigned int x = (unsigned int)seed ^ 0x55555555u, y = (unsigned int)(seed >> 32) ^ 0xaaaaaaaau;
    x = seed == 0 ? 1 : x; /* seed 0: all words are 12345, as L'Ecuyer's package begins */
    y = seed == 0 ? 1 : y;
    curandStateMRG32k3a_t made = {};
    made.s1[0] = made.s1[2] = cpl_mod1(12345ull * x);
    made.s1[1] = cpl_mod1(12345ull * y);
    made.s2[0] = made.s2[2] = cpl_mod2(12345ull * y);
    made.s2[1] = cpl_mod2(12345ull * x);
    skipahead_subsequence(subsequence, &made);
    skipahead(offset, &made);
    *state = made;
}
/* From 1 to the first modulus. */
CPL_RANDOM_FN unsigned int cpl_mrg_next(curandStateMRG32k3a_t *state) {
    unsigned int *s = state->s1, *t = state->s2;
    unsigned int a = cpl_mod1(1403580ull * s[1] + 810728ull * (CPL_M1 - s[0]));
    unsigned int b = cpl_mod2(527612ull * t[2] + 1370589ull * (CPL_M2 - t[0]));
    s[0] = s[1];
    s[1] = s[2];
    s[2] = a;
    t[0] = t[1];
    t[1] = t[2];
    t[2] = b;
    return a - b + (a <= b ? CPL_M1 : 0u);
}
/* Spread over all 32-bit numbers. */
CPL_RANDOM_FN unsigned int curand(curandStateMRG32k3a_t *state) {
    return (unsigned int)((double)cpl_mrg_next(state) * 1.000000048662); }
CPL_RANDOM_FN double cpl_mrg_unit(curandStateMRG32k3a_t *state) { /* divided by one more than the modulus */
    return (double)cpl_mrg_next(state) * 2.328306549295728e-10; }
#undef CPL_M1
#undef CPL_M2
#endif
