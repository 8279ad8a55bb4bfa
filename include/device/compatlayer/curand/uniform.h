/* Uniform numbers, 0 excluded and 1 included: (x + 1/2) / 2^32, in double with 53 bits of two numbers where a generator
 * gives 32 at a time. MRG32k3a and Sobol' sequences of 32 bits use one number for a double. */
#ifndef CPL_DEVICE_CURAND_UNIFORM_H
#define CPL_DEVICE_CURAND_UNIFORM_H
#define CPL_2_32 2.3283064365386963e-10 /* 2^-32 */
#define CPL_2_53 1.1102230246251565e-16 /* 2^-53 */
CPL_RANDOM_FN float cpl_unit(unsigned int x) { return (float)x * (float)CPL_2_32 + (float)(CPL_2_32 / 2); }
CPL_RANDOM_FN float cpl_unit(unsigned long long x) { return cpl_unit((unsigned int)(x >> 32)); }
CPL_RANDOM_FN double cpl_unit_double(unsigned int x) { return (double)x * CPL_2_32 + CPL_2_32 / 2; }
CPL_RANDOM_FN double cpl_unit_double(unsigned long long x) { return (double)(x >> 11) * CPL_2_53 + CPL_2_53 / 2; }
CPL_RANDOM_FN unsigned long long cpl_bits53(unsigned int x, unsigned int y) {
    return (unsigned long long)x ^ ((unsigned long long)y << 21); }
CPL_RANDOM_FN double cpl_unit_double(unsigned int x, unsigned int y) {
    return (double)cpl_bits53(x, y) * CPL_2_53 + CPL_2_53 / 2; }

#define CPL_UNIFORM(State) \
    CPL_RANDOM_FN float curand_uniform(State *state) { return cpl_unit(curand(state)); }
#define CPL_UNIFORM_ONE(State) CPL_UNIFORM(State) \
    CPL_RANDOM_FN double curand_uniform_double(State *state) { return cpl_unit_double(curand(state)); }
#define CPL_UNIFORM_TWO(State) CPL_UNIFORM(State) \
    CPL_RANDOM_FN double curand_uniform_double(State *state) { \
        unsigned int x = curand(state), y = curand(state); \
        return cpl_unit_double(x, y); }
CPL_UNIFORM_TWO(curandStateXORWOW_t)
CPL_UNIFORM_TWO(curandStatePhilox4_32_10_t)
CPL_UNIFORM_ONE(curandStateSobol32_t)
CPL_UNIFORM_ONE(curandStateScrambledSobol32_t)
CPL_UNIFORM_ONE(curandStateSobol64_t)
CPL_UNIFORM_ONE(curandStateScrambledSobol64_t)
#undef CPL_UNIFORM_TWO
#undef CPL_UNIFORM_ONE
#undef CPL_UNIFORM
CPL_RANDOM_FN float curand_uniform(curandStateMRG32k3a_t *state) { return (float)cpl_mrg_unit(state); }
CPL_RANDOM_FN double curand_uniform_double(curandStateMRG32k3a_t *state) { return cpl_mrg_unit(state); }

CPL_RANDOM_FN float4 curand_uniform4(curandStatePhilox4_32_10_t *state) {
    uint4 all = curand4(state);
    return make_float4(cpl_unit(all.x), cpl_unit(all.y), cpl_unit(all.z), cpl_unit(all.w));
}
CPL_RANDOM_FN double2 curand_uniform2_double(curandStatePhilox4_32_10_t *state) {
    uint4 all = curand4(state);
    return make_double2(cpl_unit_double(all.x, all.y), cpl_unit_double(all.z, all.w));
}
CPL_RANDOM_FN double4 curand_uniform4_double(curandStatePhilox4_32_10_t *state) {
    double2 first = curand_uniform2_double(state), second = curand_uniform2_double(state);
    return make_double4(first.x, first.y, second.x, second.y);
}
#endif
