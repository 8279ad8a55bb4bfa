#include <math.h>

// A polynomial for the normal distribution (Abramowitz and Stegun 26.2.17, 7.5e-8): with -ffast-math all is vectors.
static inline float normal(float d)
{
    float a = fabsf(d), t = 1.0f / (1.0f + 0.2316419f * a);
    float polynomial = t * (0.319381530f + t * (-0.356563782f + t * (1.781477937f + t * (-1.821255978f
                       + t * 1.330274429f))));
    float tail = 0.39894228f * expf(-0.5f * a * a) * polynomial;
    return d > 0 ? 1.0f - tail : tail;
}

void black_scholes(float *restrict call, float *restrict put, const float *restrict price, const float *restrict strike,
                   const float *restrict years, float rate, float volatility, int n)
{
#pragma omp parallel for simd
    for (int i = 0; i < n; i++) {
        float root = sqrtf(years[i]);
        float d1 = (logf(price[i] / strike[i]) + (rate + 0.5f * volatility * volatility) * years[i])
                   / (volatility * root);
        float d2 = d1 - volatility * root;
        float discounted = strike[i] * expf(-rate * years[i]);
        float n1 = normal(d1), n2 = normal(d2);
        call[i] = price[i] * n1 - discounted * n2;
        put[i] = discounted * (1.0f - n2) - price[i] * (1.0f - n1);
    }
}
