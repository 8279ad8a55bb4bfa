import math

import numpy as np
from numba import njit, prange

HALF, ONE, ROOT = np.float32(0.5), np.float32(1), np.float32(-0.70710678)


@njit(parallel=True, fastmath={"contract"})
def run(call, put, price, strike, years, rate, volatility, n):
    for i in prange(n):
        root = math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + (rate + HALF * volatility * volatility) * years[i]) / (volatility * root)
        d2 = d1 - volatility * root
        discounted = strike[i] * math.exp(-rate * years[i])
        n1 = HALF * math.erfc(ROOT * d1)
        n2 = HALF * math.erfc(ROOT * d2)
        call[i] = price[i] * n1 - discounted * n2
        put[i] = discounted * (ONE - n2) - price[i] * (ONE - n1)
