#include <math.h>

static float normal(float d)
{
    return 0.5f * erfcf(-0.70710678f * d);
}

void black_scholes(float *restrict call, float *restrict put, const float *restrict price, const float *restrict strike,
                   const float *restrict years, float rate, float volatility, int n)
{
#pragma omp parallel for
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
