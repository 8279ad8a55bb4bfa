float normal(float d)
{
    return 0.5f * erfc(-0.70710678f * d);
}

__kernel void black_scholes(__global float *call, __global float *put, __global const float *price,
                            __global const float *strike,
                                         __global const float *years, float rate, float volatility, int n)
{
    int i = get_global_id(0);
    if (i >= n)
        return;
    float root = sqrt(years[i]);
    float d1 = (log(price[i] / strike[i]) + (rate + 0.5f * volatility * volatility) * years[i]) / (volatility * root);
    float d2 = d1 - volatility * root;
    float discounted = strike[i] * exp(-rate * years[i]);
    float n1 = normal(d1), n2 = normal(d2);
    call[i] = price[i] * n1 - discounted * n2;
    put[i] = discounted * (1.0f - n2) - price[i] * (1.0f - n1);
}
