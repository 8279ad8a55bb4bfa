/* Poisson numbers: products of uniform numbers (Knuth) below 64, transformed rejection (W. Hormann, "The transformed
 * rejection method for generating Poisson random variables", 1993) up to 4000, a rounded normal number beyond. cuRAND does
 * not document a sequence; what is promised is the distribution. Quasirandom sequences give one number for each of theirs,
 * by the inverse of the distribution function, so that their evenness stays. */
#ifndef CPL_DEVICE_CURAND_POISSON_H
#define CPL_DEVICE_CURAND_POISSON_H
template <class State> CPL_RANDOM_FN unsigned int cpl_poisson_product(State *state, double lambda) {
    float left = expf((float)lambda);
    unsigned int count = 0;
    for (;; ++count) {
        left *= curand_uniform(state);
        if (!(left > 1.0f)) return count;
    }
}
template <class State> CPL_RANDOM_FN unsigned int cpl_poisson_rejection(State *state, double lambda) {
    double b = 0.931 + 2.53 * sqrt(lambda), a = -0.059 + 0.02483 * b, scale = 1.1239 + 1.1328 / (b - 3.4);
    double most = 0.9277 - 3.6224 / (b - 2.0), size = log(lambda);
    for (;;) {
        double u = curand_uniform_double(state) - 0.5, v = curand_uniform_double(state), away = 0.5 - fabs(u);
        if (away <= 0.0) continue;
        double k = floor((2.0 * a / away + b) * u + lambda + 0.43);
        if (away >= 0.07 && v <= most) return (unsigned int)k;
        if (k < 0.0 || (away < 0.013 && v > away)) continue;
        if (log(v * scale / (a / (away * away) + b)) <= k * size - lambda - lgamma(k + 1.0)) return (unsigned int)k;
    }
}
template <class State> CPL_RANDOM_FN unsigned int cpl_poisson(State *state, double lambda) {
    if (lambda < 64.0) return cpl_poisson_product(state, lambda);
    if (lambda <= 4000.0) return cpl_poisson_rejection(state, lambda);
    return (unsigned int)(sqrt(lambda) * curand_normal_double(state) + lambda + 0.5);
}
CPL_RANDOM_FN unsigned int curand_poisson(curandStateXORWOW_t *state, double lambda) { return cpl_poisson(state, lambda); }
CPL_RANDOM_FN unsigned int curand_poisson(curandStateMRG32k3a_t *state, double lambda) {
    return cpl_poisson(state, lambda); }
CPL_RANDOM_FN unsigned int curand_poisson(curandStatePhilox4_32_10_t *state, double lambda) {
    return cpl_poisson(state, lambda); }
CPL_RANDOM_FN uint4 curand_poisson4(curandStatePhilox4_32_10_t *state, double lambda) {
    uint4 all;
    all.x = cpl_poisson(state, lambda);
    all.y = cpl_poisson(state, lambda);
    all.z = cpl_poisson(state, lambda);
    all.w = cpl_poisson(state, lambda);
    return all;
}
/* The least k whose probability of k or less is u: from 0 up, or from the mean, where the sum below it is taken first. */
CPL_RANDOM_FN unsigned int cpl_poisson_inverse(double u, double lambda) {
    double at = floor(lambda), p = exp(at * log(lambda) - lambda - lgamma(at + 1.0)), sum = p, k = at;
    if (!(lambda > 0.0)) return 0;
    for (double below = p; k > 0.0 && below > 1e-18; k -= 1.0) {
        below *= k / lambda;
        sum += below;
    }
    k = at;
    if (u <= sum) {
        for (; k > 0.0 && sum - p >= u; k -= 1.0) {
            sum -= p;
            p *= k / lambda;
        }
    } else {
        while (sum < u && p > 1e-18) {
            k += 1.0;
            p *= lambda / k;
            sum += p;
        }
    }
    return (unsigned int)k;
}
#define CPL_QUASI_POISSON(State) \
    CPL_RANDOM_FN unsigned int curand_poisson(State *state, double lambda) { \
        if (lambda <= 4000.0) return cpl_poisson_inverse(curand_uniform_double(state), lambda); \
        double k = sqrt(lambda) * curand_normal_double(state) + lambda + 0.5; \
        return k > 0.0 ? (unsigned int)k : 0; }
CPL_QUASI_POISSON(curandStateSobol32_t)
CPL_QUASI_POISSON(curandStateScrambledSobol32_t)
CPL_QUASI_POISSON(curandStateSobol64_t)
CPL_QUASI_POISSON(curandStateScrambledSobol64_t)
#undef CPL_QUASI_POISSON
#endif
