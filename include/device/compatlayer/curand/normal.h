/* Normal and log-normal numbers. Pseudorandom generators: Box and Muller's transform of two uniform numbers, whose second
 * result is kept for the next call. Sobol' sequences: the inverse of the distribution, one number each. The formulas are
 * cuRAND's; last bits of the logarithm and of the sine are this library's own. */
#ifndef CPL_DEVICE_CURAND_NORMAL_H
#define CPL_DEVICE_CURAND_NORMAL_H
#define CPL_2_PI 6.2831855f
CPL_RANDOM_FN float2 cpl_polar(float radius, float angle) {
    float length = sqrtf(-2.0f * logf(radius)), sine, cosine;
    sincosf(angle, &sine, &cosine);
    return make_float2(sine * length, cosine * length);
}
CPL_RANDOM_FN double2 cpl_polar(double radius, double half_turns) {
    double length = sqrt(-2.0 * log(radius)), sine, cosine;
    sincospi(half_turns, &sine, &cosine);
    return make_double2(sine * length, cosine * length);
}
CPL_RANDOM_FN float2 cpl_two_normal(unsigned int x, unsigned int y) {
    return cpl_polar(cpl_unit(x), (float)y * (float)(CPL_2_32 * 6.283185307179586) + (float)(CPL_2_32 * 3.141592653589793));
}
CPL_RANDOM_FN double2 cpl_two_normal_double(uint4 all) {
    return cpl_polar(cpl_unit_double(all.x, all.y), (double)cpl_bits53(all.z, all.w) * (CPL_2_53 * 2) + CPL_2_53);
}
template <class State> CPL_RANDOM_FN float2 curand_normal2(State *state) {
    unsigned int x = curand(state), y = curand(state);
    return cpl_two_normal(x, y);
}
CPL_RANDOM_FN float2 curand_normal2(curandStateMRG32k3a_t *state) {
    float x = curand_uniform(state), y = curand_uniform(state) * CPL_2_PI;
    return cpl_polar(x, y);
}
CPL_RANDOM_FN double2 curand_normal2_double(curandStateXORWOW_t *state) {
    unsigned int x = curand(state), y = curand(state), z = curand(state), w = curand(state);
    return cpl_two_normal_double(make_uint4(x, y, z, w));
}
CPL_RANDOM_FN double2 curand_normal2_double(curandStatePhilox4_32_10_t *state) {
    return cpl_two_normal_double(curand4(state)); }
CPL_RANDOM_FN double2 curand_normal2_double(curandStateMRG32k3a_t *state) {
    double x = curand_uniform_double(state), y = curand_uniform_double(state) * 2.0;
    return cpl_polar(x, y);
}
CPL_RANDOM_FN float4 curand_normal4(curandStatePhilox4_32_10_t *state) {
    uint4 all = curand4(state);
    float2 a = cpl_two_normal(all.x, all.y), b = cpl_two_normal(all.z, all.w);
    return make_float4(a.x, a.y, b.x, b.y);
}
CPL_RANDOM_FN double4 curand_normal4_double(curandStatePhilox4_32_10_t *state) {
    double2 a = curand_normal2_double(state), b = curand_normal2_double(state);
    return make_double4(a.x, a.y, b.x, b.y);
}

/* The kept value is a normal one (1) or a log-normal one (2), which a call for the other kind does not take. */
#define CPL_NORMAL_OF(State, T, suffix, exponential) \
    CPL_RANDOM_FN T curand_normal##suffix(State *state) { \
        if (state->boxmuller_flag##suffix == 1) { \
            state->boxmuller_flag##suffix = 0; \
            return state->boxmuller_extra##suffix; \
        } \
        T##2 two = curand_normal2##suffix(state); \
        state->boxmuller_flag##suffix = 1; \
        state->boxmuller_extra##suffix = two.y; \
        return two.x; \
    } \
    CPL_RANDOM_FN T##2 curand_log_normal2##suffix(State *state, T mean, T stddev) { \
        T##2 two = curand_normal2##suffix(state); \
        return make_##T##2(exponential(mean + stddev * two.x), exponential(mean + stddev * two.y)); \
    } \
    CPL_RANDOM_FN T curand_log_normal##suffix(State *state, T mean, T stddev) { \
        if (state->boxmuller_flag##suffix == 2) { \
            state->boxmuller_flag##suffix = 0; \
            return state->boxmuller_extra##suffix; \
        } \
        T##2 two = curand_log_normal2##suffix(state, mean, stddev); \
        state->boxmuller_flag##suffix = 2; \
        state->boxmuller_extra##suffix = two.y; \
        return two.x; \
    }
#define CPL_NORMAL(State) CPL_NORMAL_OF(State, float, , expf) CPL_NORMAL_OF(State, double, _double, exp)
CPL_NORMAL(curandStateXORWOW_t)
CPL_NORMAL(curandStateMRG32k3a_t)
CPL_NORMAL(curandStatePhilox4_32_10_t)
#undef CPL_NORMAL
#undef CPL_NORMAL_OF
CPL_RANDOM_FN float4 curand_log_normal4(curandStatePhilox4_32_10_t *state, float mean, float stddev) {
    float4 all = curand_normal4(state);
    return make_float4(expf(mean + stddev * all.x), expf(mean + stddev * all.y), expf(mean + stddev * all.z),
                       expf(mean + stddev * all.w));
}
CPL_RANDOM_FN double4 curand_log_normal4_double(curandStatePhilox4_32_10_t *state, double mean, double stddev) {
    double4 all = curand_normal4_double(state);
    return make_double4(exp(mean + stddev * all.x), exp(mean + stddev * all.y), exp(mean + stddev * all.z),
                        exp(mean + stddev * all.w));
}

/* The upper half is the mirrored lower half, so that both tails are as fine. */
CPL_RANDOM_FN float cpl_normal_at(unsigned int x) {
    float sign = x > 0x80000000u ? 1.4142135f : -1.4142135f;
    return sign * erfcinvf(2.0f * cpl_unit(x > 0x80000000u ? ~x : x));
}
CPL_RANDOM_FN float cpl_normal_at(unsigned long long x) { return cpl_normal_at((unsigned int)(x >> 32)); }
template <class Word> CPL_RANDOM_FN double cpl_normal_at_double(Word x) {
    bool upper = x > (Word)1 << (sizeof(Word) * 8 - 1);
    return (upper ? 1.4142135623730951 : -1.4142135623730951) * erfcinv(2.0 * cpl_unit_double(upper ? (Word)~x : x));
}
#define CPL_NORMAL(State) \
    CPL_RANDOM_FN float curand_normal(State *state) { return cpl_normal_at(curand(state)); } \
    CPL_RANDOM_FN double curand_normal_double(State *state) { return cpl_normal_at_double(curand(state)); } \
    CPL_RANDOM_FN float curand_log_normal(State *state, float mean, float stddev) { \
        return expf(mean + stddev * curand_normal(state)); } \
    CPL_RANDOM_FN double curand_log_normal_double(State *state, double mean, double stddev) { \
        return exp(mean + stddev * curand_normal_double(state)); }
CPL_NORMAL(curandStateSobol32_t)
CPL_NORMAL(curandStateScrambledSobol32_t)
CPL_NORMAL(curandStateSobol64_t)
CPL_NORMAL(curandStateScrambledSobol64_t)
#undef CPL_NORMAL
#endif
